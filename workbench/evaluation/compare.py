"""The main comparison: LAKE on every category, and what would have come out otherwise.

Beside the detector's own figures stand those of its parts and controls, all on the same images
and from the same forward passes:

- `top`, `bottom`, `random`, `all`: the visual branch alone with those neurons.
- `visual_only` is `top` by another name; `text_only` is the text branch alone.
- `fusion`: the fused score, with both branches standardised and raw.

Random draws are the same sets of neurons in every category, so the deviation of their macro mean
is that of drawing neurons.
"""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from workbench.baselines.backbone import Backbone
from workbench.baselines.method import Fitted, Method, Needs
from workbench.baselines.registry import methods
from workbench.clip.hooked import HookedCLIP
from workbench.evaluation.category import METRICS
from workbench.evaluation.evaluate import (
    CategoryResult,
    Tally,
    labelled_tests,
    remaining_tests,
    threshold_of,
)
from workbench.evaluation.image_metrics import auroc
from workbench.evaluation.measure import Measure, mean_of
from workbench.excavation.detection import Detection
from workbench.excavation.detector import Excavation
from workbench.excavation.excavate import excavate
from workbench.excavation.features import BATCH
from workbench.excavation.run_format import describe_model
from workbench.excavation.settings import FUSIONS, Settings
from workbench.images.samples import Dataset, Sample
from workbench.images.stream import Picture, pictures
from workbench.images.support import support
from workbench.images.truth import true_mask

SCHEMA = 1
_METHODS = {"top": "lake_visual", "bottom": "bottom_k", "random": "random_k", "all": "all_channels"}
CONTROLS = (*_METHODS, "visual_only", "text_only")
DRAWS = 20
PICTURED_NORMALS = 3


@dataclass(frozen=True, eq=False)
class Example:
    """A test image to be shown: what was found in it, and the truth where it is known."""

    sample: Sample
    detection: Detection
    mask: Bool[np.ndarray, "height width"] | None


@dataclass(frozen=True, eq=False)
class CategoryComparison:
    """One category: the detector, its figures, its controls' (one per draw), its examples."""

    excavation: Excavation
    result: CategoryResult
    controls: dict[str, tuple[Measure, ...]]
    fusion: dict[str, Measure]
    examples: tuple[Example, ...]
    seconds: dict[str, float]

    @property
    def name(self) -> str:
        """The category's name."""
        return self.result.category

    def to_dict(self) -> dict[str, Any]:
        """Return the category's part of `results.json`."""
        return {
            **self.result.to_dict(),
            "controls": {
                name: _summary([measure.value for measure in measures])
                for name, measures in self.controls.items()
            },
            "fusion": {name: {"image_auroc": m.value} for name, m in self.fusion.items()},
            "neurons": {
                "site": self.excavation.neurons.site,
                "indices": list(self.excavation.neurons.indices),
            },
            "display_range": list(self.excavation.display_range()),
            "seconds": _rounded(self.seconds),
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """The comparison over all categories of a data set, with one model and one set of choices."""

    model: dict[str, Any]
    settings: dict[str, Any]
    categories: tuple[CategoryComparison, ...]
    seconds: dict[str, float] = field(default_factory=dict)

    def mean(self, metric: str) -> float | None:
        """Return the macro mean of a metric over the categories for which it is defined."""
        return mean_of([category.result.value(metric) for category in self.categories])

    def control(self, name: str) -> list[float | None]:
        """Return a control's macro mean image AUROC, one value per draw."""
        draws = zip(*(category.controls[name] for category in self.categories), strict=True)
        return [mean_of([measure.value for measure in draw]) for draw in draws]

    def to_dict(self) -> dict[str, Any]:
        """Return what `results.json` holds: plain data, without NaN."""
        first = self.categories[0]
        return {
            "schema": SCHEMA,
            "model": self.model,
            "settings": self.settings,
            "support": {c.name: list(c.excavation.support) for c in self.categories},
            "categories": {category.name: category.to_dict() for category in self.categories},
            "mean": {metric: self.mean(metric) for metric in METRICS},
            "controls": {name: _summary(self.control(name)) for name in CONTROLS},
            "fusion": {
                name: {"image_auroc": mean_of([c.fusion[name].value for c in self.categories])}
                for name in FUSIONS
            },
            "definitions": {
                name: measure.definition for name, measure in first.result.measures.items()
            },
            "seconds": _rounded(self.seconds),
        }

    def table(self) -> list[dict[str, Any]]:
        """Return a row per test image of all categories, for `per_image.csv`."""
        return [row for category in self.categories for row in category.result.table()]


def compare(
    model: HookedCLIP,
    dataset: Dataset,
    settings: Settings | None = None,
    *,
    shots: int | None = 4,
    seed: int = 0,
    draws: int = DRAWS,
    batch_size: int = BATCH,
) -> Comparison:
    """Excavate every category of a data set and compare each detector with its controls.

    Raises what `excavate` and `evaluate` raise; a category without test images is refused before
    any work is done.
    """
    chosen = settings or Settings()
    for name in dataset.categories:
        labelled_tests(dataset[name])
        support(dataset[name], shots, seed)
    compared = tuple(
        compare_category(
            model,
            dataset[name],
            chosen,
            shots=shots,
            seed=seed,
            draws=draws,
            batch_size=batch_size,
        )
        for name in dataset.categories
    )
    resolved = compared[0].excavation.settings.to_dict()
    if chosen.prompts is None:
        resolved["prompts"] = "WinCLIP's, for each category's name"
    seconds = {
        stage: sum(category.seconds[stage] for category in compared)
        for stage in compared[0].seconds
    }
    return Comparison(
        model=describe_model(model),
        settings={**resolved, "shots": shots, "seed": seed, "random_draws": draws},
        categories=compared,
        seconds=seconds,
    )


def compare_category(
    model: HookedCLIP,
    samples: Sequence[Sample],
    settings: Settings,
    *,
    shots: int | None = 4,
    seed: int = 0,
    draws: int = DRAWS,
    batch_size: int = BATCH,
) -> CategoryComparison:
    """Excavate one category and compare; every test image passes the model once."""
    seconds: dict[str, float] = {}
    with _timed(seconds, "excavate"):
        excavation = excavate(
            samples, model, settings, shots=shots, seed=seed, batch_size=batch_size
        )
    tests = remaining_tests(excavation, labelled_tests(samples))
    backbone = Backbone(model, batch_size=batch_size)
    asked = {
        name: methods([method], replace(settings, selection="top"))[0]
        for name, method in _METHODS.items()
    }
    with _timed(seconds, "controls"):
        normals = pictures(support(samples, shots, seed))
        backbone.hold(normals, Needs(frozenset(excavation.sites)))
        controls = {
            name: _fitted(method, backbone, excavation.category, normals, seed, draws)
            for name, method in asked.items()
        }
    tally = Tally(tests[0].category, threshold_of(excavation))
    pictured = to_picture(tests)
    examples = []
    scores: dict[str, list[np.ndarray]] = {name: [] for name in (*controls, *FUSIONS, "text_only")}
    remaining = iter(tests)
    with _timed(seconds, "score"):
        needs = Needs(frozenset(excavation.sites))
        for shown, views in backbone.walk(pictures(tests), needs, what=tally.category):
            for name, fitted in controls.items():
                scores[name].append(np.stack([one.judge(shown, views).image for one in fitted]))
            for detection in excavation.judge(shown, dict(views.patches)):
                sample = next(remaining)
                tally.add(sample, detection)
                _add_branches(scores, excavation, detection)
                if sample in pictured:
                    mask = true_mask(sample, detection.size)
                    examples.append(Example(sample, detection, mask))
    with _timed(seconds, "measure"):
        result = tally.result()
        labels = [row.label for row in result.rows]
        drawn = {
            name: tuple(auroc(labels, row) for row in np.concatenate(parts, axis=1))
            for name, parts in scores.items()
            if parts
        }
    missing = (Measure("image AUROC", None, "", undefined="text_weight is 0"),)
    return CategoryComparison(
        excavation=excavation,
        result=result,
        controls={
            **{name: drawn[name] for name in controls},
            "visual_only": drawn["top"],
            "text_only": drawn.get("text_only", missing),
        },
        fusion={name: drawn[name][0] for name in FUSIONS},
        examples=tuple(examples),
        seconds=seconds,
    )


def _fitted(
    method: Method,
    backbone: Backbone,
    category: str,
    normals: Sequence[Picture],
    seed: int,
    draws: int,
) -> list[Fitted]:
    return [
        method.fit(backbone, category, normals, seed=seed, draw=draw)
        for draw in range(min(method.draws, draws))
    ]


def _add_branches(
    scores: dict[str, list[np.ndarray]], excavation: Excavation, detection: Detection
) -> None:
    """Note the image score by the text branch alone and by both kinds of fusion."""
    text = detection.text
    if text is not None:
        scores["text_only"].append(_one(float(text.max())))
    for kind in FUSIONS:
        fused = excavation.fusion(kind)(
            torch.from_numpy(detection.visual), None if text is None else torch.from_numpy(text)
        )
        scores[kind].append(_one(float(fused.max())))


def _one(score: float) -> Float[np.ndarray, "1 1"]:
    return np.array([[score]])


def to_picture(tests: Sequence[Sample]) -> list[Sample]:
    """Return the first normals and the first image of each defect, by name: never by score."""
    ordered = sorted(tests, key=lambda sample: sample.name)
    normals = [sample for sample in ordered if sample.label == 0][:PICTURED_NORMALS]
    first: dict[str, Sample] = {}
    for sample in ordered:
        if sample.label == 1:
            first.setdefault(sample.defect, sample)
    return [*normals, *first.values()]


def _summary(values: list[float | None]) -> dict[str, float | None]:
    """Return the mean over draws and, where there are several, the deviation between them."""
    known = [value for value in values if value is not None]
    summary: dict[str, float | None] = {"image_auroc": mean_of(values)}
    if len(values) > 1:
        summary["image_auroc_sd"] = statistics.stdev(known) if len(known) > 1 else None
    return summary


def _rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {stage: round(value, 3) for stage, value in seconds.items()}


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start
