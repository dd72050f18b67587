"""What in a store's folder is the recording's own, by name: nothing else is ever removed from it.

A folder may hold more: the images themselves, notes, a link in the place of a subfolder.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MANIFEST = "manifest.json"
IMAGES = "images.csv"
LOCK = ".recording.lock"
HOLDER = ".recording.json"
PASSING = ("parts", "shards")
"""Folders that are gone when a recording is complete."""

_TABLE = r"\d{5,}\.safetensors"
_OWN = {
    "shards": r"\d{5,}\.json",
    "parts": rf"{_TABLE}|folded-{_TABLE}|folded\.json",
    "activations": _TABLE,
    "maxima": _TABLE,
    ".": r"(statistics|quantiles|exemplars)\.safetensors",
}
_HALF_WRITTEN = r"\.(.+)\.\w+\.part|\.tmp\w{6}"
"""Still being written: by us, and inside that by safetensors."""


def own_files(folder: Path) -> list[Path]:
    """Return the files that a recording wrote into a folder; those of the lock are left out."""
    found = [file for place in _OWN for file in _in(folder, place)]
    lists = [folder / name for name in (MANIFEST, IMAGES)]
    return found + half_written(folder) + [file for file in lists if file.is_file()]


def half_written(folder: Path) -> list[Path]:
    """Return the files whose writing was cut short, or is going on in another process."""
    found = []
    for place, pattern in _OWN.items():
        lists = rf"|{re.escape(MANIFEST)}|{re.escape(IMAGES)}" if place == "." else ""
        for file in _files(folder / place):
            match = re.fullmatch(_HALF_WRITTEN, file.name)
            if match and (match[1] is None or re.fullmatch(pattern + lists, match[1])):
                found.append(file)
    return found


def remove_recording(folder: Path) -> None:
    """Remove a recording from its folder, the lock left out; an `OSError` stops it.

    Killed in the midst, the folder is still a store that can be removed, or else barely begun.
    """
    lists = [folder / name for name in (MANIFEST, IMAGES)]
    _remove(folder, [file for file in own_files(folder) if file not in lists], tuple(_OWN))
    for file in lists:
        file.unlink(missing_ok=True)


def remove_passing(folder: Path) -> None:
    """Remove what only the way to a complete store needed."""
    with suppress(OSError):
        _remove(folder, [file for place in PASSING for file in _in(folder, place)], PASSING)


def is_barely_begun(folder: Path) -> bool:
    """Say whether a folder holds nothing but what a recording that was killed at once left."""
    if not (folder / LOCK).is_file():
        return False
    left = {folder / LOCK, folder / HOLDER, folder / IMAGES, *half_written(folder)}
    return all(path in left for path in folder.iterdir())


def _remove(folder: Path, files: list[Path], places: tuple[str, ...]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
    for place in places:
        if place != ".":
            with suppress(OSError):  # not there, not empty, or a link
                (folder / place).rmdir()


def _in(folder: Path, place: str) -> Iterator[Path]:
    return (file for file in _files(folder / place) if re.fullmatch(_OWN[place], file.name))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return []
