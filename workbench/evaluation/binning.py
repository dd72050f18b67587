"""Bins for scores nobody has seen yet: quantiles of a sample, denser towards the top."""

import numpy as np
from jaxtyping import Float, Int

from workbench.errors import DataError, SettingError

BINS = 65_536
FEWEST_BINS = 64

_TOP = 0.2
"""The share of the largest sample values that the dense half of the edges divides."""

_FINEST = 1e-7
"""The smallest share of the scores that an edge is meant to part off."""


def bin_edges(sample: Float[np.ndarray, "value"], bins: int = BINS) -> Float[np.ndarray, "edge"]:
    """Return at most `bins - 1` rising edges; bin b holds `edges[b - 1] <= score < edges[b]`.

    Half of the edges are quantiles at even distances, half are quantiles whose distances shrink
    towards the largest score, where precision, F1 and small false positive rates are decided. A
    few lie outside the sample. A value that the sample holds often has a bin of its own, so that
    ties stay ties. Raises `DataError` for an empty sample or one with NaN or infinity, and
    `SettingError` for fewer than 64 bins.

    >>> edges = bin_edges(np.array([0.0, 0.0, 1.0]), bins=64)
    >>> len(edges) < 64, 0.0 in edges, bool(edges[-1] > 1)
    (True, True, True)
    """
    if bins < FEWEST_BINS:
        raise SettingError(f"{bins} bins are too few to measure anything; take at least 64.")
    values = np.sort(np.asarray(sample, dtype=np.float64))
    if not len(values):
        raise DataError("bins need a sample of scores, and this one is empty.")
    if not (np.isfinite(values[0]) and np.isfinite(values[-1])):
        raise DataError("the sample holds NaN or infinity; find out where they come from.")
    outside = min(1024, bins // 16)
    inside = bins - 1 - outside
    even = (np.arange(inside // 2) + 0.5) / (inside // 2)
    dense = 1 - np.geomspace(_FINEST, _TOP, inside - inside // 2)
    edges = _quantiles(values, np.sort(np.concatenate([even, dense])))
    # Quantiles that coincide are free to part their value from the next larger one.
    repeated = np.unique(edges[1:][np.diff(edges) == 0])
    parts = [edges, np.nextafter(repeated, np.inf), values[:1], values[-1:]]
    return np.unique(np.concatenate([*parts, _beyond(values, outside)]))[: bins - 1]


def rounded_up(
    edges: Float[np.ndarray, "edge"], kind: "np.dtype[np.floating]"
) -> Float[np.ndarray, "edge"]:
    """Return the edges in another precision, such that the same scores of it reach them."""
    if kind == edges.dtype:
        return edges
    with np.errstate(over="ignore"):  # an edge beyond the precision's range is never reached
        rounded = edges.astype(kind)
    return np.where(rounded < edges, np.nextafter(rounded, np.array(np.inf, kind)), rounded)


def bin_counts(
    ordered: Float[np.ndarray, "score"], edges: Float[np.ndarray, "edge"]
) -> Int[np.ndarray, "bin"]:
    """Return how many of the rising scores lie in each bin; edges in the scores' precision."""
    if len(ordered) < len(edges):
        places = np.searchsorted(edges, ordered, side="right")
        return np.bincount(places, minlength=len(edges) + 1)
    below = np.searchsorted(ordered, edges, side="left")
    return np.diff(below, prepend=0, append=len(ordered))


def _quantiles(
    values: Float[np.ndarray, "value"], levels: Float[np.ndarray, "level"]
) -> Float[np.ndarray, "level"]:
    """Between two sample values the edges are spread evenly: more bins than values are of use."""
    places = levels * (len(values) - 1)
    lower = np.floor(places).astype(np.int64)
    upper = np.minimum(lower + 1, len(values) - 1)
    part = places - lower
    # Not below + part * difference: two huge values of opposite sign would overflow.
    below, above = values[lower], values[upper]
    between = np.clip(below * (1 - part) + above * part, below, above)  # ties stay exact
    return np.asarray(np.maximum.accumulate(between))


def _beyond(values: Float[np.ndarray, "value"], count: int) -> Float[np.ndarray, "edge"]:
    """Return edges outside the sample: near it first, then at growing distances."""
    low, middle, high = values[0], values[len(values) // 2], values[-1]
    span = max(high / 2 - low / 2, abs(high) * 1e-6, 1e-12)
    reach = max(high / 2 - middle / 2, span / 8)
    with np.errstate(over="ignore"):
        above = high + reach * np.geomspace(1e-4, 1e4, count - count // 4)
        below = low - span * np.geomspace(1e-3, 1e4, count // 4)
    edges = np.concatenate([below, above])
    return np.asarray(edges[np.isfinite(edges)])
