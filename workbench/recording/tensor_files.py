"""Tensor files of a recording: written in one step with a checksum, read by mapping them.

A file is a safetensors file. It is written under a temporary name in its own folder, hashed and
renamed, so that what carries the final name was complete. The files of a shard are not forced to
the disk: after a power cut one can be short although its name is there, which `workbench store
verify` and `record --resume` find by its checksum. Waiting for the disk would cost more than
repeating a shard. What a recording could not go on without is forced (`durable`): the manifest, the
image list, the markers of finished shards, and what parts were merged into before they are deleted.
"""

import contextlib
import errno
import json
import math
import mmap
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from workbench.errors import RunError

_CHUNK = 1 << 20

NUMPY: dict[torch.dtype, Any] = {
    torch.float32: np.dtype(np.float32),
    torch.float16: np.dtype(np.float16),
    torch.bfloat16: np.dtype(np.int16),
    torch.int64: np.dtype(np.int64),
}
"""Number formats as NumPy has them; it lacks bfloat16, whose bits travel as integers."""

_FORMATS = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
}


@dataclass(frozen=True)
class FileMark:
    """What a file must be: its length in bytes and its XXH3-64 in hex."""

    bytes: int
    xxh3: str

    def problem(self, path: Path, *, contents: bool = True) -> str | None:
        """Say what is wrong with the file at `path`; None if it is as it was written.

        Without `contents` only its length is looked at.
        """
        try:
            found = path.stat().st_size
            if found != self.bytes:
                return f"has {found:,} bytes, {self.bytes:,} were written"
            if contents and (now := hash_file(path)) != self.xxh3:
                return f"has other contents than were written (xxh3 {now}, not {self.xxh3})"
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read ({error.strerror or error})"
        return None


def hash_file(path: str | Path) -> str:
    """Return the XXH3-64 of a file's bytes in hex; memory does not grow with the file.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     hash_file(empty.name)
    '2d06800538d394c2'
    """
    digest, buffer = xxhash.xxh3_64(), memoryview(bytearray(_CHUNK))
    with Path(path).open("rb", buffering=0) as file:
        while number := file.readinto(buffer):
            digest.update(buffer[:number])
    return digest.hexdigest()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], *, durable: bool = False) -> FileMark:
    """Write a safetensors file in one step and return its mark; same tensors, same bytes.

    The tensors are on the CPU and contiguous. Raises `RunError` if the folder cannot be written to
    or the disk is full; nothing is left at or beside `path` then.
    """

    def write(part: Path) -> None:
        part.unlink()  # some file systems hurry a file to the disk that takes another one's place
        save_file(dict(tensors), part)

    return replace_file(path, write, durable=durable, hashed=lambda part: _hash(part, tensors))


def replace_file(
    path: Path,
    write: Callable[[Path], Any],
    *,
    durable: bool = False,
    hashed: Callable[[Path], str] = hash_file,
) -> FileMark:
    """Let `write` fill a temporary file, hash it, give it the name `path`; return its mark.

    If `durable` it waits for the disk: after a power cut the old file is there or the new one.
    `hashed` is for who can hash the file without reading it. Raises `RunError` as `write_tensors`
    does.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        part = Path(name)
        write(part)
        part.chmod(0o666 & ~_UMASK)
        if durable:
            _force(part)
        mark = FileMark(part.stat().st_size, hashed(part))
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise _cannot_write(path, error) from error
    finally:
        if part is not None:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    return mark


def _hash(path: Path, tensors: Mapping[str, Tensor]) -> str:
    """Return `hash_file` of these tensors' file; only its header is read, the rest is in memory."""
    with path.open("rb") as file:
        size = file.read(8)
        header = file.read(int.from_bytes(size, "little"))
    digest = xxhash.xxh3_64(size + header)
    entries = json.loads(header)
    for name in sorted(entries, key=lambda name: entries[name]["data_offsets"]):
        digest.update(tensors[name].reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


class TensorFile:
    """A safetensors file mapped into memory; only what is asked for is read from the disk.

    A file that was cut short still gives what lies before the cut. Raises `RunError`, naming the
    file, if its header cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            if hasattr(self._map, "madvise"):
                self._map.madvise(mmap.MADV_RANDOM)  # no reading ahead; see _fetch
            length = int.from_bytes(self._map[:8], "little")
            self._header: dict[str, Any] = json.loads(self._map[8 : 8 + length])
        except FileNotFoundError:
            raise damaged(path, "is missing") from None
        except (OSError, ValueError) as error:
            raise damaged(path, f"is no readable tensor file ({error})") from error
        self._start = 8 + length

    def view(self, name: str, start: int, stop: int) -> np.ndarray:
        """Return rows of a tensor where they lie in the file; bfloat16 as 16-bit integers.

        Raises `RunError` if the file ends before them.
        """
        try:
            entry = self._header[name]
            shape, dtype = entry["shape"], NUMPY[_FORMATS[entry["dtype"]]]
            row = math.prod(shape[1:])
            first = self._start + entry["data_offsets"][0] + start * row * dtype.itemsize
        except (KeyError, TypeError, IndexError) as error:
            raise damaged(self.path, f"does not hold {name}") from error
        number = (stop - start) * row
        if stop > shape[0] or min(first, number) < 0:
            raise damaged(self.path, f"holds {name} in another form than was written")
        if first + number * dtype.itemsize > len(self._map):
            raise damaged(self.path, f"has {len(self._map):,} bytes only and was cut short")
        self._fetch(first, number * dtype.itemsize)
        values: np.ndarray = np.frombuffer(self._map, dtype, number, first)
        return values.reshape(stop - start, *shape[1:])

    def _fetch(self, first: int, length: int) -> None:
        """Have exactly these bytes read; left to itself the system reads megabytes around them."""
        if hasattr(self._map, "madvise") and length:
            start = first - first % mmap.PAGESIZE
            self._map.madvise(mmap.MADV_WILLNEED, start, first + length - start)


def open_tensor_file(path: Path) -> TensorFile:
    """Return a mapped file; the last few stay mapped for as long as they are not written anew.

    Raises `RunError` like `TensorFile`.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise damaged(path, "is missing") from error
    return _mapped(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=16)
def _mapped(path: Path, _as_of: tuple[int, int, int]) -> TensorFile:
    return TensorFile(path)


def damaged(path: Path, what: str) -> RunError:
    """Return the error for a file of a store that is not as it was written."""
    return RunError(
        f"{path} {what}. `workbench store verify` lists everything that is damaged; "
        "`workbench record ... --resume` records it again."
    )


def _force(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _cannot_write(path: Path, error: Exception) -> RunError:
    # safetensors tells of the disk in words only: "... (os error 28)".
    told = re.search(r"os error (\d+)", str(error))
    number = getattr(error, "errno", None) or (int(told.group(1)) if told else None)
    reason = os.strerror(number) if number else str(error)
    remedy = "Free some space" if number in (errno.ENOSPC, errno.EDQUOT) else "Put that right"
    return RunError(
        f"cannot write {path}: {reason}. The shards finished so far are kept. {remedy}, and "
        "go on with `workbench record ... --resume`."
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()  # asked once: asking changes it for a moment, and shards are written by threads
