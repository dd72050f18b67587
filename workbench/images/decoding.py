"""Decoding one picture, here or in a worker process that must start quickly: no torch.

Pixels come back from a worker through a short-lived file, not through the pool's pipe: a worker
killed while it wrote more than a pipe takes at once would leave the reader waiting for ever.
"""

import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from workbench.errors import DataError
from workbench.images.decode import open_bytes, read_bytes, squash

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

    from workbench.images.stream import Picture

_WATCH_SECONDS = 2.0
_LONGEST = 2000  # characters of a problem: a message must fit into a pipe at once


@dataclass(frozen=True, eq=False)
class Decoded:
    """One picture at the model's size, or why there is none.

    `index` is its place in the image list, `size` its own (height, width) before it was squashed,
    (0, 0) where `pixels` is None. `problem` is a sentence that names the file.
    """

    index: int
    pixels: UInt8[np.ndarray, "height width 3"] | None
    size: tuple[int, int]
    problem: str | None = None


@dataclass(frozen=True)
class Job:
    """What a worker must know of a picture that lies in a file, and where its pixels go."""

    index: int
    path: str
    image_size: tuple[int, int]
    expected: str | None
    spool: str


def convert(index: int, picture: "Picture", image_size: tuple[int, int]) -> Decoded:
    """Squash a picture that is in memory."""
    try:
        image = picture.open()
        return Decoded(index, squash(image, image_size), (image.height, image.width))
    except DataError as error:
        return failed(index, str(error))


def decode(job: Job) -> Decoded:
    """Read a file once, compare its content and decode it."""
    from xxhash import xxh3_64_hexdigest

    try:
        content = read_bytes(job.path)
        if job.expected == "":
            what = f"{job.path} could not be read when the recording began, and now it can."
            return failed(job.index, what)
        if job.expected is not None and xxh3_64_hexdigest(content) != job.expected:
            return failed(job.index, f"{job.path} has changed since the recording began.")
        image = open_bytes(content, job.path)
        return Decoded(job.index, squash(image, job.image_size), (image.height, image.width))
    except DataError as error:
        if job.expected and isinstance(error.__cause__, FileNotFoundError):
            return failed(job.index, f"{job.path} has disappeared since the recording began.")
        return failed(job.index, str(error))
    except MemoryError:
        return failed(job.index, f"{job.path} is too large to decode in the memory there is.")


def failed(index: int, what: str) -> Decoded:
    """Return the row of a picture that could not be had."""
    return Decoded(index, None, (0, 0), what)


# Worker processes.


def start_workers(workers: int, spool: Path) -> "ProcessPoolExecutor":
    """Return a pool of processes for `decode_to_file`; they leave when this process is gone."""
    from loky import ProcessPoolExecutor

    return ProcessPoolExecutor(
        workers,
        initializer=_begin,
        initargs=(os.getpid(), str(spool)),
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},  # or they start a thread a core
    )


def decode_to_file(job: Job) -> Decoded:
    """Decode in a worker: the pixels go to `job.spool`, everything else is returned."""
    decoded = decode(job)
    if decoded.pixels is None:
        return replace(decoded, problem=(decoded.problem or "")[:_LONGEST])
    with suppress(OSError):  # the reader will find less than it expects
        decoded.pixels.tofile(job.spool)
    return replace(decoded, pixels=None)


def fetch(decoded: Decoded, job: Job) -> Decoded:
    """Take the pixels that a worker left; where it could not (a full disk), decode here."""
    try:
        pixels = np.fromfile(job.spool, np.uint8).reshape(*job.image_size, 3)
        Path(job.spool).unlink()
        return replace(decoded, pixels=pixels)
    except (OSError, ValueError):
        return decode(job)


def _begin(parent: int, spool: str) -> None:
    """Prepare a worker: Ctrl-C is not for it, and it leaves when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent, spool), daemon=True).start()


def _watch(parent: int, spool: str) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    shutil.rmtree(spool, ignore_errors=True)
    os._exit(1)
