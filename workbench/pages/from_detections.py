"""Detections as examples: at the size they are shown at, so that many cost little memory."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from workbench.evaluation.evaluate import CategoryResult, ImageRow
from workbench.evaluation.image_metrics import image_auroc
from workbench.evaluation.measure import Measure
from workbench.excavation.detection import Detection
from workbench.excavation.detector import Excavation
from workbench.figures.overlay import fitted_mask
from workbench.images.samples import Sample
from workbench.images.truth import touched_patches, true_mask
from workbench.pages.cases import MOST, Judged, choose
from workbench.pages.inputs import Cases, Example

SIDE = 320
"""Maps and masks are kept no larger than this, a little more than a page shows."""


def category_cases(
    excavation: Excavation, result: CategoryResult, samples: Sequence[Sample], most: int = MOST
) -> list[Cases]:
    """Return the worst false alarms, misses and badly placed maps, scored once more to be shown.

    `samples` are those of the category; rows are matched with them by name.
    """
    places = {sample.name: sample for sample in samples if sample.split == "test"}
    rows = {row.image: row for row in result.rows if row.image in places}
    grid = excavation.model.grid
    chosen = choose([_judged(row, places[name], grid) for name, row in rows.items()], most)
    names = sorted({name for kind in chosen for name in kind.names})
    shown = {
        sample.name: shown_example(
            sample, detection, true_mask(sample, detection.size), note=_note(rows[sample.name])
        )
        for sample, detection in zip(
            [places[name] for name in names],
            excavation.score([places[name] for name in names]) if names else (),
            strict=True,
        )
    }
    return [
        Cases(kind.kind, kind.rule, kind.found, [shown[name] for name in kind.names])
        for kind in chosen
    ]


def shown_example(
    sample: Sample,
    detection: Detection,
    mask: Bool[np.ndarray, "height width"] | None,
    note: str = "",
) -> Example:
    """Return a detection as an example, its map and mask shrunk to what a page shows."""
    row, column = detection.peak
    whole = float(detection.visual[row, column])
    site = detection.neurons.site
    rows, columns = detection.fused.shape
    height, width = detection.size
    shrink = min(1.0, SIDE / max(height, width))
    small = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    return Example(
        name=sample.name,
        picture=sample.path,
        anomaly_map=detection.map(small).astype(np.float32),
        score=detection.score,
        label=1 if sample.label else 0,
        defect=sample.defect if sample.label else "",
        mask=None if mask is None else fitted_mask(mask, small[::-1]),
        neurons=[
            (f"{site}:{index}", share / whole if whole > 0 else 0.0)
            for index, share in detection.strongest(row, column)
        ],
        patch=(row, column),
        grid=(rows, columns),
        note=note,
    )


def text_branch(result: CategoryResult) -> Measure | None:
    """Return the image AUROC of the text branch alone, with its interval; `None` without one."""
    scores = [row.text for row in result.rows if row.text is not None]
    if not scores or len(scores) != len(result.rows):
        return None
    return image_auroc([row.label for row in result.rows], scores)


def _judged(row: ImageRow, sample: Sample, grid: tuple[int, int]) -> Judged:
    hit = None
    if row.label and row.flagged is not False and sample.mask_paths:
        mask = true_mask(sample, (0, 0))  # its own size: there is a file
        hit = None if mask is None else bool(touched_patches(mask, grid)[row.row, row.column])
    return Judged(row.image, row.label, row.score, row.flagged, row.aupimo, hit)


def _note(row: ImageRow) -> str:
    return "" if row.aupimo is None or not row.label else f"AUPIMO {100 * row.aupimo:.1f} %"
