"""What changes of neurons do to the AUROC over a labelled set."""

from numpy.typing import ArrayLike

from workbench.evaluation.measure import Measure
from workbench.evaluation.paired import paired_difference
from workbench.evaluation.resampling import DRAWS
from workbench.neurons.intervention.effects import EffectTable


def auroc_changes(
    table: EffectTable, labels: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> tuple[Measure, ...]:
    """Return, change by change, the image AUROC after it minus that before, with its 95 % interval.

    `labels` are those of `table.images` (1: anomalous). The bootstrap is paired: each draw takes
    the same images for both. Raises `DataError` as `paired_difference` does.
    """
    return tuple(
        paired_difference(labels, scores, table.unchanged, draws=draws, seed=seed)
        for scores in table.scores
    )
