"""Thresholds without labels: a conformal quantile of images known to be normal."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from workbench.errors import DataError, SettingError

ALPHA = 0.05


@dataclass(frozen=True)
class Threshold:
    """The score at or above which something counts as anomalous, and where it comes from.

    `alpha` is the share of normal images that may be taken for anomalous. A `conformal` threshold
    keeps to it if normal images to come are exchangeable with those it was made from, and if one
    normal image more makes no score larger: true of the distance to a gallery, while neurons and
    scales that were found with the held-out image, a coreset, or moments are taken on trust. A
    `heuristic` one promises nothing. `images` is how many support images it rests on.
    """

    value: float
    alpha: float
    kind: Literal["conformal", "heuristic"]
    images: int
    description: str

    def to_dict(self) -> dict[str, Any]:
        """Return the threshold as plain data."""
        return asdict(self)


def conformal_threshold(
    held_out: Float[np.ndarray, "normal"],
    alpha: float = ALPHA,
    *,
    images: int | None = None,
    heuristic: bool = False,
) -> Threshold:
    """Return the threshold that at most a share `alpha` of normal images reaches.

    `held_out` are scores of normal images, each as if it had not been in the support (leave one
    image out). From n of them the smallest possible alpha is 1 / (n + 1): a stricter one raises
    `SettingError`, unless `heuristic` asks for an extrapolation marked as such. That is the upper
    end of a normal distribution's prediction interval, and never below the largest score; from a
    single score it is that score. `images` says how many images the scores come from where several
    come from one (augmented copies): those are not exchangeable with new images, and what is made
    from them is always marked heuristic.

    Raises `DataError` for no scores, NaN or infinity. Source: Vovk, Gammerman and Shafer,
    Algorithmic Learning in a Random World (2005), chapter 2.

    >>> conformal_threshold(np.arange(19.0)).kind
    'conformal'
    >>> conformal_threshold(np.arange(4.0), heuristic=True).kind
    'heuristic'
    """
    scores = np.sort(np.asarray(held_out, dtype=np.float64))
    count = len(scores)
    images = count if images is None else images
    if not 0 < alpha < 1:
        raise SettingError(f"alpha is a share between 0 and 1, not {alpha}.")
    if not count:
        raise DataError("a threshold without labels needs scores of held-out normal images.")
    if not np.isfinite(scores).all():
        raise DataError("held-out scores hold NaN or infinity; find out where they come from.")
    copies = images < count
    # The allowance in whole images; the tolerance forgives 0.05 * 20 being 1 - 1e-16.
    allowed = math.floor(alpha * (count + 1) + 1e-9)
    if not copies and allowed >= 1:
        return Threshold(
            value=_just_above(float(scores[-allowed])),
            alpha=alpha,
            kind="conformal",
            images=images,
            description=(
                f"above {'all but ' + str(allowed - 1) + ' of ' if allowed > 1 else 'all '}"
                f"{count} held-out support images: conformal at alpha {alpha:g}"
            ),
        )
    if not heuristic:
        raise SettingError(_refusal(alpha, count, images))
    return Threshold(
        value=_extrapolated(scores, alpha),
        alpha=alpha,
        kind="heuristic",
        images=images,
        description=(
            f"from {count} held-out scores of {images} support images: an extrapolation to alpha "
            f"{alpha:g}, which so few cannot promise (at least {math.ceil(1 / alpha - 1e-9) - 1} "
            "images could)"
        ),
    )


def _refusal(alpha: float, count: int, images: int) -> str:
    if images < count:
        return (
            f"{count} scores of {images} images: copies of an image promise nothing about new "
            "images. Ask for a heuristic threshold, or for one held-out score per image."
        )
    return (
        f"{count} held-out images allow no alpha below 1 / {count + 1} = {1 / (count + 1):.3g}, "
        f"and {alpha:g} was asked for. Take more support images, a larger alpha, or ask for a "
        "heuristic threshold."
    )


def _extrapolated(scores: Float[np.ndarray, "normal"], alpha: float) -> float:
    largest = float(scores[-1])
    if len(scores) < 2:
        return _just_above(largest)
    from scipy.special import stdtrit

    count = len(scores)
    spread = float(scores.std(ddof=1)) * math.sqrt(1 + 1 / count)
    reach = float(scores.mean()) + float(stdtrit(count - 1, 1 - alpha)) * spread
    return max(_just_above(largest), reach)


def _just_above(score: float) -> float:
    """A new image that ties with the held-out ones is as normal as they are."""
    return math.nextafter(score, math.inf)
