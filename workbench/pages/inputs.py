"""What a report is made of: plain arrays, dictionaries and pictures, however they came about.

All metrics are fractions of 1, `None` where undefined; the page shows them in percent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

Values = Mapping[str, float | None]
"""Figures by name: `image_auroc`, `image_ap`, `image_f1_max`, `pixel_auroc`, `image_auroc_sd`."""


@dataclass(frozen=True, eq=False)
class Example:
    """A picture to show: what was found in it, and the truth where it is known.

    `neurons` are (name, share of the visual score of the strongest patch, 0..1), largest first;
    `patch` is that patch's (row, column) in a `grid` of (rows, columns).
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


@dataclass(frozen=True, eq=False)
class CategoryReport:
    """One product: its figures, its test scores, its neurons, its examples.

    `undefined` gives the reason for each metric that is `None`; `controls` is {control: values},
    empty if none were run; `value_range` is the colour scale that the support fixed; `selected`
    are the chosen neurons' indices into `sensitivity`.
    """

    name: str
    metrics: Values
    scores: Float[np.ndarray, "image"]
    labels: Sequence[int]
    sensitivity: Float[np.ndarray, "neuron"]
    selected: Sequence[int]
    value_range: tuple[float, float]
    examples: Sequence[Example] = ()
    controls: Mapping[str, Values] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)
    support: Sequence[str] = ()
    support_pictures: Sequence[Image.Image | Path] = ()

    @property
    def counts(self) -> tuple[int, int]:
        """How many normal and how many defective test images there are."""
        defective = sum(1 for label in self.labels if label)
        return len(self.labels) - defective, defective


@dataclass(frozen=True, eq=False)
class ReportInput:
    """Everything on a report's page.

    `mean` and `controls` are macro means over the categories; `definitions` say how each metric
    was taken (resolution, smoothing); `limits` are added to the page's own.
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

    @property
    def k(self) -> int:
        """How many neurons were selected."""
        return len(self.categories[0].selected) if self.categories else 0

    @property
    def width(self) -> int:
        """How many neurons the site has."""
        return len(self.categories[0].sensitivity) if self.categories else 0
