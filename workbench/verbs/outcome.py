"""What a verb is, and what it returns."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """A verb's result: for a person, for a machine, and the exit status."""

    text: str
    data: Any
    status: int = 0


@dataclass(frozen=True)
class Verb:
    """A job of the command line."""

    name: str
    summary: str
    example: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Outcome]


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows with the same keys as aligned columns; numbers with a point have three decimals.

    >>> print(table([{"name": "a", "AUROC": 0.5}, {"name": "long", "AUROC": None}]))
    name  AUROC
    a     0.500
    long  undefined
    """
    cells = [[*rows[0]], *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "undefined"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
