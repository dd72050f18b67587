"""A progress bar where somebody looks: in a terminal or a notebook, nowhere else."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


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

    hidden = not ("ipykernel" in sys.modules or sys.stderr.isatty())
    with tqdm(total=total, desc=what, unit=unit, leave=False, disable=hidden) as bar:
        for item in items:
            yield item
            bar.update(size(item))
