"""How LAKE works, in three steps, shown on the run's own pictures and neurons."""

from workbench.figures.curves import ranked
from workbench.figures.overlay import overlay
from workbench.pages import charts
from workbench.pages.inputs import CategoryReport, ReportInput
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
            "Show it a few normal pictures",
            f"Flawless pictures of the product go through the frozen model. At one place inside, "
            f"<code>{escape(report.settings.get('site', ''))}</code>, every patch of a picture is a "
            f"list of {width} numbers, one per neuron.",
        ),
        (
            charts.barcode(shown.selected, width)
            + f'<span class="muted small">{k} of {width} neurons for {escape(shown.name)}</span>',
            "Keep the neurons that vary most",
            f"Over these patches most neurons hardly move. The {k} with the largest "
            f"{escape(report.settings.get('statistic', 'variance'))} are kept; they hold "
            f"{share:.0%} of the total. Seen through them alone, the normal patches are the "
            f"reference{_normality(report)}.",
        ),
        (
            _found(shown),
            "Measure how far a new picture strays",
            "Every patch of a new picture is compared with the nearest normal one. The distance is a "
            f"sum over the {k} neurons, so each has an exact share in it. {_text(report)}The "
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
    """Return the category with the best image AUROC among those that have examples."""
    pictured = [c for c in report.categories if c.examples] or list(report.categories)
    return max(pictured, key=lambda category: category.metrics.get("image_auroc") or 0.0)


def _support(category: CategoryReport) -> str:
    pictures = list(category.support_pictures[:_MOST_THUMBS])
    if not pictures:
        return f'<span class="muted">{len(category.support)} support pictures</span>'
    images = "".join(
        img(opened(picture), f"{category.name}, normal support picture {i}", _SIDE)
        for i, picture in enumerate(pictures, 1)
    )
    return f'<div class="thumbs">{images}</div>'


def _found(category: CategoryReport) -> str:
    defective = [example for example in category.examples if example.label]
    if not defective:
        return '<span class="muted">No defective picture was given.</span>'
    example = max(defective, key=lambda each: each.score)
    picture = opened(example.picture)
    heat = overlay(picture, example.anomaly_map, category.value_range)
    alt = f"{category.name}, {example.defect or 'defective'}"
    return (
        f'<div class="thumbs pair">{img(picture, alt, _SIDE)}'
        f"{img(heat, f'{alt}, with its anomaly map', _SIDE)}</div>"
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
