"""The front end's modules: one ES module for the explorer, one for the views beside it."""

import contextlib
from pathlib import Path

from workbench.errors import RunError

STATIC = Path(__file__).parents[1] / "static"
EXPLORER = "explorer"
"""The view that has a module of its own; all others share one."""


def module(view: str) -> str:
    """Return the source of a view's front end. Raises `RunError` if the installation lacks it."""
    path = STATIC / ("explorer.js" if view == EXPLORER else "views.js")
    with contextlib.suppress(OSError):
        return path.read_text("utf-8")
    raise RunError(f"the explorer's front end is missing: {path}. Install the package again.")
