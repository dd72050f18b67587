"""A grid small enough for a test: a drawn category, a tiny model, few methods."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.surfaces import draw_category
from workbench.baselines.backbone import Backbone
from workbench.baselines.method import Method, Needs, Scored
from workbench.baselines.registry import methods
from workbench.baselines.views import Views
from workbench.benchmark.cell import Cell, Key
from workbench.benchmark.grid import Grid
from workbench.clip.hooked import HookedCLIP
from workbench.evaluation.category import METRICS
from workbench.excavation.settings import Settings
from workbench.images.samples import Dataset
from workbench.images.stream import Picture, Shown

SETTINGS = Settings(k=8)


def small_grid(names: str = "lake_visual,random_k,text_patches", **choices: object) -> Grid:
    """Two shots, two seeds, two random draws."""
    plain = {"shots": (1, 2), "seeds": (0, 1), "draws": 2}
    return Grid(tuple(methods(names, SETTINGS)), **{**plain, **choices})  # type: ignore[arg-type]


def two_categories(root: Path) -> Dataset:
    """A root of two drawn categories, called `tiles` and `plates`."""
    from workbench.images.layouts import read_dataset

    for name in ("tiles", "plates"):
        draw_category(root / name, normals=4, tests=2)
    return read_dataset(root)


@dataclass(frozen=True)
class Told:
    """A method that is told the answer: images called so score 1, others 0."""

    anomalous: str
    name: str = "told"
    title: str = "Told"
    recipe: str = "a test's"
    uses_support: bool = False
    draws: int = 1
    held_out: None = None
    gallery_bytes: int = 0
    seen: list[str] = field(default_factory=list, compare=False)

    def needs(self, model: HookedCLIP) -> Needs:
        return Needs(frozenset({"blocks.0.hook_resid_post"}))

    def fit(
        self,
        backbone: Backbone,
        category: str,
        support: Sequence[Picture],
        *,
        seed: int = 0,
        draw: int = 0,
    ) -> "Told":
        return self

    def judge(self, batch: Shown, seen: Views) -> Scored:
        self.seen.extend(picture.name for picture in batch.pictures)
        image = np.array([float(self.anomalous in p.name) for p in batch.pictures], np.float32)
        return Scored(image, np.repeat(image, 4).reshape(-1, 2, 2))


def told() -> Method:
    """The method that knows what the drawn category calls its defect."""
    return Told("spot")


def made_up(key: Key, value: float | None, scores: Sequence[Sequence[float]] = ((0.0,),)) -> Cell:
    """A cell in which every metric has one value."""
    measure = {"value": value} if value is not None else {"value": None, "undefined": "no masks"}
    return Cell(
        key=key,
        support=("a.png",),
        contaminating=(),
        measures={metric: dict(measure) for metric in METRICS},
        scores=tuple(map(tuple, scores)),
    )
