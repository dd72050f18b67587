"""Checks of notebook 08: what weights say of their model, a table of images, leaks."""

import csv
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from workbench.course.checked import Wrong, called, check, names
from workbench.errors import DataError
from workbench.images.layouts import read_dataset

_TEXT = {"context_length": 8, "vocab_size": 32, "width": 16, "heads": 2, "layers": 4}
_COLUMNS = ("path", "split", "label", "defect")
_FIRST_TEST = 10


@check("8.1")
def architecture_of_weights(function: Any) -> str:
    """Make towers of different shapes, and ask for each from its weights alone."""
    for shape in (
        {"image_size": 32, "patch_size": 8, "width": 24, "layers": 2},
        {"image_size": 48, "patch_size": 16, "width": 32, "layers": 11},
    ):
        answer = called(function, _weights(shape))
        if not isinstance(answer, dict):
            raise Wrong(f"a dictionary is expected, and yours is a {type(answer).__name__}.")
        missing = [name for name in shape if name not in answer]
        if missing:
            raise Wrong(f"your dictionary does not say {missing[0]}.")
        try:
            found = {name: int(answer[name]) for name in shape}
        except (TypeError, ValueError) as error:
            raise Wrong("each entry of your dictionary has to be a whole number.") from error
        for name, wanted in shape.items():
            if found[name] != wanted:
                raise Wrong(
                    f"{name} of a tower is {found[name]} in yours: {_why(name, found, shape)}."
                )
    return "you read the shapes from the weights; the activation nobody can read there."


@check("8.2")
def rows_of_a_table(function: Any) -> str:
    """Write the rows as a table beside small pictures, and read it as any data set is read."""
    given = [
        "dent_003.png",
        "ok_011.png",
        "ok_000.png",
        "crack_000.png",
        "ok_010.png",
        "ok_009.png",
    ]
    answer = called(function, list(given))
    rows = names(answer, "what your function returns")
    for row in rows:
        if not isinstance(row, dict):
            raise Wrong(f"each row is a dictionary; one of yours is a {type(row).__name__}.")
        if missing := [name for name in _COLUMNS if name not in row]:
            raise Wrong(f"a row of yours has no {missing[0]}.")
    if sorted(str(row["path"]) for row in rows) != sorted(given):
        raise Wrong("every file has to be in the table, and each of them once.")
    fine = [row for row in rows if str(row["path"]).startswith("ok")]
    if named := [row["defect"] for row in fine if row["defect"] not in ("", None)]:
        raise Wrong(f"a normal picture has no defect: an empty text, and not {named[0]!r}.")
    trained = [row for row in rows if row["split"] == "train"]
    if bad := [row["path"] for row in trained if not str(row["path"]).startswith("ok")]:
        raise Wrong(f"{bad[0]} is anomalous and stands in the training split.")
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), given, rows)
        try:
            samples = read_dataset(Path(folder) / "table.csv").samples
        except DataError as error:
            said = str(error).replace(f"{folder}/", "")
            raise Wrong(f"the table cannot be read: {said}") from error
    for sample in samples:
        kind, number = sample.path.stem.split("_")
        if sample.label != int(kind != "ok"):
            raise Wrong(f"{sample.path.name} has the label {sample.label}.")
        if kind not in ("ok", sample.defect):
            raise Wrong(
                f"{sample.path.name} is called {sample.defect!r}, and its name says {kind}."
            )
        wanted = "train" if kind == "ok" and int(number) < _FIRST_TEST else "test"
        if sample.split != wanted:
            raise Wrong(f"{sample.path.name} is in the split {sample.split}.")
    return f"the table is read as {len(samples)} images, each in its place."


@check("8.3")
def leaks_found(function: Any) -> str:
    """Plant a copy under another name and another picture under the same name."""
    rng = np.random.default_rng(83)
    with tempfile.TemporaryDirectory() as folder:
        train, test = Path(folder) / "train", Path(folder) / "test"
        for place, count in ((train, 4), (test, 4)):
            place.mkdir()
            for number in range(count):
                _picture(place / f"{number:03d}.png", rng)
        (test / "copy.png").write_bytes((train / "002.png").read_bytes())
        answer = called(function, train, test)
        found = {Path(str(name)).name for name in names(answer, "what your function returns")}
    if found == {"copy.png"}:
        return "you find the copy, whatever it is called."
    if "copy.png" not in found:
        by_name = " It compares names, it seems." if found else ""
        if found == {"002.png"}:
            raise Wrong("you return the name in the training folder, not that of the test.")
        raise Wrong(f"a copy of a training picture under another name was not found.{by_name}")
    raise Wrong("pictures that only share their name, or nothing at all, are in your list too.")


def _weights(shape: dict[str, int]) -> dict[str, torch.Tensor]:
    from open_clip.model import CLIP

    with torch.random.fork_rng(devices=[]):
        model = CLIP(12, {**shape, "head_width": 8}, _TEXT)
    found: dict[str, torch.Tensor] = model.state_dict()
    return found


def _why(name: str, found: dict[str, int], wanted: dict[str, int]) -> str:
    """Say what the number is likely to be; never what it ought to be."""
    if name == "layers":
        return _why_layers(found[name], wanted[name])
    if name == "image_size":
        side = wanted[name] // wanted["patch_size"]
        if found[name] == side:
            return "that is the number of patches along a side, and not of pixels"
        return "the position embedding has a row for every patch, and one for CLS"
    if name == "patch_size":
        return "the first convolution's kernel is one patch"
    return "it is how many numbers a token has"


def _why_layers(found: int, wanted: int) -> str:
    if found == wanted - 1:
        return "blocks are counted from 0"
    if found in (_TEXT["layers"], wanted + _TEXT["layers"]):
        return "the text tower has blocks as well"
    return "a block is a number after `visual.transformer.resblocks.`, and has several tensors"


def _write(folder: Path, given: list[str], rows: list[Any]) -> None:
    rng = np.random.default_rng(82)
    for name in given:
        _picture(folder / name, rng)
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(_COLUMNS), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _picture(path: Path, rng: np.random.Generator) -> None:
    Image.fromarray(rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)).save(path)
