"""An excavation on disk: `run.json` to read, `tensors.safetensors` to compute with.

The JSON says everything a person or a later program needs to repeat the run, and carries two
checksums: of the tensors' file and of itself. A folder that was half written, edited, made by
another version or with another model is therefore recognised, and nothing is ever unpickled.
"""

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import RunError
from workbench.excavation.detector import Excavation, HeldOut
from workbench.excavation.features import Tower
from workbench.excavation.normality import stored_normality
from workbench.excavation.settings import Settings
from workbench.excavation.text import TextBranch
from workbench.files import new_folder, write_bytes, write_json

FORMAT = "workbench excavation"
VERSION = 2  # 2: the text branch's held-out scores are log odds
JSON_NAME = "run.json"
TENSORS_NAME = "tensors.safetensors"
_PACKAGES = ("lake-workbench", "torch", "open_clip_torch", "transformer-lens", "numpy", "Pillow")


@dataclass(frozen=True)
class RunHeader:
    """What a run folder says of itself, before any model is loaded."""

    path: Path
    content: dict[str, Any]

    @property
    def model(self) -> dict[str, Any]:
        """The model's name, source, fingerprint, input size, colour constants and format."""
        return dict(self.content["model"])

    @property
    def category(self) -> str:
        """The object's name."""
        return str(self.content["category"])


def save(excavation: Excavation, path: Path, *, overwrite: bool = False) -> Path:
    """Write a run folder in one step: all of it or nothing. Raises `RunError` if it cannot be."""
    with new_folder(path, overwrite=overwrite) as part:
        write(excavation, part)
    return path


def write(excavation: Excavation, folder: Path) -> None:
    """Write a run's two files into a folder, for those who make the folder themselves."""
    tensors = {
        **excavation.normality.tensors(),
        "sensitivity": torch.from_numpy(excavation.sensitivity),
        "held_out.visual": excavation.held_out.visual,
    }
    if excavation.text is not None and excavation.held_out.text is not None:
        tensors["text.directions"] = excavation.text.directions
        tensors["held_out.text"] = excavation.held_out.text
    content = save_tensors({name: value.cpu().contiguous() for name, value in tensors.items()})
    write_bytes(folder / TENSORS_NAME, content)
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "category": excavation.category,
        "support": list(excavation.support),
        "shots": excavation.shots,
        "seed": excavation.seed,
        "protocol": excavation.protocol,
        "contaminated": excavation.contaminated,
        "settings": excavation.settings.to_dict(),
        "neurons": {
            "site": excavation.neurons.site,
            "indices": list(excavation.neurons.indices),
        },
        "model": describe_model(excavation.model, excavation.fingerprint),
        "display_range": list(excavation.display_range()),
        "held_out_scores": list(excavation.held_out_scores),
        "made_with": versions(),
        "tensors": {"file": TENSORS_NAME, "sha256": hashlib.sha256(content).hexdigest()},
    }
    write_json(folder / JSON_NAME, {**header, "sha256": _checksum(header)})


def read_header(path: str | Path) -> RunHeader:
    """Return what a run folder says of itself, its checksum verified.

    Raises `RunError`, naming the file and the remedy.
    """
    path = Path(path)
    file = path / JSON_NAME
    if not path.is_dir():
        what = "is a file, not a run folder" if path.exists() else "does not exist"
        raise RunError(f"{path} {what}. Give the folder that `workbench excavate` wrote.")
    if not file.is_file():
        raise RunError(
            f"{path} is no finished run: {JSON_NAME} is missing. Excavate again, or give the "
            "folder of one category."
        )
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, OSError) as error:
        raise RunError(f"{file} is damaged ({error}). Excavate again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RunError(f"{file} is not the record of an excavation. Give another folder.")
    if content.get("version") != VERSION:
        raise RunError(
            f"{file} has format version {content.get('version')}, and this workbench reads "
            f"version {VERSION}. Excavate again, or use the workbench that wrote it "
            f"({content.get('made_with', {}).get('lake-workbench', 'unknown')})."
        )
    stated = content.pop("sha256", None)
    if stated != _checksum(content):
        raise RunError(
            f"{file} was edited after it was written. Excavate again with the options you want."
        )
    return RunHeader(path, content)


def load(path: Path, model: Tower) -> Excavation:
    """Read a run folder back for the model it was made with. Raises `RunError`."""
    header = read_header(path)
    content = header.content
    _check_model(header, model)
    tensors = _tensors(header)
    settings = Settings.from_dict(content["settings"])
    held_out_text = tensors.get("held_out.text")
    directions = tensors.get("text.directions")
    on_device = {
        name: value.to(model.device) for name, value in tensors.items() if name != "sensitivity"
    }
    sensitivity: np.ndarray = tensors["sensitivity"].numpy()
    return Excavation(
        model=model,
        settings=settings,
        category=header.category,
        support=tuple(content["support"]),
        shots=content["shots"],
        seed=content["seed"],
        sensitivity=sensitivity,
        neurons=NeuronSet(content["neurons"]["site"], tuple(content["neurons"]["indices"])),
        normality=stored_normality(
            on_device, settings.normality, settings.metric, settings.neighbours
        ),
        text=None
        if directions is None
        else TextBranch(on_device["text.directions"], settings.temperature),
        held_out=HeldOut(
            on_device["held_out.visual"],
            None if held_out_text is None else on_device["held_out.text"],
        ),
        fingerprint=model.fingerprint,
        # Runs from before there was a choice were all drawn in one way.
        protocol=content.get("protocol", None if content["shots"] is None else "nested"),
        contaminated=content.get("contaminated", 0),
    )


def describe_model(model: Tower, fingerprint: str | None = None) -> dict[str, Any]:
    """Return what identifies a model and the way pictures are put into it."""
    return {
        "name": model.name,
        "source": model.source,
        "fingerprint": fingerprint or model.fingerprint,
        "image_size": list(model.image_size),
        "mean": list(model.mean),
        "std": list(model.std),
        "dtype": str(model.dtype).removeprefix("torch."),
    }


def _check_model(header: RunHeader, model: Tower) -> None:
    made, given = header.model, describe_model(model)
    for key, what in (
        ("image_size", "input size"),
        ("dtype", "number format"),
        ("mean", "colour mean"),
        ("std", "colour deviation"),
        ("fingerprint", "weights"),
    ):
        if made[key] != given[key]:
            values = "" if key == "fingerprint" else f": {made[key]} then, {given[key]} now"
            raise RunError(
                f"{header.path / JSON_NAME} was made with {made['name']} ({made['source']}), and "
                f"{model.name} ({model.source}) has other {what}{values}. Load that model, or "
                "excavate again with this one."
            )


def _tensors(header: RunHeader) -> dict[str, Tensor]:
    file = header.path / TENSORS_NAME
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RunError(f"{file} cannot be read ({error.strerror}). Excavate again.") from error
    if hashlib.sha256(content).hexdigest() != header.content["tensors"]["sha256"]:
        raise RunError(
            f"{file} does not belong to its {JSON_NAME}: it was cut short or edited. Excavate "
            "again."
        )
    try:
        tensors: dict[str, Tensor] = load_tensors(content)
    except SafetensorError as error:
        raise RunError(f"{file} is damaged ({error}). Excavate again.") from error
    return tensors


def _checksum(content: dict[str, Any]) -> str:
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode(errors="backslashreplace")).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of what results depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
