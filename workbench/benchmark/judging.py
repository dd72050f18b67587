"""All methods of one support set, judged in a single walk over the test images."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import numpy as np

from workbench.baselines.backbone import Backbone
from workbench.baselines.method import Fitted, Method, Needs, Scored
from workbench.baselines.views import Views
from workbench.benchmark.cell import Cell, Key, over_draws
from workbench.clip.hooked import HookedCLIP
from workbench.evaluation.category import TestImages, figures
from workbench.evaluation.threshold import Threshold, conformal_threshold
from workbench.images.samples import Sample
from workbench.images.stream import Shown, pictures


@dataclass(eq=False)
class _Draw:
    """One fitted method while the test images pass, and what it has said of them.

    Its scores are copied to where there is room for all of them. Kept batch by batch they would
    lie between the large arrays that come and go, whose memory could then not be used again:
    gigabytes on a few hundred images.
    """

    method: Method
    fitted: Fitted
    fit_seconds: float
    judge_seconds: float = 0.0
    judged: Scored = field(default_factory=lambda: Scored(np.empty(0), np.empty((0, 0, 0))))

    def judge(self, shown: Shown, seen: Views, first: int, images: int) -> None:
        """Judge a batch of the test images; its first one is number `first` of `images`."""
        began = time.perf_counter()
        scored = self.fitted.judge(shown, seen)
        self.judge_seconds += time.perf_counter() - began
        if first == 0:
            room = [np.empty((images, *a.shape[1:]), a.dtype) for a in (scored.image, scored.maps)]
            self.judged = Scored(*room)
        these = slice(first, first + len(scored.image))
        self.judged.image[these] = scored.image
        self.judged.maps[these] = scored.maps


@dataclass(frozen=True)
class Timing:
    """Seconds of a cell over all its draws: to fit, to judge every test image, to measure.

    `process_peak_mib` is the most memory that the process had up to then, of whatever cell.
    """

    fit: float
    judge: float
    measure: float
    process_peak_mib: float


def judge(
    backbone: Backbone,
    methods: Sequence[Method],
    group: Key,
    normals: Sequence[Sample],
    tests: TestImages,
    *,
    draws: int,
    intervals: bool = True,
) -> Iterator[tuple[Cell, Timing]]:
    """Yield the finished cell of every method; the test images are walked over once for all.

    `normals` are the support, contaminating images included; `draws` is the most that a random
    method gets; without `intervals` nothing is bootstrapped.
    """
    support = pictures(normals)
    backbone.hold(support, all_needs([m for m in methods if m.uses_support], backbone.model))
    fitted: list[_Draw] = []
    for method in methods:
        for draw in range(min(method.draws, draws)):
            began = time.perf_counter()
            found = method.fit(
                backbone,
                group.category,
                support if method.uses_support else [],
                seed=group.seed,
                draw=draw,
            )
            fitted.append(_Draw(method, found, time.perf_counter() - began))
    sizes: list[tuple[int, int]] = []
    for shown, seen in backbone.walk(pictures(tests.samples), all_needs(methods, backbone.model)):
        for one in fitted:
            one.judge(shown, seen, len(sizes), len(tests.samples))
        sizes += shown.sizes
    for method in methods:
        drawn = [one for one in fitted if one.method is method]
        yield _cell(group, method, drawn, normals, tests, sizes, intervals=intervals)


def all_needs(methods: Sequence[Method], model: HookedCLIP) -> Needs:
    """Return what some methods need together."""
    return reduce(or_, (method.needs(model) for method in methods), Needs())


def _cell(
    group: Key,
    method: Method,
    drawn: Sequence[_Draw],
    normals: Sequence[Sample],
    tests: TestImages,
    sizes: Sequence[tuple[int, int]],
    *,
    intervals: bool,
) -> tuple[Cell, Timing]:
    began = time.perf_counter()
    measured = []
    for one in drawn:
        found = figures(
            tests,
            one.judged.image,
            one.judged.maps,
            sizes,
            threshold_of(one.fitted, len(normals)),
            intervals=intervals and len(drawn) == 1,  # else it is between draws
        )
        measured.append(found.measures)
    used = normals if method.uses_support else []
    cell = Cell(
        key=Key(**{**vars(group), "method": method.name}),
        support=tuple(sample.name for sample in used),
        contaminating=tuple(sample.name for sample in used if sample.label == 1),
        measures=over_draws(measured),
        scores=tuple(tuple(one.judged.image.tolist()) for one in drawn),
        draws=(
            {name: tuple(m[name].value for m in measured) for name in measured[0]}
            if len(measured) > 1
            else {}
        ),
        gallery_bytes=drawn[0].fitted.gallery_bytes,
    )
    timing = Timing(
        fit=sum(one.fit_seconds for one in drawn),
        judge=sum(one.judge_seconds for one in drawn),
        measure=time.perf_counter() - began,
        process_peak_mib=_peak(),
    )
    return cell, timing


def _peak() -> float:
    """Return the most memory that this process has had so far, in MiB."""
    import psutil

    memory = psutil.Process().memory_info()
    most = getattr(memory, "peak_wset", None)  # Windows
    if most is None:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return float(most) / 2**20


def threshold_of(fitted: Fitted, images: int) -> Threshold | None:
    """Return the threshold that the held-out of `images` normals give; `None` without any.

    Where they are too few for the usual share of false alarms, it is marked heuristic.
    """
    if fitted.held_out is None:
        return None
    images = min(images, len(fitted.held_out))
    return conformal_threshold(fitted.held_out, images=images, heuristic=True)
