"""How LAKE works, in three steps, shown on the run's own pictures and neurons."""

from collections.abc import Callable

from workbench.figures.colours import unit_scale
from workbench.figures.curves import ranked
from workbench.figures.overlay import overlay
from workbench.pages import charts
from workbench.pages.inputs import CategoryReport, Example, ReportInput
from workbench.pages.markup import escape, img, opened

_SIDE = 240
_MOST_THUMBS = 4


def steps_section(report: ReportInput) -> str:
    """Return the three steps, illustrated by the category with the clearest detection."""
    shown = _clearest(report)
    _, share = ranked(shown.sensitivity, max(len(shown.selected), 1))
    k, width = report.k, report.width
    steps = (
        (
            _support(shown),
            "Show some normal pictures",
            "Flawless pictures of the product go through the frozen model. At one place inside, "
            f"<code>{escape(report.settings.get('site', ''))}</code>, every patch of a picture is "
            f"a list of {width} numbers, one per neuron.",
        ),
        (
            charts.barcode(shown.selected, width)
            + f'<span class="muted small">{k} of {width} neurons, for {escape(shown.name)}</span>'
            + charts.spectrum(shown.sensitivity, len(shown.selected)),
            "Keep what varies most",
            f"Over these patches most neurons hardly move. The {k} with the largest "
            f"{escape(report.settings.get('statistic', 'variance'))} are kept; they hold "
            f"{share:.0%} of the total. Seen through them alone, the normal patches are the "
            f"reference{_normality(report)}.",
        ),
        (
            _found(shown),
            "Measure what strays",
            "Every patch of a new picture is compared with the nearest normal one. The distance is "
            f"a sum over the {k} neurons, so each has an exact share in it. {_text(report)}The "
            "picture’s score is that of its strangest patch.",
        ),
    )
    items = "".join(
        f'<li><div class="show">{show}</div><h3><b>{number}</b>{title}</h3><p>{text}</p></li>'
        for number, (show, title, text) in enumerate(steps, 1)
    )
    return f"""<section id="how"><h2>How it works</h2>
<ol class="steps">{items}</ol></section>"""


def _clearest(report: ReportInput) -> CategoryReport:
    """Return the category whose examples hold the clearest detection, else the first."""
    return max(report.categories, key=lambda c: max(map(_contrast(c), c.examples), default=-2.0))


def _contrast(category: CategoryReport) -> Callable[[Example], float]:
    """Return a measure of how much of an example's colour lies inside its ground truth."""

    def contrast(example: Example) -> float:
        mask, heat = example.mask, example.anomaly_map
        if not example.label or mask is None or mask.shape != heat.shape or not mask.any():
            return -1.0
        shown = unit_scale(heat, category.value_range)
        return float(shown[mask].mean() - (shown[~mask].mean() if not mask.all() else 0.0))

    return contrast


def _support(category: CategoryReport) -> str:
    pictures = list(category.support_pictures[:_MOST_THUMBS])
    if not pictures:
        return f'<span class="muted">{len(category.support)} support pictures</span>'
    images = "".join(
        img(opened(picture), f"{category.name}, normal support picture {i}", _SIDE)
        for i, picture in enumerate(pictures, 1)
    )
    return f'<div class="thumbs two">{images}</div>'


def _found(category: CategoryReport) -> str:
    defective = [example for example in category.examples if example.label]
    if not defective:
        return '<span class="muted">No defective picture was given.</span>'
    example = max(defective, key=_contrast(category))
    picture = opened(example.picture)
    heat = overlay(picture, example.anomaly_map, category.value_range)
    alt = f"{category.name}, {example.defect or 'defective'}"
    mapped = img(heat, f"{alt}, with its anomaly map", _SIDE)
    return (
        f'<div class="thumbs two">{img(picture, alt, _SIDE)}{mapped}</div>'
        '<span class="muted small">The clearest of the pictures shown below</span>'
    )


def _normality(report: ReportInput) -> str:
    if report.settings.get("normality") == "moments":
        return ", as a mean and a variance per neuron"
    return ""


def _text(report: ReportInput) -> str:
    weight = report.settings.get("text_weight")
    if not weight:
        return ""
    return (
        "A second score asks a deeper layer whether the patch is nearer to words for flawless or "
        f"for damaged things; it counts {100 * float(weight):.0f} %. "
    )
