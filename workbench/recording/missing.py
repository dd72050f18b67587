"""What of a recording is still to be done: files that are missing or not as they were written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.images.progress import progress
from workbench.recording.fold import Fold
from workbench.recording.manifest import FileMark, Manifest, ShardRecord, file_name
from workbench.recording.plan import Plan, Shard
from workbench.recording.products import kinds, merged_products


@dataclass(frozen=True)
class Task:
    """A shard to be worked on: which kinds of file to write, and which of its files stay.

    `unreadable` are the images that what stays of the shard is without, and nothing else may have
    either; None where nothing stays.
    """

    shard: Shard
    kinds: tuple[str, ...]
    kept: Mapping[str, FileMark]
    unreadable: Mapping[int, str] | None = None


def sound_products(plan: Plan, manifest: Manifest) -> dict[str, FileMark]:
    """Return the marks of the merged products if all of them are on disk unharmed, else none."""
    names = [f"{product}.safetensors" for product in merged_products(plan)]
    marks = {name: manifest.files[name] for name in names if name in manifest.files}
    if len(marks) < len(names):
        return {}
    harmed = any(mark.problem(manifest.folder / name) for name, mark in marks.items())
    return {} if harmed else marks


def missing(
    plan: Plan, folder: Path, records: Mapping[int, ShardRecord], fold: Fold | None
) -> list[Task]:
    """Return what is to be done, in index order; every file that counts as done is read once.

    `fold` is None where the merged products are finished already.
    """
    tasks = []
    shards = progress(plan.shards, total=len(plan.shards), what="checking shards", unit="shard")
    for shard in shards:
        record = records.get(shard.index)
        files = record.files if record else {}
        wanted, kept, stays = [], {}, False
        for kind in kinds(plan):
            name = file_name(kind, shard.index)
            if kind == "parts" and (fold is None or fold.holds(shard.index)):
                stays = True
                continue
            if name in files and files[name].problem(folder / name) is None:
                kept[name] = files[name]
            else:
                wanted.append(kind)
        if wanted or record is None:
            known = record.unreadable if record and (kept or stays) else None
            tasks.append(Task(shard, tuple(wanted), kept, known))
    return tasks
