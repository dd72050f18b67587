"""From patch scores to a map at the image's own size.

Maps are upsampled bilinearly and smoothed with a Gaussian of 1 % of the shorter side (chosen).
Both steps are linear and separable, so a map is `rows @ scores @ columns.T` with two small
matrices that are kept per size: the result of the two filters at a hundredth of their cost.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

SMOOTHING = 0.01  # of the shorter side of the image


def anomaly_map(
    scores: Float[np.ndarray, "row column"], size: tuple[int, int], smoothing: float = SMOOTHING
) -> Float[np.ndarray, "height width"]:
    """Return patch scores as a map of `size` (height, width), in single precision.

    `smoothing` is the Gaussian's standard deviation as a share of the shorter side; 0 leaves it
    out. Borders are mirrored, so a constant stays the same constant.
    """
    sigma = smoothing * min(size)
    down = _spread(scores.shape[0], size[0], sigma)
    across = _spread(scores.shape[1], size[1], sigma)
    full: Float[np.ndarray, "height width"] = down @ scores.astype(np.float64) @ across.T
    return full.astype(np.float32)


@lru_cache(maxsize=64)
def _spread(cells: int, pixels: int, sigma: float) -> Float[np.ndarray, "pixel cell"]:
    """Return the weight of every patch in every pixel, along one axis."""
    centres = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    lower = np.minimum(centres.astype(int), max(cells - 2, 0))
    upper = np.minimum(lower + 1, cells - 1)
    weights = np.zeros((pixels, cells))
    np.add.at(weights, (np.arange(pixels), lower), 1 - (centres - lower))
    np.add.at(weights, (np.arange(pixels), upper), centres - lower)
    return np.asarray(gaussian_filter1d(weights, sigma, axis=0)) if sigma > 0 else weights
