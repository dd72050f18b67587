"""Run folders: one excavation, or one folder per category, and the command that wrote them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import RunError
from workbench.files import write_json

if TYPE_CHECKING:
    import argparse

    from workbench.clip.model_check import ModelCheck
    from workbench.excavation.detector import Excavation

COMMAND_NAME = "command.json"


def write_command(folder: Path, options: "argparse.Namespace", **more: Any) -> None:
    """Record the command, so that it can be repeated and its model loaded again.

    `read` among `more` is where its images are, so that they are found again.
    """
    from workbench.verbs.shared import model_arguments

    write_json(
        folder / COMMAND_NAME,
        {"command": options.command, "model": model_arguments(options), **more},
    )


def find_runs(folder: Path) -> list[Path]:
    """Return the excavations in a run folder: itself, or its categories.

    Raises `RunError` if there are none.
    """
    from workbench.excavation.run_format import JSON_NAME

    if not folder.is_dir():
        raise RunError(
            f"{folder} {'is a file' if folder.exists() else 'does not exist'}: a run is a folder "
            "that `workbench excavate` wrote."
        )
    if (folder / JSON_NAME).is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{JSON_NAME}"))
    if not found:
        raise RunError(
            f"{folder} is no finished run: neither it nor a folder in it holds {JSON_NAME}. "
            "Excavate again."
        )
    return found


def load_runs(folder: Path, options: "argparse.Namespace") -> Iterator["Excavation"]:
    """Yield the excavations of a run folder, with the model they were made with.

    The model is the one the run recorded, unless the options name another place to find it.
    Raises `RunError` as `Excavation.load` does.
    """
    from workbench.excavation.detector import Excavation
    from workbench.excavation.run_format import read_header
    from workbench.verbs.shared import load

    runs = find_runs(folder)
    for run in runs:
        read_header(run)  # complains before the model is loaded
    model = load(_model(folder, options))
    for run in runs:
        yield Excavation.load(run, model)


def check_runs(folder: Path, options: "argparse.Namespace") -> "ModelCheck":
    """Read what the excavations say of themselves, and check their model without loading it.

    Raises `RunError` for a run that is damaged, and as `load_model` does.
    """
    from workbench.excavation.run_format import read_header
    from workbench.verbs.shared import checked_model

    for run in find_runs(folder):
        read_header(run)
    return checked_model(_model(folder, options))


def _model(folder: Path, options: "argparse.Namespace") -> dict[str, Any]:
    from workbench.verbs.shared import model_arguments

    given = model_arguments(options)
    if given["model"] is None:
        given = {
            **_recorded_model(folder),
            **{name: value for name, value in given.items() if value},
        }
        # Where to compute is this machine's matter, not the run's.
        given["device"] = options.device
    return given


def recorded(folder: Path) -> dict[str, Any]:
    """Return what the command that made a run, or one category of it, left; empty if nothing.

    Raises `RunError` if the record is damaged.
    """
    for file in (folder / COMMAND_NAME, folder.parent / COMMAND_NAME):
        if file.is_file():
            try:
                content = json.loads(file.read_bytes())
                return {**content, "model": dict(content["model"])}
            except (ValueError, KeyError, TypeError) as error:
                raise RunError(
                    f"{file} is damaged ({error}). Say which model made the run: --model."
                ) from error
    return {}


def _recorded_model(folder: Path) -> dict[str, Any]:
    if found := recorded(folder):
        return dict(found["model"])
    from workbench.excavation.run_format import read_header

    made = read_header(find_runs(folder)[0]).model
    if made["name"] == "demo":
        return {"model": "demo"}
    raise RunError(
        f"{folder} was made with {made['name']} ({made['source']}) in Python and does not say how "
        "to load it again. Say so: --model."
    )
