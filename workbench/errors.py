"""The errors a user can meet.

Every message says what is wrong, where, and what to do about it. Anything that is not a
`WorkbenchError` is a defect of the workbench itself.
"""

import linecache
import sys
import traceback
from types import TracebackType
from typing import Any


class WorkbenchError(Exception):
    """Base class of every error raised for something the user can put right.

    A notebook shows the message and the line of the cell that led to it, as the command line shows
    the message alone; `%xmode Verbose` shows the whole way through the workbench.
    """

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython, which asks for this method, shows in place of its own."""
        shell: Any = sys.modules["IPython"].get_ipython()
        if shell.InteractiveTB.mode == "Verbose":
            whole: list[str] = shell.InteractiveTB.structured_traceback(
                type(self), self, self.__traceback__
            )
            return whole
        return [*_line_of_the_cell(self.__traceback__), f"{type(self).__name__}: {self}"]


class ModelError(WorkbenchError):
    """A model that cannot be had: unknown name, missing or unfitting weights, unsupported tower."""


class SiteError(WorkbenchError):
    """A site that the model does not have, or a filter that matches none."""


class DataError(WorkbenchError):
    """Images, masks or folders that cannot be used as they are."""


class SettingError(WorkbenchError):
    """An option value out of its range."""


class RunError(WorkbenchError):
    """A run folder that is missing, half written, edited, or of another model or version."""


def _line_of_the_cell(trace: TracebackType | None) -> list[str]:
    """Return the last line that the user wrote, numbered; nothing if there is none."""
    written = [
        (number, frame.f_code.co_filename)
        for frame, number in traceback.walk_tb(trace)
        if frame.f_globals.get("__name__") == "__main__"
    ]
    if not written:
        return []
    number, file = written[-1]
    line = linecache.getline(file, number).strip()
    return [f"line {number} of the cell: {line}"] if line else []
