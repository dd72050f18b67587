"""Maps equal bilinear upsampling followed by a Gaussian, at any size."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F

from workbench.excavation.maps import anomaly_map


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (16, 16), (97, 301), (256, 64)])
@pytest.mark.parametrize("grid", [(1, 1), (4, 4), (7, 5), (16, 16)])
def test_a_map_is_upsampled_and_smoothed(grid: tuple[int, int], size: tuple[int, int]) -> None:
    scores = np.random.default_rng(0).random(grid, dtype=np.float32)
    upsampled = F.interpolate(
        torch.from_numpy(scores)[None, None].double(), size, mode="bilinear", align_corners=False
    )[0, 0].numpy()
    plain = anomaly_map(scores, size, smoothing=0)
    np.testing.assert_allclose(plain, upsampled, atol=1e-6)
    smooth = gaussian_filter(upsampled, 0.01 * min(size))
    np.testing.assert_allclose(anomaly_map(scores, size), smooth, atol=1e-6)
    assert anomaly_map(scores, size).dtype == np.float32


def test_a_constant_stays_that_constant() -> None:
    np.testing.assert_allclose(
        anomaly_map(np.full((4, 4), 3.5, np.float32), (50, 70)), 3.5, rtol=1e-6
    )
