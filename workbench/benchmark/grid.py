"""The grid: every method on every category, with every support set; each cell computed once."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.baselines.backbone import Backbone
from workbench.baselines.method import Method
from workbench.benchmark.cell import Cell, Key
from workbench.benchmark.judging import all_needs, judge
from workbench.clip.hooked import HookedCLIP
from workbench.errors import DataError, RunError, SettingError
from workbench.evaluation.category import TestImages
from workbench.evaluation.evaluate import labelled_tests
from workbench.excavation.features import BATCH
from workbench.files import write_json
from workbench.images.progress import bar
from workbench.images.samples import Dataset, Sample
from workbench.images.stream import pictures
from workbench.images.support import support, without_support

log = logging.getLogger(__name__)
FEATURES = "features"
MEAN = "mean"


@dataclass(frozen=True)
class Grid:
    """What is compared.

    `shots` and `seeds` draw the support sets by `protocol`; `contaminated` says how many of a
    support set's images are replaced by test anomalies. `draws` is the most that a random method
    gets. Methods that use no support have one cell a category, with 0 shots and seed 0. Without
    `intervals` no cell is bootstrapped, which takes most of a cell's time where pictures are small.

    Raises `SettingError` for an empty list, a repeated method or a number out of its range.
    """

    methods: tuple[Method, ...]
    shots: tuple[int, ...] = (1, 2, 4)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    protocol: str = "nested"
    contaminated: tuple[int, ...] = (0,)
    draws: int = 20
    intervals: bool = True

    def __post_init__(self) -> None:
        for name, values, least in (
            ("shots", self.shots, 1),
            ("seeds", self.seeds, 0),
            ("contaminated", self.contaminated, 0),
        ):
            if not values or min(values) < least or len(set(values)) < len(values):
                raise SettingError(
                    f"{name} are {list(values)}; give different whole numbers, at least {least}."
                )
        names = [method.name for method in self.methods]
        if not names or len(set(names)) < len(names):
            raise SettingError(f"the methods are {names}; give at least one, each once.")
        if self.draws < 1:
            raise SettingError(f"draws is {self.draws}; a random method needs at least one.")

    def to_dict(self) -> dict[str, Any]:
        """Return the grid as plain data."""
        return {
            "methods": {m.name: {"title": m.title, "recipe": m.recipe} for m in self.methods},
            "shots": list(self.shots),
            "seeds": list(self.seeds),
            "protocol": self.protocol,
            "contaminated": list(self.contaminated),
            "draws": self.draws,
        }

    def keys(self, data: str, category: str) -> list[Key]:
        """Return the cells of a category."""
        found = []
        for method in self.methods:
            if not method.uses_support:
                found.append(Key(data, category, method.name, 0, 0))
                continue
            found += [
                Key(data, category, method.name, shots, seed, replaced)
                for shots in self.shots
                for seed in self.seeds
                for replaced in self.contaminated
                if replaced <= shots
            ]
        return found

    def support(self, samples: Sequence[Sample], group: Key) -> list[Sample]:
        """Return the support images of a group; none for the methods that use none."""
        if group.shots == 0:
            return []
        return support(
            samples, group.shots, group.seed, self.protocol, contaminated=group.contaminated
        )

    def listed(self, samples: Sequence[Sample]) -> list[dict[str, Any]]:
        """Return the test images as `images.json` lists them, in the order of the scores."""
        return [
            {"image": test.name, "label": test.label, "defect": test.defect}
            for test in self.tests(samples)
        ]

    def tests(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return the test images: all but those that contaminate any support set of the grid."""
        used = [
            sample
            for shots in self.shots
            for seed in self.seeds
            for replaced in self.contaminated
            if 0 < replaced <= shots
            for sample in support(samples, shots, seed, self.protocol, contaminated=replaced)
        ]
        return without_support(labelled_tests(samples), used)


def check(data: Mapping[str, Dataset], grid: Grid) -> None:
    """Raise what would stop the grid before any work is done: no test images, too few normals."""
    for dataset in data.values():
        for category in dataset.categories:
            if category == MEAN:
                raise DataError(
                    f"{dataset.root} has a category called {MEAN}, as the mean over categories is "
                    "in the tables. Rename it."
                )
            samples = dataset[category]
            grid.tests(samples)
            for group in sorted({key.group for key in grid.keys("", category)}):
                grid.support(samples, group)


@dataclass(frozen=True)
class Reckoned:
    """How much a grid on a data set is: cells, and different images that the model looks at."""

    cells: int
    images: int


def reckon(dataset: Dataset, grid: Grid, name: str = "") -> Reckoned:
    """Return how much a grid on a data set is."""
    cells = images = 0
    for category in dataset.categories:
        samples, keys = dataset[category], grid.keys(name, category)
        cells += len(keys)
        groups = {key.group for key in keys}
        drawn = {sample for group in groups for sample in grid.support(samples, group)}
        images += len(drawn.union(grid.tests(samples)))
    return Reckoned(cells, images)


def run_grid(
    model: HookedCLIP,
    data: Mapping[str, Dataset],
    grid: Grid,
    out: Path,
    *,
    batch_size: int = BATCH,
    keep_features: bool = False,
    only: Callable[[str, str], bool] = lambda _data, _category: True,
) -> None:
    """Compute every cell that has no file yet below `out`.

    Each category's images pass the model once; what the methods need of them lies in
    `out/features` until the category is done. Interrupted work goes on where it was: finished
    cells are files, and the features resume too. Raises what `check` raises, what the methods
    raise, and `RunError` where finished cells are of other test images.
    """
    check(data, grid)
    for name, dataset in data.items():
        for category in dataset.categories:
            if only(name, category) and outdated(out, name, category, grid, dataset[category]):
                raise RunError(
                    f"{out / 'cells' / name / category} holds cells of other test images: other "
                    "support sets are contaminated by other images, which leave the test set. "
                    "Delete that folder, or choose another --out."
                )
    waiting = {
        (name, category): [key for key in grid.keys(name, category) if not key.file(out).is_file()]
        for name, dataset in data.items()
        for category in dataset.categories
        if only(name, category)
    }
    total = sum(map(len, waiting.values()))
    with bar(total=total, what="cells", unit="cell") as done:
        for (name, category), keys in waiting.items():
            samples = data[name][category]
            # Also where every cell is finished: what was damaged is whole again after a resume.
            write_json(images_file(out, name, category), grid.listed(samples))
            if keys:
                for _ in _category(model, samples, grid, keys, out, batch_size):
                    done(1)
            if not keep_features:
                _sweep(out / FEATURES / name / category)


def images_file(out: Path, data: str, category: str) -> Path:
    """Return the file that lists a category's test images."""
    return out / "cells" / data / category / "images.json"


def outdated(out: Path, data: str, category: str, grid: Grid, samples: Sequence[Sample]) -> bool:
    """Say whether the category's cells below `out` are of other test images than the grid's.

    A list that cannot be read says nothing; it is written anew.
    """
    file = images_file(out, data, category)
    try:
        return bool(json.loads(file.read_bytes()) != grid.listed(samples))
    except (OSError, ValueError):
        return False


def _sweep(folder: Path) -> None:
    """Delete a category's features, also those that a kill just after its last cell left."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # others may still be there
        folder.parent.rmdir()
        folder.parent.parent.rmdir()


def _category(
    model: HookedCLIP,
    samples: Sequence[Sample],
    grid: Grid,
    keys: Sequence[Key],
    out: Path,
    batch_size: int,
) -> Iterator[Cell]:
    """Compute and write the cells of one category."""
    tests = TestImages(grid.tests(samples))
    first = keys[0]
    whole = grid.keys(first.data, first.category)
    supports = {key.group: grid.support(samples, key.group) for key in sorted(whole)}
    # Whatever is still to be done, the features are of the whole grid: which images share a batch
    # decides the last bits, and a resumed benchmark is to have the same.
    shown = list(
        dict.fromkeys([*(s for normals in supports.values() for s in normals), *tests.samples])
    )
    folder = out / FEATURES / first.data / first.category
    backbone = Backbone.recorded(
        model, pictures(shown), all_needs(grid.methods, model), folder, batch_size=batch_size
    )
    for group in sorted({key.group for key in keys}):
        wanted = {key.method for key in keys if key.group == group}
        here = [method for method in grid.methods if method.name in wanted]
        for cell, timing in judge(
            backbone,
            here,
            group,
            supports[group],
            tests,
            draws=grid.draws,
            intervals=grid.intervals,
        ):
            seconds: dict[str, Any] = {
                name: round(value, 4) for name, value in asdict(timing).items()
            }
            write_json(
                cell.key.file(out / "timing"),
                {**asdict(cell.key), "images": len(tests), **seconds},
            )
            cell.write(out)
            yield cell


def finished_keys(out: Path, data: Mapping[str, Dataset], methods: Sequence[str]) -> list[Key]:
    """Return the cells that are finished below `out`, whoever asked for them, in order."""
    names, order = list(data), list(methods)
    found = []
    for name, dataset in data.items():
        for category in dataset.categories:
            folder = out / "cells" / name / category
            files = [file for file in folder.glob("*/*.json") if file.stem in order]
            found += [Cell.key_of(file) for file in files]
    return sorted(
        found,
        key=lambda k: (names.index(k.data), k.category, order.index(k.method), k.shots, k.seed),
    )


def finished(out: Path, keys: Sequence[Key]) -> list[Cell]:
    """Return those of the cells that are finished, in order. Raises `RunError` for damage."""
    read = (Cell.read(key, out) for key in keys)
    return [cell for cell in read if cell is not None]
