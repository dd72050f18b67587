"""A neuron's card: what it does, in figures that say how they were had."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from PIL import Image

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.evaluation.measure import Measure
from workbench.neurons.labels import Label
from workbench.neurons.labels.result import ALPHA
from workbench.neurons.visualisation import Visualisation
from workbench.recording.crops import Box


@dataclass(frozen=True)
class Place:
    """The neuron's place in the ranking of its site: its sensitivity and rank, 1 the highest.

    `selected` is whether the run selected it.
    """

    statistic: str
    sensitivity: float
    rank: int
    of: int
    selected: bool


@dataclass(frozen=True, eq=False)
class GroupHistogram:
    """A neuron's activation on a group of patches.

    `mean` and `deviation` are of all `patches`; `counts` are of a uniform sample of them.
    """

    group: str
    patches: int
    mean: float
    deviation: float
    counts: Int[np.ndarray, "bin"] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Shown:
    """A patch at which the neuron was extreme, with its crop, and whether it touches a defect.

    `box` is where the patch lies in the crop, in pixels.
    """

    value: float
    image: str
    row: int
    column: int
    touches: bool | None
    crop: Image.Image = field(repr=False)
    box: Box


@dataclass(frozen=True, eq=False)
class Ends:
    """The patches at the two ends of a neuron's range, the most extreme first.

    `touching` is the share of patches that touch a defect, among all whose truth is known: what
    chance would give.
    """

    highest: tuple[Shown, ...]
    lowest: tuple[Shown, ...]
    touching: float | None


@dataclass(frozen=True, eq=False)
class Silenced:
    """What holding the neuron at its normal mean does to the image scores.

    `normal` and `anomalous` are mean changes of the raw image score of either kind of image,
    `auroc` the change of the image AUROC, each with its interval.
    """

    images: int
    normal: Measure
    anomalous: Measure
    auroc: Measure


@dataclass(frozen=True, eq=False)
class Miss:
    """An anomalous picture that scores low, and what the neuron does there.

    `deviation` is the activation's distance from the normal mean in normal standard deviations,
    NaN where the neuron never varies on normal patches;
    `row` and `column` are where it is largest, `touches` whether that patch touches the defect.
    """

    image: str
    defect: str
    score: float
    row: int
    column: int
    touches: bool | None
    deviation: Float[np.ndarray, "row column"] = field(repr=False)
    picture: Image.Image = field(repr=False)

    @property
    def largest(self) -> float | None:
        """The largest deviation, `None` where the neuron never varies on normal patches."""
        found = float(np.abs(self.deviation).max())
        return found if np.isfinite(found) else None


@dataclass(frozen=True, eq=False)
class Card:
    """All that was found out about one neuron; what could not be had is `None` or empty.

    Attributes:
        neuron: a set of one.
        place: its sensitivity and rank.
        edges: of the histograms' bins, the same for all groups.
        histograms: by group of patches.
        ends: its exemplars.
        labels: by method.
        alone: image AUROC of the neuron's largest deviation from its normal mean.
        carries: its mean share of the visual score at the peaks of anomalous pictures, 0 to 1.
        silenced: what the detector is without it.
        misses: the worst misses.
        visualised: pictures optimised for it, beside what natural images do.
    """

    neuron: NeuronSet
    place: Place
    edges: Float[np.ndarray, "edge"] = field(repr=False)
    histograms: tuple[GroupHistogram, ...] = field(repr=False)
    ends: Ends = field(repr=False)
    labels: Mapping[str, Label] = field(default_factory=dict)
    alone: Measure | None = None
    carries: float | None = None
    silenced: Silenced | None = None
    misses: tuple[Miss, ...] = field(default=(), repr=False)
    visualised: Visualisation | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The neuron spelled `site:index`."""
        return self.neuron.names[0]

    @property
    def term(self) -> str | None:
        """The label that is surest, if it is better than chance for all methods together.

        Each method's q-value is corrected for the neurons; times the number of methods, the least
        of them must still be 0.05 or less.
        """
        named = [one for one in self.labels.values() if one.term is not None]
        surest = min(named, key=lambda one: one.q_value, default=None)
        if surest is None or surest.q_value * len(self.labels) > ALPHA:
            return None
        return surest.term

    def to_dict(self) -> dict[str, Any]:
        """Return the card as plain data; crops and pictures are named, not held."""
        site, index = self.neuron.site, self.neuron[0]
        return {
            "neuron": self.name,
            "site": site,
            "index": index,
            **vars(self.place),
            "histogram": {
                "edges": self.edges.tolist(),
                "groups": [
                    {
                        "group": one.group,
                        "patches": one.patches,
                        "mean": one.mean,
                        "deviation": one.deviation,
                        "counts": one.counts.tolist(),
                    }
                    for one in self.histograms
                ],
            },
            "exemplars": {
                "highest": [_shown(one) for one in self.ends.highest],
                "lowest": [_shown(one) for one in self.ends.lowest],
                "touching_by_chance": self.ends.touching,
            },
            "labels": {method: one.row() for method, one in self.labels.items()},
            "alone": None if self.alone is None else self.alone.to_dict(),
            "carries": self.carries,
            "silenced": None
            if self.silenced is None
            else {
                "images": self.silenced.images,
                "normal": self.silenced.normal.to_dict(),
                "anomalous": self.silenced.anomalous.to_dict(),
                "auroc": self.silenced.auroc.to_dict(),
            },
            "misses": [
                {
                    "image": one.image,
                    "defect": one.defect,
                    "score": one.score,
                    "largest_deviation": one.largest,
                    "row": one.row,
                    "column": one.column,
                    "touches_defect": one.touches,
                }
                for one in self.misses
            ],
            "visualised": None if self.visualised is None else _optimised(self.visualised),
        }

    def row(self) -> dict[str, Any]:
        """Return the card's line in the table of a set."""
        silenced = self.silenced
        return {
            "neuron": self.name,
            "rank": self.place.rank,
            "of": self.place.of,
            "selected": self.place.selected,
            "sensitivity": self.place.sensitivity,
            "label": self.term,
            "alone_auroc": None if self.alone is None else self.alone.value,
            "carries": self.carries,
            "silenced_auroc": None if silenced is None else silenced.auroc.value,
            "silenced_low": None if silenced is None else silenced.auroc.low,
            "silenced_high": None if silenced is None else silenced.auroc.high,
        }

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(key.replace('_', ' '))}</th>"
            f"<td style='text-align:left'>{html.escape(_said(value))}</td></tr>"
            for key, value in self.row().items()
        )
        return f"<table>{rows}</table>"


@dataclass(frozen=True, eq=False)
class Cards:
    """The cards of a set of neurons, and how they were made.

    `made` are lines for a page: what was looked at, how many pictures, what is drawn by which
    seed. `sensitivities` are the statistic of every neuron, by site; `selected` is how many of them
    the run selected there.
    """

    title: str
    model: Mapping[str, Any]
    cards: tuple[Card, ...]
    made: tuple[str, ...]
    sensitivities: Mapping[str, Float[np.ndarray, "neuron"]] = field(repr=False)
    selected: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cards)

    def __iter__(self) -> Iterator[Card]:
        return iter(self.cards)

    def __getitem__(self, neuron: str | int) -> Card:
        """Return a card by the neuron's name or the card's number; raises `SettingError`."""
        if isinstance(neuron, int) and -len(self) <= neuron < len(self):
            return self.cards[neuron]
        for card in self.cards:
            if card.name == neuron:
                return card
        raise SettingError(f"there is no card of {neuron}; there are {len(self)} others.")

    def table(self) -> pd.DataFrame:
        """Return a row per neuron."""
        return pd.DataFrame([card.row() for card in self.cards])

    def to_dict(self) -> dict[str, Any]:
        """Return the set as plain data: how it was made, and a row per neuron."""
        return {
            "title": self.title,
            "model": dict(self.model),
            "made": list(self.made),
            "neurons": [card.row() for card in self.cards],
        }

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.title)}</p>{self.table().to_html(index=False)}"


def _shown(one: Shown) -> dict[str, Any]:
    return {
        "value": one.value,
        "image": one.image,
        "row": one.row,
        "column": one.column,
        "touches_defect": one.touches,
    }


def _optimised(found: Visualisation) -> dict[str, Any]:
    return {
        "seeds": list(found.seeds),
        "scores": found.reached.score.tolist(),
        "surpassed_percent": found.percentiles().tolist(),
        "natural_images": len(found.natural.score),
        "natural_highest": float(found.natural.score.max()),
        "dead": found.dead,
    }


def _said(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
