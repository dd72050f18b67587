"""A progress bar where somebody looks: in a terminal or a notebook, nowhere else."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar, cast

Item = TypeVar("Item")

_UNWATCHED: ContextVar[bool] = ContextVar("unwatched", default=False)


def progress(
    items: Iterable[Item],
    *,
    total: int,
    what: str,
    unit: str = "image",
    size: Callable[[Item], int] = lambda _: 1,
) -> Iterator[Item]:
    """Yield `items` while a bar shows the rate and what is left; it disappears when done.

    `size` says how many units an item counts for; `total` counts units.
    """
    from tqdm.auto import tqdm

    hidden = total == 1 or not _watched()  # of one item there is nothing to show
    with tqdm(total=total, desc=what, unit=unit, leave=False, disable=hidden) as bar:
        for item in items:
            yield item
            bar.update(size(item))


@contextmanager
def bar(*, total: int, what: str, unit: str = "image") -> Iterator[Callable[[int], None]]:
    """Show a bar for the length of a `with` block; what it yields is told of units done."""
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=what, unit=unit, leave=False, disable=not _watched()) as shown:
        yield lambda number: cast(None, shown.update(number))


@contextmanager
def unwatched() -> Iterator[None]:
    """Show no bar inside a `with` block: a widget answering a message has no cell to write to."""
    before = _UNWATCHED.set(True)
    try:
        yield
    finally:
        _UNWATCHED.reset(before)


def _watched() -> bool:
    """Say whether standard error is a terminal, or this is a notebook's kernel."""
    if _UNWATCHED.get():
        return False
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return sys.stderr.isatty() or hasattr(shell, "kernel")
