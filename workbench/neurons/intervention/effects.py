"""What changes of neurons do to the image scores of an excavation.

Only the judged images are changed: the gallery, the prompts and the scales of the fusion stay.
So a neuron that is silenced at a level no normal patch has can well raise the score.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from jaxtyping import Float
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH, walk
from workbench.images.progress import progress
from workbench.images.stream import ImageLike, Picture, pictures, stream
from workbench.intervals import DRAWS, LEVEL, mean_interval
from workbench.neurons.intervention.changes import Change, scale, zero
from workbench.neurons.intervention.normals import Normals
from workbench.neurons.intervention.restart import ROWS, changed_patches
from workbench.neurons.patch_figures import PatchFigures


@dataclass(frozen=True, eq=False)
class EffectTable:
    """Image scores before and after each change. `changes` and `images` are their names."""

    changes: tuple[str, ...]
    images: tuple[str, ...]
    unchanged: Float[np.ndarray, "image"] = field(repr=False)
    scores: Float[np.ndarray, "change image"] = field(repr=False)

    @property
    def effects(self) -> Float[np.ndarray, "change image"]:
        """Score after the change minus score before."""
        found: Float[np.ndarray, "change image"] = self.scores - self.unchanged
        return found

    @property
    def means(self) -> Float[np.ndarray, "change"]:
        """The mean effect over the images."""
        found: Float[np.ndarray, change] = self.effects.mean(1)
        return found

    def intervals(self, *, draws: int = DRAWS, seed: int = 0) -> Float[np.ndarray, "change end"]:
        """Return both ends of the 95 % interval of each mean effect; NaN for fewer than two images.

        By a bootstrap over the images, paired: what an image scores before and after the change is
        drawn together.
        """
        ends = [mean_interval(one, draws=draws, seed=seed) for one in self.effects]
        return np.array(ends, float).reshape(-1, 2)

    def frame(self) -> pd.DataFrame:
        """Return one row per change: the mean effect, its 95 % interval, and the extremes."""
        effects, (low, high) = self.effects, self.intervals().T
        columns = {
            "mean": self.means,
            "low": low,
            "high": high,
            "least": effects.min(1),
            "largest": effects.max(1),
        }
        return pd.DataFrame(columns, index=pd.Index(self.changes, name="change"))

    def _repr_html_(self) -> str:
        return (
            f"<p>Change of the score of {len(self.images)} images: mean with its {LEVEL} % "
            f"interval, least and largest</p>{self.frame().to_html()}"
        )


@dataclass(frozen=True, eq=False)
class DoseResponse:
    """Image scores when the neurons' deviation from normal is multiplied by each factor."""

    neurons: NeuronSet
    factors: tuple[float, ...]
    table: EffectTable = field(repr=False)

    def frame(self) -> pd.DataFrame:
        """Return the effect on the images by factor; a factor of 1 changes nothing."""
        return self.table.frame().set_axis(pd.Index(self.factors, name="factor"))

    def _repr_html_(self) -> str:
        return f"<p>{self.neurons!r}</p>{self.frame().to_html()}"


@dataclass(frozen=True, eq=False)
class AgainstRandom:
    """A set of neurons and random sets of its size, changed by the same mean square.

    `table` has the set first, then the random sets. `factors` are those put on the deviation from
    the normal mean: 0 for the set, and for each random set the one that makes its change as large.
    """

    mode: str
    factors: tuple[float, ...]
    table: EffectTable = field(repr=False)

    @property
    def p_value(self) -> float:
        """How often chance does as well: (1 + n) / (1 + sets), whatever the effects' sign.

        To `remove` what matters changes the scores: n random sets have as large a mean effect. To
        `keep` what matters leaves the scores as they are: n random sets have as small a one.
        """
        size = np.abs(self.table.means)
        beaten = size[1:] >= size[0] if self.mode == "remove" else size[1:] <= size[0]
        return float((1 + beaten.sum()) / len(size))

    def _repr_html_(self) -> str:
        head = (
            f"<p>{self.mode}, against {len(self.factors) - 1} random sets, p = {self.p_value:.3g}"
        )
        return f"{head}</p>{self.table.frame().to_html()}"


def effects(
    excavation: Excavation,
    images: ImageLike | Iterable[ImageLike],
    changes: Sequence[Change],
    *,
    batch_size: int = BATCH,
    rows: int = ROWS,
) -> EffectTable:
    """Return the image scores of an excavation under every change.

    Unchanged blocks run once per batch of images, changed ones on at most `rows` images at once
    (see `restart`). Raises `DataError` without images, `SettingError` without changes or for a
    store, `SiteError` for a site the model does not have.
    """
    model, found = excavation.model, pictures(images)
    if not isinstance(model, HookedCLIP):
        raise SettingError(f"a store cannot be run again: excavate with {model.name} itself.")
    if not found or not changes:
        kind = SettingError if found else DataError
        raise kind(f"nothing to measure: no {'change' if found else 'image'} was given.")
    excavation.check_model()
    for change in changes:
        change.check(model)
    size = min(batch_size, rows)
    batches = stream(
        found, batch_size=size, image_size=model.image_size, mean=model.mean, std=model.std
    )
    parts: list[Float[np.ndarray, "change image"]] = []
    for batch in progress(
        batches, total=len(found), what="intervening", size=lambda b: len(b.pictures)
    ):
        pixels = batch.pixels.to(model.device, model.dtype)
        parts.append(
            np.concatenate(
                [
                    _scores(excavation, patches).reshape(count, len(pixels))
                    for count, patches in changed_patches(
                        model, pixels, excavation.sites, changes, rows
                    )
                ]
            )
        )
    scores = np.concatenate(parts, axis=1)
    names = tuple(picture.name for picture in found)
    return EffectTable(tuple(c.name for c in changes), names, scores[0], scores[1:])


def silence_each(
    excavation: Excavation,
    images: ImageLike | Iterable[ImageLike],
    neurons: NeuronSet,
    *,
    batch_size: int = BATCH,
) -> EffectTable:
    """Return the effects of zeroing each neuron of a set by itself; raises as `effects` does."""
    each = [zero(neurons[index : index + 1]) for index in range(len(neurons))]
    return effects(excavation, images, each, batch_size=batch_size)


def dose_response(
    excavation: Excavation,
    images: ImageLike | Iterable[ImageLike],
    neurons: NeuronSet,
    normals: Normals,
    factors: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
) -> DoseResponse:
    """Return the scores as the neurons' deviation from their normal mean grows."""
    table = effects(excavation, images, [scale(neurons, f, normals) for f in factors])
    return DoseResponse(neurons, tuple(factors), table)


def against_random(
    excavation: Excavation,
    images: ImageLike | Iterable[ImageLike],
    neurons: NeuronSet,
    normals: Normals,
    *,
    mode: str = "remove",
    draws: int = 20,
    seed: int = 0,
) -> AgainstRandom:
    """Remove only these neurons, or keep only these, against random sets of the same size.

    To `remove` neurons is to hold them at their normal mean; to `keep` them, to hold all others
    at the site there. As the neurons that move most make the largest change whatever they mean,
    each random set's deviation is multiplied by 1 - sqrt(mean square of the set's change / that
    of its own), so that the mean square over the judged images' patches is equal. Random sets to
    remove are drawn from the neurons that move at all on these images.

    Raises `SettingError` for another mode or no draws, where nothing would be changed (no neuron
    that is silenced leaves its normal mean), or where too few neurons move to draw from.
    """
    if mode not in ("remove", "keep") or draws < 1:
        raise SettingError(f"mode {mode!r} with {draws} draws; take remove or keep, and 1 or more.")
    normals.of(neurons, normals.mean)  # refuses neurons of another site
    found = pictures(images)
    moved = _moved(excavation, found, normals)
    width, rng = len(moved), np.random.default_rng(seed)
    moving = np.flatnonzero(moved > 0) if mode == "remove" else np.arange(width)

    def silenced(chosen: Iterable[int]) -> NeuronSet:
        inside = {int(index) for index in chosen}
        rest = tuple(index for index in range(width) if index not in inside)
        return NeuronSet(neurons.site, tuple(sorted(inside)) if mode == "remove" else rest)

    def change_of(these: NeuronSet) -> float:
        return float(moved[list(these.indices)].sum())

    sets = [silenced(neurons.indices)]
    if change_of(sets[0]) == 0:
        raise SettingError(
            f"to {mode} these changes nothing: on the judged images no neuron that would be "
            "silenced leaves its normal mean."
        )
    if len(moving) < len(neurons):
        raise SettingError(
            f"only {len(moving)} of {width} neurons at {neurons.site} leave their normal mean on "
            f"the judged images: too few to draw sets of {len(neurons)} from."
        )
    sets += [
        silenced(rng.choice(moving, len(neurons), replace=False).tolist()) for _ in range(draws)
    ]
    wanted = change_of(sets[0])
    own = [change_of(drawn) for drawn in sets]
    # A set that keeps all that moves cannot be made to change anything.
    ratios = [np.sqrt(wanted / each) if each > 0 else 0.0 for each in own]
    factors = tuple(1 - float(ratio) for ratio in ratios)
    names = [f"{mode} these", *(f"{mode} random {draw}" for draw in range(draws))]
    changes = [
        replace(scale(each, factor, normals), name=name)
        for each, factor, name in zip(sets, factors, names, strict=True)
    ]
    return AgainstRandom(mode, factors, effects(excavation, found, changes))


def _moved(
    excavation: Excavation, found: Sequence[Picture], normals: Normals
) -> Float[np.ndarray, "neuron"]:
    """Return each neuron's mean square distance from its normal mean over all patches."""
    seen = PatchFigures()
    for _, patches in walk(excavation.model, found, [normals.site]):
        seen.add(patches[normals.site])
    if not seen.count:
        raise DataError("nothing to measure: no image was given.")
    square: Float[np.ndarray, neuron] = (
        (seen.variance + (seen.mean - normals.mean).square()).double().numpy()
    )
    return square


def _scores(excavation: Excavation, patches: dict[str, Tensor]) -> Float[np.ndarray, "row"]:
    fused: Float[np.ndarray, row] = (
        excavation.patch_scores(patches).fused.amax(1).double().cpu().numpy()
    )
    return fused
