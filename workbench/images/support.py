"""The few normal images that an excavation starts from."""

import unicodedata
import zlib
from collections.abc import Sequence

import numpy as np

from workbench.errors import DataError, SettingError
from workbench.images.samples import Sample, train_normals


def seeded(seed: int, category: str) -> np.random.Generator:
    """Return the random stream of a category: the same for the same name on every machine."""
    name = unicodedata.normalize("NFC", category).encode()
    return np.random.default_rng([seed, zlib.crc32(name)])


def support(
    samples: Sequence[Sample],
    shots: int | None,
    seed: int = 0,
    protocol: str = "nested",
) -> list[Sample]:
    """Draw `shots` training normals of one category (`None` takes all of them).

    `nested` draws without replacement from the sorted list, so that with one seed the smaller
    set is the beginning of the larger. `blocks` takes images `seed * shots` to
    `(seed + 1) * shots` of the sorted list, as AnomalyDINO does.

    Raises `SettingError` if there are not that many, `DataError` if there is none or the samples
    belong to several categories.
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
    if protocol not in ("nested", "blocks"):
        raise SettingError(f"no support protocol {protocol!r}; there are: nested, blocks")
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
        return normals[start : start + shots]
    order = seeded(seed, categories[0]).permutation(len(normals))
    return [normals[index] for index in order[:shots]]
