"""Ground truth: where an image is anomalous, as one mask however many files say so."""

import numpy as np
from jaxtyping import Bool

from workbench.errors import DataError
from workbench.images.decode import open_mask
from workbench.images.samples import Sample


def true_mask(sample: Sample, size: tuple[int, int]) -> Bool[np.ndarray, "height width"] | None:
    """Return where an image is anomalous: the union of its masks, at their own size.

    `size` is the image's (height, width): a normal image without a mask is normal everywhere.
    `None` means that nobody knows: the image has no label, or is anomalous and has no mask, or
    masks in which no pixel is above `sample.mask_above` (a few of MTD's, which were resampled).
    Such an image counts at image level only.

    Raises `DataError` if a mask does not open or its masks differ in size.

    >>> from pathlib import Path
    >>> true_mask(Sample(Path("a.png"), "test", 0, "good"), (2, 3)).sum()
    np.int64(0)
    """
    if sample.label is None:
        return None
    if not sample.mask_paths:
        return np.zeros(size, dtype=bool) if sample.label == 0 else None
    union = joined_masks(sample)
    return union if sample.label == 0 or union.any() else None


def joined_masks(sample: Sample) -> Bool[np.ndarray, "height width"]:
    """Return the union of a sample's masks, empty or not. Raises like `true_mask`."""
    union = open_mask(sample.mask_paths[0], above=sample.mask_above)
    for path in sample.mask_paths[1:]:
        mask = open_mask(path, above=sample.mask_above)
        if mask.shape != union.shape:
            first = sample.mask_paths[0]
            raise DataError(
                f"{path} is {mask.shape[1]} x {mask.shape[0]} pixels and {first} is "
                f"{union.shape[1]} x {union.shape[0]}: masks of one image must have one size."
            )
        union |= mask
    return union


def touched_patches(
    mask: Bool[np.ndarray, "height width"], grid: tuple[int, int]
) -> Bool[np.ndarray, "row column"]:
    """Return which patches of a `grid` of (rows, columns) cover any anomalous pixel, even in part.

    >>> touched_patches(np.eye(4, dtype=bool), (2, 2)).tolist()
    [[True, False], [False, True]]
    """
    inside = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    inside[1:, 1:] = mask.cumsum(0).cumsum(1)
    (top, bottom), (left, right) = (
        (np.arange(count) * side // count, -(-(np.arange(count) + 1) * side // count))
        for side, count in zip(mask.shape, grid, strict=True)
    )
    below, above = inside[bottom], inside[top]
    found: Bool[np.ndarray, "row column"] = (
        below[:, right] - above[:, right] - below[:, left] + above[:, left] > 0
    )
    return found
