"""Pixel metrics written down from their definitions, one threshold after the other."""

from itertools import pairwise

import numpy as np
from scipy.ndimage import label


def aupro(maps: list[np.ndarray], masks: list[np.ndarray], limit: float) -> float:
    """Mean overlap of 8-connected components over the FPR of all normal pixels, up to `limit`."""
    components = []
    for scores, mask in zip(maps, masks, strict=True):
        labelled, count = label(mask, np.ones((3, 3)))
        components += [scores[labelled == index] for index in range(1, count + 1)]
    normal = np.concatenate([s[~m] for s, m in zip(maps, masks, strict=True)])
    points = [(0.0, 0.0)]
    for threshold in np.unique(np.concatenate([scores.ravel() for scores in maps]))[::-1]:
        overlaps = [np.mean(component >= threshold) for component in components]
        points.append((float(np.mean(normal >= threshold)), float(np.mean(overlaps))))
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        if x1 <= limit:
            area += (x1 - x0) * (y0 + y1) / 2
        else:
            at_limit = y0 + (y1 - y0) * (limit - x0) / (x1 - x0)
            area += (limit - x0) * (y0 + at_limit) / 2
            break
    return area / limit


def aupimo(
    maps: list[np.ndarray], masks: list[np.ndarray], low: float = 1e-5, high: float = 1e-4
) -> dict[int, float]:
    """By image: the best overlap at a threshold whose rate allows it, averaged over log rate."""
    normals = [s for s, m in zip(maps, masks, strict=True) if not m.any()]
    every = np.concatenate([scores.ravel() for scores in normals])
    candidates = np.sort(every)[::-1][: max(1000, len(every) // 1000)]
    # Flagging all pixels strictly above a normal score covers every rate that can be had.
    strict = np.unique(candidates)[::-1]
    rates = np.array([np.mean([np.mean(s > t) for s in normals]) for t in strict])
    cuts = np.unique(np.clip(np.concatenate([[low, high], rates]), low, high))
    found = {}
    for index, (scores, mask) in enumerate(zip(maps, masks, strict=True)):
        if not mask.any():
            continue
        overlap = np.array([np.mean(scores[mask] > t) for t in strict])
        area = 0.0
        for left, right in pairwise(cuts):
            area += np.log(right / left) * overlap[rates <= left * (1 + 1e-12)].max()
        found[index] = area / np.log(high / low)
    return found
