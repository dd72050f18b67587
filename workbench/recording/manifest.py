"""The folder of a recording: what lies where, and the manifest that says so.

    manifest.json                 what this is of, and every file with its checksum
    images.csv                    the image list
    statistics.safetensors        merged products (also quantiles, exemplars)
    maxima/00003.safetensors      products that stay in shards (also activations)
    parts/, shards/               only while it is recorded: parts to be merged, finished shards

`shards/00003.json` is written last in a shard: a shard without it was not finished. Manifest, image
list and markers are small and forced to the disk, so that no power cut leaves them empty.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import workbench
from workbench.errors import RunError, SettingError
from workbench.recording.image_list import images_from_csv, images_to_csv
from workbench.recording.own_files import IMAGES, MANIFEST, half_written, remove_passing
from workbench.recording.plan import Plan
from workbench.recording.tensor_files import (
    FileMark,
    damaged,
    hash_file,
    replace_file,
    write_tensors,
)

__all__ = [
    "FileMark",
    "Manifest",
    "ShardRecord",
    "complete_recording",
    "file_name",
    "hash_file",
    "read_json",
    "read_manifest",
    "read_markers",
    "read_plan",
    "restore_images",
    "shard_problems",
    "start_recording",
    "tidy",
    "write_marker",
    "write_tensors",
]

FORMAT = 1


@dataclass(frozen=True)
class ShardRecord:
    """What the work on one shard left: its range, its files, and what happened.

    Attributes:
        index, start, stop: which shard, which images (`stop` exclusive).
        files: by name inside the store, such as `activations/00003.safetensors`.
        batch_size: the smallest that was used.
        unreadable: the reason by image index.
        events: in words, such as a batch that had to be made smaller.
    """

    index: int
    start: int
    stop: int
    files: Mapping[str, FileMark]
    batch_size: int
    unreadable: Mapping[int, str] = field(default_factory=dict)
    events: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return {
            "index": self.index,
            "start": self.start,
            "stop": self.stop,
            "files": {name: asdict(mark) for name, mark in self.files.items()},
            "batch_size": self.batch_size,
            "unreadable": {str(index): reason for index, reason in self.unreadable.items()},
            "events": list(self.events),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ShardRecord":
        """Return the record that `to_json` gave."""
        return cls(
            index=content["index"],
            start=content["start"],
            stop=content["stop"],
            files={name: FileMark(**mark) for name, mark in content["files"].items()},
            batch_size=content["batch_size"],
            unreadable={int(index): why for index, why in content["unreadable"].items()},
            events=tuple(content["events"]),
        )


@dataclass(frozen=True)
class Manifest:
    """What a store says of itself.

    `facts` is the plan without its images, so that a store opens quickly however many there are;
    `read_plan` returns all of it. `number` is how many images there are.
    """

    folder: Path
    content: dict[str, Any] = field(repr=False)

    @cached_property
    def facts(self) -> Plan:
        """The plan with an empty image list."""
        return Plan.from_json(self.content, ())

    @property
    def number(self) -> int:
        """How many images the list has."""
        return int(self.content["images"])

    @property
    def fingerprint(self) -> str:
        """The plan's."""
        return str(self.content["fingerprint"])

    @property
    def complete(self) -> bool:
        """Whether the recording was finished."""
        return bool(self.content["status"] == "complete")

    @cached_property
    def shards(self) -> dict[int, ShardRecord]:
        """The finished shards by index: all of them, or those recorded so far."""
        if not self.complete:
            return read_markers(self.folder)
        return {one["index"]: ShardRecord.from_json(one) for one in self.content["shards"]}

    @cached_property
    def files(self) -> dict[str, FileMark]:
        """The files that belong to no shard."""
        return {name: FileMark(**mark) for name, mark in self.content["files"].items()}

    @cached_property
    def unreadable(self) -> dict[int, str]:
        """Why an image could not be read, by its index."""
        if self.complete:
            return {int(index): why for index, why in self.content["unreadable"].items()}
        return _unreadable(self.shards.values())

    @property
    def events(self) -> tuple[str, ...]:
        """What happened, in words."""
        return tuple(self.content["events"])


def file_name(product: str, index: int) -> str:
    """Return the name of a shard's file inside the store.

    >>> file_name("activations", 3)
    'activations/00003.safetensors'
    """
    return f"{product}/{index:05}.safetensors"


def marker_file(index: int) -> str:
    """Return the name of the marker of a finished shard inside the store."""
    return f"shards/{index:05}.json"


def read_json(path: Path) -> Any:
    """Return what a JSON file holds. Raises `RunError`, naming it, if it is damaged or missing."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise damaged(path, "is missing") from None
    except (OSError, ValueError) as error:
        raise damaged(path, f"is damaged ({error})") from error


def start_recording(folder: Path, plan: Plan, command: str = "") -> Manifest:
    """Write the image list and the manifest of a recording that begins; return the manifest.

    Raises `RunError` if the folder cannot be written to.
    """
    mark = _write_images(folder, plan)
    return _write_manifest(
        folder,
        {
            "format": FORMAT,
            "workbench": workbench.__version__,
            "status": "recording",
            "fingerprint": plan.fingerprint,
            **plan.to_json(),
            "images": len(plan.images),
            "created": datetime.now().astimezone().isoformat(timespec="seconds"),
            "command": command,
            "shards": [],
            "files": {IMAGES: asdict(mark)},
            "unreadable": {},
            "events": [],
        },
    )


def restore_images(manifest: Manifest, plan: Plan) -> Manifest:
    """Write the image list of a store anew, which was harmed; return the manifest that fits it.

    `plan` has the store's fingerprint, so its images are the same; they may lie elsewhere now.
    """
    files = {**manifest.content["files"], IMAGES: asdict(_write_images(manifest.folder, plan))}
    return _write_manifest(manifest.folder, {**manifest.content, "files": files})


def complete_recording(
    folder: Path,
    records: Iterable[ShardRecord],
    merged: Mapping[str, FileMark],
    events: Iterable[str] = (),
) -> Manifest:
    """Write the manifest of a finished recording, and remove what only the way there needed.

    `records` are those of all shards; their parts are forgotten. `merged` are the files that
    belong to no shard, by name. Interrupted at any moment, the store is either still being
    recorded or complete; what is left over goes with the next `tidy`.
    """
    before = read_manifest(folder)
    ordered = [_without_parts(record) for record in sorted(records, key=lambda r: r.index)]
    told = [f"shard {record.index}: {event}" for record in ordered for event in record.events]
    manifest = _write_manifest(
        folder,
        {
            **before.content,
            "status": "complete",
            "shards": [record.to_json() for record in ordered],
            "files": {
                IMAGES: asdict(before.files[IMAGES]),
                **{name: asdict(mark) for name, mark in merged.items()},
            },
            "unreadable": {str(at): why for at, why in _unreadable(ordered).items()},
            "events": list(dict.fromkeys([*before.events, *events, *told])),
        },
    )
    tidy(folder, manifest)
    return manifest


def read_manifest(folder: str | Path) -> Manifest:
    """Return what a store says of itself; nothing but `manifest.json` is read.

    Raises `RunError` if the folder is no store, or one of a newer workbench.
    """
    folder = Path(folder)
    file = folder / MANIFEST
    try:
        content = json.loads(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        what = f"has no {MANIFEST}" if folder.is_dir() else "is no folder"
        raise RunError(
            f"{folder} is not a store: it {what}. Give the folder that `workbench record` wrote."
        ) from None
    except (OSError, ValueError) as error:
        raise RunError(
            f"{file} is damaged ({error}). Record again, into another folder."
        ) from error
    if not isinstance(content, dict) or not {"format", "status", "fingerprint"} <= content.keys():
        raise RunError(f"{file} is not the manifest of a recording. Give another folder.")
    if content["format"] != FORMAT:
        raise RunError(
            f"{folder} has format {content['format']}, written by workbench "
            f"{content.get('workbench', 'of an unknown version')}; this is workbench "
            f"{workbench.__version__}, which reads format {FORMAT}. Update the workbench, or "
            "record again."
        )
    manifest = Manifest(folder, content)
    try:
        _ = manifest.facts, manifest.number, manifest.files[IMAGES]
    except (KeyError, TypeError, ValueError, SettingError) as error:
        raise RunError(f"{file} is damaged ({error!r}). Record again.") from error
    return manifest


def read_plan(manifest: Manifest) -> Plan:
    """Return the whole plan of a store. Raises `RunError` if its image list was changed."""
    file = manifest.folder / IMAGES
    if problem := manifest.files[IMAGES].problem(file):
        raise damaged(file, problem)
    images = images_from_csv(file.read_bytes().decode("utf-8", "surrogateescape"))
    return replace(manifest.facts, images=tuple(images))


def write_marker(folder: Path, record: ShardRecord) -> None:
    """Say that a shard is finished; to be called when all its files are there."""
    content = json.dumps(record.to_json(), ensure_ascii=True).encode()
    file = folder / marker_file(record.index)
    replace_file(file, lambda part: part.write_bytes(content), durable=True)


def read_markers(folder: Path) -> dict[int, ShardRecord]:
    """Return the finished shards by index; a marker that a power cut left empty does not count."""
    found = {}
    for file in sorted((folder / "shards").glob("*.json")):
        try:
            record = ShardRecord.from_json(json.loads(file.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        found[record.index] = record
    return found


def shard_problems(folder: Path, record: ShardRecord, *, contents: bool = True) -> dict[str, str]:
    """Say what is wrong with a shard's files, by name; empty if they are as they were written.

    Parts are left out: they are deleted when they have been merged. Without `contents` only the
    lengths of the files are looked at.
    """
    problems = {
        name: mark.problem(folder / name, contents=contents)
        for name, mark in _without_parts(record).files.items()
    }
    return {name: problem for name, problem in problems.items() if problem}


def tidy(folder: Path, manifest: Manifest) -> None:
    """Remove half-written files, and from a complete store what only its recording needed.

    Only for the process that records: another one's half-written files would go too.
    """
    for file in half_written(folder):
        file.unlink(missing_ok=True)
    if manifest.complete:
        remove_passing(folder)


def _write_images(folder: Path, plan: Plan) -> FileMark:
    content = images_to_csv(plan.images).encode("utf-8", "surrogateescape")
    return replace_file(folder / IMAGES, lambda part: part.write_bytes(content), durable=True)


def _write_manifest(folder: Path, content: dict[str, Any]) -> Manifest:
    text = json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    replace_file(folder / MANIFEST, lambda part: part.write_text(text, "ascii"), durable=True)
    return Manifest(folder, json.loads(text))


def _without_parts(record: ShardRecord) -> ShardRecord:
    kept = {name: mark for name, mark in record.files.items() if not name.startswith("parts/")}
    return replace(record, files=kept)


def _unreadable(records: Iterable[ShardRecord]) -> dict[int, str]:
    return {at: why for record in records for at, why in sorted(record.unreadable.items())}
