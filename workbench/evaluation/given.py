"""Arrays as people give them: lists, tensors, iterators, paths; taken in, or refused by name."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from workbench.errors import DataError

Arrays = Iterable[Any] | Callable[[], Iterable[Any]]


def counted(arrays: Arrays, count: int, what: str) -> Iterator[Any]:
    """Yield the arrays, one by one. Raises `DataError` unless there are exactly `count`."""
    found = 0
    given = arrays() if callable(arrays) else arrays
    try:
        entries = iter(given)
    except TypeError as error:
        raise DataError(
            f"{what} are of type {type(given).__name__}; give a list of arrays, one for each "
            "image, or a function that returns an iterator over them."
        ) from error
    for found, entry in enumerate(entries, start=1):
        if found > count:
            break
        yield entry
    if found != count:
        seen = f"more than {count}" if found > count else str(found)
        raise DataError(f"there are {count} labels and {seen} {what}.")


def image(entry: Any, name: str, what: str) -> np.ndarray:
    """Return one map or mask as [height, width] numbers; a single channel may come first or last.

    `entry` is an array or the path of a .npy file. Raises `DataError`, naming the image.
    """
    array = _read(entry, name, what) if isinstance(entry, (str, Path)) else _array(entry, name)
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[-1]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2:
        raise DataError(f"{name}: a {what} is [height, width], and this one is {array.shape}.")
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name}: the {what} holds {array.dtype}, which are no real numbers.")
    return array


def floats(values: ArrayLike, what: str) -> Float[np.ndarray, "..."]:
    """Return numbers in double precision. Raises `DataError` where there are others."""
    array = _array(_listed(values), what)
    if array.dtype.kind not in "fiubO":
        raise DataError(f"{what}: these are {array.dtype}, which are no real numbers.")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what}: not all are real numbers ({error}).") from error


def labels_of(labels: ArrayLike) -> Int[np.ndarray, "image"]:
    """Return labels as integers. Raises `DataError` unless all are 0 or 1."""
    truth = _array(_listed(labels), "labels")
    if truth.ndim != 1 or not np.isin(truth, (0, 1)).all():
        raise DataError("labels are a row of 0 (normal) and 1 (anomalous), one for each image.")
    return truth.astype(np.int64)


def names_of(names: Iterable[str] | None, count: int) -> list[str]:
    """Return the images' names; numbers where there are none."""
    if names is None:
        return [f"{index:0{len(str(max(0, count - 1)))}}" for index in range(count)]
    found = [str(name) for name in names]
    if len(found) != count:
        raise DataError(f"there are {count} labels and {len(found)} names.")
    return found


def _listed(values: Any) -> Any:
    return list(values) if isinstance(values, Iterator) else values


def _array(values: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        if hasattr(values, "detach"):
            remedy = "Give tensor.detach().float().cpu().numpy()"
        else:
            remedy = "Give numbers, in rows of one length"
        raise DataError(f"{what}: no array can be made of this ({error}). {remedy}.") from error


def _read(path: str | Path, name: str, what: str) -> np.ndarray:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{name}: the {what} {path} cannot be read as .npy ({error}).") from error
    if not isinstance(found, np.ndarray):
        raise DataError(f"{name}: {path} is an archive of arrays; give one .npy file per {what}.")
    return found
