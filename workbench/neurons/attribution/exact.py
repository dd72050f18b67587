"""Exact shares of the gallery distance, as an attribution."""

import torch

from workbench.excavation.detection import Detection
from workbench.neurons.attribution.result import Attribution


def gallery_shares(
    detection: Detection, row: int | None = None, column: int | None = None
) -> Attribution:
    """Return what each selected neuron contributes to a patch's raw visual score, exactly.

    By default at the peak. They are `Detection.shares`; the effect is the visual score that the
    detector gave, so the completeness error says how well the two agree.
    Raises `SettingError` for a patch outside the grid.
    """
    peak = detection.peak
    at = (peak[0] if row is None else row, peak[1] if column is None else column)
    shares = torch.from_numpy(detection.shares(*at)).double()
    score = torch.tensor([float(detection.visual[at])], dtype=torch.float64)
    return Attribution(
        method="shares of the distance to normal",
        target=f"visual anomaly score of {detection.name} at patch {at[0]}, {at[1]}",
        neurons=detection.neurons,
        tokens=(1 + at[0] * detection.visual.shape[1] + at[1],),
        values=shares[None, None],
        effect=score,
        around=torch.zeros_like(score),
    )
