"""The pixel metric of what is shown, worked out a few images at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from workbench.evaluation.category import PixelPass, TestImages
from workbench.evaluation.curves import Curve
from workbench.evaluation.measure import Measure
from workbench.evaluation.pixel_measures import PRO_LIMITS
from workbench.images.samples import Sample
from workbench.widgets.explorer.parcel import Parcel

METRIC = "pixel_aupro"
LIMIT = PRO_LIMITS[METRIC]
SLICE = 4
"""So many images at a time, a fraction of a second."""


@dataclass(eq=False)
class Truths:
    """The labelled images among those shown, whose masks are read once for all maps of them.

    `grid` is the patch maps' (rows, columns).
    """

    samples: tuple[Sample, ...]
    sizes: tuple[tuple[int, int], ...]
    grid: tuple[int, int]
    numbers: tuple[int, ...] = field(init=False)
    _tests: TestImages = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = tuple(
            number for number, sample in enumerate(self.samples) if sample.label is not None
        )
        # Names need not differ here, and the pixel metrics tell images apart by them.
        self._tests = TestImages(
            [replace(self.samples[number], name=str(number)) for number in self.numbers]
        )

    @property
    def labels(self) -> list[int]:
        """0 for every normal image that is labelled, 1 for every anomalous one."""
        return self._tests.labels

    @property
    def missing(self) -> str:
        """Why there can be no pixel metric, in one sentence; nothing where there can be one."""
        labels = self.labels
        if not labels:
            return "No image has a label."
        if 1 not in labels:
            return "No image is labelled anomalous, so there is no region to find."
        bare = sum(bool(one.label == 1 and not one.mask_paths) for one in self._tests.samples)
        if bare:
            return f"{bare} of the {sum(labels)} anomalous images have no mask."
        return ""

    def started(self, fused: Float[np.ndarray, "image patch"]) -> PixelPass:
        """Return a pass over the labelled images' maps that has seen none of them yet."""
        maps = fused[list(self.numbers)].reshape(-1, *self.grid)
        sizes = [self.sizes[number] for number in self.numbers]
        return PixelPass(self._tests, maps, sizes, intervals=False)


@dataclass(eq=False)
class Pro:
    """The PRO curve of one detector's maps.

    `steps` yields parcels that say how many of the images are in; the last one holds the curve up
    to `LIMIT`, or says why there is none. A new `steps` goes on where the one before was left.
    """

    truths: Truths
    fused: Float[np.ndarray, "image patch"]
    _pass: PixelPass | None = None
    _seen: int = 0
    _found: Parcel | None = None

    def __post_init__(self) -> None:
        if self.truths.missing:
            self._found = Parcel({"done": 0, "of": 0, "missing": self.truths.missing})

    @property
    def now(self) -> Parcel:
        """How far it is."""
        return self._found or Parcel({"done": self._seen, "of": len(self.truths.numbers)})

    def steps(self) -> Iterator[Parcel]:
        """Work it out. Raises `DataError` for a mask that does not open or fit its image."""
        of = len(self.truths.numbers)
        while self._found is None:
            if self._pass is None:
                self._pass = self.truths.started(self.fused)
            self._add(min(SLICE, of - self._seen))
            if self._seen < of:
                yield self.now
            else:
                self._found = _told(self._pass)
                self._pass = None
        yield self._found

    def _add(self, count: int) -> None:
        """Take in the next images; one that is half in makes all of them begin anew."""
        assert self._pass is not None
        try:
            for index in range(self._seen, self._seen + count):
                self._pass.add(index)
        except BaseException:
            self._pass, self._seen = None, 0
            raise
        self._seen += count

    def whole(self) -> Parcel:
        """Return the last parcel, working out what is left."""
        return list(self.steps())[-1]


def _told(found: PixelPass) -> Parcel:
    measure: Measure = found.engine.result()[METRIC]
    of = len(found.tests)
    if measure.value is None:
        return Parcel({"done": of, "of": of, "missing": f"{measure.undefined.capitalize()}."})
    curve = cut(found.engine.curves()["pro"])
    header = {
        "done": of,
        "of": of,
        "value": measure.value,
        "limit": LIMIT,
        "definition": measure.definition,
    }
    return Parcel(header, {"x": curve.x.astype(np.float32), "y": curve.y.astype(np.float32)})


def cut(curve: Curve, limit: float = LIMIT) -> Curve:
    """Return a rising curve up to a limit of x, the point at the limit interpolated.

    >>> cut(Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "x", "y"), 0.25).y
    array([0.  , 0.25])
    """
    inside = curve.x < limit
    x = np.append(curve.x[inside], limit)
    # At the limit itself the highest of several points counts, as the curve rises there.
    y = np.append(curve.y[inside], np.interp(limit, curve.x, curve.y))
    return Curve(x, y, curve.x_name, curve.y_name)
