"""The report's two tables, each with the meaning of its columns under it."""

from collections.abc import Iterable, Mapping, Sequence

from workbench.evaluation.measure import Measure
from workbench.pages.inputs import ReportInput, Values
from workbench.pages.markup import escape, percent, scrolling
from workbench.pages.words import (
    CONTROL_MEANINGS,
    LOWER_IS_BETTER,
    METRIC_MEANINGS,
    METRIC_NAMES,
    short_name,
)

_NEURONS = (("top", "top K"), ("random", "random K"), ("bottom", "bottom K"), ("all", "all"))
_SCORES = (("visual_only", "visual"), ("text_only", "text"))


def metrics_table(report: ReportInput) -> str:
    """Return every metric per category with its interval, their mean, and what they mean."""
    names = metric_names(category.measures for category in report.categories)
    parts = [
        (
            "Image level",
            "over whole pictures",
            [name for name in names if not name.startswith("pixel")],
        ),
        ("Pixel level", "over the pictures’ maps", [n for n in names if n.startswith("pixel")]),
    ]
    tables = "".join(
        f'<h3 class="apart">{title} <span class="muted">{what}, in percent</span></h3>'
        + scrolling(_metrics(report, part), f"{title}, per product")
        for title, what, part in parts
        if part
    )
    terms = {
        METRIC_NAMES[name]: escape(METRIC_MEANINGS[name])
        + (f" <em>As taken: {escape(taken)}.</em>" if (taken := _taken(report, name)) else "")
        for name in names
    }
    folded = (
        "<details><summary>What each metric means, and how it was taken</summary>"
        f"{definitions(terms)}</details>"
    )
    return tables + _intervals(report) + _reasons(report) + folded


def metric_names(measured: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the known metrics that occur, in the order in which they are shown."""
    found = {name for measures in measured for name in measures}
    return [name for name in METRIC_NAMES if name in found]


def measure_cell(measure: Measure | None) -> str:
    """Return a table cell: the value in percent, its interval under it."""
    if measure is None:
        return "<td>–</td>"
    value = percent(measure.value, measure.undefined)
    return f"<td>{value}{interval(measure.low, measure.high)}</td>"


def interval(low: float | None, high: float | None) -> str:
    """Return a 95 % interval in small print, or nothing."""
    if low is None or high is None:
        return ""
    return f'<span class="ci">{percent(low)} to {percent(high)}</span>'


def _metrics(report: ReportInput, names: Sequence[str]) -> str:
    """Return one table of metrics; a mean is over the categories where the metric is defined."""
    head = "".join(
        f'<th scope="col">{short_name(name)}{" ↓" if name in LOWER_IS_BETTER else ""}</th>'
        for name in names
    )
    rows = []
    for category in report.categories:
        cells = "".join(measure_cell(category.measures.get(name)) for name in names)
        normal, defective = category.counts
        rows.append(
            f'<tr><th scope="row">{escape(category.name)}</th>{cells}'
            f"<td>{normal} + {defective}</td></tr>"
        )
    if len(report.categories) > 1:
        normal = sum(category.counts[0] for category in report.categories)
        defective = sum(category.counts[1] for category in report.categories)
        cells = "".join(f"<td>{percent(report.mean.get(name))}</td>" for name in names)
        rows.append(
            f'<tr class="mean"><th scope="row">mean</th>{cells}<td>{normal} + {defective}</td></tr>'
        )
    return (
        f'<table class="figures-table"><thead><tr><th scope="col">Product</th>{head}'
        '<th scope="col">Normal + defective</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _intervals(report: ReportInput) -> str:
    """Say what the small print is, and how far the counting in bins may be off."""
    measures = [measure for c in report.categories for measure in c.measures.values()]
    said = []
    if any(measure.low is not None for measure in measures):
        said.append(
            "Small print: 95 % intervals, by bootstrap over the test pictures of a product. They "
            "say what another draw of such pictures could give, not another support or model."
        )
    bounds = [measure.bound for measure in measures if measure.bound]
    if bounds:
        said.append(
            "Pixels are counted in bins; the pixel AUROC’s certified error is at most "
            f"{100 * max(bounds):.2g} points."
        )
    if any(name in LOWER_IS_BETTER for c in report.categories for name in c.measures):
        said.append("↓: lower is better.")
    return f'<p class="muted small">{" ".join(said)}</p>' if said else ""


def controls_table(report: ReportInput) -> str:
    """Return the image AUROC of every control per category, and what the columns mean."""
    head = (
        '<tr><td></td><th scope="colgroup" colspan="4" class="group first">Which neurons? '
        '(visual score)</th><th scope="colgroup" colspan="3" class="group first">Which score? '
        "(top K)</th></tr>"
        '<tr><th scope="col">Product</th>'
        + "".join(
            f'<th scope="col"{_first(i)}>{label}</th>' for i, (_, label) in enumerate(_NEURONS)
        )
        + "".join(
            f'<th scope="col"{_first(i)}>{label}</th>' for i, (_, label) in enumerate(_SCORES)
        )
        + '<th scope="col">both</th></tr>'
    )
    rows = [
        _controls_row(category.name, category.controls, category.metrics)
        for category in report.categories
        if category.controls
    ]
    if len(rows) > 1:
        rows.append(_controls_row("mean", report.controls, report.mean, "mean"))
    table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    names = {**dict(_NEURONS), "visual": "visual", "text": "text", "both": "both"}
    terms = {names[name]: escape(meaning) for name, meaning in CONTROL_MEANINGS.items()}
    caption = '<p class="muted small">Image AUROC in percent.</p>'
    return scrolling(table, "Controls per product") + caption + definitions(terms)


def definitions(terms: Mapping[str, str], classes: str = "") -> str:
    """Return a definition list; the terms are text, the meanings markup."""
    items = "".join(f"<dt>{escape(term)}</dt><dd>{means}</dd>" for term, means in terms.items())
    return f'<dl class="terms {classes}">{items}</dl>'


def _controls_row(
    name: str, controls: Mapping[str, Values], metrics: Values, kind: str = ""
) -> str:
    cells = "".join(
        f"<td{_first(i)}>{_control(controls.get(control))}</td>"
        for columns in (_NEURONS, _SCORES)
        for i, (control, _) in enumerate(columns)
    )
    return (
        f'<tr class="{kind}"><th scope="row">{escape(name)}</th>{cells}'
        f"<td>{percent(metrics.get('image_auroc'))}</td></tr>"
    )


def _control(values: Values | None) -> str:
    if values is None:
        return "–"
    spread = values.get("image_auroc_sd")
    sd = f' <span class="sd">± {percent(spread)}</span>' if spread is not None else ""
    return percent(values.get("image_auroc")) + sd


def _first(index: int) -> str:
    return ' class="first"' if index == 0 else ""


def _taken(report: ReportInput, metric: str) -> str:
    return report.definitions.get(metric, "").rstrip(".")


def _reasons(report: ReportInput) -> str:
    """Say why figures are undefined, each reason once per category."""
    said = []
    for category in report.categories:
        reasons: dict[str, list[str]] = {}
        for metric, reason in category.undefined.items():
            reasons.setdefault(reason, []).append(METRIC_NAMES.get(metric, metric))
        said += [
            f"{escape(', '.join(names))} of {escape(category.name)} "
            f"{'is' if len(names) == 1 else 'are'} undefined: {escape(reason)}."
            for reason, names in reasons.items()
        ]
    return f'<p class="muted small">{" ".join(said)}</p>' if said else ""
