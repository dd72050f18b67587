"""What a page is made of: plain arrays, dictionaries and pictures, however they came about.

All metrics are fractions of 1, `None` where undefined; the pages show them in percent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from workbench.errors import DataError
from workbench.evaluation.curves import Curve
from workbench.evaluation.measure import Measure
from workbench.evaluation.threshold import Threshold

Values = Mapping[str, float | None]
"""Figures by name: `image_auroc`, `pixel_aupro`, `image_auroc_sd`."""

Verdict = Literal["holds", "does not hold", "undecided"]


@dataclass(frozen=True, eq=False)
class Example:
    """A picture to show: what was found in it, and the truth where it is known.

    `neurons` are (name, share of the visual score of the strongest patch, 0..1), largest first;
    `patch` is that patch's (row, column) in a `grid` of (rows, columns); `note` is said under it.
    """

    name: str
    picture: Image.Image | Path
    anomaly_map: Float[np.ndarray, "height width"]
    score: float
    label: Literal[0, 1]
    defect: str = ""
    mask: Bool[np.ndarray, "mask_height mask_width"] | None = None
    neurons: Sequence[tuple[str, float]] = ()
    patch: tuple[int, int] | None = None
    grid: tuple[int, int] | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Cases:
    """The worst test images of one kind: the rule by which they were chosen, and out of how many.

    `kind` is a key of `words.CASE_TITLES`; `rule` is a sentence; `found` counts all images that
    the rule covers, of which `examples` are the worst.
    """

    kind: str
    rule: str
    found: int
    examples: Sequence[Example] = ()


@dataclass(frozen=True, eq=False)
class CategoryReport:
    """One product: its figures and curves, its test scores, its neurons, its examples.

    `defects` and `flagged` go with `scores` and `labels`, image by image; without `flagged` an
    image is flagged whose score is at or above the threshold's. `curves` are named `image_roc`,
    `image_pr`, `pixel_roc`, `pixel_pr`, `pixel_pro`. `controls` is {control: values}, empty if
    none were run; `value_range` is the colour scale that the support fixed; `selected` are the
    chosen neurons' indices into `sensitivity`. `text` is the text branch alone: its image AUROC.
    """

    name: str
    measures: Mapping[str, Measure]
    scores: Float[np.ndarray, "image"]
    labels: Sequence[int]
    sensitivity: Float[np.ndarray, "neuron"]
    selected: Sequence[int]
    value_range: tuple[float, float]
    examples: Sequence[Example] = ()
    controls: Mapping[str, Values] = field(default_factory=dict)
    support: Sequence[str] = ()
    support_pictures: Sequence[Image.Image | Path] = ()
    curves: Mapping[str, Curve] = field(default_factory=dict)
    defects: Sequence[str] = ()
    flagged: Sequence[bool | None] = ()
    threshold: Threshold | None = None
    cases: Sequence[Cases] = ()
    text: Measure | None = None

    def __post_init__(self) -> None:
        count = len(self.scores)
        for what, values, needed in (
            ("labels", self.labels, True),
            ("defects", self.defects, False),
            ("flags", self.flagged, False),
        ):
            if (needed or values) and len(values) != count:
                raise DataError(f"{self.name} has {count} scores and {len(values)} {what}.")

    @property
    def counts(self) -> tuple[int, int]:
        """How many normal and how many defective test images there are."""
        defective = sum(1 for label in self.labels if label)
        return len(self.labels) - defective, defective

    @property
    def metrics(self) -> dict[str, float | None]:
        """The figures' values."""
        return {name: measure.value for name, measure in self.measures.items()}

    @property
    def undefined(self) -> dict[str, str]:
        """The reason for each figure that is undefined."""
        return {
            name: measure.undefined
            for name, measure in self.measures.items()
            if measure.value is None
        }


@dataclass(frozen=True, eq=False)
class ReportInput:
    """Everything on a report's page.

    `mean` and `controls` are macro means over the categories; `definitions` say how each metric
    was taken (resolution, smoothing); `data` are the lines that describe the data set; `protocol`
    is what else a repetition needs (how the support was drawn); `limits` are added to the page's
    own.
    """

    title: str
    command: str
    model: Mapping[str, Any]
    settings: Mapping[str, Any]
    categories: Sequence[CategoryReport]
    mean: Values
    controls: Mapping[str, Values] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    limits: Sequence[str] = ()
    data: Sequence[str] = ()
    protocol: Mapping[str, Any] = field(default_factory=dict)

    @property
    def k(self) -> int:
        """How many neurons were selected."""
        return len(self.categories[0].selected) if self.categories else 0

    @property
    def width(self) -> int:
        """How many neurons the site has."""
        return len(self.categories[0].sensitivity) if self.categories else 0


@dataclass(frozen=True, eq=False)
class BenchmarkReport:
    """Everything on the page of a benchmark: methods by categories, shots and seeds.

    `rows` hold one finished cell each: `category`, `method`, `shots`, `seed`, and per metric its
    value with `_low` and `_high`; `data` too where there are several data sets. `summary` holds,
    per method and shots (and `data`), each metric's macro (mean, deviation between seeds or
    `None`), or `None`. `methods` are {name: (title, recipe)} in the order to show.
    `published` are other people's figures: `source`, `method`, `backbone`, `shots` (`None`: not
    stated), `dataset` and metrics as fractions, with `data` where they belong to one of several.
    `timing` are rows of any columns. `categories` show one method (`shown`) picture by picture;
    `shown_note` says with which support.
    """

    title: str
    command: str
    model: Mapping[str, Any]
    protocol: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    summary: Sequence[Mapping[str, Any]]
    methods: Mapping[str, tuple[str, str]]
    published: Sequence[Mapping[str, Any]] = ()
    timing: Sequence[Mapping[str, Any]] = ()
    limits: Sequence[str] = ()
    categories: Sequence[CategoryReport] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    data: Sequence[str] = ()
    shown: str = "lake"
    shown_note: str = ""


@dataclass(frozen=True, eq=False)
class SweepFigure:
    """A figure against a setting: `series` is {name: (values, lows, highs)}, one per `x`.

    Values and their 95 % intervals are fractions, `None` where there is none. `x` are numbers, or
    words, which then stand side by side. `reference` is a line across (chance, all channels).
    """

    x_name: str
    x: Sequence[float | str]
    series: Mapping[
        str, tuple[Sequence[float | None], Sequence[float | None], Sequence[float | None]]
    ]
    y_name: str = "image AUROC"
    reference: float | None = None
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Claim:
    """One claim of the ledger: what it says, whether it holds here, and what shows it.

    `effect` is a difference (a fraction; the page says points) with its 95 % interval, `compared`
    what was subtracted from what, `rule` when the claim counts as holding, `margin` the value
    that the rule sets the interval against. `rows` are the figure's data.
    """

    number: int
    statement: str
    verdict: Verdict
    effect: Measure
    compared: str
    rule: str
    figures: Sequence[SweepFigure] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    note: str = ""
    margin: float = 0.0


@dataclass(frozen=True, eq=False)
class ClaimsReport:
    """Everything on the claims page."""

    title: str
    command: str
    model: Mapping[str, Any]
    data: Sequence[str]
    claims: Sequence[Claim]
    protocol: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    limits: Sequence[str] = ()
