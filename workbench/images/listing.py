"""Listing folders: sorted in the same way everywhere, hidden files left out."""

import os
import unicodedata
from pathlib import Path

from workbench.errors import DataError


def normal_form(name: str) -> str:
    """Spell accents in one way: file systems differ in it, and pairing and sorting go by name."""
    return unicodedata.normalize("NFC", name)


def entries(folder: Path) -> list[Path]:
    """List what a folder holds, sorted by name; a folder that is missing holds nothing."""
    if not folder.is_dir():
        return []
    try:
        visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except PermissionError as error:
        raise DataError(f"{folder} may not be read. Change its permissions.") from error
    return sorted(visible, key=lambda path: normal_form(path.name))


def folders(folder: Path) -> list[Path]:
    """List the folders in a folder, sorted by name; files beside them cost nothing."""
    try:
        with os.scandir(folder) as listed:
            names = [one.name for one in listed if not one.name.startswith(".") and one.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        raise DataError(f"{folder} may not be read. Change its permissions.") from error
    return [folder / name for name in sorted(names, key=normal_form)]


def contents(folder: Path, most: int = 8) -> str:
    """Say what a folder holds, for a message."""
    names = [path.name + "/" * path.is_dir() for path in entries(folder)]
    if not names:
        return "it is empty"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"it holds {', '.join(names[:most])}{more}"
