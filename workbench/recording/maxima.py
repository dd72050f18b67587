"""The image x neuron table: how high each neuron went in each picture, and at which patch.

A shard's table lies on disk neuron by neuron, so that one neuron over all pictures is one run of
bytes: two for a shard, whatever else was recorded. Every neuron has a checksum of its own, so that
what is read is verified without reading the rest.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash
from jaxtyping import Float, Float16, Float32, Int16, Int64
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError
from workbench.recording.exemplars import Exemplar
from workbench.recording.lookup import check_index, check_site, one_neuron
from workbench.recording.seen import Seen
from workbench.recording.tensor_files import damaged

_LARGEST = torch.finfo(torch.float16).max
_MOST_PATCHES = torch.iinfo(torch.int16).max


class Maxima:
    """Collects, for the pictures `start` to `stop` (exclusive), each neuron's maximum over patches.

    Values are in half precision; what is beyond its range is held at its end (±65504). Of equal
    patches the first counts. A picture that was not fed stays NaN, at patch -1.
    """

    def __init__(self, widths: Mapping[str, int], start: int, stop: int) -> None:
        self.start, self.stop = start, stop
        count = stop - start
        # By picture while it is written, which is how it comes; turned round in `state`.
        self._values = {
            site: torch.full((count, width), torch.nan, dtype=torch.float16)
            for site, width in widths.items()
        }
        self._patches = {
            site: torch.full((count, width), -1, dtype=torch.int16)
            for site, width in widths.items()
        }

    def update(self, seen: Seen) -> None:
        """Add the pictures of a batch; on an exception nothing of it was added.

        Raises `SettingError` for more patches a picture than a 16-bit number can count.
        """
        if seen.patches.shape[1] > _MOST_PATCHES:
            raise SettingError(
                f"{seen.patches.shape[1]:,} patches a picture are more than a table of maxima "
                f"counts ({_MOST_PATCHES:,}). Choose a smaller input size, or leave maxima out."
            )
        highest = seen.highest.detach()
        # Wide enough for the clamp's limit, which bfloat16 would round up to infinity.
        wide = highest.to(torch.promote_types(highest.dtype, torch.float32))
        values = (wide.clamp(-_LARGEST, _LARGEST) + 0.0).half().cpu()
        patches = _first_at(seen.patches.detach(), highest).cpu()
        rows = torch.tensor(seen.images) - self.start
        self._values[seen.site][rows] = values
        self._patches[seen.site][rows] = patches

    def state(self) -> dict[str, Tensor]:
        """Return the table as tensors `site/value` and `site/patch`, each [neuron, image].

        `site/xxh3` [neuron] is the XXH3-64 of a neuron's patches, seeded with that of its values,
        as signed 64-bit integers.
        """
        found = {}
        for site, held in self._values.items():
            values, patches = held.T.contiguous(), self._patches[site].T.contiguous()
            found[f"{site}/value"], found[f"{site}/patch"] = values, patches
            found[f"{site}/xxh3"] = torch.from_numpy(_checksums(values.numpy(), patches.numpy()))
        return found

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], start: int) -> "Maxima":
        """Return the collector that `state` describes."""
        tables = {
            key.removesuffix("/value"): held
            for key, held in state.items()
            if key.endswith("/value")
        }
        count = next(iter(tables.values())).shape[1] if tables else 0
        made = cls({site: len(held) for site, held in tables.items()}, start, start + count)
        for site, held in tables.items():
            made._values[site] = held.T.contiguous()
            made._patches[site] = state[f"{site}/patch"].T.contiguous()
        return made


def _first_at(
    patches: Float[Tensor, "image patch neuron"], highest: Float[Tensor, "image neuron"]
) -> Int16[Tensor, "image neuron"]:
    """Return the first patch that holds the maximum; which one `max` names is the device's whim."""
    count = patches.shape[1]
    numbers = torch.arange(count, dtype=torch.int16, device=patches.device)[:, None]
    found = [
        torch.where(some == high[:, None], numbers, count).amin(1)
        for some, high in zip(patches.split(4), highest.split(4), strict=True)
    ]
    return torch.cat(found)


def _checksums(
    values: Float16[np.ndarray, "neuron image"], patches: Int16[np.ndarray, "neuron image"]
) -> Int64[np.ndarray, "neuron"]:
    digest = xxhash.xxh3_64_intdigest
    rows = zip(values, patches, strict=True)
    return np.array([digest(p, digest(v)) for v, p in rows], np.uint64).view(np.int64)


class MaximaTable:
    """The recorded maxima of all pictures, read from disk as they are asked for.

    What is read is verified: a `RunError` names the file that is damaged.

    `files` are (first picture, one past the last, file) in order; `names` are the pictures' and
    `grid` the patches' (rows, columns). `unreadable` says why a picture has no values.
    """

    def __init__(
        self,
        files: Sequence[tuple[int, int, Path]],
        names: Sequence[str],
        grid: tuple[int, int],
        unreadable: Mapping[int, str] | None = None,
    ) -> None:
        self._files = list(files)
        self._names = names
        self._grid = grid
        self._unreadable = dict(unreadable or {})

    @property
    def sites(self) -> tuple[str, ...]:
        """The recorded sites."""
        if not self._files:
            return ()
        keys = _open(self._files[0][2]).keys()
        return tuple(key.removesuffix("/value") for key in keys if key.endswith("/value"))

    def width(self, site: str) -> int:
        """Return how many neurons a site has. Raises `SiteError` if it was not recorded."""
        check_site(site, self.sites)
        return _open(self._files[0][2]).width(site)

    def neuron(
        self, neuron: str | NeuronSet
    ) -> tuple[Float32[np.ndarray, "image"], Int16[np.ndarray, "image"]]:
        """Return a neuron's maximum in every picture, and the patch where it was.

        An unreadable picture has NaN and -1. Raises `SiteError` for a site that was not recorded,
        `SettingError` for a neuron that it does not have, `RunError` for a file that is damaged.
        """
        site, index = one_neuron(neuron)
        check_index(site, index, self.width(site))
        read = [_open(path).neuron(site, index) for _, _, path in self._files]
        values, patches = zip(*read, strict=True)
        return np.concatenate(values).astype(np.float32), np.concatenate(patches)

    def images(self, neuron: str | NeuronSet, most: int = 10) -> list[Exemplar]:
        """Return the pictures in which a neuron went highest, each at its highest patch.

        Of equal values the earlier picture comes first. Raises as `neuron` does.
        """
        values, patches = self.neuron(neuron)
        order = np.argsort(-values, kind="stable")  # NaN comes last
        return [
            Exemplar(
                float(values[at]),
                int(at),
                self._names[at],
                *divmod(int(patches[at]), self._grid[1]),
            )
            for at in order[:most]
            if patches[at] >= 0
        ]

    def image(self, index: int, site: str) -> Float32[np.ndarray, "neuron"]:
        """Return the maximum of every neuron of a site in one picture.

        For this the whole site is verified the first time, and not again while its file stays
        open. Raises `DataError` for a picture that could not be read or is not in the list, and as
        `neuron` does.
        """
        check_site(site, self.sites)
        if index in self._unreadable:
            raise DataError(
                f"{self._names[index]} (picture {index}) was not recorded: "
                f"{self._unreadable[index]}"
            )
        for start, stop, path in self._files:
            if start <= index < stop:
                return _open(path).column(site, index - start).astype(np.float32)
        raise DataError(f"there is no picture {index}: {len(self._names)} were recorded, from 0.")

    def __repr__(self) -> str:
        return f"MaximaTable({len(self._names):,} pictures, {len(self.sites)} sites)"


class _TableFile:
    """The table of one shard, mapped into memory; raises `RunError` where it is damaged."""

    def __init__(self, path: Path) -> None:
        from safetensors import safe_open

        self.path = path
        self._file: Any = safe_open(path, framework="np")
        self._verified: set[str] = set()  # sites

    def keys(self) -> Sequence[str]:
        keys: Sequence[str] = self._file.keys()
        return keys

    def width(self, site: str) -> int:
        return int(self._part(site, "value").get_shape()[0])

    def neuron(
        self, site: str, index: int
    ) -> tuple[Float16[np.ndarray, "image"], Int16[np.ndarray, "image"]]:
        rows = slice(index, index + 1)
        values, patches = (self._part(site, part)[rows] for part in ("value", "patch"))
        self._compare(site, values, patches, rows)
        return values[0], patches[0]

    def column(self, site: str, image: int) -> Float16[np.ndarray, "neuron"]:
        if site not in self._verified:
            values, patches = (self._part(site, part)[:] for part in ("value", "patch"))
            self._compare(site, values, patches, slice(None))
            self._verified.add(site)
        column: np.ndarray = self._part(site, "value")[:, image : image + 1]
        return column[:, 0]

    def _compare(self, site: str, values: Any, patches: Any, rows: slice) -> None:
        stated = self._part(site, "xxh3")[rows]
        found = _checksums(values, patches)
        if not np.array_equal(found, stated):
            at = rows.start or 0
            bad = at + int(np.argmin(found == stated)) if found.shape == stated.shape else at
            what = f"is damaged: neuron {bad} of {site} has other maxima than were written"
            raise damaged(self.path, what)

    def _part(self, site: str, part: str) -> Any:
        from safetensors import SafetensorError

        try:
            return self._file.get_slice(f"{site}/{part}")
        except SafetensorError as error:
            raise damaged(self.path, f"does not hold the {part}s of {site} ({error})") from error


def _open(path: Path) -> _TableFile:
    """Return a table that stays open for as long as its file is not written anew."""
    from safetensors import SafetensorError

    try:
        stat = path.stat()
        return _opened(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))
    except FileNotFoundError:
        raise damaged(path, "is missing") from None
    except (OSError, SafetensorError) as error:
        raise damaged(path, f"is no readable tensor file ({error})") from error


@lru_cache(maxsize=4096)
def _opened(path: Path, _as_of: tuple[int, int, int]) -> _TableFile:
    return _TableFile(path)
