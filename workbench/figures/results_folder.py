"""What a folder of results holds that can be drawn, and what it says of itself."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from workbench.errors import RunError
from workbench.evaluation.curves import Curve

Kind = Literal["benchmark", "claims", "demo"]
LEDGER_SCHEMA = 1
SWEPT = ("_k-", "_layer-", "_w-")
"""What is in the names of the methods of `claims` that belong to a sweep."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A category's neurons: every channel's sensitivity, and which were selected."""

    category: str
    site: str
    sensitivity: Float[np.ndarray, "neuron"]
    selected: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Results:
    """A folder that `benchmark`, `claims` or `demo` wrote, read.

    `about` is what the folder says of itself (`benchmark.json` or `results.json`), `ledger` that
    of `claims`, `summary` and `images` the rows of `summary.csv` and `per_image.csv`, `curves`
    those of `curves.json` by category and name, `spectra` the neurons of every run. `files` are
    the SHA-256 of what was read.
    """

    folder: Path
    kind: Kind
    command: str
    about: Mapping[str, Any]
    ledger: Mapping[str, Any] | None = None
    summary: Sequence[Mapping[str, str]] = ()
    images: Sequence[Mapping[str, str]] = ()
    curves: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    spectra: Sequence[Spectrum] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> Mapping[str, Any]:
        """What identifies the model."""
        found: Mapping[str, Any] = self.about.get("identity", self.about)["model"]
        return found

    @property
    def contents(self) -> Mapping[str, Any]:
        """The checksums of the images and masks, by data set and category, where recorded."""
        found: Mapping[str, Any] = self.about.get("identity", {}).get("data", {})
        return found

    @property
    def where(self) -> str:
        """The model and the data, in words for a caption."""
        data = self.contents or {"the demo products": self.about.get("categories", {})}
        named = ", ".join(
            f"{name} ({len(categories)} {'category' if len(categories) == 1 else 'categories'})"
            for name, categories in data.items()
        )
        return f"model {self.model['name']} on {named}"

    def claim(self, number: int) -> Mapping[str, Any] | None:
        """Return a claim of the ledger; `None` if it is not there or has no point to draw."""
        for claim in (self.ledger or {}).get("claims", ()):
            if claim["number"] == number and claim["sweep"]["points"]:
                found: Mapping[str, Any] = claim
                return found
        return None


def read_results(folder: Path) -> Results:
    """Read what a folder holds. Raises `RunError`, naming the file and the remedy.

    Refused are a folder that none of the three verbs wrote, files that are damaged, and those of
    another version of the workbench.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise RunError(f"{folder} {what}: give a folder that `workbench benchmark` wrote.")
    if (folder / "benchmark.json").is_file():
        return _benchmark(folder)
    if (folder / "results.json").is_file():
        return _demo(folder)
    raise RunError(
        f"{folder} holds neither benchmark.json nor results.json: give a folder that `workbench "
        "benchmark`, `workbench claims` or `workbench demo` wrote."
    )


def _benchmark(folder: Path) -> Results:
    from workbench.benchmark.identity import read

    about = read(folder)
    claims = "claims" in about
    file = folder / "ledger.json"
    ledger = _json(file) if file.is_file() else None
    if ledger is not None:
        _check(file, ledger, LEDGER_SCHEMA, f"workbench claims {folder}")
        _part(file, ledger, "plan", "seeds")
        for claim in _part(file, ledger, "claims"):
            _part(file, claim, "sweep", "points")
    command = _part(folder / "benchmark.json", about, *(["claims"] if claims else []), "command")
    _part(folder / "benchmark.json", about, "identity", "model", "name")
    return Results(
        folder=folder,
        kind="claims" if claims else "benchmark",
        command=command,
        about=about,
        ledger=ledger,
        summary=_rows(folder / "summary.csv", {"category", "method", "shots", "image_auroc"}),
        images=_rows(folder / "per_image.csv", {"category", "method", "label", "score"}),
        files=_sums(folder, "benchmark.json", "ledger.json", "summary.csv", "per_image.csv"),
    )


def _demo(folder: Path) -> Results:
    from workbench.evaluation.compare import SCHEMA

    file = folder / "results.json"
    about = _json(file)
    _check(file, about, SCHEMA, "workbench demo --out DIR")
    for name in ("command", "model", "settings", "categories", "mean", "controls"):
        _part(file, about, name)
    return Results(
        folder=folder,
        kind="demo",
        command=about["command"],
        about=about,
        images=_rows(folder / "per_image.csv", {"category", "image", "path", "label", "score"}),
        curves=_curves(folder / "curves.json"),
        spectra=_spectra(folder / "runs"),
        files=_sums(folder, "results.json", "per_image.csv", "curves.json"),
    )


def _check(file: Path, content: Any, schema: int, command: str) -> None:
    found = content.get("schema") if isinstance(content, dict) else None
    if found != schema:
        raise RunError(
            f"{file} has schema {found}, and this workbench reads schema {schema}: it was written "
            f"by another version. Write it again: {command}"
        )


def _part(file: Path, content: Any, *names: str) -> Any:
    """Return what lies at `names` in a file's content. Raises `RunError` if nothing does."""
    for name in names:
        if not isinstance(content, dict) or name not in content:
            raise RunError(
                f"{file} says nothing of {' '.join(names)}: it was written by another version of "
                "the workbench. Run the command that wrote it again."
            )
        content = content[name]
    return content


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (ValueError, OSError) as error:
        raise RunError(f"{file} is damaged ({error}). Run the command that wrote it again.") from (
            error
        )


def _rows(file: Path, columns: set[str]) -> list[dict[str, str]]:
    """Return the rows of a table, none where there is no file. Raises `RunError`."""
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    missing = sorted(columns - set(rows[0])) if rows else []
    if missing:
        raise RunError(
            f"{file} has no column {missing[0]}: it is damaged, or of another version of the "
            "workbench. Run the command that wrote it again."
        )
    return rows


def _curves(file: Path) -> dict[str, dict[str, Curve]]:
    if not file.is_file():
        return {}
    try:
        return {
            category: {name: Curve.from_dict(curve) for name, curve in curves.items()}
            for category, curves in _json(file).items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{file} is damaged ({error}). Run the command that wrote it again."
        ) from error


def _spectra(runs: Path) -> list[Spectrum]:
    """Return the neurons of every run below a folder; no model is needed. Raises `RunError`."""
    from safetensors import SafetensorError, safe_open

    from workbench.excavation.run_format import TENSORS_NAME, read_header

    found = []
    for run in sorted(path.parent for path in runs.glob("*/run.json")):
        header = read_header(run)
        try:
            with safe_open(run / TENSORS_NAME, "numpy") as tensors:
                sensitivity = tensors.get_tensor("sensitivity").astype(np.float64)
        except (SafetensorError, OSError) as error:
            raise RunError(f"{run / TENSORS_NAME} is damaged ({error}). Run it again.") from error
        neurons = header.content["neurons"]
        found.append(
            Spectrum(header.category, neurons["site"], sensitivity, tuple(neurons["indices"]))
        )
    return found


def _sums(folder: Path, *names: str) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in names
        if (folder / name).is_file()
    }
