"""What a neuron is, for its panel: how it fires and where, what it carries, what without it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from workbench.cards.card import Card
from workbench.cards.common import place_of, plain_card, watched_crops
from workbench.cards.crops import Crops
from workbench.cards.detector import alone, balanced
from workbench.cards.watching import Watch
from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SiteError
from workbench.evaluation.interventions import labelled_effects
from workbench.evaluation.measure import Measure
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH, walk
from workbench.excavation.layer_norm import normed
from workbench.images.samples import Sample
from workbench.images.stream import Picture, pictures
from workbench.neurons.intervention.changes import to_mean
from workbench.neurons.intervention.effects import EffectTable, effects
from workbench.neurons.intervention.normals import Normals
from workbench.neurons.labels import Labels
from workbench.widgets.explorer.normal import Normal
from workbench.widgets.explorer.opening import EXEMPLARS, Opening, truths
from workbench.widgets.explorer.parcel import Parcel
from workbench.widgets.explorer.pictures import tiles

TILE = 64
TOGETHER = 1024
"""A site of at most so many neurons is watched as a whole when one of them is asked for."""

SILENCED = 100
"""At most so many images are judged again without a neuron."""

SLICE = 4
"""So many of them at a time, a fraction of a second."""

PROMPT = 200
"""With more images than so many, a neuron's AUROC and its interval follow the first answer."""

AT_LEISURE = 2**28
"""Bytes of what all neurons do in every image that are gathered before anybody asks (256 MiB)."""

_BYTES = 16  # of a neuron in an image: its lowest and its highest value, and where that is


@dataclass(eq=False)
class Neurons:
    """Answers what is known of neurons; what was found out once is kept."""

    excavation: Excavation
    opening: Opening
    normal: Normal | None
    sensitivity: Mapping[str, Float[np.ndarray, "_neuron"]]
    labels: Labels | None = None
    seed: int = 0
    _cropped: dict[str, Watch] = field(default_factory=dict)
    _crops: dict[str, Crops] = field(default_factory=dict)
    _normals: dict[tuple[str, bool], Normals] = field(default_factory=dict)
    _answers: dict[str, Parcel] = field(default_factory=dict)
    _by_itself: dict[str, dict[str, Any]] = field(default_factory=dict)
    _silenced: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, site: str, index: int, *, prompt: bool = True) -> Parcel:
        """Return what is at hand of a neuron, or takes one pass over the images.

        With `prompt`, what takes long with many images is left to `rest`.

        Raises `SiteError` or `SettingError` for a neuron that there is not, `DataError` for an
        image that does not open any more.
        """
        neuron = self.check(site, index)
        name = neuron.names[0]
        if name not in self._answers:
            self._answers[name] = self._answered(neuron)
        if name not in self._by_itself and not (prompt and len(self.opening.samples) > PROMPT):
            self._by_itself[name] = self._alone(neuron)
        found = self._answers[name]
        return Parcel({**found.header, **self._found_later(name)}, found.arrays)

    def rest(self, site: str, index: int) -> Iterator[Parcel | None]:
        """Find out what takes longer: a neuron's AUROC by itself, where there are many images, and
        what holding it at its normal mean does to the detector's.

        Yields all that was found out when there is something new, and `None` after every few
        images; nothing where nobody can say: without labels of both kinds, the support or the
        model. Later answers about the neuron have it too.
        """
        neuron = self.check(site, index)
        if neuron.names[0] not in self._by_itself:
            self._by_itself[neuron.names[0]] = self._alone(neuron)
            yield self._more_of(neuron)
        if not self.can_silence or neuron.names[0] in self._silenced:
            return
        normals = self._normals_at(site, layer_norm=False)
        assert normals is not None
        changes = [to_mean(neuron, normals)]
        some = balanced(self._labelled(), SILENCED, self.seed)
        parts = []
        for at in range(0, len(some), SLICE):
            parts.append(effects(self.excavation, some[at : at + SLICE], changes))
            yield None
        table = EffectTable(
            parts[0].changes,
            tuple(sample.name for sample in some),
            np.concatenate([part.unchanged for part in parts]),
            np.concatenate([part.scores for part in parts], axis=1),
        )
        labels = [int(sample.label == 1) for sample in some]
        told = _told(labelled_effects(table, labels, seed=self.seed).auroc[0])
        self._silenced[neuron.names[0]] = (
            {"silenced": {**told, "images": len(some)}} if told else {}
        )
        yield self._more_of(neuron)

    def watch_the_rest(self) -> Iterator[None]:
        """Look at the images again for all neurons of the sites that nobody has asked for yet.

        Yields after every few images. What is known at the end makes the first question about a
        neuron of any of them quick; sites for which `AT_LEISURE` has no room wait until asked.
        Raises as `answer` does.
        """
        room, sites = AT_LEISURE, []
        for site, values in self.sensitivity.items():
            room -= len(values) * len(self.opening.samples) * _BYTES
            if room >= 0 and len(values) <= TOGETHER and site not in self.opening.watches:
                sites.append(NeuronSet(site, tuple(range(len(values)))))
        if sites:
            watches = self._blank(sites)
            yield from self._look(watches, SLICE)
            self.excavation.check_model()
            self.opening.watches.update(watches)
        for site in self.opening.watches:
            self._normals_at(site, layer_norm=self.excavation.settings.layer_norm)
            yield

    def follows(self, site: str, index: int) -> bool:
        """Say whether `rest` has something to find out about a neuron."""
        name = f"{site}:{index}"
        return name not in self._by_itself or (self.can_silence and name not in self._silenced)

    @property
    def can_silence(self) -> bool:
        """Whether anything can be said of the detector without a neuron."""
        return (
            isinstance(self.excavation.model, HookedCLIP)
            and self.normal is not None
            and len({sample.label for sample in self._labelled()}) == 2
        )

    def _answered(self, neuron: NeuronSet) -> Parcel:
        site, index = neuron.site, neuron[0]
        watch = self._watch(neuron)
        at = watch.neurons.indices.index(index)
        own = self.excavation.neurons
        place = place_of(neuron, self.excavation.settings.statistic, self.sensitivity[site], own)
        key = f"{site}:{at}"
        card = plain_card(watch, at, place, self._crops[site], key, EXEMPLARS, lowest=False)
        header = {
            "site": site,
            "index": index,
            "rank": place.rank,
            "of": place.of,
            "sensitivity": place.sensitivity,
            "selected": place.selected,
            "labels": self._labels(neuron),
            "edges": card.edges,
            "groups": [
                {
                    "group": one.group,
                    "patches": one.patches,
                    "mean": one.mean,
                    "deviation": one.deviation,
                    "counts": one.counts,
                }
                for one in card.histograms
            ],
            "tile": TILE,
        }
        if place.selected:
            header["carries"] = float(self.opening.carried()[own.indices.index(index)])
        columns = self.excavation.model.grid[1]
        where = watch.where[:, at].numpy()
        return Parcel(
            header,
            {
                "maxima": watch.ends[:, 1, at].numpy().astype(np.float32),
                "at": np.stack([where // columns, where % columns], 1).astype(np.int32),
                **_exemplars(card),
            },
        )

    def _watch(self, neuron: NeuronSet) -> Watch:
        """Return a watch that has the neuron; one pass over the images where there is none."""
        site, known = neuron.site, self.opening.watches
        found = known.get(site)
        own = self.opening.watch
        if found is None and site == own.neurons.site and neuron[0] in own.neurons:
            found = own
        if found is None or neuron[0] not in found.neurons:
            width = len(self.sensitivity[site])
            every = NeuronSet(site, tuple(range(width))) if width <= TOGETHER else neuron
            watches = self._blank([every])
            for _ in self._look(watches, BATCH):
                pass
            known |= watches
            found = watches[site]
        if self._cropped.get(site) is not found:
            self._cropped[site] = found
            self._crops[site] = watched_crops(found, self._numbered())
        return found

    def _blank(self, sets: Sequence[NeuronSet]) -> dict[str, Watch]:
        grid = self.excavation.model.grid
        return {each.site: Watch(each, grid, EXEMPLARS, self.seed) for each in sets}

    def _look(self, watches: Mapping[str, Watch], batch_size: int) -> Iterator[None]:
        """Look at the images; yield after each batch."""
        own, samples = self.excavation, self.opening.samples
        first = 0
        for batch, seen in walk(
            own.model,
            pictures(samples),
            list(watches),
            batch_size=batch_size,
            what="watching neurons",
        ):
            stop = first + len(batch.pictures)
            true = truths(own, samples, self.opening.sizes[:stop], first)
            for site, watch in watches.items():
                watch.add(normed(seen[site], own.settings.layer_norm), true)
            first = stop
            yield

    def _numbered(self) -> list[Picture]:
        """Return the images called by their numbers: names need not differ."""
        return [
            Picture(str(number), sample.path) for number, sample in enumerate(self.opening.samples)
        ]

    def _found_later(self, name: str) -> dict[str, Any]:
        return {**self._by_itself.get(name, {}), **self._silenced.get(name, {})}

    def _more_of(self, neuron: NeuronSet) -> Parcel:
        later = self._found_later(neuron.names[0])
        return Parcel({"site": neuron.site, "index": neuron[0], **later})

    def _alone(self, neuron: NeuronSet) -> dict[str, Any]:
        watch, samples = self._watch(neuron), self.opening.samples
        known = [number for number, sample in enumerate(samples) if sample.label is not None]
        normals = self._normals_at(neuron.site, layer_norm=self.excavation.settings.layer_norm)
        if not known or normals is None:
            return {}
        labels = [int(samples[number].label == 1) for number in known]
        at = watch.neurons.indices.index(neuron[0])
        ends = watch.ends[known][:, :, at : at + 1]
        told = _told(alone(ends, neuron, normals, labels, self.seed)[0])
        return {"alone": told} if told else {}

    def _normals_at(self, site: str, *, layer_norm: bool) -> Normals | None:
        """Return what the neurons at a site do on the support, measured once."""
        if self.normal is None:
            return None
        if (site, layer_norm) not in self._normals:
            walked = walk(self.excavation.model, pictures(self.normal.samples), [site])
            self._normals[site, layer_norm] = Normals.from_patches(
                site, (normed(seen[site], layer_norm) for _, seen in walked), self.seed
            )
        return self._normals[site, layer_norm]

    def _labelled(self) -> list[Sample]:
        return [sample for sample in self.opening.samples if sample.label is not None]

    def _labels(self, neuron: NeuronSet) -> list[dict[str, object]]:
        named = self.labels
        if named is None or neuron.site != named.neurons.site or neuron[0] not in named.neurons:
            return []
        found = named.of(named.neurons.indices.index(neuron[0]))
        return [
            {"method": method, "term": one.term, "score": one.score, "q": one.q_value}
            for method, one in found.items()
        ]

    def check(self, site: str, index: int) -> NeuronSet:
        """Return the neuron. Raises `SiteError` if none such is listed."""
        if site not in self.sensitivity:
            raise SiteError(
                f"no neurons of {site} are listed; there are {', '.join(self.sensitivity)}."
            )
        width = len(self.sensitivity[site])
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < width:
            raise SiteError(f"no neuron {site}:{index}: the site has {width}, counted from 0.")
        return NeuronSet(site, (index,))


def _exemplars(card: Card) -> dict[str, np.ndarray]:
    highest = card.ends.highest
    touches = [2 if one.touches is None else int(one.touches) for one in highest]
    return {
        "exemplars": tiles([one.crop for one in highest], TILE, len(highest)),
        "exemplar_at": np.array(
            [(int(one.image), one.row, one.column) for one in highest], np.int32
        ),
        "exemplar_values": np.array([one.value for one in highest], np.float32),
        "touches": np.array(touches, np.uint8),
    }


def _told(measure: Measure) -> dict[str, float | None]:
    """Return a figure with its interval; nothing where it is undefined."""
    if measure.value is None:
        return {}
    return {"value": measure.value, "low": measure.low, "high": measure.high}
