"""Work that takes long, done in slices while nothing is asked, so that no question waits for it."""

import asyncio
from collections.abc import Iterator

from workbench.images.progress import unwatched

IDLE = 1.0
"""Seconds without a question before a slice is worked on."""

_BREATH = 0.01  # seconds between slices, in which questions come in


class Later:
    """Holds one piece of work; a newer one takes its place.

    There are no threads, because a model that is being changed for one purpose must not be looked
    at for another. Without a running event loop, outside notebooks, the work is done at once.
    """

    def __init__(self) -> None:
        self._steps: Iterator[object] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def put(self, steps: Iterator[object]) -> None:
        """Take work on, to be begun when `wait` was called and nothing else for a while."""
        self.drop()
        self._steps = steps

    def drop(self) -> None:
        """Give the work up."""
        self._steps = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def wait(self) -> None:
        """Say that something was asked: the work, if there is any, rests for `IDLE` seconds."""
        if self._steps is None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            while self._steps is not None:
                self._step()
        else:
            self._after(loop, IDLE)

    def _after(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._slice, loop)

    def _slice(self, loop: asyncio.AbstractEventLoop) -> None:
        self._step()
        if self._steps is not None:
            self._after(loop, _BREATH)

    def _step(self) -> None:
        steps = self._steps
        if steps is None:
            return
        try:
            with unwatched():
                next(steps)
        except StopIteration:
            self.drop()
        except BaseException:
            self.drop()
            raise
