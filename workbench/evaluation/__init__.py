"""How good is it: metrics with their definitions, and comparisons that could have failed.

The metrics need no model and no torch; anybody's maps will do:

    from workbench.evaluation import score

    table = score(labels, scores, maps, masks)     # plain arrays in, a table out
    table["pixel_aupro"], table.per_image[0], table.to_dict()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.evaluation.aggregate import Spread, macro_images, macro_mean, over_seeds
    from workbench.evaluation.curves import Curve
    from workbench.evaluation.exact_pixel_metrics import ExactPixelMetrics
    from workbench.evaluation.image_metrics import image_curves
    from workbench.evaluation.measure import Measure
    from workbench.evaluation.paired import paired_difference, paired_mean_difference
    from workbench.evaluation.pixel_metrics import PixelMetrics
    from workbench.evaluation.scoring import score
    from workbench.evaluation.table import ImageFigures, Table
    from workbench.evaluation.threshold import Threshold, conformal_threshold

_HOMES = {
    "aggregate": ["Spread", "macro_images", "macro_mean", "over_seeds"],
    "curves": ["Curve"],
    "exact_pixel_metrics": ["ExactPixelMetrics"],
    "image_metrics": ["image_curves"],
    "measure": ["Measure"],
    "paired": ["paired_difference", "paired_mean_difference"],
    "pixel_metrics": ["PixelMetrics"],
    "scoring": ["score"],
    "table": ["ImageFigures", "Table"],
    "threshold": ["Threshold", "conformal_threshold"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Curve",
    "ExactPixelMetrics",
    "ImageFigures",
    "Measure",
    "PixelMetrics",
    "Spread",
    "Table",
    "Threshold",
    "conformal_threshold",
    "image_curves",
    "macro_images",
    "macro_mean",
    "over_seeds",
    "paired_difference",
    "paired_mean_difference",
    "score",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'workbench.evaluation' has no attribute {name!r}")
    value = getattr(import_module(f"workbench.evaluation.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
