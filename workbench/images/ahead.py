"""Pictures decoded ahead of the model, in worker processes; a bad one is a row, not an error.

The workers import no torch and are started by fork and exec, so a user's script needs no
`if __name__ == "__main__"`. They ignore Ctrl-C, which is for the process that reads, and leave
when that process is gone.
"""

import os
import shutil
import signal
import tempfile
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import SettingError
from workbench.images.decoding import (
    Decoded,
    Job,
    convert,
    decode,
    decode_to_file,
    failed,
    fetch,
    start_workers,
)

if TYPE_CHECKING:
    from types import TracebackType

    from loky import ProcessPoolExecutor

    from workbench.images.stream import Picture

__all__ = ["Decoded", "ReadAhead", "check_workers"]

_THREADS = 4
_MOST_WORKERS = 16
_FEW = 512  # pictures: starting processes takes half a second, and threads are as fast till then


@dataclass(eq=False)
class _Asked:
    """A picture that was asked for and not handed out yet; `job` if a process decodes it."""

    future: "Future[Decoded]"
    job: Job | None = None


class _Reading:
    """The pictures of one call of `read`: those still to be asked for, and those in flight."""

    def __init__(self, waiting: "list[tuple[int, Picture, str | None]]") -> None:
        self.waiting = deque(waiting)
        self.flying: deque[_Asked] = deque()


class ReadAhead:
    """Reads pictures in order, decoded and squashed ahead of whoever takes them.

    Args:
        image_size: (height, width) that the pictures are squashed to, as `to_batch` does.
        workers: how many processes decode; 0 decodes in threads of this process. By default
            threads decode the first few hundred pictures, and then as many processes as there are
            cores but one.
        ahead: how many pictures at most are in flight, asked for and not handed out yet, over all
            calls of `read` together. Twice the batch size keeps a model busy.

    A worker that dies is replaced, and what was in flight is read again.

    >>> from workbench.images.stream import Picture
    >>> from PIL import Image
    >>> with ReadAhead((2, 2)) as reader:
    ...     [one] = reader.read([Picture("red", held=Image.new("RGB", (5, 4), "red"))])
    >>> one.index, one.size, one.pixels[0, 0].tolist(), one.problem
    (0, (4, 5), [255, 0, 0], None)

    Raises `SettingError` for a number of workers or pictures below its range.
    """

    def __init__(
        self, image_size: tuple[int, int], workers: int | None = None, ahead: int = 64
    ) -> None:
        check_workers(workers)
        if ahead < 1:
            raise SettingError(f"ahead is {ahead}; at least 1 picture must be in flight.")
        self.image_size = image_size
        self.workers = workers
        self.ahead = ahead
        self._asked = 0
        self._readings: list[_Reading] = []
        self._threads: ThreadPoolExecutor | None = None
        self._processes: ProcessPoolExecutor | None = None
        self._spool: Path | None = None
        self._serial = count()

    def __enter__(self) -> "ReadAhead":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; what they were reading is dropped."""
        for reading in list(self._readings):
            self._drop(reading)
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._threads = None
        self._end_processes()
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)
            self._spool = None

    def read(
        self,
        pictures: "Sequence[Picture]",
        *,
        first_index: int = 0,
        indices: Sequence[int] | None = None,
        expected_xxh3: Sequence[str] | None = None,
    ) -> Iterator[Decoded]:
        """Yield the pictures in order, each decoded or with its problem; nothing is raised for one.

        Decoding starts now, not when the first is taken. `indices` says what the pictures are
        numbered (by default from `first_index` on). `expected_xxh3` are the hexadecimal xxh3_64
        of the files' contents: a file whose content has another one is a problem; "" stands for a
        file that could not be read when it was hashed. Several readings may overlap; those asked
        for first are served first.
        """
        numbers = range(first_index, first_index + len(pictures)) if indices is None else indices
        expected = [None] * len(pictures) if expected_xxh3 is None else expected_xxh3
        reading = _Reading(list(zip(numbers, pictures, expected, strict=True)))
        self._asked += len(pictures)
        self._readings.append(reading)
        self._top_up()
        taken = _Taken(self, reading)
        weakref.finalize(taken, self._drop, reading)
        return taken

    # Asking for pictures.

    def _top_up(self) -> None:
        """Ask for as many pictures as may be in flight, the earlier readings' first."""
        free = self.ahead - sum(len(reading.flying) for reading in self._readings)
        for reading in self._readings:
            while free > 0 and reading.waiting:
                self._ask(reading)
                free -= 1

    def _ask(self, reading: _Reading) -> None:
        index, picture, expected = reading.waiting.popleft()
        if picture.path is None:
            future = self._in_threads().submit(convert, index, picture, self.image_size)
            reading.flying.append(_Asked(future))
            return
        job = Job(index, os.fspath(picture.path), self.image_size, expected, "")
        workers = self._number_of_workers()
        if workers == 0:
            reading.flying.append(_Asked(self._in_threads().submit(decode, job)))
        else:
            reading.flying.append(self._to_process(job, workers))

    def _to_process(self, job: Job, workers: int) -> _Asked:
        if self._spool is None:
            self._spool = Path(tempfile.mkdtemp(prefix="workbench-"))
        if self._processes is None:
            self._processes = start_workers(workers, self._spool)
        job = replace(job, spool=str(self._spool / str(next(self._serial))))
        with _without_interrupts():  # a worker that starts now inherits it
            try:
                return _Asked(self._processes.submit(decode_to_file, job), job)
            except BrokenProcessPool as error:  # to be met when the picture's turn comes
                broken: Future[Decoded] = Future()
                broken.set_exception(error)
                return _Asked(broken, job)

    def _number_of_workers(self) -> int:
        if self.workers is not None:
            return self.workers
        if self._asked < _FEW:
            return 0
        from loky import cpu_count

        return max(1, min(_MOST_WORKERS, int(cpu_count()) - 1))  # one core is the model's

    def _in_threads(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS)
        return self._threads

    # Handing pictures out.

    def _take(self, reading: _Reading) -> Decoded:
        if not reading.flying and reading.waiting:
            self._ask(reading)  # earlier readings hold all places, and are not being taken
        if not reading.flying:
            self._drop(reading)
            raise StopIteration
        first = reading.flying[0]
        try:
            decoded = first.future.result()
        except (BrokenProcessPool, CancelledError):
            self._read_again()
            decoded = first.future.result()
        if first.job is not None and decoded.problem is None:
            decoded = fetch(decoded, first.job)
        reading.flying.popleft()
        self._top_up()
        return decoded

    def _drop(self, reading: _Reading) -> None:
        if reading in self._readings:
            self._readings.remove(reading)
        reading.waiting.clear()
        for one in reading.flying:
            if one.job is None:
                one.future.cancel()
            else:  # the pool stumbles over cancelled ones when it ends; let it decode in vain
                one.future.add_done_callback(partial(_forget, one.job))
        reading.flying.clear()

    # When a worker has died.

    def _read_again(self) -> None:
        """Read what was in flight when a worker died again, one by one, to find the culprit."""
        self._end_processes()
        for one in [one for reading in self._readings for one in reading.flying]:
            if one.job is None or _succeeded(one.future):
                continue
            alone = self._alone(one.job)
            one.future, one.job = alone.future, alone.job

    def _alone(self, job: Job) -> _Asked:
        """Have a process decode nothing but one picture; give the picture up the second time."""
        for _ in range(2):
            asked = self._to_process(job, self._number_of_workers())
            with suppress(BrokenProcessPool):
                asked.future.result()
                return asked
            self._end_processes()
        what = (
            f"{job.path} ended the process that decoded it twice (killed, or out of memory). Make "
            "the picture smaller or remove it."
        )
        given_up: Future[Decoded] = Future()
        given_up.set_result(failed(job.index, what))
        return _Asked(given_up)

    def _end_processes(self) -> None:
        if self._processes is not None:
            self._processes.shutdown(wait=True, kill_workers=True)
            self._processes = None


def check_workers(workers: int | None) -> None:
    """Raise `SettingError` for a number of workers that `ReadAhead` does not take."""
    if workers is not None and workers < 0:
        raise SettingError(f"workers is {workers}; it must be 0 (threads) or more.")


class _Taken(Iterator[Decoded]):
    """Hands out the pictures of one reading; dropping it frees its places."""

    def __init__(self, reader: ReadAhead, reading: _Reading) -> None:
        self._reader = reader
        self._reading = reading

    def __next__(self) -> Decoded:
        return self._reader._take(self._reading)


def _forget(job: Job, _: "Future[Decoded]") -> None:
    Path(job.spool).unlink(missing_ok=True)


def _succeeded(future: "Future[Decoded]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


@contextmanager
def _without_interrupts() -> Iterator[Any]:
    """Hold Ctrl-C back; processes started meanwhile never see it, not even while they start."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
