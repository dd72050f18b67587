"""Writing to disk so that nothing is ever half there.

A file is written under a temporary name in its own folder and renamed; a folder likewise. What
carries the final name is complete, whatever interrupted the writing.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import RunError


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step: readers see the old file or the new one.

    Raises `RunError` if the folder cannot be written to or the disk is full.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def write_text(path: Path, content: str) -> None:
    """Write `content` as UTF-8 to `path` in one step (see `write_bytes`).

    File names that are not UTF-8 reach us as lone surrogates; they are written as escapes.
    """
    write_bytes(path, content.encode(errors="backslashreplace"))


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON to `path` in one step; NaN and infinity are refused."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


OWN_FILES = (
    "run.json",
    "command.json",
    "results.json",
    "scores.csv",
    "benchmark.json",
    "neurons.json",
    "figures.json",
)
"""A folder that holds one of these was written by the workbench, and may be replaced."""


def check_new_folder(path: Path, *, overwrite: bool = False) -> None:
    """Raise `RunError` unless a folder may be written at `path`.

    It may if nothing is there or an empty folder; with `overwrite` also if what is there is a
    folder that the workbench wrote. Anything else is somebody's own and is never replaced.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise RunError(f"{path} is a file, and a folder is to be written there. Choose another.")
    if not any(path.iterdir()):
        return
    if not overwrite:
        raise RunError(
            f"{path} exists already. Choose another folder, or say --overwrite to replace it."
        )
    places = (path, path / "runs")
    if not any((place / name).is_file() for place in places for name in OWN_FILES):
        raise RunError(
            f"{path} holds files that the workbench did not write, so it is not replaced. Choose "
            "another folder, or empty this one yourself."
        )


def remove_folder(path: Path) -> None:
    """Remove a folder, if there is one, with all that it holds. Raises `RunError`."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(
            f"{path} cannot be replaced: {error.strerror or error}. Choose another --out."
        ) from error


@contextmanager
def new_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary sibling of `path` to fill; it takes the name `path` if the block succeeds.

    On an exception the temporary folder is removed and whatever stood at `path` is untouched.
    Raises `RunError` as `check_new_folder` does, or if nothing can be written there.
    """
    path = Path(path)
    check_new_folder(path, overwrite=overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        part.chmod(0o777 & ~_umask())
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield part
        _put_in_place(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put_in_place(part: Path, path: Path) -> None:
    """Give a finished folder its name; what had it before goes, or comes back on a failure."""
    retired = part.with_suffix(".old")
    try:
        if path.exists():
            path.rename(retired)
        part.rename(path)
    except BaseException as error:
        if retired.exists() and not path.exists():
            retired.rename(path)
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from error
        raise
    shutil.rmtree(retired, ignore_errors=True)


def _cannot_write(path: Path, error: OSError) -> RunError:
    reason = error.strerror or str(error)
    return RunError(
        f"cannot write {path}: {reason}. Nothing is left behind; free some space or choose "
        "another folder."
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
