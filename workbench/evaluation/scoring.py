"""Metrics for anybody's maps: plain arrays in, a table out, no model needed."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from workbench.errors import DataError, SettingError
from workbench.evaluation import image_draws
from workbench.evaluation.curves import Curve
from workbench.evaluation.exact_pixel_metrics import ExactPixelMetrics
from workbench.evaluation.given import Arrays, counted, floats, image, labels_of, names_of
from workbench.evaluation.image_metrics import image_curves, image_metrics
from workbench.evaluation.pixel_metrics import PixelMetrics
from workbench.evaluation.table import ImageFigures, Table
from workbench.evaluation.threshold import Threshold
from workbench.intervals import DRAWS

_SAMPLED = 1 << 20
_FEWEST = 256


def score(
    labels: ArrayLike,
    scores: ArrayLike | None = None,
    maps: Arrays | None = None,
    masks: Arrays | None = None,
    names: Sequence[str] | None = None,
    *,
    threshold: Threshold | None = None,
    exact: bool = False,
    sample: ArrayLike | None = None,
    draws: int = DRAWS,
    pixel_draws: int = image_draws.DRAWS,
    seed: int = 0,
    about_maps: str = "",
) -> Table:
    """Return every metric that the given arrays allow.

    labels: 0 (normal) or 1 (anomalous) for each image.
    scores: one score for each image, larger is more anomalous; left out, the largest of its map.
    maps: one anomaly map for each image, [height, width], of any size and float precision. A list,
        an array, paths of .npy files, or a function that returns an iterator over them: they are
        gone through twice, the first time for a sample from which the bins follow. With `sample`
        (scores taken evenly over all images) or `exact` an iterator will do. Maps are not kept,
        unless `exact` asks for the slower engine that sorts every pixel.
    masks: for each image where it is anomalous (any value above 0), at its map's size. `None` for a
        normal image, or for an anomalous one of which it is not known: then no pixel metric is
        defined. Like the maps: a list, paths or a function.
    threshold: from `conformal_threshold`, for the balanced accuracy.
    about_maps: how the maps were made (resolution, smoothing), for the definitions.

    Raises `DataError`, naming the image, for NaN or infinity, sizes or numbers that differ, a
    normal image whose mask is not empty, and an anomalous one whose mask is.

    >>> maps = np.zeros((2, 8, 8))
    >>> maps[1, :2, :2] = 1
    >>> table = score([0, 1], maps=maps, masks=[None, maps[1]])
    >>> table["image_auroc"], table["pixel_ap"]
    (image AUROC = 1.0000, pixel AP = 1.0000)
    """
    truth = labels_of(labels)
    known = names_of(names, len(truth))
    if scores is None and maps is None:
        raise SettingError("there is nothing to measure: give scores, maps or both.")
    if masks is not None and maps is None:
        raise SettingError("masks say where maps are right, and there are no maps: give them too.")
    for what, number in (("draws", draws), ("pixel_draws", pixel_draws), ("seed", seed)):
        if number < 0:
            raise SettingError(f"{what} is {number}; it must be 0 or more.")
    given = None if scores is None else floats(scores, "scores")
    if given is not None and given.shape != (len(truth),):
        raise DataError(f"{len(truth)} labels do not go with scores of shape {given.shape}.")
    pixels: PixelMetrics | ExactPixelMetrics | None = None
    areas: list[float | None] = [None] * len(truth)
    if maps is not None:
        if exact:
            pixels = ExactPixelMetrics(draws=pixel_draws, seed=seed, maps=about_maps)
        else:
            taken = (
                _sample(maps, len(truth), seed)
                if sample is None
                else floats(sample, "the sample").reshape(-1)
            )
            pixels = PixelMetrics(taken, draws=pixel_draws, seed=seed, maps=about_maps)
        largest, areas = _fill(pixels, truth, known, maps, masks)
        given = largest if given is None else given
    assert given is not None
    measures = image_metrics(truth, given, draws=draws, seed=seed, threshold=threshold)
    curves: dict[str, Curve] = {f"image_{k}": c for k, c in image_curves(truth, given).items()}
    per_pixel: dict[str, float | None] = {}
    if pixels is not None:
        measures |= pixels.result()
        curves |= {f"pixel_{key}": curve for key, curve in pixels.curves().items()}
        per_pixel = pixels.per_image()
    rows = [
        ImageFigures(
            name=name,
            label=int(truth[index]),
            score=float(given[index]),
            flagged=None if threshold is None else bool(given[index] >= threshold.value),
            anomalous_area=areas[index],
            aupimo=per_pixel.get(name),
        )
        for index, name in enumerate(known)
    ]
    return Table(measures, tuple(rows), curves, threshold)


def _fill(
    pixels: PixelMetrics | ExactPixelMetrics,
    truth: np.ndarray,
    names: list[str],
    maps: Arrays,
    masks: Arrays | None,
) -> tuple[np.ndarray, list[float | None]]:
    """Feed all maps; return each one's largest score and the share of it that is anomalous."""
    largest, areas = np.empty(len(truth)), []
    every_map = counted(maps, len(truth), "maps")
    every_mask = counted([None] * len(truth) if masks is None else masks, len(truth), "masks")
    for index, (entry, marked) in enumerate(zip(every_map, every_mask, strict=True)):
        name, label = names[index], int(truth[index])
        scores = _map(entry, name)
        mask = _mask(marked, label, scores.shape, name)
        pixels.add(scores, mask, name)
        largest[index] = scores.max()
        areas.append(None if mask is None else float(mask.mean()))
    return largest, areas


def _sample(maps: Arrays, count: int, seed: int) -> np.ndarray:
    if not callable(maps) and isinstance(maps, Iterator):
        raise SettingError(
            "these maps can be gone through only once, and are needed twice. Give a list or a "
            "function that starts anew, a sample of their scores, or ask for exact=True."
        )
    rng = np.random.default_rng(seed)
    each = max(_FEWEST, _SAMPLED // max(1, count))
    taken = []
    for index, entry in enumerate(counted(maps, count, "maps")):
        values = _map(entry, f"map {index}").reshape(-1)
        if len(values) > each:
            values = values[rng.integers(0, len(values), each)]
        if not np.isfinite(values).all():
            raise DataError(f"map {index} holds NaN or infinity, which no metric can rank.")
        taken.append(values.astype(np.float64))
    return np.concatenate([np.empty(0), *taken])


def _map(entry: Any, name: str) -> Float[np.ndarray, "height width"]:
    scores = image(entry, name, "map")
    return scores if np.issubdtype(scores.dtype, np.floating) else scores.astype(np.float64)


def _mask(
    entry: Any, label: int, size: tuple[int, ...], name: str
) -> Bool[np.ndarray, "height width"] | None:
    if entry is None:
        return None if label else np.zeros(size, bool)
    values = image(entry, name, "mask")
    if np.isnan(values).any():
        raise DataError(f"{name}: the mask holds NaN. Every pixel is anomalous (above 0) or not.")
    mask = values > 0
    if label and not mask.any():
        raise DataError(
            f"{name} is labelled anomalous and its mask marks no pixel. Give None instead of the "
            "mask if it is not known where the anomaly is."
        )
    if mask.any() and not label:
        raise DataError(f"{name} is labelled normal and its mask marks {mask.sum()} pixels.")
    return mask
