"""Slow work that is done once and told to everyone who has asked for it."""

from collections.abc import Callable, Iterator
from typing import Any

from workbench.errors import WorkbenchError
from workbench.widgets.explorer.later import Later
from workbench.widgets.explorer.parcel import Parcel

Reply = Callable[..., None]
"""Called with a question's number, a parcel, and `more=True` where others follow."""


class Shared:
    """Work whose parcels say how far it is: `done` of `of`, and with the two equal the last one.

    `steps` makes an iterator that goes on where the one before was interrupted. Several views of
    one widget may ask: all are told.
    """

    def __init__(
        self,
        later: Later,
        steps: Callable[[], Iterator[Parcel]],
        reply: Reply,
        fail: Callable[[Any, str], None],
    ) -> None:
        self._later, self._steps, self._reply, self._fail = later, steps, reply, fail
        self._asking: list[Any] = []

    def ask(self, number: Any, now: Parcel) -> None:
        """Answer with how far it is `now`, and go on with the work."""
        if finished(now):
            self._reply(number, now)
            return
        self._reply(number, now, more=True)
        self._asking.append(number)
        self._later.put(self._work())

    def pause(self, now: Parcel) -> None:
        """Stop, and tell everyone so with what is known `now`; they may ask again."""
        self._later.drop()
        for number in self._asking:
            self._reply(number, now)
        self._asking.clear()

    def finish(self) -> None:
        """Do all that is left now, telling everyone who has asked. Raises what the work does."""
        self._later.drop()
        for _ in self._work(quiet=False):
            pass

    def _work(self, *, quiet: bool = True) -> Iterator[None]:
        try:
            for parcel in self._steps():
                more = {} if finished(parcel) else {"more": True}
                for number in self._asking:
                    self._reply(number, parcel, **more)
                if not more:
                    self._asking.clear()
                yield
        except WorkbenchError as error:
            for number in self._asking:
                self._fail(number, str(error))
            self._asking.clear()
            if not quiet:
                raise


def finished(parcel: Parcel) -> bool:
    """Say whether a parcel is the last of its work."""
    return bool(parcel.header["done"] == parcel.header["of"])
