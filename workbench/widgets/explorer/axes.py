"""The axes of a sweep: which settings are tried, and why an axis cannot be had."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.clip.hooked import HookedCLIP
from workbench.errors import WorkbenchError
from workbench.excavation.detector import Excavation
from workbench.images.samples import Sample
from workbench.images.support import support
from workbench.widgets.explorer.normal import Normal, residual_sites

STEPS = (1, 2, 5)
MOST_SHOTS = 32


@dataclass(frozen=True)
class Axis:
    """One setting and the values it takes.

    Attributes:
        name: `k`, `text_weight`, `layer` or `shots`.
        title: what it is called.
        values: rising; a layer is its site.
        own: the place of the run's own value, `None` where it is not on the axis.
        note: why there are no others, or what else is to be known.
    """

    name: str
    title: str
    values: tuple[int | float | str, ...]
    own: int | None
    note: str = ""

    def shown(self, place: int) -> str:
        """Return a value as it stands on the axis."""
        value = self.values[place]
        return value if isinstance(value, str) else f"{value:g}"


def axes_of(
    excavation: Excavation, normal: Normal | None, known: Sequence[Sample]
) -> tuple[Axis, ...]:
    """Return the axes of a run, each with at least the run's own value."""
    return (
        _widths(excavation, normal),
        _weights(excavation),
        _layers(excavation, normal),
        _shots(excavation, known),
    )


def _axis(name: str, title: str, values: set[int] | set[float], own: float, note: str = "") -> Axis:
    found = tuple(sorted({*values, own}))
    return Axis(name, title, found, found.index(own), note)


def _widths(excavation: Excavation, normal: Normal | None) -> Axis:
    own, width = len(excavation.neurons), len(excavation.sensitivity)
    title = "K, the number of neurons"
    if excavation.settings.selection not in ("top", "all"):
        chosen = excavation.settings.selection
        return _axis("k", title, set(), own, f"The run took {chosen} neurons, not the top K.")
    steps = {step * 10**power for power in range(6) for step in STEPS}
    missing = _no_pass(excavation, normal)
    most = own if missing else width
    note = f"More than {own} cannot be tried: {missing}" if missing and own < width else ""
    return _axis("k", title, {k for k in steps if k < most} | {most}, own, note)


def _weights(excavation: Excavation) -> Axis:
    own, title = float(excavation.settings.text_weight), "text weight"
    if excavation.text is None:
        note = "The run has no text branch: excavate with a text weight above 0."
        return _axis("text_weight", title, set(), own, note)
    return _axis("text_weight", title, {tenth / 10 for tenth in range(11)}, own)


def _layers(excavation: Excavation, normal: Normal | None) -> Axis:
    own, title = excavation.neurons.site, "layer"
    missing = _no_pass(excavation, normal)
    sites = (own,) if missing else tuple(residual_sites(excavation))
    note = f"Other layers cannot be tried: {missing}" if missing else ""
    return Axis("layer", title, sites, sites.index(own), note)


def _shots(excavation: Excavation, known: Sequence[Sample]) -> Axis:
    own, title = len(excavation.support), "shots, normal images in the support"

    def alone(why: str) -> Axis:
        return _axis("shots", title, set(), own, f"Other supports cannot be tried: {why}")

    if not isinstance(excavation.model, HookedCLIP):
        return alone("they need the model, and the run was made from a store.")
    if excavation.contaminated:
        return alone("the run's support is contaminated on purpose.")
    samples = [one for one in known if one.category == excavation.category]
    try:
        most = len(support(samples, None))
    except WorkbenchError:
        return alone("there are no training normals among the images.")
    values = {2**power for power in range(10) if 2**power <= min(most, MOST_SHOTS)}
    note = "" if excavation.seed is not None else "The others are drawn with seed 0."
    return _axis("shots", title, values, own, note)


def _no_pass(excavation: Excavation, normal: Normal | None) -> str:
    """Say why other neurons of the support cannot be looked at, or nothing."""
    if not isinstance(excavation.model, HookedCLIP):
        return "that needs the model, and the run was made from a store."
    return "" if normal is not None else "the support's pictures are not among the images."
