"""A benchmark's rows, looked at the ways its page needs: by method, shots, category and seed."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.pages.inputs import BenchmarkReport
from workbench.pages.tables import metric_names

Mean = tuple[float, float | None]
"""A mean, and the deviation between seeds where there is more than one."""


@dataclass(frozen=True, eq=False)
class Part:
    """What was measured on one data set with one number of shots.

    `contaminated` says how many of a support set's pictures were replaced by anomalies.
    """

    data: str
    shots: int
    contaminated: int
    rows: Sequence[Mapping[str, Any]]
    summary: Mapping[str, Mapping[str, Any]]

    @property
    def categories(self) -> list[str]:
        """The categories in the order of the rows."""
        return list(dict.fromkeys(str(row["category"]) for row in self.rows))

    @property
    def name(self) -> str:
        """Return what the part is called: the shots, and the contamination if there is any."""
        shots = "no support" if not self.shots else f"{self.shots} shot{'s' * (self.shots != 1)}"
        return shots + (f", {self.contaminated} contaminated" if self.contaminated else "")

    @property
    def seeds(self) -> list[int]:
        """The seeds of the methods that use a support set, or of all if none does."""
        return sorted({int(row["seed"]) for row in self.rows})

    def mean(self, method: str, metric: str) -> Mean | None:
        """Return a method's macro mean and deviation, `None` where there is none."""
        return as_mean(self.summary.get(method, {}).get(metric))

    def of(self, method: str, category: str, metric: str) -> list[tuple[float, Mapping[str, Any]]]:
        """Return a method's values on one category, one per seed, with their rows."""
        return [
            (float(value), row)
            for row in self.rows
            if row["method"] == method
            and row["category"] == category
            and (value := row.get(metric)) is not None
        ]


def parts(report: BenchmarkReport) -> list[Part]:
    """Return the parts of a report: per data set, few shots first.

    Methods that use no support (0 shots) stand in every part of their data set.
    """
    found = []
    for data in _distinct(report, "data"):
        rows = [row for row in report.rows if str(row.get("data", "")) == data]
        summary = [row for row in report.summary if str(row.get("data", "")) == data]
        kinds = sorted({_kind(row) for row in (*rows, *summary)})
        for shots, contaminated in [kind for kind in kinds if kind[0]] or kinds:
            here = {(0, 0), (shots, contaminated)}
            means = {str(row["method"]): row for row in summary if _kind(row) in here}
            own = [row for row in rows if _kind(row) in here]
            found.append(Part(data, shots, contaminated, own, means))
    return found


def data_sets(found: Sequence[Part]) -> list[str]:
    """Return the data sets' names, in order; one without a name is ''."""
    return list(dict.fromkeys(part.data for part in found))


def measured_metrics(report: BenchmarkReport) -> list[str]:
    """Return the metrics with at least one value, in the order in which they are shown."""
    return metric_names(
        {name: 0 for name, value in row.items() if value is not None} for row in report.summary
    )


def methods(report: BenchmarkReport) -> list[str]:
    """Return the methods that have a row, in the order of the report's list."""
    have = {str(row["method"]) for row in (*report.rows, *report.summary)}
    return [name for name in report.methods if name in have] + sorted(have - set(report.methods))


def title(report: BenchmarkReport, method: str) -> str:
    """Return a method's title, its name if it has none."""
    return report.methods.get(method, (method, ""))[0] or method


def as_mean(value: Any) -> Mean | None:
    """Return a cell of the summary as mean and deviation; a bare number has no deviation.

    >>> as_mean((0.5, 0.1)), as_mean(0.5), as_mean(None), as_mean((None, None))
    ((0.5, 0.1), (0.5, None), None, None)
    """
    if value is None:
        return None
    if isinstance(value, Sequence):
        mean, sd = value
        return None if mean is None else (float(mean), None if sd is None else float(sd))
    return float(value), None


@dataclass(frozen=True)
class Lead:
    """How far one method is ahead of another: per seed over the same categories, then the mean."""

    value: float
    sd: float | None
    ahead: int
    categories: int


def lead(part: Part, method: str, other: str, metric: str) -> Lead | None:
    """Return how far `method` is ahead of `other`, from the categories and seeds both have.

    A method without seeds of its own (0 shots) is compared with every seed of the other.
    """
    by_seed: dict[int, list[float]] = {}
    gaps = []
    for category in part.categories:
        mine = {int(row["seed"]): value for value, row in part.of(method, category, metric)}
        theirs = {int(row["seed"]): value for value, row in part.of(other, category, metric)}
        pairs = _paired(mine, theirs)
        for seed, gap in pairs.items():
            by_seed.setdefault(seed, []).append(gap)
        if pairs:
            gaps.append(statistics.fmean(pairs.values()))
    if not gaps:
        return None
    means = [statistics.fmean(values) for values in by_seed.values()]
    return Lead(
        statistics.fmean(gaps),
        statistics.stdev(means) if len(means) > 1 else None,
        sum(gap > 0 for gap in gaps),
        len(gaps),
    )


def _paired(mine: Mapping[int, float], theirs: Mapping[int, float]) -> dict[int, float]:
    if len(mine) == 1 and len(theirs) > 1:
        mine = dict.fromkeys(theirs, next(iter(mine.values())))
    if len(theirs) == 1 and len(mine) > 1:
        theirs = dict.fromkeys(mine, next(iter(theirs.values())))
    return {seed: mine[seed] - theirs[seed] for seed in mine if seed in theirs}


def _kind(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row["shots"]), int(row.get("contaminated") or 0)


def _distinct(report: BenchmarkReport, key: str) -> list[str]:
    return list(dict.fromkeys(str(row.get(key, "")) for row in (*report.rows, *report.summary)))
