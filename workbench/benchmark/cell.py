"""One cell of the grid: a method on a category, with one support set. A file each."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import RunError
from workbench.evaluation.category import METRICS
from workbench.evaluation.measure import Measure
from workbench.files import write_json


@dataclass(frozen=True, order=True)
class Key:
    """Which cell: of which data set and category, by which method, with which support."""

    data: str
    category: str
    method: str
    shots: int
    seed: int
    contaminated: int = 0

    @property
    def group(self) -> "Key":
        """The cells that share a support set, as a key without a method."""
        return Key(self.data, self.category, "", self.shots, self.seed, self.contaminated)

    def file(self, root: Path) -> Path:
        """Return where the cell's result lies below the folder of a benchmark."""
        support = f"{self.shots}-shot_seed-{self.seed}"
        if self.contaminated:
            support += f"_contaminated-{self.contaminated}"
        return root / "cells" / self.data / self.category / support / f"{self.method}.json"

    def __str__(self) -> str:
        return f"{self.category}, {self.method}, {self.shots} shots, seed {self.seed}"


@dataclass(frozen=True)
class Cell:
    """A finished cell.

    `measures` hold each metric as `value`, `low`, `high` (95 %), `bound`, `threshold`,
    `undefined`: of the only draw, or over the draws of a method that has several, and then the
    interval is between draws. `scores` are the image scores per draw, in the order of the test
    images, and `draws` each metric's value per draw.
    """

    key: Key
    support: tuple[str, ...]
    contaminating: tuple[str, ...]
    measures: Mapping[str, Mapping[str, Any]]
    scores: tuple[tuple[float, ...], ...]
    draws: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    gallery_bytes: int = 0

    def value(self, metric: str) -> float | None:
        """Return a metric's value, `None` where it is undefined."""
        value: float | None = self.measures[metric].get("value")
        return value

    def row(self) -> dict[str, Any]:
        """Return the cell as a row of `results.csv`."""
        key = asdict(self.key)
        row: dict[str, Any] = {
            **{name: key[name] for name in ("data", "category", "method", "shots", "seed")},
            "contaminated": self.key.contaminated,
            "draws": len(self.scores),
            "gallery_bytes": self.gallery_bytes,
        }
        for metric in METRICS:
            measure = self.measures[metric]
            for suffix, part in (("", "value"), ("_low", "low"), ("_high", "high")):
                row[metric + suffix] = measure.get(part)
        row["pixel_auroc_bound"] = self.measures["pixel_auroc"].get("bound")
        row["threshold"] = self.measures["image_balanced_accuracy"].get("threshold")
        row["undefined"] = "; ".join(
            f"{metric}: {self.measures[metric]['undefined']}"
            for metric in METRICS
            if self.value(metric) is None
        )
        return row

    def write(self, root: Path) -> None:
        """Write the cell's file, whole or not at all."""
        write_json(self.key.file(root), {**asdict(self), "key": asdict(self.key)})

    @staticmethod
    def key_of(file: Path) -> Key:
        """Return the key that a cell's file holds. Raises `RunError` for a damaged file."""
        try:
            return Key(**json.loads(file.read_bytes())["key"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise damaged(file, error) from error

    @classmethod
    def read(cls, key: Key, root: Path) -> "Cell | None":
        """Return the finished cell of a key, `None` if there is none. Raises `RunError`."""
        file = key.file(root)
        try:
            content = json.loads(file.read_bytes())
            if Key(**content["key"]) != key:
                raise ValueError("it is of another cell")
            return cls(
                key,
                tuple(content["support"]),
                tuple(content["contaminating"]),
                content["measures"],
                tuple(tuple(draw) for draw in content["scores"]),
                {name: tuple(values) for name, values in content["draws"].items()},
                content["gallery_bytes"],
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise damaged(file, error) from error


def damaged(file: Path, error: Exception) -> RunError:
    """Return what to say of a cell's file that cannot be read."""
    return RunError(
        f"{file} is damaged ({error}). Delete it and resume: this cell is computed again."
    )


def over_draws(drawn: Sequence[Mapping[str, Measure]]) -> dict[str, dict[str, Any]]:
    """Return the measures of a cell: the only draw's, or the mean over draws.

    With several draws the interval is from the 2.5th to the 97.5th percentile of the draws.
    """
    if len(drawn) == 1:
        return {name: measure.to_dict() for name, measure in drawn[0].items()}
    found: dict[str, dict[str, Any]] = {}
    for name, first in drawn[0].items():
        values = [measures[name].value for measures in drawn]
        known = [value for value in values if value is not None]
        if not known:
            found[name] = first.to_dict()
            continue
        low, high = _percentiles(known)
        found[name] = {
            "value": statistics.fmean(known),
            "low": low,
            "high": high,
            "definition": f"{first.definition}; mean of {len(known)} draws, interval between draws",
        }
    return found


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    import numpy as np

    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
