"""What the cards of a run and of a recording have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from workbench.cards.card import Card, GroupHistogram, Place
from workbench.cards.crops import Crops
from workbench.cards.watching import GROUPS, Watch
from workbench.clip.neuron_set import NeuronSet
from workbench.clip.sites import kind_of
from workbench.errors import SettingError
from workbench.excavation.features import Tower
from workbench.images.stream import Picture
from workbench.neurons.labels.directions import CHANNELS, WRITERS
from workbench.recording.exemplars import Exemplar

BINS = 40


@dataclass(frozen=True)
class Choices:
    """How much is done for a card.

    `exemplars` patches are shown at either end; a neuron is silenced on at most `silenced` test
    images; `misses` missed images are shown; `draws` are those of the labels' null; a recording's
    neurons are watched on at most `watched` of its pictures; `visualised` adds pictures optimised
    for the neuron, which takes longer than all the rest. All drawing is by `seed`.
    Raises `SettingError` for a number below 1.
    """

    exemplars: int = 9
    silenced: int = 100
    misses: int = 3
    draws: int = 200
    watched: int = 500
    visualised: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = 0 if name in ("seed", "visualised") else 1
            if value < least:
                raise SettingError(f"{name} is {value}; it must be {least} or more.")


def by_site(tower: Tower, neurons: Iterable[NeuronSet]) -> dict[str, NeuronSet]:
    """Return the neurons as one set per site, in their order, each once.

    Raises `SettingError` for none or a neuron that its site does not have, `SiteError` for a site
    that the model, or the store, does not have.
    """
    found: dict[str, dict[int, None]] = {}
    for chosen in neurons:
        width = tower.site_width(chosen.site)
        for index in chosen.indices:
            if index >= width:
                raise SettingError(
                    f"no neuron {chosen.site}:{index}: the site has {width}, counted from 0."
                )
            found.setdefault(chosen.site, {})[index] = None
    if not found:
        raise SettingError("no neuron was asked for: name some, as SITE:INDEX.")
    return {site: NeuronSet(site, tuple(indices)) for site, indices in found.items()}


def naming(site: str, choices: Choices) -> dict[str, Any]:
    """Return how neurons at a site are labelled: only some sites write directions to be read."""
    writes = kind_of(site) in (*CHANNELS, *WRITERS)
    return {
        "methods": ("dissect", "decoder", "sparse") if writes else ("dissect",),
        "draws": choices.draws,
        "seed": choices.seed,
    }


def plain_card(
    watch: Watch,
    at: int,
    place: Place,
    crops: Crops,
    key: str,
    most: int,
    *,
    lowest: bool = True,
) -> Card:
    """Return the card of the neuron at place `at` of a watched set: how it fires, and where.

    `key` is how `crops` spells it; without `lowest` the patches at its lower end are left out.
    """
    samples = {name: group.rows[:, at].numpy() for name, group in watch.groups.items()}
    edges = _edges(np.concatenate([*samples.values()]))
    hits, known = watch.touching
    return Card(
        neuron=watch.neurons[at : at + 1],
        place=place,
        edges=edges,
        histograms=tuple(
            GroupHistogram(
                group=name,
                patches=group.count,
                mean=float(group.mean[at]),
                deviation=float(group.variance[at].sqrt()),
                counts=np.histogram(samples[name], edges)[0],
            )
            for name in GROUPS
            if (group := watch.groups.get(name)) and group.count
        ),
        ends=crops.ends(key, most, hits / known if known else None, lowest=lowest),
    )


def watched_crops(watch: Watch, shown: Sequence[Picture]) -> Crops:
    """Return the crops of what was watched; a neuron is spelled `site:place in the set`."""

    def touches(one: Exemplar) -> bool | None:
        return watch.touches(one.image, one.row, one.column)

    return Crops(watch.exemplars(shown), touches)


def place_of(
    neuron: NeuronSet,
    statistic: str,
    sensitivities: Float[np.ndarray, "neuron"],
    selected: NeuronSet | None,
) -> Place:
    """Return where a neuron stands among those of its site; of equals the earlier comes first."""
    own = float(sensitivities[neuron[0]])
    higher = int((sensitivities > own).sum()) + int((sensitivities[: neuron[0]] == own).sum())
    return Place(
        statistic=statistic,
        sensitivity=own,
        rank=1 + higher,
        of=len(sensitivities),
        selected=selected is not None and neuron.site == selected.site and neuron[0] in selected,
    )


def _edges(values: Float[np.ndarray, "row"]) -> Float[np.ndarray, "edge"]:
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(1.0, abs(low)):
        low, high = low - 0.5, high + 0.5
    found: Float[np.ndarray, edge] = np.linspace(low, high, BINS + 1)
    return found
