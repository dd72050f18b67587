"""One category while it is read: images become samples, masks are claimed by name."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from workbench.images.decode import is_image_name
from workbench.images.listing import entries, folders, normal_form
from workbench.images.samples import Problem, Sample, TakenFolder


class Masks:
    """The masks of a category, to be claimed by the images they belong to.

    They lie in a folder for each kind of defect or flat, and are called like their image, with
    or without `_mask` behind the stem.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[tuple[str, str], list[Path]] = {}
        for kind in [folder, *folders(folder)]:
            defect = "" if kind == folder else normal_form(kind.name)
            for path in entries(kind):
                if is_image_name(path) and path.is_file():
                    stem = normal_form(path.stem).removesuffix("_mask")
                    self._paths.setdefault((defect, stem), []).append(path)

    def claim(self, defect: str, image: Path) -> Path | None:
        """Return the mask of an image, from its defect's folder or else a flat one, only once."""
        stem = normal_form(image.stem)
        for key in ((defect, stem), ("", stem)):
            if self._paths.get(key):
                return self._paths[key].pop(0)
        return None

    def unclaimed(self) -> list[Path]:
        """Return the masks that no image has claimed."""
        return [path for _, paths in sorted(self._paths.items()) for path in paths]


@dataclass
class Category:
    """One category while it is read."""

    name: str
    folder: Path
    samples: list[Sample] = field(default_factory=list)
    folders: list[TakenFolder] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def images(self, folder: Path, *, with_folders: bool = False) -> list[Path]:
        """List the images of a folder, sorted, and note what else it holds."""
        other: Counter[str] = Counter()
        found = []
        for path in entries(folder):
            if path.is_dir():
                if not with_folders:
                    self.left_out.append(f"{path} (a folder among images)")
            elif is_image_name(path):
                found.append(path)
            else:
                other[path.suffix or path.name] += 1
        if other:
            kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(other.items()))
            self.left_out.append(f"{folder}: files that are no images ({kinds})")
        return found

    def take_normals(self, folder: Path, split: Literal["train", "test"], role: str) -> None:
        """Read every image of `folder` as normal."""
        paths = self.images(folder)
        self.folders.append(TakenFolder(folder, role, len(paths)))
        for path in paths:
            self.add(path, split)

    def take_anomalies(
        self, folder: Path, masks: Masks | None, *, with_folders: bool = False
    ) -> None:
        """Read every image of `folder` as one kind of anomaly."""
        paths = self.images(folder, with_folders=with_folders)
        role = f"test anomalies ({folder.name})"
        self.folders.append(TakenFolder(folder, role, len(paths)))
        defect = normal_form(folder.name)
        for path in paths:
            mask = masks.claim(defect, path) if masks else None
            if masks and mask is None:
                expected = masks.folder / folder.name / f"{path.stem}_mask.png"
                what = f"{path} is anomalous and has no mask; expected {expected}"
                self.problems.append(Problem(path, what))
            self.add(path, "test", 1, defect, mask)

    def add(
        self,
        path: Path,
        split: Literal["train", "test"],
        label: Literal[0, 1] = 0,
        defect: str = "good",
        mask: Path | None = None,
    ) -> None:
        """Read one image."""
        name = normal_form(path.relative_to(self.folder).as_posix())
        self.samples.append(Sample(path, split, label, defect, mask, self.name, name))

    def close(self, masks: Masks | None, used: Iterable[str]) -> None:
        """Note the masks that no image claimed and the folders that were not looked into."""
        if masks:
            for sample in self.samples:
                if sample.label == 0:  # some exports carry an empty mask for every normal image
                    masks.claim(sample.defect, sample.path)
            self.problems += [
                Problem(path, f"{path} is a mask without an anomalous image of its name")
                for path in masks.unclaimed()
            ]
        for path in folders(self.folder):
            if path.name not in set(used):
                self.left_out.append(f"{path} (not part of the layout)")
