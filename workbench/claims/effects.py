"""Effect sizes: differences of macro mean image AUROC in points, paired, with 95 % intervals.

Both sides of a difference are judged on the same test images, from the same support sets, so all
that is drawn again is drawn alike for both. Drawn again are:

- the test images, within each category and kind (normal, anomalous), as many as there are;
- the seeds, that is the support sets, n - 1 of n, for all categories together: so few are there
  that drawing n would make the interval too narrow by (n - 1) / n (Rao and Wu, "Resampling
  inference with complex survey data", JASA 1988);
- the random draws of a method that has several, within each seed, n - 1 of n likewise.

Images and seeds are crossed, and both are drawn again at once, which errs on the side of wide
intervals (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007). With one seed the
interval knows nothing of other support sets. The categories stay as they are: nothing is said
about categories that were not measured.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from workbench.claims.evidence import Evidence, Place

RESAMPLES = 2000


@dataclass(frozen=True)
class Effect:
    """A difference in points of image AUROC (or, of one arm alone, its image AUROC x 100).

    `plus` and `minus` are the two arms' own macro means x 100. `value` is `None` where it is
    `undefined`, for the reason given. `constant` says that no resample gave another value.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    plus: float | None = None
    minus: float | None = None
    categories: Mapping[str, float] = field(default_factory=dict)
    seeds: int = 0
    draws: int = 1
    images: int = 0
    undefined: str = ""
    constant: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the effect as plain data."""
        return {**asdict(self), "categories": dict(self.categories)}

    def __str__(self) -> str:
        if self.value is None:
            return f"not measured: {self.undefined}"
        return f"{self.value:+.2f} [{self.low:+.2f}, {self.high:+.2f}]"


class Bootstrap:
    """Resamples of macro mean image AUROC; each arm is computed once and kept.

    `resamples` are how many, `seed` decides them. What is drawn depends on the category's name,
    its number of images and the number of seeds and draws alone, so arms are paired.
    """

    def __init__(self, resamples: int = RESAMPLES, seed: int = 0) -> None:
        self.resamples, self.seed = resamples, seed
        self._kept: dict[tuple[int, Place, int], Float[np.ndarray, "resample draw"]] = {}
        self._images: dict[tuple[Place, bytes], tuple[np.ndarray, np.ndarray]] = {}
        self._alive: list[Evidence] = []  # so that an id stays one arm's

    def alone(self, arm: Evidence) -> Effect:
        """Return an arm's own image AUROC x 100 with its interval."""
        return self._effect(arm, None, 0.0)

    def difference(self, plus: Evidence, minus: Evidence | None) -> Effect:
        """Return `plus - minus` in points; without `minus`, `plus` against chance (50)."""
        return self._effect(plus, minus, 50.0 if minus is None else 0.0)

    def _effect(self, plus: Evidence, minus: Evidence | None, base: float) -> Effect:
        arms = [plus] if minus is None else [plus, minus]
        places, seeds, reason = _shared(arms)
        if reason:
            return Effect(None, undefined=reason)
        means = [self._macro(arm, places, seeds) for arm in arms]
        drawn = [100 * values.mean(axis=0) for values in means]
        found = drawn[0] - (drawn[1] if minus is not None else base)
        low, high = np.percentile(found[1:], (2.5, 97.5))
        single = [100 * values[:, 0] for values in means]
        apart = single[0] - (single[1] if minus is not None else base)
        return Effect(
            value=float(found[0]),
            low=float(low),
            high=float(high),
            plus=float(drawn[0][0]),
            minus=float(drawn[1][0]) if minus is not None else (base or None),
            categories=dict(zip(spelled(places).values(), apart.tolist(), strict=True)),
            seeds=len(seeds),
            draws=max(arm.draws for arm in arms),
            images=sum(len(plus.labels[place]) for place in places),
            constant=bool(np.ptp(found) < 1e-9),
        )

    def _macro(
        self, arm: Evidence, places: Sequence[Place], seeds: Sequence[int]
    ) -> Float[np.ndarray, "category resample"]:
        """Return each category's AUROC; column 0 is the data as they are, the rest resamples."""
        by_seed = self._shares(len(seeds), "seeds")
        rows = []
        for place in places:
            total = np.zeros(self.resamples + 1)
            for index, seed in enumerate(seeds):
                values = self._cell(arm, place, seed)
                by_draw = self._shares(values.shape[1], f"draws of seed {seed}")
                total += by_seed[:, index] * (by_draw * values).sum(axis=1)
            rows.append(total)
        return np.stack(rows)

    def _shares(self, number: int, what: str) -> Float[np.ndarray, "resample item"]:
        """Return the share of each of some seeds or draws in every resample; row 0: equal."""
        equal = np.full((1, number), 1 / number)
        if number == 1:
            return np.repeat(equal, self.resamples + 1, axis=0)
        rng = np.random.default_rng([self.seed, zlib.crc32(what.encode()), number])
        times = rng.multinomial(number - 1, equal[0], size=self.resamples)
        return np.concatenate([equal, times / (number - 1)])

    def _cell(self, arm: Evidence, place: Place, seed: int) -> Float[np.ndarray, "resample draw"]:
        key = (id(arm), place, seed)
        if key not in self._kept:
            self._alive.append(arm)
            labels = arm.labels[place]
            normal, anomalous = self._times(place, labels)
            self._kept[key] = np.stack(
                [
                    weighted_auroc(draw[labels == 0], draw[labels == 1], normal, anomalous)
                    for draw in arm.scores[place, seed]
                ],
                axis=1,
            )
        return self._kept[key]

    def _times(
        self, place: Place, labels: Int[np.ndarray, "image"]
    ) -> tuple[Float[np.ndarray, "resample normal"], Float[np.ndarray, "resample anomalous"]]:
        """Return how often each image is taken in every resample; row 0: once."""
        key = (place, labels.tobytes())
        if key not in self._images:
            name = zlib.crc32("/".join(place).encode(errors="surrogateescape"))
            rng = np.random.default_rng([self.seed, name])
            found = []
            for kind in (0, 1):
                number = int((labels == kind).sum())
                times = rng.multinomial(number, np.full(number, 1 / number), self.resamples)
                found.append(np.concatenate([np.ones((1, number)), times]).astype(np.float64))
            self._images[key] = (found[0], found[1])
        return self._images[key]


def weighted_auroc(
    normal: Float[np.ndarray, "normal"],
    anomalous: Float[np.ndarray, "anomalous"],
    normal_times: Float[np.ndarray, "resample normal"],
    anomalous_times: Float[np.ndarray, "resample anomalous"],
) -> Float[np.ndarray, "resample"]:
    """Return the image AUROC of resamples given by how often each image is taken; ties count half.

    >>> once = np.ones((1, 2))
    >>> weighted_auroc(np.array([0.1, 0.4]), np.array([0.35, 0.8]), once, once)
    array([0.75])
    """
    order = np.argsort(normal, kind="stable")
    ordered = normal[order]
    below = np.cumsum(normal_times[:, order], axis=1)
    below = np.concatenate([np.zeros((len(below), 1)), below], axis=1)
    first = np.searchsorted(ordered, anomalous, "left")
    last = np.searchsorted(ordered, anomalous, "right")
    wins = (below[:, first] + below[:, last]) / 2
    pairs = normal_times.sum(axis=1) * anomalous_times.sum(axis=1)
    areas: Float[np.ndarray, resample] = (wins * anomalous_times).sum(axis=1) / pairs
    return areas


def _shared(arms: Sequence[Evidence]) -> tuple[list[Place], list[int], str]:
    """Return the categories and seeds that all arms have, and why there are none."""
    common = sorted(set.intersection(*(set(arm.labels) for arm in arms)))
    places = [
        place
        for place in common
        if all(0 < arm.labels[place].sum() < len(arm.labels[place]) for arm in arms)
    ]
    if not places:
        return [], [], "no category has both normal and anomalous test images"
    seeds = sorted(set.intersection(*(arm.seeds(place) for arm in arms for place in places)))
    return places, seeds, "" if seeds else "no seed is finished in every category"


def spelled(places: Iterable[Place]) -> dict[Place, str]:
    """Return what categories are called: with their data set's name where there are several.

    >>> list(spelled([("mvtec", "bottle"), ("visa", "pcb1")]).values())
    ['mvtec/bottle', 'visa/pcb1']
    """
    given = list(places)
    several = len({data for data, _ in given}) > 1
    return {place: "/".join(place) if several else place[1] for place in given}
