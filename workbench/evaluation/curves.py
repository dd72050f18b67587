"""A curve with the names of its axes, and how it is thinned without losing its corners."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Num

from workbench.errors import DataError

POINTS = 512


@dataclass(frozen=True, eq=False)
class Curve:
    """Points in drawing order, with the names of both axes.

    >>> Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "FPR", "TPR")
    Curve of TPR over FPR, 2 points
    """

    x: Float[np.ndarray, "point"]
    y: Float[np.ndarray, "point"]
    x_name: str
    y_name: str

    def __post_init__(self) -> None:
        if self.x.shape != self.y.shape:
            raise DataError(f"a curve has {self.x.shape} positions and {self.y.shape} heights.")

    def __repr__(self) -> str:
        return f"Curve of {self.y_name} over {self.x_name}, {len(self.x)} points"

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as plain data."""
        return {
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            "x_name": self.x_name,
            "y_name": self.y_name,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Curve":
        """Return the curve that `to_dict` described."""
        return cls(
            np.asarray(content["x"], dtype=np.float64),
            np.asarray(content["y"], dtype=np.float64),
            str(content["x_name"]),
            str(content["y_name"]),
        )


def thinned(curve: Curve, points: int = POINTS) -> Curve:
    """Return at most `points` of a curve's points: the ends, and those that bend it most.

    A point between its neighbours on a straight line is left out first (Douglas and Peucker 1973,
    with a budget instead of a tolerance). A curve that fits is returned whole.

    >>> x = np.linspace(0, 1, 1000)
    >>> thinned(Curve(x, np.minimum(2 * x, 1), "x", "y"), 3).y.round(2)
    array([0., 1., 1.])
    """
    if len(curve.x) <= points:
        return curve
    keep = _bends(curve.x, curve.y, points)
    return Curve(curve.x[keep], curve.y[keep], curve.x_name, curve.y_name)


def ranked_curves(
    true: Num[np.ndarray, "step"],
    false: Num[np.ndarray, "step"],
    overlap: Num[np.ndarray, "step"] | None = None,
) -> dict[str, Curve]:
    """Return the thinned curves of a ranking, from its steps (see `ranking`).

    `roc` and `precision_recall`, and `pro` where the overlaps of components are given.
    """
    hits, alarms = np.cumsum(true, dtype=np.float64), np.cumsum(false, dtype=np.float64)
    tpr, fpr = np.append(0.0, hits / hits[-1]), np.append(0.0, alarms / alarms[-1])
    some = hits > 0
    precision = hits[some] / (hits + alarms)[some]
    curves = {
        "roc": Curve(fpr, tpr, "false positive rate", "true positive rate"),
        "precision_recall": Curve(tpr[1:][some], precision, "recall", "precision"),
    }
    if overlap is not None:
        mean = np.cumsum(overlap, dtype=np.float64)
        pro = np.append(0.0, mean / mean[-1])
        curves["pro"] = Curve(fpr, pro, "false positive rate", "mean per-region overlap")
    return {name: thinned(curve) for name, curve in curves.items()}


def _bends(x: np.ndarray, y: np.ndarray, points: int) -> np.ndarray:
    kept = [0, len(x) - 1]
    waiting = [_farthest(x, y, 0, len(x) - 1)]
    while waiting and len(kept) < points:
        distance, point, first, last = heapq.heappop(waiting)
        if distance == 0:  # negated: all that is left lies on straight lines
            break
        kept.append(point)
        for start, stop in ((first, point), (point, last)):
            if stop - start > 1:
                heapq.heappush(waiting, _farthest(x, y, start, stop))
    return np.sort(np.array(kept))


def _farthest(x: np.ndarray, y: np.ndarray, first: int, last: int) -> tuple[float, int, int, int]:
    """Return the point farthest from the chord, its distance negated for the heap."""
    dx, dy = x[last] - x[first], y[last] - y[first]
    across = np.abs(dx * (y[first : last + 1] - y[first]) - dy * (x[first : last + 1] - x[first]))
    length = np.hypot(dx, dy)
    if length == 0:
        across = np.hypot(x[first : last + 1] - x[first], y[first : last + 1] - y[first])
        length = 1.0
    point = int(across.argmax())
    return -float(across[point] / length), first + point, first, last
