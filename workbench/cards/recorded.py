"""Gather the cards of a recording's neurons: what was written down, and labels from its model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from workbench.cards.card import Card, Cards
from workbench.cards.common import Choices, by_site, naming, place_of, plain_card, watched_crops
from workbench.cards.crops import Crops
from workbench.cards.watching import Truth, watch
from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, ModelError, RunError
from workbench.excavation.features import BATCH, Tower, walk
from workbench.images.samples import Sample
from workbench.images.stream import Picture, pictures
from workbench.neurons.labels import Vocabulary, label
from workbench.neurons.patch_figures import PatchFigures
from workbench.recording.exemplars import Exemplar
from workbench.recording.store import ActivationStore


def cards_of_store(
    store: ActivationStore,
    neurons: Sequence[NeuronSet],
    model: HookedCLIP | None = None,
    samples: Iterable[Sample] = (),
    *,
    vocabulary: Vocabulary | None = None,
    choices: Choices | None = None,
    batch_size: int = BATCH,
) -> Cards:
    """Return cards of recorded neurons: exemplars from the store, the rest from some pictures.

    At most `choices.watched` pictures are looked at for histograms and labels, drawn by seed:
    their activations come from the store where it holds them, otherwise from `model`, which
    labels need in any case. `samples` say what is known of the pictures, which are found by their
    paths. There is no detector, so nothing is silenced and nothing missed.

    Raises `ModelError` for another model than the store's, `RunError` where neither the store nor
    a model has activations, `DataError` if no picture is left, and as `store.exemplars` does.
    """
    choices = choices or Choices()
    if model is not None and model.fingerprint != store.fingerprint:
        raise ModelError(
            f"{store.path} was recorded with {store.name}, and {model.name} ({model.source}) has "
            "other weights. Give the model it was recorded with: --model."
        )
    sets = by_site(store, neurons)
    tower: Tower | None = store if "activations" in store.products else model
    if tower is None:
        raise RunError(
            f"{store.path} holds no activations, so its model is needed: give it with --model, or "
            "record with --products activations."
        )
    known = {sample.path.resolve(): sample for sample in samples}
    some = _some(store, known, choices)
    watches = watch(
        tower, some, sets.values(), k=choices.exemplars, seed=choices.seed, batch_size=batch_size
    )
    cards: list[Card] = []
    sensitivities = {}
    for site, chosen in sets.items():
        seen = watches[site]
        recorded = "exemplars" in store.products
        crops = _stored_crops(store, known) if recorded else watched_crops(seen, pictures(some))
        values = (
            store.statistics[site].variance
            if "statistics" in store.products
            else _variances(tower, some, site, batch_size)
        )
        sensitivities[site] = values
        words = (
            None
            if model is None
            else label(model, chosen, some, vocabulary=vocabulary, **naming(site, choices))
        )
        for at in range(len(chosen)):
            one = chosen[at : at + 1]
            key = one.names[0] if recorded else f"{site}:{at}"
            card = plain_card(
                seen, at, place_of(one, "variance", values, None), crops, key, choices.exemplars
            )
            cards.append(card if words is None else replace(card, labels=words.of(at)))
    return Cards(
        title=f"{len(cards)} neurons of {store.name} on {len(store):,} recorded images",
        model={"name": store.name, "source": store.source, "fingerprint": store.fingerprint},
        cards=tuple(cards),
        made=(
            f"Histograms{' and labels' if model is not None else ''}: {len(some)} of "
            f"{len(store):,} recorded images, drawn by seed {choices.seed}.",
            "Exemplars: all recorded images." if recorded else "Exemplars: the same images.",
            "No detector: nothing was silenced.",
        ),
        sensitivities=sensitivities,
    )


def _some(store: ActivationStore, known: Mapping[Path, Sample], choices: Choices) -> list[Sample]:
    """Return some of the recorded images, with what is known of them, in the store's order."""
    usable = [
        index
        for index, picture in enumerate(store.pictures)
        if picture.path is not None and index not in store.unreadable
    ]
    if not usable:
        raise DataError(f"{store.path} has no image that lies in a file: nothing can be shown.")
    rng = np.random.default_rng(choices.seed)
    chosen = sorted(rng.permutation(usable)[: choices.watched].tolist())
    return [_sample(store.pictures[index], known) for index in chosen]


def _sample(picture: Picture, known: Mapping[Path, Sample]) -> Sample:
    assert picture.path is not None
    found = known.get(picture.path.resolve())
    return found or Sample(picture.path, "test", None, "unknown", name=picture.name)


def _stored_crops(store: ActivationStore, known: Mapping[Path, Sample]) -> Crops:
    """Return the crops of all that was recorded; the truth of a picture is read when asked for."""

    @cache
    def truth(index: int) -> Truth | None:
        picture = store.pictures[index]
        if picture.path is None or picture.path.resolve() not in known:
            return None
        entry = store.plan.images[index]
        return Truth.of(_sample(picture, known), (entry.height, entry.width), store.grid)

    def touches(one: Exemplar) -> bool | None:
        found = truth(one.image)
        if found is None or found.touched is None:
            return None
        return bool(found.touched[one.row * store.grid[1] + one.column])

    return Crops(store.exemplars, touches)


def _variances(
    tower: Tower, some: Sequence[Sample], site: str, batch_size: int
) -> Float[np.ndarray, "neuron"]:
    figures = PatchFigures()
    for _, seen in walk(tower, pictures(some), [site], batch_size=batch_size):
        figures.add(seen[site])
    found: Float[np.ndarray, neuron] = figures.variance.numpy()
    return found
