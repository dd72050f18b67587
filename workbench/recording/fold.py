"""Merging the parts of shards, in index order, into the products of a whole image set.

The running result lies beside the parts, so that a recording that was killed goes on from it. A
part is deleted only when a running result that contains it was forced to the disk. Merging happens
at fixed places in the list of shards and always from what was written, so that a recording that was
killed and one that was not end in the same bytes.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from workbench.errors import RunError
from workbench.files import write_json
from workbench.recording.manifest import FileMark, file_name, hash_file, read_json, write_tensors
from workbench.recording.plan import Plan
from workbench.recording.products import empty, from_part, merged_products

AT_ONCE = 8
"""Shards merged at a time, so that the running result is not written after every one."""


class Fold:
    """The merged products of the first `through` shards of a store."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.products = merged_products(plan)
        self.through, self._merged = self._load()

    def holds(self, index: int) -> bool:
        """Say whether the part of this shard is merged already (or no product needs merging)."""
        return not self.products or index < self.through

    def advance(self, done: set[int]) -> None:
        """Merge the next parts if all of them are there; `done` are the shards that are."""
        last = len(self.plan.shards)
        while self.products and self.through < last:
            upto = min(self.through + AT_ONCE, last)
            if not done.issuperset(range(self.through, upto)):
                return
            self._merge(range(self.through, upto))

    def _merge(self, indices: range) -> None:
        paths = [self.folder / file_name("parts", index) for index in indices]
        for path in paths:
            for product, part in from_part(self.plan, load_file(path)).items():
                self._merged[product].merge(part)
        name = f"parts/folded-{indices.stop:05d}.safetensors"
        mark = write_tensors(self.folder / name, self._tensors(), durable=True)
        note = {"through": indices.stop, "file": name, "xxh3": mark.xxh3}
        write_json(self._note, note)
        for old in self._note.parent.glob("folded-*.safetensors"):
            if old != self.folder / name:
                old.unlink()
        for path in paths:
            path.unlink()
        self.through, self._merged = self._load()

    def write_products(self) -> dict[str, FileMark]:
        """Write the merged products under their own names, and return their marks by name."""
        return {
            f"{product}.safetensors": write_tensors(
                self.folder / f"{product}.safetensors",
                self._merged[product].state(),
                durable=True,
            )
            for product in self.products
        }

    @property
    def _note(self) -> Path:
        return self.folder / "parts" / "folded.json"

    def _tensors(self) -> dict[str, Tensor]:
        return {
            f"{product}:{key}": value
            for product, merged in self._merged.items()
            for key, value in merged.state().items()
        }

    def _load(self) -> tuple[int, dict[str, Any]]:
        """Return the running result, or an empty one where there is none that is sound."""
        if self.products and self._note.is_file():
            with suppress(RunError, OSError, KeyError, TypeError):  # a harmed note is none
                note = read_json(self._note)
                path = self.folder / note["file"]
                if hash_file(path) == note["xxh3"]:
                    return int(note["through"]), from_part(self.plan, load_file(path))
        return 0, {product: empty(product, self.plan) for product in self.products}
