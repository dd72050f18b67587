"""The few normal images that an excavation starts from."""

import unicodedata
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from workbench.errors import DataError, SettingError
from workbench.images.samples import Sample, train_normals

PROTOCOLS = ("nested", "blocks")


def seeded(seed: int, category: str) -> np.random.Generator:
    """Return the random stream of a category: the same for the same name on every machine."""
    name = unicodedata.normalize("NFC", category).encode()
    return np.random.default_rng([seed, zlib.crc32(name)])


def support(
    samples: Sequence[Sample],
    shots: int | None,
    seed: int = 0,
    protocol: str = "nested",
    contaminated: int = 0,
) -> list[Sample]:
    """Draw `shots` training normals of one category (`None` takes all of them).

    `nested` draws without replacement from the sorted list, so that with one seed the smaller
    set is the beginning of the larger. `blocks` takes images `seed * shots` to
    `(seed + 1) * shots` of the sorted list, as AnomalyDINO does.

    `contaminated` replaces that many of them, the last ones, by test anomalies, as if somebody had
    overlooked a defect. Which ones depends on the seed and the category; those of a smaller number
    are among those of a larger. They must leave the test set: see `without_support`.

    Raises `SettingError` if there are not that many normals or anomalies, `DataError` if there is
    no normal or the samples belong to several categories.
    """
    categories = sorted({sample.category for sample in samples})
    if len(categories) > 1:
        raise DataError(
            f"a support set belongs to one category, and these are {len(categories)}: "
            f"{', '.join(categories)}. Choose one, as in dataset[{categories[0]!r}]."
        )
    normals = sorted(train_normals(samples), key=lambda sample: sample.name)
    if not normals:
        where = f"{categories[0]} has" if categories else "there are"
        raise DataError(f"{where} no training normals to draw a support set from.")
    if protocol not in PROTOCOLS:
        raise SettingError(f"no support protocol {protocol!r}; there are: {', '.join(PROTOCOLS)}")
    if seed < 0:
        raise SettingError(f"the seed is {seed}; it must not be negative.")
    shots = len(normals) if shots is None else shots
    start = seed * shots if protocol == "blocks" else 0
    if not 1 <= shots <= len(normals) - start:
        beyond = f", and block {seed} of {shots} lies beyond them" if start else ""
        raise SettingError(
            f"{shots} shots asked for, but {categories[0]} has {len(normals)} training normals"
            f"{beyond}. Ask for 1 to {len(normals)}."
        )
    if protocol == "blocks":
        drawn = normals[start : start + shots]
    else:
        order = seeded(seed, categories[0]).permutation(len(normals))
        drawn = [normals[index] for index in order[:shots]]
    return [*drawn[: shots - contaminated], *_contaminants(samples, contaminated, seed, shots)]


def without_support(tests: Iterable[Sample], support: Iterable[Sample | str]) -> list[Sample]:
    """Return the test images that are in no support set, in order.

    `support` are samples, or names as a run stores them (then all of `tests` must be of the run's
    category). A comparison passes the supports of all its cells together, so that every cell, the
    clean one too, is judged on the same images.

    >>> from pathlib import Path
    >>> tests = [Sample(Path(name), "test", 1, "bent") for name in ("a.png", "b.png")]
    >>> [sample.name for sample in without_support(tests, ["b.png"])]
    ['a.png']
    """
    names, places = set(), set()
    for one in support:
        if isinstance(one, Sample):
            places.add((one.category, one.name))
        else:
            names.add(one)
    return [s for s in tests if s.name not in names and (s.category, s.name) not in places]


def _contaminants(samples: Sequence[Sample], number: int, seed: int, shots: int) -> list[Sample]:
    """Draw test anomalies, from a stream of their own: the normals are a clean support's."""
    if not number:
        return []
    if not 0 < number <= shots:
        raise SettingError(f"contaminated is {number}; of {shots} shots it can be 0 to {shots}.")
    anomalies = [sample for sample in samples if sample.split == "test" and sample.label == 1]
    anomalies.sort(key=lambda sample: sample.name)
    if number >= len(anomalies):
        raise SettingError(
            f"contaminated is {number}, but {samples[0].category} has {len(anomalies)} test "
            "anomalies, and one at least must stay in the test set."
        )
    order = seeded(seed, f"{samples[0].category}, contaminated").permutation(len(anomalies))
    return [anomalies[index] for index in order[:number]]
