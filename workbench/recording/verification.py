"""Is a store as it was written? Every file is read once and compared with the manifest."""

import html
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import RunError
from workbench.images.progress import progress
from workbench.recording.manifest import FileMark, Manifest, read_plan
from workbench.recording.own_files import IMAGES, MANIFEST, own_files


@dataclass(frozen=True)
class Verification:
    """What a look at every byte of a store found.

    `problems` name the file and what is wrong with it; `files` and `bytes` count what was looked
    at.
    """

    path: Path
    problems: tuple[str, ...]
    files: int
    bytes: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        looked = f"{self.path}: {self.files:,} files, {self.bytes:,} bytes"
        if self.ok:
            return f"{looked}: all as they were written"
        return "\n".join([f"{looked}: {len(self.problems)} problems", *self.problems])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def verify(manifest: Manifest) -> Verification:
    """Compare every file of a store with its checksum, and look for what does not belong there."""
    folder, marks = manifest.folder, expected_files(manifest)
    problems = []
    looked = progress(marks.items(), total=len(marks), what="verifying", unit="file")
    for name, mark in looked:
        if problem := mark.problem(folder / name):
            problems.append(f"{name} {problem}")
    if not any(problem.startswith(IMAGES) for problem in problems):
        problems += _edited(manifest)
    if not manifest.complete:
        done, number = len(manifest.shards), shard_number(manifest)
        problems.append(
            f"{MANIFEST} says that the recording is not finished ({done} of {number} shards are); "
            "go on with `workbench record ... --resume`"
        )
    problems += _left_over(manifest, marks)
    return Verification(folder, tuple(problems), len(marks), sum(m.bytes for m in marks.values()))


def expected_files(manifest: Manifest) -> dict[str, FileMark]:
    """Return the marks of all files that stay, by name."""
    return manifest.files | {
        name: mark
        for record in manifest.shards.values()
        for name, mark in record.files.items()
        if not name.startswith("parts/")
    }


def shard_number(manifest: Manifest) -> int:
    """Return how many shards a store has when it is complete."""
    return -(-manifest.number // manifest.facts.images_per_shard)


def _edited(manifest: Manifest) -> list[str]:
    try:
        found = read_plan(manifest).fingerprint
    except (RunError, ValueError) as error:
        return [f"{IMAGES} is damaged ({error})"]
    if found == manifest.fingerprint:
        return []
    return [f"{MANIFEST} was edited: it is of {manifest.fingerprint} and describes {found}"]


def _left_over(manifest: Manifest, marks: dict[str, FileMark]) -> list[str]:
    known, found = {MANIFEST, *marks}, []
    own = set() if manifest.complete else set(own_files(manifest.folder))
    for path in sorted(manifest.folder.rglob("*")):
        name = path.relative_to(manifest.folder).as_posix()
        if not path.is_file() or name in known or path.name.startswith("."):
            continue
        if path in own:  # what an unfinished recording is about to use
            continue
        found.append(f"{name} does not belong to the store")
    return found
