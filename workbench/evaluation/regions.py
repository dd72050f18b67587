"""The connected components of a mask, as weights of their pixels."""

import numpy as np
from jaxtyping import Bool, Float


def pixel_weights(mask: Bool[np.ndarray, "height width"]) -> Float[np.ndarray, "anomalous"]:
    """Return 1 / (area of its component) for every anomalous pixel, row by row.

    Components are 8-connected, at the mask's own size. The weights of the pixels that a threshold
    finds add up to the components' overlaps.

    >>> pixel_weights(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]], bool))
    array([0.5, 0.5, 1. ])
    """
    from scipy.ndimage import label

    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return np.empty(0)
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    components, _ = label(inside, structure=np.ones((3, 3), bool))
    component = components[inside]
    return np.asarray(1 / np.bincount(component)[component])
