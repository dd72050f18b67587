"""How good a detector is along its settings, a few points at a time.

K up to the run's own and the text weight are redone from what the explorer keeps, without the
model. Greater K, other layers and other supports take one walk over the images together. Labels
judge the points, and choose none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from workbench.baselines.backbone import Backbone
from workbench.baselines.lake import excavate_seen
from workbench.baselines.method import Needs
from workbench.clip.hooked import HookedCLIP
from workbench.evaluation.image_metrics import image_metrics
from workbench.evaluation.measure import Measure
from workbench.excavation.detector import Excavation
from workbench.excavation.features import walk
from workbench.images.samples import Sample
from workbench.images.stream import pictures
from workbench.images.support import support
from workbench.widgets.explorer.answers import Answers
from workbench.widgets.explorer.axes import Axis, axes_of
from workbench.widgets.explorer.parcel import Parcel
from workbench.widgets.explorer.pixels import Pro, Truths
from workbench.widgets.explorer.subset import restricted

SLICE = 4
"""So many images at a time."""

ROOM = 2**28
"""Bytes of activations that one slice of the walk may take (256 MiB)."""

Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class SweepPoint:
    """One setting, and how good it is.

    Attributes:
        axis: the setting's name: `k`, `text_weight`, `layer` or `shots`.
        value: its value; a layer is its site.
        excavation: the detector with it, all else being the run's.
        own_scales: whether its scales and threshold are its own, or the run's.
        measures: `image_auroc` and `image_ap` with their 95 % intervals.
        aupro: `pixel_aupro`; `None` where it is not worked out or cannot be had.
        fused: patch scores of the images shown.
    """

    axis: str
    value: int | float | str
    excavation: Excavation = field(repr=False)
    own_scales: bool = field(repr=False)
    measures: dict[str, Measure]
    fused: Float[np.ndarray, "image patch"] = field(repr=False)
    aupro: float | None = None

    @property
    def scores(self) -> Float[np.ndarray, "image"]:
        """The image scores."""
        found: Float[np.ndarray, image] = self.fused.max(1)
        return found


class Sweep:
    """The points along all axes. What was finished stays, whatever interrupts the rest.

    `steps` yields a parcel after every piece of work, with all that is known; a new `steps` goes
    on where the one before was left.
    """

    def __init__(self, answers: Answers, known: Sequence[Sample]) -> None:
        self.answers, self.known = answers, known
        own, opening = answers.excavation, answers.opening
        self.axes: tuple[Axis, ...] = axes_of(own, answers.normal, known)
        self.truths = Truths(opening.samples, opening.sizes, own.model.grid)
        self.points: dict[Place, SweepPoint] = {}
        self._fitted: dict[Place, Excavation] = {}
        self._maps: dict[Place, Float[np.ndarray, "image patch"]] = {}
        self._walked = 0
        whole = self._point((0, 0), own, opening.fused)
        for number, axis in enumerate(self.axes):
            if axis.own is not None:
                value = axis.values[axis.own]
                self.points[number, axis.own] = replace(whole, axis=axis.name, value=value)

    @property
    def now(self) -> Parcel:
        """All that is known, and how far the work is."""
        places = self._places()
        pixels = 0 if self.truths.missing else len(places)
        known = sum(point.aupro is not None for point in self.points.values())
        return Parcel(
            {
                "done": len(self.points) + min(known, pixels),
                "of": len(places) + pixels,
                "no_pixels": self.truths.missing,
                "axes": [
                    {
                        "name": axis.name,
                        "title": axis.title,
                        "note": axis.note,
                        "own": axis.own,
                        "points": [
                            self._told((number, place)) for place in range(len(axis.values))
                        ],
                    }
                    for number, axis in enumerate(self.axes)
                ],
            }
        )

    def steps(self) -> Iterator[Parcel]:
        """Work it out. Raises what looking at images does."""
        yield self.now
        for place in self._places():
            make = self._from_kept(place)
            if make is not None and place not in self.points:
                self.points[place] = make()
                yield self.now
        waiting = [place for place in self._places() if place not in self.points]
        if waiting:
            yield from self._pass(waiting)
        yield from self._pixels()

    def _places(self) -> list[Place]:
        return [
            (number, place)
            for number, axis in enumerate(self.axes)
            for place in range(len(axis.values))
        ]

    def _from_kept(self, place: Place) -> Callable[[], SweepPoint] | None:
        """Return how a point comes of what is kept; `None` if it needs a pass."""
        axis, value = self.axes[place[0]], self.axes[place[0]].values[place[1]]
        own = self.answers.excavation
        if axis.name == "text_weight":
            return lambda: self._weighted(place, float(value))
        if axis.name == "k" and int(value) <= len(own.neurons):
            return lambda: self._narrower(place, int(value))
        return None

    def _weighted(self, place: Place, weight: float) -> SweepPoint:
        own, opening = self.answers.excavation, self.answers.opening
        judge = replace(own, settings=replace(own.settings, text_weight=weight))
        fused = self.answers.fused(judge, opening.visual, range(len(opening.samples)))
        return self._point(place, judge, fused)

    def _narrower(self, place: Place, k: int) -> SweepPoint:
        own, opening = self.answers.excavation, self.answers.opening
        judge, scales = restricted(own, range(k), self.answers.normal)
        judge = replace(judge, settings=replace(own.settings, k=k))
        fused = np.empty_like(opening.fused)
        for indices, features in opening.features.batches(range(len(fused))):
            fused[indices] = self.answers.judged(judge, range(k), features, indices)[0]
        return self._point(place, judge, fused, own_scales=scales)

    def _pass(self, waiting: list[Place]) -> Iterator[Parcel]:
        """Fit what needs other activations, and judge the images by all of it in one walk."""
        model, samples = self.answers.excavation.model, self.answers.opening.samples
        yield from self._fit(waiting)
        sites = sorted({site for place in waiting for site in self._fitted[place].sites})
        for place in waiting:
            self._maps.setdefault(place, np.empty_like(self.answers.opening.fused))
        rows = int(np.prod(model.grid)) * sum(model.site_width(site) for site in sites)
        batch = max(1, min(SLICE, ROOM // (4 * rows)))
        left = pictures(samples)[self._walked :]
        for shown, seen in walk(model, left, sites, batch_size=batch, what="judging settings"):
            stop = self._walked + len(shown.pictures)
            for place in waiting:
                fused = self._fitted[place].patch_scores(seen).fused
                self._maps[place][self._walked : stop] = fused.cpu().numpy()
            self._walked = stop
            yield self.now
        for place in waiting:
            if place in self._maps:
                point = self._point(place, self._fitted[place], self._maps[place])
                self.points[place] = point
                del self._maps[place], self._fitted[place]
                yield self.now

    def _fit(self, waiting: list[Place]) -> Iterator[Parcel]:
        own, normal = self.answers.excavation, self.answers.normal
        assert isinstance(own.model, HookedCLIP)
        backbone = Backbone(own.model)
        held = False
        for place in waiting:
            if place in self._fitted:
                continue
            changes, images = self._change(place)
            settings = replace(own.settings, **changes)
            if images is None:
                assert normal is not None
                images = normal.samples
                if not held:
                    sites = {
                        str(site)
                        for axis in self.axes
                        for site in axis.values
                        if axis.name == "layer"
                    }
                    backbone.hold(pictures(images), Needs(frozenset({*sites, *own.sites})))
                    held = True
            self._fitted[place] = excavate_seen(
                backbone, own.category, pictures(images), settings, seed=own.seed
            )
            yield self.now

    def _change(self, place: Place) -> tuple[dict[str, Any], Sequence[Sample] | None]:
        """Return which settings differ from the run's, and the support if that does."""
        axis, own = self.axes[place[0]], self.answers.excavation
        value = axis.values[place[1]]
        if axis.name == "layer":
            return {"site": str(value)}, None
        if axis.name == "k":
            return {"k": int(value)}, None
        known = [one for one in self.known if one.category == own.category]
        seed, protocol = own.seed or 0, own.protocol or "nested"
        return {}, support(known, int(value), seed, protocol)

    def _pixels(self) -> Iterator[Parcel]:
        """Work out the pixel metric of every point, where there are masks."""
        if self.truths.missing:
            return
        for place in self._places():
            if self.points[place].aupro is not None:
                continue
            for parcel in Pro(self.truths, self.points[place].fused).steps():
                if parcel.header["done"] < parcel.header["of"]:
                    yield self.now
                value = parcel.header.get("value", float("nan"))
            axis = self.axes[place[0]]
            same = [place]
            if place[1] == axis.own:  # the run itself lies on every axis
                same = [(n, one.own) for n, one in enumerate(self.axes) if one.own is not None]
            for one in same:
                self.points[one] = replace(self.points[one], aupro=float(value))
            yield self.now

    def _point(
        self,
        place: Place,
        judge: Excavation,
        fused: Float[np.ndarray, "image patch"],
        *,
        own_scales: bool = True,
    ) -> SweepPoint:
        scores = fused.max(1)[list(self.truths.numbers)]
        axis = self.axes[place[0]]
        labels = self.truths.labels
        found = image_metrics(labels, scores) if labels else {}
        measures: dict[str, Measure] = {
            name: found[name] for name in ("image_auroc", "image_ap") if name in found
        }
        return SweepPoint(axis.name, axis.values[place[1]], judge, own_scales, measures, fused)

    def _told(self, place: Place) -> dict[str, Any]:
        told: dict[str, Any] = {"value": self.axes[place[0]].shown(place[1])}
        point = self.points.get(place)
        if point is None:
            return told
        told["known"] = True
        for name, short in (("image_auroc", "auroc"), ("image_ap", "ap")):
            measure = point.measures.get(name)
            if measure is not None and measure.value is not None:
                told[short] = [measure.value, measure.low, measure.high]
        if point.aupro is not None and np.isfinite(point.aupro):
            told["aupro"] = [point.aupro, None, None]
        return told
