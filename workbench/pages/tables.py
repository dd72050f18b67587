"""The report's two tables, each with the meaning of its columns under it."""

from collections.abc import Mapping

from workbench.pages.inputs import ReportInput, Values
from workbench.pages.markup import escape, percent, scrolling
from workbench.pages.words import CONTROL_MEANINGS, METRIC_MEANINGS, METRIC_NAMES

_NEURONS = (("top", "top K"), ("random", "random K"), ("bottom", "bottom K"), ("all", "all"))
_SCORES = (("visual_only", "visual"), ("text_only", "text"))


def metrics_table(report: ReportInput) -> str:
    """Return the four metrics per category with their mean, and what they mean."""
    head = "".join(f'<th scope="col">{name} (%)</th>' for name in METRIC_NAMES.values())
    rows = []
    for category in report.categories:
        cells = "".join(
            f"<td>{percent(category.metrics.get(name), category.undefined.get(name, ''))}</td>"
            for name in METRIC_NAMES
        )
        normal, defective = category.counts
        rows.append(
            f'<tr><th scope="row">{escape(category.name)}</th>{cells}'
            f"<td>{normal} + {defective}</td></tr>"
        )
    if len(report.categories) > 1:
        normal = sum(category.counts[0] for category in report.categories)
        defective = sum(category.counts[1] for category in report.categories)
        cells = "".join(f"<td>{percent(report.mean.get(name))}</td>" for name in METRIC_NAMES)
        rows.append(
            f'<tr class="mean"><th scope="row">mean</th>{cells}<td>{normal} + {defective}</td></tr>'
        )
    table = (
        f'<table><thead><tr><th scope="col">Product</th>{head}'
        '<th scope="col">Normal + defective</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    terms = {
        METRIC_NAMES[name]: escape(meaning)
        + (f" <em>As taken: {escape(taken)}.</em>" if (taken := _taken(report, name)) else "")
        for name, meaning in METRIC_MEANINGS.items()
    }
    return scrolling(table, "Results per product") + _reasons(report) + definitions(terms)


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
    reasons = [
        f"{escape(METRIC_NAMES.get(metric, metric))} of {escape(category.name)} is undefined: "
        f"{escape(reason)}."
        for category in report.categories
        for metric, reason in category.undefined.items()
    ]
    return f'<p class="muted small">{" ".join(reasons)}</p>' if reasons else ""
