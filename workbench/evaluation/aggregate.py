"""From one figure to many: over seeds, and over categories."""

import statistics
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from workbench.errors import DataError, SettingError
from workbench.evaluation.image_metrics import checked, image_metrics
from workbench.evaluation.measure import Measure
from workbench.evaluation.resampling import IMAGE_METRICS, bootstrap
from workbench.intervals import DRAWS, interval


@dataclass(frozen=True)
class Spread:
    """The mean of a figure over seeds and its standard deviation (n - 1); `None` for one seed.

    >>> Spread(0.75, 0.3536, 2)
    0.7500 ± 0.3536 (2 seeds)
    """

    mean: float
    sd: float | None
    count: int

    def __repr__(self) -> str:
        sd = "" if self.sd is None else f" ± {self.sd:.4f}"
        return f"{self.mean:.4f}{sd} ({self.count} seed{'s' if self.count > 1 else ''})"


def over_seeds(values: Iterable[float | None]) -> Spread | None:
    """Return mean and standard deviation of the defined values, `None` if there are none.

    >>> over_seeds([0.5, None, 1.0])
    0.7500 ± 0.3536 (2 seeds)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    sd = statistics.stdev(known) if len(known) > 1 else None
    return Spread(statistics.fmean(known), sd, len(known))


def macro_mean(
    measures: Mapping[str, Measure],
    draws: Mapping[str, Float[np.ndarray, "draw"]] | None = None,
) -> Measure:
    """Return the mean of one metric over categories, each counting the same.

    Categories where it is undefined are left out, and the definition says so. `draws` are the
    bootstrap draws of each category, resampled independently of the others (`category_seed`): the
    interval is that of their mean. Raises `DataError` for no category, or several metrics.

    >>> macro_mean({"bolt": Measure("AUROC", 0.5, "exact"), "nut": Measure("AUROC", 1.0, "exact")})
    AUROC = 0.7500
    """
    if not measures:
        raise DataError("there is no category to take the mean over.")
    first = next(iter(measures.values()))
    if len({measure.name for measure in measures.values()}) > 1:
        names = sorted({measure.name for measure in measures.values()})
        raise DataError(f"the mean is of one metric, not of {', '.join(names)}.")
    known = {name: m.value for name, m in measures.items() if m.value is not None}
    left_out = sorted(set(measures) - set(known))
    definition = f"mean over {len(known)} categories of: {first.definition}"
    if left_out:
        definition += f"; undefined in {', '.join(left_out)}"
    if not known:
        return Measure(first.name, None, definition, undefined="undefined in every category")
    bounds = [measures[name].bound for name in known]
    sizes = [bound for bound in bounds if bound is not None]
    result = Measure(
        first.name,
        statistics.fmean(known.values()),
        definition,
        bound=sum(sizes) / len(known) if sizes else None,
    )
    drawn = [draws[name] for name in known if name in draws] if draws else []
    if len(drawn) == len(known):
        if len({len(each) for each in drawn}) > 1:
            raise SettingError("the categories have different numbers of draws.")
        low, high = interval(np.mean(drawn, axis=0))
        result = replace(result, low=low, high=high)
    return result


def macro_images(
    categories: Mapping[str, tuple[ArrayLike, ArrayLike]],
    metric: str = "image_auroc",
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Measure:
    """Return an image metric's mean over categories, from each one's (labels, scores).

    The interval resamples images within each kind of each category. Raises `SettingError` for a
    metric that does not exist.

    >>> macro_images({"bolt": ([0, 1], [0.1, 0.2]), "nut": ([0, 1], [0.2, 0.1])}, draws=0).value
    0.5
    """
    if metric not in IMAGE_METRICS:
        raise SettingError(f"no image metric {metric!r}; there are {', '.join(IMAGE_METRICS)}.")
    one = {metric: IMAGE_METRICS[metric]}
    measures, drawn = {}, {}
    for name, (labels, scores) in categories.items():
        truth, values = checked(labels, scores)
        measures[name] = image_metrics(truth, values, draws=0)[metric]
        if draws and min(np.bincount(truth, minlength=2)) >= 2:
            at = category_seed(seed, name)
            drawn[name] = bootstrap(one, truth, values, draws=draws, seed=at)[metric]
    return macro_mean(measures, drawn)


def category_seed(seed: int, category: str) -> int:
    """Return a seed of a category's own: draws of different categories must not move together.

    >>> category_seed(0, "bolt") == category_seed(0, "nut")
    False
    """
    return (seed << 32) + zlib.crc32(category.encode())
