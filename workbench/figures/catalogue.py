"""All figures for print: what each is called, what it needs, and how it is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from workbench.figures.comparison_table import comparison, lacks_comparison
from workbench.figures.detection_figures import curves, lacks_curves
from workbench.figures.neuron_figures import lacks_overlap, lacks_spectrum, overlap, spectrum
from workbench.figures.paper import PaperFigure
from workbench.figures.picture_figures import Scene, grid, lacks_scenes, overview
from workbench.figures.results_folder import Results
from workbench.figures.sweep_figures import lacks_shots, lacks_sweep, shots, sweep


@dataclass(frozen=True)
class Kind:
    """A figure: `lacks` says what it needs that a folder does not hold, "" if it can be made."""

    name: str
    lacks: Callable[[Results], str]
    make: Callable[[Results, Sequence[Scene]], PaperFigure]
    pictures: bool = False


def _plain(make: Callable[[Results], PaperFigure]) -> Callable[..., PaperFigure]:
    return lambda results, _: make(results)


def _swept(name: str) -> Kind:
    return Kind(name, partial(lacks_sweep, name), _plain(partial(sweep, name)))


def _shots(results: Results) -> PaperFigure:
    return sweep("shots", results) if results.claim(4) else shots(results)


KINDS = (
    Kind("overview", lacks_scenes, overview, pictures=True),
    Kind("spectrum", lacks_spectrum, _plain(spectrum)),
    _swept("selections"),
    _swept("text_weight"),
    _swept("layers"),
    Kind("shots", lacks_shots, _plain(_shots)),
    _swept("contamination"),
    Kind("overlap", lacks_overlap, _plain(overlap)),
    Kind("qualitative", lacks_scenes, grid, pictures=True),
    Kind("curves", lacks_curves, _plain(curves)),
    Kind("comparison", lacks_comparison, _plain(comparison)),
)
"""The figures, in the order of a paper."""


def lacking(results: Results) -> dict[str, str]:
    """Return the figures that a folder does not hold the data of, and what each needs."""
    return {kind.name: said for kind in KINDS if (said := kind.lacks(results))}


def figures(results: Results, scenes: Sequence[Scene] = ()) -> list[PaperFigure]:
    """Return all figures that a folder holds the data of; those with pictures need `scenes`."""
    lacks = lacking(results)
    return [
        kind.make(results, scenes)
        for kind in KINDS
        if kind.name not in lacks and (scenes or not kind.pictures)
    ]
