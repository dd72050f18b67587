"""The tables of a benchmark: measured here, published by others, and everything category-wise."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.benchmark.signs import METRICS as SIGNED
from workbench.benchmark.signs import TEXT_ALONE, sign
from workbench.figures.colours import number
from workbench.pages import grid
from workbench.pages.grid import Part
from workbench.pages.inputs import BenchmarkReport
from workbench.pages.markup import escape, percent, scrolling
from workbench.pages.tables import interval
from workbench.pages.words import LOWER_IS_BETTER, METRIC_NAMES, short_name

_ABOUT = ("source", "method", "backbone", "shots", "dataset", "note")
_BYTES = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def results_table(report: BenchmarkReport, part: Part) -> str:
    """Return methods by metrics for one number of shots; published figures in their own columns.

    A published row never fills a measured column, nor the other way round.
    """
    published = _published_for(report, part)
    sources = list(dict.fromkeys(str(row.get("source", "")) for row in published))
    tables = []
    for level, pixel in (("Image level", False), ("Pixel level", True)):
        metrics = [m for m in grid.measured_metrics(report) if m.startswith("pixel") is pixel]
        if metrics:
            table = _level(report, part, metrics, published, sources)
            tables.append(f"<h4 class='apart'>{level}</h4>{scrolling(table, level)}")
    notes = "".join(f"<li>{escape(source)}</li>" for source in sources)
    listed = (
        '<p class="muted small">Shaded columns: published by others, with other backbones, '
        "resolutions and protocols; not measured here, and not comparable row by row. Sources:</p>"
        f'<ol class="muted small">{notes}</ol>'
        if published
        else ""
    )
    return "".join(tables) + listed


def _level(
    report: BenchmarkReport,
    part: Part,
    metrics: Sequence[str],
    published: Sequence[Mapping[str, Any]],
    sources: Sequence[str],
) -> str:
    """Return the table of some metrics, with the published rows that have any of their kind."""
    pixel = metrics[0].startswith("pixel")
    known = [name for name in METRIC_NAMES if name.startswith("pixel") is pixel]
    theirs = [m for m in known if any(row.get(m) is not None for row in published)]
    best = {metric: _best(report, part, metric) for metric in metrics}
    rows = []
    for method in grid.methods(report):
        if method not in part.summary:
            continue
        cells = "".join(
            _mean_cell(part.mean(method, metric), method in best[metric]) for metric in metrics
        )
        blank = '<td class="published">–</td>' * len(theirs)
        name = escape(grid.title(report, method))
        rows.append(f'<tr><th scope="row" class="left">{name}</th>{cells}{blank}</tr>')
    for row in published:
        if all(row.get(metric) is None for metric in theirs):
            continue
        cells = "<td>–</td>" * len(metrics) + "".join(
            f'<td class="published">{_plain(row.get(metric))}</td>' for metric in theirs
        )
        rows.append(f'<tr class="others">{_published_name(row, sources)}{cells}</tr>')
    head = _head(metrics, theirs)
    return (
        f'<table class="figures-table"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'
    )


def category_tables(report: BenchmarkReport, part: Part) -> str:
    """Return, folded, methods by categories for every metric."""
    return "".join(
        f"<details><summary>{METRIC_NAMES[metric]} by category, {escape(part.name)}</summary>"
        f"{scrolling(_by_category(report, part, metric), f'{METRIC_NAMES[metric]} by category')}"
        "</details>"
        for metric in grid.measured_metrics(report)
        if part.rows
    )


def leads_table(report: BenchmarkReport, part: Part, metric: str = "image_auroc") -> str:
    """Return how far the shown method is ahead of each other one, on the same cells."""
    rows = []
    for method in grid.methods(report):
        if method == report.shown or method not in part.summary:
            continue
        lead = grid.lead(part, report.shown, method, metric)
        if lead is None:
            continue
        sd = "" if lead.sd is None else f' <span class="sd">± {percent(lead.sd)}</span>'
        rows.append(
            f'<tr><th scope="row" class="left">{escape(grid.title(report, method))}</th>'
            f"<td>{percent(lead.value, signed=True)}{sd}</td>"
            f"<td>{lead.ahead} of {lead.categories}</td></tr>"
        )
    if not rows:
        return ""
    table = (
        '<table class="compact"><thead><tr><th scope="col">Compared with</th>'
        f'<th scope="col">{METRIC_NAMES[metric]} (points)</th>'
        '<th scope="col">Categories ahead</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return scrolling(table, f"{grid.title(report, report.shown)} against the others")


def signs_table(report: BenchmarkReport, part: Part) -> str:
    """Return where text alone points the right way, the wrong way, and where nobody can tell."""
    rows = []
    for method in grid.methods(report):
        own = [row for row in part.rows if row["method"] == method]
        if method not in TEXT_ALONE or not own:
            continue
        cells = "".join(
            f"{_mean_cell(part.mean(method, metric), best=False)}<td>{sign(own, metric)}</td>"
            for metric in SIGNED
        )
        name = escape(grid.title(report, method))
        rows.append(f'<tr><th scope="row" class="left">{name}</th>{cells}</tr>')
    if not rows:
        return ""
    head = "".join(
        f'<th scope="col">{METRIC_NAMES[metric]}</th><th scope="col">its sign, categories</th>'
        for metric in SIGNED
    )
    table = (
        f'<table class="compact"><thead><tr><th scope="col">Method</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return scrolling(table, "Text alone, and its sign")


def plain_table(rows: Sequence[Mapping[str, Any]], label: str, limit: int = 400) -> str:
    """Return any rows as a table, columns in the order of their first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        return ""
    head = "".join(f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_any(name, row.get(name))}</td>" for name in columns) + "</tr>"
        for row in rows[:limit]
    )
    rest = len(rows) - limit
    more = f'<p class="muted small">{rest} more rows are in the CSV file.</p>' if rest > 0 else ""
    table = f'<table class="compact"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return scrolling(table, label) + more


def _published_for(report: BenchmarkReport, part: Part) -> list[Mapping[str, Any]]:
    """Return the published rows for a part: its data set, its shots or shots that are not known.

    A row belongs to the data set that its `data` names, to all of them if it names none.
    """
    return [
        row
        for row in report.published
        if row.get("shots") in (None, part.shots)
        and row.get("data", part.data) == part.data
        and not part.contaminated
    ]


def _published_name(row: Mapping[str, Any], sources: Sequence[str]) -> str:
    at = sources.index(str(row.get("source", ""))) + 1
    shots = "shots not stated" if row.get("shots") is None else f"{row['shots']} shots"
    about = ", ".join(
        escape(text)
        for text in (row.get("backbone"), shots, row.get("dataset"), row.get("note"))
        if text
    )
    return (
        f'<th scope="row" class="left">{escape(row.get("method", ""))} '
        f'<span class="sd">[{at}] {about}</span></th>'
    )


def _head(metrics: Sequence[str], theirs: Sequence[str]) -> str:
    ours = "".join(f'<th scope="col">{_column(name)}</th>' for name in metrics)
    others = "".join(f'<th scope="col" class="published">{_column(name)}</th>' for name in theirs)
    group = (
        f'<tr><td></td><th scope="colgroup" colspan="{len(metrics)}" class="group">Measured here'
        f'</th><th scope="colgroup" colspan="{len(theirs)}" class="group published">Published by '
        "others</th></tr>"
        if theirs
        else ""
    )
    return f'{group}<tr><th scope="col">Method</th>{ours}{others}</tr>'


def _column(name: str) -> str:
    return short_name(name) + (" ↓" if name in LOWER_IS_BETTER else "")


def _best(report: BenchmarkReport, part: Part, metric: str) -> set[str]:
    """Return the methods with the best mean as printed; none if all are alike."""
    means = {
        method: f"{100 * mean[0]:.1f}"
        for method in grid.methods(report)
        if (mean := part.mean(method, metric)) is not None
    }
    if len(set(means.values())) < 2:
        return set()
    order = sorted(means.values(), key=float)
    top = order[0] if metric in LOWER_IS_BETTER else order[-1]
    return {method for method, value in means.items() if value == top}


def _mean_cell(mean: grid.Mean | None, best: bool) -> str:
    if mean is None:
        return "<td>–</td>"
    value, sd = mean
    spread = "" if sd is None else f' <span class="ci">± {percent(sd)}</span>'
    return f"<td{' class=best' if best else ''}>{percent(value)}{spread}</td>"


def _by_category(report: BenchmarkReport, part: Part, metric: str) -> str:
    names = part.categories
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row" class="left">{escape(grid.title(report, method))}</th>'
        + "".join(_seeds_cell(part.of(method, name, metric), metric) for name in names)
        + "</tr>"
        for method in grid.methods(report)
        if any(row["method"] == method for row in part.rows)
    )
    return (
        f'<table class="compact"><thead><tr><th scope="col">Method</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _seeds_cell(found: Sequence[tuple[float, Mapping[str, Any]]], metric: str) -> str:
    """Return mean and deviation over seeds; with one seed the interval over images instead."""
    if not found:
        return "<td>–</td>"
    values = [value for value, _ in found]
    if len(values) == 1:
        row = found[0][1]
        between = interval(row.get(f"{metric}_low"), row.get(f"{metric}_high"))
        return f"<td>{percent(values[0])}{between}</td>"
    return _mean_cell((statistics.fmean(values), statistics.stdev(values)), False)


def _plain(value: Any) -> str:
    return "–" if value is None else f"{100 * float(value):.1f}"


def _any(name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if "bytes" in name and not isinstance(value, str):
        return _size(float(value))
    if isinstance(value, bool) or not isinstance(value, float):
        return escape(value)
    return escape(number(value))


def _size(count: float) -> str:
    for unit, size in _BYTES:
        if count >= size:
            return f"{number(count / size)} {unit}"
    return f"{count:.0f} B"
