"""An excavation with some of its neurons only, made without the model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jaxtyping import Float
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.excavation.detector import Excavation
from workbench.excavation.fusion import held_out_indices, leave_one_out
from workbench.excavation.normality import Gallery, Moments, Normality, fit_normality
from workbench.widgets.explorer.normal import Normal

MODES = ("only", "without")


@dataclass(frozen=True)
class Subset:
    """Some of the selected neurons: `only` those at these positions, or all `without` them.

    Raises `SettingError` for another mode, a position that there is not, or if none is left.
    """

    mode: str
    positions: tuple[int, ...]
    of: int

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SettingError(f"no mode {self.mode!r}: there are {', '.join(MODES)}.")
        wrong = [at for at in self.positions if not 0 <= at < self.of]
        if wrong:
            raise SettingError(
                f"no selected neuron at position {wrong[0]}: there are {self.of}, counted from 0."
            )
        if not self.columns:
            raise SettingError("no neuron is left to detect with: leave out fewer.")

    @property
    def columns(self) -> list[int]:
        """The positions that take part, in the order of the selection."""
        chosen = set(self.positions)
        return [at for at in range(self.of) if (at in chosen) == (self.mode == "only")]


def restricted(
    excavation: Excavation, columns: Sequence[int], normal: Normal | None
) -> tuple[Excavation, bool]:
    """Return the excavation with the selected neurons at `columns`, and whether its scales are own.

    It is what `excavate` makes with exactly these neurons: rows of a gallery are cut and made unit
    again, which is the same as making them of the neurons' activations. Normal images are held out
    anew where their patches are at hand (several in a gallery, or `normal`); otherwise the scores
    of those held out remain those of the whole set.
    """
    chosen = list(columns)
    kept = excavation.normality
    normality: Normality
    if isinstance(kept, Gallery):
        normality = Gallery.fit(kept.rows[:, chosen], kept.metric, kept.neighbours)
    else:
        normality = Moments(kept.mean[chosen], kept.variance[chosen])
    visual = _held_out(excavation, normality, chosen, normal)
    found = replace(
        excavation,
        neurons=NeuronSet(
            excavation.neurons.site, tuple(excavation.neurons[column] for column in chosen)
        ),
        normality=normality,
        held_out=excavation.held_out
        if visual is None
        else replace(excavation.held_out, visual=visual),
    )
    return found, visual is not None


def _held_out(
    excavation: Excavation, normality: Normality, columns: list[int], normal: Normal | None
) -> Float[Tensor, "image patch"] | None:
    """Return the visual scores of held-out normal images, by the fitting's own rule."""
    settings, images = excavation.settings, len(excavation.support)
    if images > 1:
        if isinstance(normality, Gallery):
            rows = normality.rows.unflatten(0, (images, -1))
        elif normal is not None:
            rows = normal.rows[..., columns].to(normality.device)
        else:
            return None

        def represent(patches: Tensor) -> Normality:
            return fit_normality(patches, settings.normality, settings.metric, settings.neighbours)

        return leave_one_out(rows, represent, held_out_indices(images))
    if normal is None or normal.mirrored is None:
        return None
    copies = normal.mirrored[..., columns].to(normality.device)
    scores = normality.judge(copies.flatten(0, 1)).scores
    return scores.view(len(copies), -1)
