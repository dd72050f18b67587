"""Messages are worked on where the notebook's cells run, whichever thread they come in by.

Newer JupyterLabs send widgets' messages to a subshell of the kernel, a thread of its own. A model
that a cell looks into, or has changed for a while, must not be asked for something else beside it.
"""

import asyncio
import threading
from collections.abc import Callable


class Home:
    """The thread and the event loop that it was made in."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._loop: asyncio.AbstractEventLoop | None = None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # outside notebooks everything is done where it is asked for

    def do(self, act: Callable[[], None]) -> None:
        """Do something at home: now if this is home, else between two cells."""
        if self._loop is None or self._loop.is_closed() or threading.get_ident() == self._thread:
            act()
        else:
            self._loop.call_soon_threadsafe(act)
