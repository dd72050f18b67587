"""From counts per threshold to measures with definitions, bounds and intervals."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from workbench.errors import DataError
from workbench.evaluation import pimo, ranking
from workbench.evaluation.image_draws import PRO_LIMITS, pixel_values
from workbench.evaluation.measure import Measure
from workbench.intervals import interval

PIXEL_METRICS = (
    "pixel_auroc",
    "pixel_ap",
    "pixel_f1_max",
    "pixel_aupro",
    "pixel_aupro_05",
    "pixel_aupimo",
)

_NAMES = {
    "pixel_auroc": ("pixel AUROC", "area under the ROC curve over all test pixels"),
    "pixel_ap": ("pixel AP", "average precision over all test pixels, step-wise"),
    "pixel_f1_max": ("pixel F1-max", "largest F1 over all thresholds (oracle), all test pixels"),
    "pixel_aupro": ("AUPRO@0.30", "mean overlap of 8-connected components over FPR up to 0.30"),
    "pixel_aupro_05": ("AUPRO@0.05", "mean overlap of 8-connected components over FPR up to 0.05"),
    "pixel_aupimo": (
        "AUPIMO",
        "mean per-image overlap over log FPR from 1e-5 to 1e-4 of the normal images",
    ),
}


@dataclass(eq=False)
class PixelFigures:
    """What both engines keep per image, and what their definitions share."""

    maps: str = ""
    exact: bool = False
    unmasked: list[str] = field(default_factory=list)
    _names: dict[str, bool] = field(default_factory=dict)  # whether an image shows an anomaly
    _tail: pimo.NormalTail = field(init=False)
    _overlaps: dict[str, pimo.Overlaps] = field(default_factory=dict)
    _weights: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tail = pimo.NormalTail(exact=self.exact)

    def start(self, name: str, mask: Bool[np.ndarray, "height width"] | None) -> None:
        """Note an image. Raises `DataError` if there is one of that name already."""
        if name in self._names:
            raise DataError(f"{name} was given twice: its pixels would count twice.")
        self._names[name] = True
        if mask is None:
            self.unmasked.append(name)

    def finish(
        self,
        name: str,
        ordered: Float[np.ndarray, "pixel"],
        anomalous: Float[np.ndarray, "anomalous"],
        weights: Int[np.ndarray, "draw"],
    ) -> None:
        """Take in an image's scores in rising order, and how often it counts in each draw."""
        self._names[name] = len(anomalous) > 0
        if len(anomalous):
            self._overlaps[name] = pimo.Overlaps.of(anomalous, exact=self.exact)
            self._weights[name] = weights.astype(np.uint8)
        else:
            self._tail.add(ordered)

    @property
    def anomalous(self) -> int:
        """How many images show an anomaly."""
        return len(self._overlaps)

    def missing(self, true: np.ndarray, false: np.ndarray) -> str:
        """Return why no pixel metric is defined, or nothing."""
        if self.unmasked:
            return f"{len(self.unmasked)} anomalous images have no mask"
        if not true.any() or not false.any():
            kind = "normal" if true.any() else "anomalous"
            return f"no {kind} pixel in the test images"
        return ""

    def per_image(self) -> dict[str, float | None]:
        """Return the AUPIMO of every image, `None` where it has none."""
        found = {} if self._no_pimo() or self.unmasked else self._pimo()
        return {name: found[name][0] if name in found else None for name in self._names}

    def aupimo(self, definition: str, missing: str) -> Measure:
        """Return the mean over the anomalous images, its interval with the thresholds held."""
        name = _NAMES["pixel_aupimo"][0]
        missing = missing or self._no_pimo()
        if missing:
            return Measure(name, None, definition, undefined=missing)
        values, bounds = (np.array(column) for column in zip(*self._pimo().values(), strict=True))
        low, high = interval(self._drawn_pimo(values)) if len(values) > 1 else (None, None)
        bound = float(bounds.mean()) or None
        return Measure(name, float(values.mean()), definition, low=low, high=high, bound=bound)

    def drawn(
        self,
        steps: tuple[ranking.Steps, ranking.Steps, ranking.Steps],
        deviations: Mapping[str, Float[np.ndarray, "draw"]],
    ) -> dict[str, Float[np.ndarray, "draw"]]:
        """Return every metric's value in each draw; NaN where a draw lacks a kind of pixel."""
        if self.missing(steps[0], steps[1]):
            return {}
        values = pixel_values(*steps)
        found = {
            key: np.clip(float(value) + deviations[key], 0, 1) for key, value in values.items()
        }
        if not self._no_pimo():
            means = np.array([value for value, _ in self._pimo().values()])
            found["pixel_aupimo"] = self._drawn_pimo(means)
        return found

    def _drawn_pimo(self, values: Float[np.ndarray, "image"]) -> Float[np.ndarray, "draw"]:
        weights = np.array(list(self._weights.values()), dtype=np.float64)
        return ranking.ratio(values @ weights, weights.sum(0))

    def _pimo(self) -> dict[str, tuple[float, float]]:
        thresholds, worth = self._tail.worth()
        return {
            name: pimo.aupimo(overlaps, thresholds, worth)
            for name, overlaps in self._overlaps.items()
        }

    def _no_pimo(self) -> str:
        if not self._tail.images:
            return "no normal image to take its false positive rates from"
        if self._tail.pixels < pimo.NEEDED:
            return (
                f"the normal images have {self._tail.pixels:,} pixels, and a false positive rate "
                f"of {pimo.FROM:g} cannot be seen in fewer than {pimo.NEEDED:,}"
            )
        if not self._tail.complete():
            return "too many of the largest normal scores are in too few of the normal images"
        return ""


def pixel_measures(
    figures: PixelFigures,
    steps: tuple[ranking.Steps, ranking.Steps, ranking.Steps],
    deviations: Mapping[str, Float[np.ndarray, "draw"]],
    *,
    thresholds: Float[np.ndarray, "step"],
    bounds: Mapping[str, ranking.Values] | None,
    engine: str,
) -> dict[str, Measure]:
    """Return `pixel_auroc`, `pixel_ap`, `pixel_f1_max`, `pixel_aupro` (up to an FPR of 0.30),
    `pixel_aupro_05` and `pixel_aupimo`; each undefined with a reason where it cannot be had.

    `steps` are (anomalous, normal, overlap) from the largest score down, `thresholds` the smallest
    score of each step.
    """
    true, false, overlap = steps
    missing = figures.missing(true, false)
    ending = f", maps and masks at the images' own size, {engine}"
    ending += f", {figures.maps}" if figures.maps else ""
    definitions = {key: f"{what}{ending}" for key, (_, what) in _NAMES.items()}
    measures = {}
    values = {} if missing else pixel_values(true, false, overlap)
    drawn = figures.drawn(steps, deviations)
    varied = figures.anomalous > 1  # a single image drawn again says nothing about others
    for key in PIXEL_METRICS[:-1]:
        name = _NAMES[key][0]
        if missing:
            measures[key] = Measure(name, None, definitions[key], undefined=missing)
            continue
        value = float(values[key])
        low, high = interval(drawn[key]) if varied else (None, None)
        at = None
        if key == "pixel_f1_max":
            at = float(thresholds[int(ranking.f1_by_step(true, false).argmax())])
        measures[key] = Measure(
            name,
            value,
            definitions[key],
            threshold=at,
            low=low,
            high=high,
            bound=None if bounds is None else float(bounds[key]),
        )
    measures["pixel_aupimo"] = figures.aupimo(definitions["pixel_aupimo"], missing)
    return measures


__all__ = ["PIXEL_METRICS", "PRO_LIMITS", "PixelFigures", "pixel_measures"]
