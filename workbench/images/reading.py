"""One category while it is read: images become samples, masks are claimed by name."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from workbench.images.decode import is_image_name
from workbench.images.listing import entries, folders, normal_form
from workbench.images.samples import Problem, Sample, Split, TakenFolder
from workbench.images.support import seeded


class Masks:
    """The masks of a category, to be claimed by the images they belong to.

    They lie in a folder for each kind of defect or flat, and are called like their image, with
    or without `_mask` behind the stem. A kind's folder may hold a folder of that name instead:
    then all images in it are masks of the one image.
    """

    def __init__(self, folder: Path, kinds: Iterable[tuple[str, Path]] | None = None) -> None:
        self.folder = folder
        self._paths: dict[tuple[str, str], list[tuple[Path, ...]]] = {}
        if kinds is None:
            flat = [("", folder)] if folder.is_dir() else []
            kinds = [*flat, *((normal_form(kind.name), kind) for kind in folders(folder))]
        for defect, kind in kinds:
            for path in entries(kind):
                if path.is_dir():
                    files = tuple(one for one in entries(path) if is_image_name(one))
                    if defect and files:
                        self._note(defect, path.name, files)
                elif is_image_name(path):
                    self._note(defect, path.stem, (path,))

    def _note(self, defect: str, stem: str, files: tuple[Path, ...]) -> None:
        self._paths.setdefault((defect, normal_form(stem).removesuffix("_mask")), []).append(files)

    def claim(self, defect: str, image: Path) -> tuple[Path, ...]:
        """Return the masks of an image, from its defect's folder or else flat ones, only once."""
        stem = normal_form(image.stem)
        for key in ((defect, stem), ("", stem)):
            if self._paths.get(key):
                return self._paths[key].pop(0)
        return ()

    def unclaimed(self) -> list[Path]:
        """Return the masks that no image has claimed."""
        return [path for _, found in sorted(self._paths.items()) for one in found for path in one]


@dataclass
class Category:
    """One category while it is read."""

    name: str
    folder: Path
    mask_above: int = 0
    samples: list[Sample] = field(default_factory=list)
    folders: list[TakenFolder] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

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

    def take_normals(self, folder: Path, split: Split, role: str) -> None:
        """Read every image of `folder` as normal."""
        paths = self.images(folder)
        self.folders.append(TakenFolder(folder, role, len(paths)))
        for path in paths:
            self.add(path, split)

    def take_anomalies(
        self,
        folder: Path,
        masks: Masks | None,
        *,
        split: Split = "test",
        defect: str = "",
        expected: str = "",
        with_folders: bool = False,
        paths: Sequence[Path] | None = None,
    ) -> None:
        """Read every image of `folder` (or of it `paths`) as one kind of anomaly.

        The kind is called like the folder. `expected` is the name of a mask that is missing, for
        the message, `{stem}` the image's.
        """
        if paths is None:
            paths = self.images(folder, with_folders=with_folders)
        defect = normal_form(defect or folder.name)
        self.folders.append(TakenFolder(folder, f"{split} anomalies ({defect})", len(paths)))
        for path in paths:
            found = masks.claim(defect, path) if masks else ()
            if masks and not found:
                name = (expected or folder.name + "/{stem}_mask.png").replace("{stem}", path.stem)
                where = masks.folder / name
                what = f"{path} is anomalous and has no mask; expected {where}"
                self.problems.append(Problem(path, what))
            self.add(path, split, 1, defect, found)

    def take_unlabelled(self, folder: Path, role: str) -> None:
        """Read every image of `folder` as a test image whose truth is withheld."""
        paths = self.images(folder)
        self.folders.append(TakenFolder(folder, role, len(paths)))
        for path in paths:
            self.add(path, "test", None, "unknown")

    def split_normals(self, paths: Sequence[Path], share: Fraction, seed: int) -> int:
        """Read normals that nobody has published a split of; return how many are for training.

        `share` of them (rounded, half up; one at least), drawn from the sorted list.
        """
        number = max(1, int(len(paths) * share + Fraction(1, 2)))
        order = seeded(seed, self.name).permutation(len(paths))
        training = set(order[:number].tolist())
        for index, path in enumerate(paths):
            self.add(path, "train" if index in training else "test")
        self.notes.append(
            f"{self.name}: no split is published, so {len(training)} of {len(paths)} normals "
            f"({share}, drawn with seed {seed} from the list sorted by name) are for training and "
            "the others for testing; adding images changes the split"
        )
        return len(training)

    def add(
        self,
        path: Path,
        split: Split,
        label: Literal[0, 1] | None = 0,
        defect: str = "good",
        masks: tuple[Path, ...] = (),
    ) -> None:
        """Read one image."""
        name = normal_form(path.relative_to(self.folder).as_posix())
        self.samples.append(
            Sample(path, split, label, defect, masks, self.name, name, self.mask_above)
        )

    def close(self, masks: Masks | None, used: Iterable[str]) -> None:
        """Note the masks that no image claimed and the folders that were not looked into."""
        if masks:
            for sample in self.samples:
                if sample.label == 0:  # some exports carry an empty mask for every normal image
                    masks.claim(sample.defect, sample.path)
            self.unclaimed(masks)
        for path in folders(self.folder):
            if path.name not in set(used):
                self.left_out.append(f"{path} (not part of the layout)")

    def unclaimed(self, masks: Masks) -> None:
        """Note the masks that no image claimed."""
        self.problems += [
            Problem(path, f"{path} is a mask without an anomalous image of its name")
            for path in masks.unclaimed()
        ]
