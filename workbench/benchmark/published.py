"""Figures that others have published: for columns of their own, never mixed with measured ones."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from workbench.errors import DataError

PUBLISHED_METRICS = ("image_auroc", "pixel_auroc", "pixel_aupro")
SETS = {
    "MVTec AD": "bottle cable capsule carpet grid hazelnut leather metal_nut pill screw tile "
    "toothbrush transistor wood zipper",
    "VisA": "candle capsules cashew chewinggum fryum macaroni1 macaroni2 pcb1 pcb2 pcb3 pcb4 "
    "pipe_fryum",
    "BTAD": "01 02 03",
    "Brain-AD": "Brain",
}


@dataclass(frozen=True)
class Published:
    """A figure from a paper, in percent as printed; `shots` may be unknown."""

    data: str
    method: str
    backbone: str
    shots: str
    values: dict[str, float]
    note: str
    source: str


def recognised(categories: Iterable[str]) -> str | None:
    """Return which published data set has exactly these categories, `None` if none has.

    >>> recognised(["01", "02", "03"])
    'BTAD'
    """
    given = {name.lower() for name in categories}
    for name, listed in SETS.items():
        if given == {one.lower() for one in listed.split()}:
            return name
    return "Brain-AD" if given in ({"brain_ad"}, {"brain-ad"}) else None


def published(data: str | None) -> tuple[Published, ...]:
    """Return what is published of a data set, most recent sources last; nothing for `None`."""
    return tuple(one for one in _all() if one.data == data)


@cache
def _all() -> tuple[Published, ...]:
    text = files("workbench.benchmark").joinpath("published.csv").read_text(encoding="utf-8")
    found = []
    for row in csv.DictReader(text.splitlines()):
        values = {name: float(row[name]) for name in PUBLISHED_METRICS if row[name]}
        if not values:
            raise DataError(f"published.csv has a row without figures: {row}")
        about = {name: row[name] for name in ("data", "method", "backbone", "shots")}
        found.append(Published(**about, values=values, note=row["note"], source=row["source"]))
    return tuple(found)
