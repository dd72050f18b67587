"""A figure that says what it is, or why there is none."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workbench.errors import DataError


@dataclass(frozen=True)
class Measure:
    """A metric's value with its definition, or the reason why it is undefined.

    `threshold` is the score at or above which an image or pixel counts as anomalous, for metrics
    that use one. `low` and `high` are the ends of the 95 % interval. `bound` is how far the value
    can be, at most, from that of an exact computation; `None` where the value is exact.

    >>> Measure("image AUROC", 0.75, "exact")
    image AUROC = 0.7500
    >>> Measure("image AUROC", 0.75, "exact", low=0.5, high=1.0)
    image AUROC = 0.7500 [0.5000, 1.0000]
    >>> float(Measure("image AUROC", None, "exact", undefined="no anomalous image"))
    Traceback (most recent call last):
        ...
    workbench.errors.DataError: image AUROC is undefined: no anomalous image
    """

    name: str
    value: float | None
    definition: str
    undefined: str = ""
    threshold: float | None = None
    low: float | None = None
    high: float | None = None
    bound: float | None = None

    def __float__(self) -> float:
        if self.value is None:
            raise DataError(f"{self.name} is undefined: {self.undefined}")
        return self.value

    def __repr__(self) -> str:
        if self.value is None:
            return f"{self.name} undefined: {self.undefined}"
        interval = ""
        if self.low is not None and self.high is not None:
            interval = f" [{self.low:.4f}, {self.high:.4f}]"
        return f"{self.name} = {self.value:.4f}{interval}"

    def to_dict(self) -> dict[str, Any]:
        """Return the measure as plain data, without what does not apply."""
        content = {
            "value": self.value,
            "definition": self.definition,
            "undefined": self.undefined or None,
            "threshold": self.threshold,
            "low": self.low,
            "high": self.high,
            "bound": self.bound,
        }
        return {key: item for key, item in content.items() if key == "value" or item is not None}


def mean_of(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are defined, or `None` if none is.

    >>> mean_of([0.5, None, 1.0]), mean_of([None])
    (0.75, None)
    """
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None
