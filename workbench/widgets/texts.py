"""The words and small bars of the widgets, as HTML; what comes from outside is escaped."""

from collections.abc import Sequence
from html import escape

from workbench.excavation.detection import GalleryPatch
from workbench.figures.colours import BLUE, DEFECT, NORMAL, css_gradient, number

_GREY = "color:var(--jp-ui-font-color2,#59606c)"


def entry(name: str, defect: str, label: int | None, score: float | None) -> str:
    """Return an image's line in the list: score if known, kind if known, name.

    >>> entry("000.png", "crack", 1, 2.5)
    '2.5 · crack · 000.png'
    """
    kind = "" if label is None else (defect or "defective") if label else "normal"
    shown = "" if score is None else number(score)
    return " · ".join(part for part in (shown, kind, name) if part)


def summary(name: str, defect: str, label: int | None, score: float) -> str:
    """Return the picked image's score, kind and name."""
    kind = ""
    if label is not None:
        colour = DEFECT if label else NORMAL
        what = (defect or "defective") if label else "normal"
        kind = f'<b style="color:{colour}">{escape(what)}</b> '
    return (
        f'<div style="line-height:1.5">{kind}<span style="{_GREY}">{escape(name)}</span><br>'
        f'anomaly score <b style="font-size:1.25em">{number(score)}</b></div>'
    )


def scale(value_range: tuple[float, float]) -> str:
    """Return the legend of the heat's colours."""
    low, high = value_range
    ramp = (
        "display:inline-block;width:160px;height:11px;border-radius:2px;margin:0 8px;"
        f"background:{css_gradient()}"
    )
    return (
        f'<div style="{_GREY};font-size:.9em">≤ {number(low)}<span style="{ramp}"></span>'
        f"≥ {number(high)}, fixed by the normal images</div>"
    )


def neurons(
    site: str,
    strongest: Sequence[tuple[int, float]],
    visual: float,
    shown: float,
    nearest: GalleryPatch | None,
) -> str:
    """Return a patch's scores, the neurons behind it as bars, and what it was compared with."""
    largest = max((share for _, share in strongest), default=0.0)
    rows = "".join(
        '<div style="display:grid;grid-template-columns:4em 1fr 4em;gap:8px;align-items:center">'
        f"<code>{index}</code>"
        f'<span style="background:{BLUE};height:8px;border-radius:2px;'
        f'width:{100 * share / largest if largest > 0 else 0:.1f}%"></span>'
        f'<span style="text-align:right">{100 * share / visual if visual > 0 else 0:.1f} %</span>'
        "</div>"
        for index, share in strongest
    )
    compared = (
        f"<br>nearest normal patch: {escape(nearest.image)}, row {nearest.row}, column "
        f"{nearest.column}"
        if nearest is not None
        else ""
    )
    return (
        f'<div style="line-height:1.5">patch score <b>{number(shown)}</b>, visual '
        f'<b>{number(visual)}</b><span style="{_GREY}">{compared}</span>'
        f'<div style="{_GREY};margin:8px 0 2px">neurons at <code>{escape(site)}</code>, share of '
        f"the visual score</div>{rows}</div>"
    )


def problem(error: Exception) -> str:
    """Return an error as one clear line."""
    return f'<div role="alert" style="color:{DEFECT};font-weight:600">{escape(str(error))}</div>'


def hint(text: str) -> str:
    """Return a quiet line."""
    return f'<div style="{_GREY}">{escape(text)}</div>'
