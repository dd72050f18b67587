"""Parcels: what travels to the front end, a header of plain data and named arrays in binary."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.errors import SettingError

DTYPES = ("uint8", "uint16", "int32", "float32", "float16")

Described = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Parcel:
    """One answer. Its arrays travel little endian and in C order.

    Raises `SettingError` for an array of a type that the front end cannot read.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, array in self.arrays.items():
            if array.dtype.name not in DTYPES:
                raise SettingError(
                    f"array {name} is {array.dtype}; the front end reads {', '.join(DTYPES)}."
                )
        object.__setattr__(self, "header", plain(self.header))

    @property
    def size(self) -> int:
        """The bytes that travel, header and arrays."""
        header = len(json.dumps(self.header).encode())
        return header + sum(array.nbytes for array in self.arrays.values())

    def message(self, number: Any, **more: Any) -> tuple[dict[str, Any], list[bytes]]:
        """Return the answer to ask `number`: what travels as JSON, and the arrays' bytes."""
        content = {"id": number, "header": self.header, "arrays": self._described(), **more}
        return content, [_bytes(array) for array in self.arrays.values()]

    def _described(self) -> Described:
        return [
            {"name": name, "dtype": array.dtype.name, "shape": list(array.shape)}
            for name, array in self.arrays.items()
        ]


def packed(parcels: Mapping[str, Parcel]) -> tuple[str, bytes]:
    r"""Return parcels for a file: JSON that says where each array begins, and all their bytes.

    The JSON holds no `<`, so that no name in it can end the element it stands in.

    >>> one = Parcel({"title": "<b>"}, {"a": np.arange(2, dtype="uint8")})
    >>> text, content = packed({"open": one})
    >>> "<" in text, content
    (False, b'\x00\x01')
    """
    described, parts, offset = [], [], 0
    for key, parcel in parcels.items():
        arrays = parcel._described()
        for one, array in zip(arrays, parcel.arrays.values(), strict=True):
            one["offset"] = offset
            parts.append(_bytes(array))
            offset += array.nbytes
        described.append({"key": key, "header": parcel.header, "arrays": arrays})
    text = json.dumps({"parcels": described}, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c"), b"".join(parts)


def plain(value: Any) -> Any:
    r"""Return a value as JSON has it: NaN and infinity are null, lone surrogates are escapes.

    File names that are not UTF-8 reach us as lone surrogates.

    >>> plain({"a": (np.float32("nan"), np.int64(3)), "b": "bad \udcff"})
    {'a': [None, 3], 'b': 'bad \\udcff'}
    """
    if isinstance(value, Mapping):
        return {plain(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    return value


def _bytes(array: np.ndarray) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
