"""From cells to means: over the categories first, then over the seeds."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.benchmark.cell import Cell
from workbench.evaluation.category import METRICS
from workbench.evaluation.measure import mean_of


@dataclass(frozen=True)
class Spread:
    """A mean over seeds, with the standard deviation between them (`None` for a single seed)."""

    mean: float | None
    deviation: float | None = None
    seeds: int = 0
    categories: int = 0

    def percent(self, sign: str = " ± ") -> str:
        """Return it in percent.

        >>> Spread(0.775, 0.012, 5, 3).percent()
        '77.5 ± 1.2'
        """
        if self.mean is None:
            return "undefined"
        deviation = "" if self.deviation is None else f"{sign}{100 * self.deviation:.1f}"
        return f"{100 * self.mean:.1f}{deviation}"


@dataclass(frozen=True)
class Summary:
    """A method with a number of shots: every metric over categories and seeds."""

    data: str
    category: str  # or "mean"
    method: str
    shots: int
    contaminated: int
    metrics: dict[str, Spread]

    def row(self) -> dict[str, Any]:
        """Return it as a row of `summary.csv`."""
        row: dict[str, Any] = {
            "data": self.data,
            "category": self.category,
            "method": self.method,
            "shots": self.shots,
            "contaminated": self.contaminated,
        }
        for name, spread in self.metrics.items():
            row |= {name: spread.mean, f"{name}_sd": spread.deviation}
        any_metric = next(iter(self.metrics.values()))
        return row | {"seeds": any_metric.seeds, "categories": any_metric.categories}


def summarise(cells: Sequence[Cell]) -> list[Summary]:
    """Return, per data set, the means of each category, then their macro means.

    A category for which a metric is undefined is left out of that metric's macro mean: for every
    method alike, because what is undefined depends on the test images alone (but a method without
    support has no threshold, and so no balanced accuracy anywhere).
    """
    found = []
    for data in _seen(cell.key.data for cell in cells):
        here = [cell for cell in cells if cell.key.data == data]
        categories = _seen(cell.key.category for cell in here)
        kinds = _seen((c.key.method, c.key.shots, c.key.contaminated) for c in here)
        for method, shots, contaminated in kinds:
            chosen = [
                c
                for c in here
                if (c.key.method, c.key.shots, c.key.contaminated) == (method, shots, contaminated)
            ]
            for category in (*categories, "mean"):
                part = [c for c in chosen if category in (c.key.category, "mean")]
                if part:
                    metrics = {metric: _spread(part, metric) for metric in METRICS}
                    found.append(Summary(data, category, method, shots, contaminated, metrics))
    return found


def left_out(cells: Sequence[Cell]) -> dict[str, tuple[str, ...]]:
    """Return, by metric, the categories of one data set in which no cell has a value."""
    categories = _seen(cell.key.category for cell in cells)
    found = {}
    for metric in METRICS:
        known = {c.key.category for c in cells if c.value(metric) is not None}
        missing = tuple(category for category in categories if category not in known)
        if missing:
            found[metric] = missing
    return found


def _spread(cells: Sequence[Cell], metric: str) -> Spread:
    seeds = _seen(cell.key.seed for cell in cells)
    means = [mean_of(c.value(metric) for c in cells if c.key.seed == seed) for seed in seeds]
    known = [value for value in means if value is not None]
    return Spread(
        mean=mean_of(known),
        deviation=statistics.stdev(known) if len(known) > 1 else None,
        seeds=len(known),
        categories=len({c.key.category for c in cells if c.value(metric) is not None}),
    )


def _seen(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
