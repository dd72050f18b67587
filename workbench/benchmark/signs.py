"""Which way text points: do anomalies lie above normals by it? Counted category by category."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CHANCE = 0.5
TEXT_ALONE = (
    "text_patches",
    "text_value_path",
    "text_windows",
    "winclip_zero_shot",
    "lake_text_through_neurons",
)
"""The methods in which nothing but text says what is anomalous."""
METRICS = ("image_auroc", "pixel_auroc")


@dataclass(frozen=True)
class Sign:
    """In how many categories an AUROC is above chance, below it, and cannot be told from it.

    >>> str(Sign(3, 0, 2)), str(Sign())
    ('+ in 3, − in 0, open in 2', 'undefined')
    """

    above: int = 0
    below: int = 0
    open: int = 0

    def __str__(self) -> str:
        if not self.above + self.below + self.open:
            return "undefined"
        return f"+ in {self.above}, − in {self.below}, open in {self.open}"


def sign(rows: Iterable[Mapping[str, Any]], metric: str) -> Sign:
    """Return the sign of one method's AUROC, from its rows of `results.csv`, whatever their seeds.

    A category counts as `+` (`-`) where the 95 % interval of every seed lies above (below) 50, and
    as open otherwise; where the metric is undefined it does not count.
    """
    by_category: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get(metric) is not None:
            by_category.setdefault(str(row["category"]), []).append(row)
    above = below = 0
    for own in by_category.values():
        lows = [row.get(f"{metric}_low") for row in own]
        highs = [row.get(f"{metric}_high") for row in own]
        above += all(low is not None and low > CHANCE for low in lows)
        below += all(high is not None and high < CHANCE for high in highs)
    return Sign(above, below, len(by_category) - above - below)
