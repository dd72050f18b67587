"""Weights from a file: its tensors by name, and what the file says about itself.

No file is ever unpickled into anything but tensors, and none is executed. What a file is, is read
from its content, so a wrong suffix does no harm.
"""

import json
import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from workbench.errors import ModelError

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.")

_TORCHSCRIPT = """\
{path} is a TorchScript archive (the form in which OpenAI published CLIP). It carries code, so it \
was not loaded. Convert it once, if you trust it, and load the result:

    import torch, safetensors.torch
    archive = torch.jit.load({path!r}, map_location="cpu").state_dict()
    notes = ("input_resolution", "context_length", "vocab_size")
    weights = {{key: value.contiguous() for key, value in archive.items() if key not in notes}}
    safetensors.torch.save_file(weights, {target!r}, metadata={{"activation": "quickgelu"}})

    workbench.load_model("ViT-B-32", {target!r})   # or the name that fits it

The metadata says what the weights themselves cannot: OpenAI's were trained with QuickGELU."""

_PICKLED = """\
{path} holds pickled code and was not loaded: {what}. Unpickling it would run whatever the file \
says. If you trust its source, load it once elsewhere and keep the tensors only:

    import torch, safetensors.torch
    checkpoint = torch.load({path!r}, map_location="cpu", weights_only=False)
    weights = checkpoint.get("state_dict", checkpoint)
    safetensors.torch.save_file({{k: v.contiguous() for k, v in weights.items()}}, {target!r})"""


@dataclass(frozen=True)
class Weights:
    """Tensors by name as a file holds them, and the file's own words (safetensors metadata)."""

    tensors: dict[str, Tensor]
    says: Mapping[str, str] = field(default_factory=dict)


def read_weights(path: Path) -> Weights:
    """Read a safetensors file, or a torch file that holds tensors only, onto the CPU.

    A checkpoint that wraps its weights in `state_dict` is unwrapped, prefixes such as `module.`
    are removed. Raises `ModelError` for a missing, damaged or empty file, a TorchScript archive
    (with the recipe that converts it), pickled code, and anything that is no checkpoint.
    """
    try:
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise ModelError(
            f"cannot read the weights at {path}: {error.strerror}. Check the path."
        ) from error
    if not head:
        raise ModelError(f"{path} is empty. Copy or download the weights again.")
    if head.startswith(b"PK") or head[:1] == b"\x80":
        return Weights(_unwrapped(path, _torch_file(path)))
    if head[8:] == b"{" or path.suffix == ".safetensors":
        return _safetensors(path)
    raise ModelError(
        f"{path} is not a checkpoint: neither safetensors nor a torch file. If it was downloaded, "
        "look into it: error pages and Git LFS pointers are common."
    )


def read_sharded(index: Path) -> Weights:
    """Read the shards that a `model.safetensors.index.json` lists, as one set of weights."""
    try:
        shards = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(
            f"{index} is not an index of shards: {error}. Download it again."
        ) from error
    tensors: dict[str, Tensor] = {}
    for shard in shards:
        tensors |= read_weights(index.with_name(Path(str(shard)).name)).tensors
    return Weights(tensors)


def _safetensors(path: Path) -> Weights:
    try:
        with safe_open(path, framework="pt") as file:
            says = dict(file.metadata() or {})
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    return Weights(_unwrapped(path, tensors), says)


def _torch_file(path: Path) -> Any:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if any(name.endswith("/constants.pkl") or "/code/" in name for name in names):
            raise ModelError(_TORCHSCRIPT.format(path=str(path), target=_safe_name(path)))
    try:
        with path.open("rb") as file:  # by its name, torch would take it for what the suffix says
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        culprit = re.search(r"(?:GLOBAL|global) `?([\w.]+)`?", str(error))
        if culprit is None and "Unsupported" not in str(error):
            raise _damaged(path, _first_line(error)) from error
        what = f"it asks for {culprit[1]}" if culprit else "it asks for more than tensors"
        raise ModelError(
            _PICKLED.format(path=str(path), target=_safe_name(path), what=what)
        ) from error
    except Exception as error:  # damaged bytes lead to every kind of exception
        raise _damaged(path, _first_line(error)) from error


def _unwrapped(path: Path, content: Any) -> dict[str, Tensor]:
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict) or not content:
        raise ModelError(
            f"{path} holds no state dict but a {type(content).__name__}. Save "
            "model.state_dict(), best as safetensors."
        )
    strangers = [key for key, value in content.items() if not isinstance(value, Tensor)]
    if strangers:
        raise ModelError(
            f"{path} is not a state dict: {strangers[0]!r} is no tensor. Save model.state_dict(), "
            "or a checkpoint that holds it under 'state_dict'."
        )
    while prefix := next((p for p in _PREFIXES if all(str(k).startswith(p) for k in content)), ""):
        content = {str(key).removeprefix(prefix): value for key, value in content.items()}
    return {str(key): value for key, value in content.items()}


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"{path} is damaged or cut short ({reason}). Copy or download the weights again."
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _safe_name(path: Path) -> str:
    return str(path.with_suffix(".converted.safetensors"))
