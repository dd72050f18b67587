"""What layouts share in which a file lists the images: rows become samples of categories."""

from collections import Counter
from pathlib import Path
from typing import Literal

from workbench.images.listing import normal_form
from workbench.images.reading import Category
from workbench.images.samples import Problem, Sample, Split, TakenFolder


class Listed:
    """The categories of a file of rows while it is read, and what is wrong with its rows."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._categories: dict[str, Category] = {}
        self._problems: list[Problem] = []
        self._seen: set[tuple[str, str]] = set()

    def wrong(self, where: str, what: str) -> None:
        """Note a row that cannot be used."""
        self._problems.append(Problem(self.file, f"{self.file}: {where} {what}"))

    def add(
        self,
        where: str,
        *,
        category: str,
        path: str,
        split: Split,
        label: Literal[0, 1] | None,
        defect: str,
        masks: tuple[Path, ...],
        name: str = "",
        mask_above: int = 0,
    ) -> None:
        """Take in a row; its name is its path inside the category's folder where it has one."""
        category = normal_form(category)
        name = normal_form(name or path.replace("\\", "/").removeprefix("./"))
        name = name.removeprefix(f"{category}/")
        if "/" in category or "\\" in category or category in {"", ".", ".."}:
            self.wrong(where, f"has the category {category!r}, which cannot be a folder's name")
            return
        if (category, name) in self._seen:
            self.wrong(where, f"lists {name} of {category} a second time")
            return
        self._seen.add((category, name))
        if not defect:
            defect = {0: "good", 1: "anomaly", None: "unknown"}[label]
        of = self._categories.setdefault(category, Category(category, self.file.parent))
        file = self.file.parent / path
        of.samples.append(
            Sample(file, split, label, normal_form(defect), masks, category, name, mask_above)
        )

    def categories(self) -> list[Category]:
        """Return what was taken in."""
        found = list(self._categories.values()) or [Category("none", self.file.parent)]
        for category in found:
            counted = Counter(sample.split for sample in category.samples)
            splits = ", ".join(f"{number} {split}" for split, number in sorted(counted.items()))
            role = f"list of {category.name} ({splits or 'nothing'})"
            category.folders.append(TakenFolder(self.file, role, len(category.samples)))
        found[0].problems += self._problems
        return found


def path_for(path: Path, file: Path) -> str:
    """Return a path as `file` should list it: relative below its folder, or else absolute."""
    path, folder = path.absolute(), file.absolute().parent
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
