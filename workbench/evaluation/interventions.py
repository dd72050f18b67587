"""What changes of neurons do to the AUROC over a labelled set."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from workbench.evaluation.image_metrics import auroc, checked
from workbench.evaluation.measure import Measure
from workbench.evaluation.paired import paired_difference, paired_mean_difference
from workbench.intervals import DRAWS, LEVEL
from workbench.neurons.intervention.effects import EffectTable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LabelledEffects:
    """What each change does to the image AUROC, and to the scores of either kind of image.

    Attributes:
        changes: their names.
        unchanged: the image AUROC before any change.
        auroc: by change, the AUROC after it minus that before.
        normal: by change, the mean effect on the scores of the normal images.
        anomalous: by change, the mean effect on those of the anomalous images.

    Every difference has its 95 % interval, by a bootstrap that takes the same images before and
    after the change.
    """

    changes: tuple[str, ...]
    unchanged: Measure
    auroc: tuple[Measure, ...] = field(repr=False)
    normal: tuple[Measure, ...] = field(repr=False)
    anomalous: tuple[Measure, ...] = field(repr=False)

    def frame(self) -> "pd.DataFrame":
        """Return one row per change, and for each figure its value and both ends; else NaN."""
        import pandas as pd

        parts = {"AUROC": self.auroc, "normal": self.normal, "anomalous": self.anomalous}
        columns = {
            (what, end): [getattr(measure, end) for measure in measures]
            for what, measures in parts.items()
            for end in ("value", "low", "high")
        }
        index = pd.Index(self.changes, name="change")
        return pd.DataFrame(columns, index=index, dtype=float)

    def _repr_html_(self) -> str:
        before = self.unchanged
        was = "undefined" if before.value is None else f"{before.value:.4f}"
        return (
            f"<p>Change of the image AUROC (unchanged: {was}) and mean change of the scores, with "
            f"{LEVEL} % intervals</p>{self.frame().to_html()}"
        )


def labelled_effects(
    table: EffectTable, labels: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> LabelledEffects:
    """Return what the changes of a table do where the labels of its images are known.

    `labels` are those of `table.images` (1: anomalous). Raises `DataError` for another number of
    labels, or for scores that are NaN or infinite.
    """
    truth, before = checked(labels, table.unchanged)

    def means(kind: int) -> tuple[Measure, ...]:
        here = truth == kind
        return tuple(
            paired_mean_difference(
                after[here].tolist(), before[here].tolist(), "score", draws=draws, seed=seed
            )
            for after in table.scores
        )

    return LabelledEffects(
        changes=table.changes,
        unchanged=auroc(truth, before),
        auroc=tuple(
            paired_difference(truth, after, before, draws=draws, seed=seed)
            for after in table.scores
        ),
        normal=means(0),
        anomalous=means(1),
    )
