"""Raw activations: gathered shard by shard, read back image by image.

A shard's file holds, for every site, `SITE/values` `[image, token, neuron]` and `SITE/xxh3`
`[image]`: the XXH3-64 of each image's bytes (as signed 64-bit integers), so that one image is
verified without reading the others.
"""

import math
import operator
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, SupportsIndex, overload

import numpy as np
import torch
import xxhash
from jaxtyping import Float, Int64
from torch import Tensor

from workbench.errors import DataError, RunError, SettingError
from workbench.recording.plan import DTYPES
from workbench.recording.seen import Seen
from workbench.recording.tensor_files import NUMPY, damaged, open_tensor_file

_TOO_LARGE = {  # the smallest magnitudes that round to infinity: the largest number and half a step
    "fp32": 2.0**128 * (1 - 2.0**-25),
    "fp16": 65520.0,
    "bf16": 2.0**128 * (1 - 2.0**-9),
}
_EXACT = {  # formats of the model that always fit
    "fp32": (torch.float32, torch.float16, torch.bfloat16),
    "fp16": (torch.float16,),
    "bf16": (torch.bfloat16, torch.float16),
}
_CHOSEN_BY = "images are chosen by a list of indices, a slice or a number."


class Activations:
    """Gathers the activations of one shard in the format they are stored in.

    Args:
        widths: neurons per site.
        tokens: which tokens to keep: patches, cls or all.
        dtype: fp32, fp16 or bf16.
        start, stop: the shard's images (`stop` exclusive).
        tokens_per_image: of the model, CLS included.
        buffers: where to gather; what `state` returned before is overwritten then.

    An image that is never fed is zero.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        tokens: str,
        dtype: str,
        start: int,
        stop: int,
        tokens_per_image: int,
        buffers: "Buffers | None" = None,
    ) -> None:
        self.dtype, self.start = dtype, start
        self._kept = token_slice(tokens)
        kept, buffers = len(range(tokens_per_image)[self._kept]), buffers or Buffers()
        self._held = {
            site: buffers.of(site, (stop - start, kept, width), DTYPES[dtype])
            for site, width in widths.items()
        }
        self._fed = {site: np.zeros(stop - start, bool) for site in widths}

    def update(self, seen: Seen) -> None:
        """Take a batch in, all of it or (on an exception) nothing.

        Raises `SettingError` for a value that the storage format cannot hold.
        """
        if not seen.images:
            return
        kept = seen.tokens[:, self._kept]
        self._check_range(seen, kept)
        rows = [image - self.start for image in seen.images]
        held = self._held[seen.site]
        if rows == list(range(rows[0], rows[0] + len(rows))):
            _copy(held[rows[0] : rows[0] + len(rows)], kept)
        else:
            held[rows] = kept.to("cpu", held.dtype)
        self._fed[seen.site][rows] = True

    def state(self) -> dict[str, Tensor]:
        """Return what the shard's file holds."""
        found = {}
        for site, values in self._held.items():
            for row in np.flatnonzero(~self._fed[site]):
                values[row] = 0
            found[f"{site}/values"] = values
            found[f"{site}/xxh3"] = _checksums(values)
        return found

    def _check_range(self, seen: Seen, kept: Float[Tensor, "image token neuron"]) -> None:
        if kept.dtype in _EXACT[self.dtype]:
            return
        for looked in (seen.tokens, kept):  # all of them in one quick pass; rarely more
            low, high = (float(end) for end in looked.aminmax())
            worst = low if -low > high else high
            if abs(worst) < _TOO_LARGE[self.dtype]:
                return
        wider = "fp32" if self.dtype == "bf16" else "bf16 or fp32"
        remedy = f"Record with --dtype {wider}" if self.dtype != "fp32" else "Load it as float32"
        raise SettingError(
            f"{worst:.6g} at {seen.site} does not fit {self.dtype}, which ends at "
            f"{torch.finfo(DTYPES[self.dtype]).max:.6g}. {remedy}."
        )


def token_slice(tokens: str) -> slice:
    """Return which of a model's tokens (CLS first) are stored.

    >>> token_slice("patches"), token_slice("cls")
    (slice(1, None, None), slice(0, 1, None))
    """
    return {"patches": slice(1, None), "cls": slice(0, 1), "all": slice(None)}[tokens]


class Buffers:
    """Memory that the activations of one shard leave to those of the next.

    The first touch of fresh memory takes longer than copying the values into it.
    """

    def __init__(self) -> None:
        self._held: dict[str, np.ndarray] = {}

    def of(self, site: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return a site's memory as a tensor, holding whatever was there before."""
        number = math.prod(shape)
        held = self._held.get(site)
        if held is None or held.dtype != NUMPY[dtype] or held.size < number:
            # NumPy asks the system for large pages, which are there sooner than torch's.
            held = self._held[site] = np.empty(number, NUMPY[dtype])
        return torch.from_numpy(held[:number].reshape(shape)).view(dtype)


def _copy(into: Tensor, values: Tensor) -> None:
    if values.device.type != "cpu" or values.dtype != into.dtype:
        into.copy_(values)
    else:  # torch would share it among threads, and wait for those whose core another program has
        np.copyto(_bits(into), _bits(values))


def _bits(values: Tensor) -> np.ndarray:
    held = values.view(torch.int16) if values.dtype == torch.bfloat16 else values
    return held.detach().numpy()


def _checksums(values: Tensor) -> Int64[Tensor, "image"]:
    found = np.array([xxhash.xxh3_64_intdigest(image) for image in _bits(values)], np.uint64)
    return torch.from_numpy(found.view(np.int64))


@dataclass(frozen=True, eq=False)
class StoredSite:
    """The recorded activations of one site; read from disk when they are asked for.

    `site[17]` is one image `[token, neuron]`; `site[3:9]` and `site[[1, 5]]` are several
    `[image, token, neuron]`. Only the bytes of these images are read, and they are verified:
    a `RunError` names the file that is damaged, or says that the image is not recorded yet.
    An image that could not be read when it was recorded is a `DataError` with the reason.

    Attributes:
        site: its name.
        shape: images, tokens, neurons.
        dtype: the number format on disk.
        shards: where they lie: (start, stop, file), ascending; one that is missing was not
            recorded yet.
        unreadable: reasons by image index.
        name_of: the name of an image, for messages.
    """

    site: str
    shape: tuple[int, int, int]
    dtype: torch.dtype
    shards: Sequence[tuple[int, int, Path]] = field(repr=False)
    unreadable: Mapping[int, str] = field(repr=False)
    name_of: Callable[[int], str] = field(repr=False, default=lambda index: f"image {index}")

    def __len__(self) -> int:
        return self.shape[0]

    @overload
    def __getitem__(self, item: SupportsIndex) -> Float[Tensor, "token neuron"]: ...
    @overload
    def __getitem__(
        self, item: slice | Sequence[int] | np.ndarray | Tensor
    ) -> Float[Tensor, "image token neuron"]: ...
    def __getitem__(
        self, item: SupportsIndex | slice | Sequence[int] | np.ndarray | Tensor
    ) -> Tensor:
        if isinstance(item, np.ndarray | Tensor) and item.ndim:
            if item.ndim > 1 or str(item.dtype).removeprefix("torch.") == "bool":
                raise SettingError(_CHOSEN_BY)
            item = item.tolist()
        if isinstance(item, slice):
            return self._read(range(len(self))[item])
        if isinstance(item, Sequence):
            return self._read([self._index(index) for index in item])
        return self._read([self._index(item)])[0]

    def __iter__(self) -> Iterator[Float[Tensor, "token neuron"]]:
        return (self[index] for index in range(len(self)))

    def batches(
        self, size: int
    ) -> Iterator[tuple[tuple[int, ...], Float[Tensor, "image token neuron"]]]:
        """Yield the readable images in order, `size` at a time, with their indices."""
        if size < 1:
            raise SettingError(f"the batch size is {size}; it must be at least 1.")
        readable = [index for index in range(len(self)) if index not in self.unreadable]
        for start in range(0, len(readable), size):
            chosen = readable[start : start + size]
            yield tuple(chosen), self._read(chosen)

    def neuron(self, index: int) -> Float[Tensor, "image token"]:
        """Return one neuron over all images in single precision; unreadable ones are NaN.

        Every shard is read once, one after the other. Raises `SettingError` for a neuron that
        the site does not have.
        """
        images, tokens, neurons = self.shape
        if not 0 <= index < neurons:
            raise SettingError(
                f"{self.site} has no neuron {index}: its neurons are 0 to {neurons - 1}."
            )
        found = torch.full((images, tokens), torch.nan)
        for at in range(images):
            if at not in self.unreadable:
                column = self._verified(at)[:, index].copy()
                found[at] = torch.from_numpy(column).view(self.dtype)
        return found

    def _read(self, chosen: Sequence[int]) -> Float[Tensor, "image token neuron"]:
        bits = np.empty((len(chosen), *self.shape[1:]), NUMPY[self.dtype])
        for row, index in enumerate(chosen):
            bits[row] = self._verified(index)
        return torch.from_numpy(bits).view(self.dtype)

    def _verified(self, index: int) -> np.ndarray:
        """Return an image's values where they lie in the mapped file, checked; not to be kept."""
        if index in self.unreadable:
            raise DataError(
                f"image {index} ({self.name_of(index)}) was not recorded: {self.unreadable[index]}"
            )
        start, path = self._shard_of(index)
        file, row = open_tensor_file(path), index - start
        values: np.ndarray = file.view(f"{self.site}/values", row, row + 1)[0]
        if values.shape != self.shape[1:] or values.dtype != NUMPY[self.dtype]:
            raise damaged(path, f"holds {self.site} in another form than the manifest says")
        stated = int(file.view(f"{self.site}/xxh3", row, row + 1)[0]) % 2**64
        if xxhash.xxh3_64_intdigest(values.data) != stated:
            raise damaged(
                path,
                f"is damaged: image {index} ({self.name_of(index)}) has other values at "
                f"{self.site} than were written",
            )
        return values

    def _shard_of(self, index: int) -> tuple[int, Path]:
        at = bisect_right(self.shards, index, key=lambda shard: shard[0]) - 1
        if at < 0 or index >= self.shards[at][1]:
            raise RunError(
                f"image {index} ({self.name_of(index)}) is not recorded yet. Go on with "
                "`workbench record ... --resume`."
            )
        return self.shards[at][0], self.shards[at][2]

    def _index(self, given: Any) -> int:
        try:
            index = operator.index(given)
        except TypeError:
            raise SettingError(_CHOSEN_BY) from None
        if not -len(self) <= index < len(self):
            raise DataError(
                f"there is no image {index} in this store: its {len(self)} images are 0 to "
                f"{len(self) - 1}."
            )
        return index % len(self)
