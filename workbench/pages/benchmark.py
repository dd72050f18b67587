"""The page of a benchmark: methods side by side on the same pictures, features and metrics."""

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import DataError
from workbench.files import write_text
from workbench.pages import grid
from workbench.pages.benchmark_charts import CHARTED, means_chart, shots_charts
from workbench.pages.benchmark_tables import (
    category_tables,
    leads_table,
    plain_table,
    results_table,
    signs_table,
)
from workbench.pages.grid import Part
from workbench.pages.inputs import BenchmarkReport
from workbench.pages.markup import escape, percent
from workbench.pages.products import products_section
from workbench.pages.protocol import limits_section, protocol_box
from workbench.pages.shell import document
from workbench.pages.tables import definitions
from workbench.pages.words import METRIC_MEANINGS, METRIC_NAMES

LIMITS = (
    "All methods saw the same pictures through the same model. Figures from papers used others: "
    "they are references, not opponents.",
    "A deviation between seeds says what another draw of the support gives. It says nothing about "
    "other products or other models.",
    "Recipes follow published methods as far as their texts say; each method’s line says what "
    "differs. None is its authors’ code.",
)


def write_benchmark(path: str | Path, report: BenchmarkReport) -> Path:
    """Write the page of a benchmark to `path` in one step and return the path.

    Raises `DataError` if nothing was measured, `RunError` if the file cannot be written.
    """
    target = Path(path)
    write_text(target, benchmark_html(report))
    return target


def benchmark_html(report: BenchmarkReport) -> str:
    """Return the page of a benchmark as one HTML document."""
    if not report.rows and not report.summary:
        raise DataError("no cell of the benchmark has a figure to report on.")
    parts = grid.parts(report)
    sections = [
        ("results", "Results", _results(report, parts)),
        ("compared", f"{grid.title(report, report.shown)} and the others", _leads(report, parts)),
        ("text", "Text alone, and its sign", _signs(report, parts)),
        ("shots", "More pictures, better figures?", shots_charts(report, parts)),
        ("categories", "Category by category", _categories(report, parts)),
        ("recipes", "The methods", _recipes(report)),
        ("timing", "Time and memory", _timing(report)),
    ]
    body = "".join(
        f'<section id="{anchor}"><h2>{escape(title)}</h2>\n{content}</section>\n'
        for anchor, title, content in sections
        if content
    )
    links = [(anchor, escape(title)) for anchor, title, content in sections if content]
    products = (
        products_section(report.categories, report.protocol, report.shown_note)
        if report.categories
        else ""
    )
    links += [("products", "Product by product")] if products else []
    links += [("protocol", "Protocol"), ("limits", "Limits")]
    box = protocol_box(
        report.command,
        report.model,
        report.protocol,
        data=report.data,
        metrics=report.definitions,
        versions=report.versions,
    )
    return document(
        report.title,
        _headline(report, parts),
        _lead(report, parts),
        links,
        "",
        f"{body}{products}{box}{limits_section((*report.limits, *LIMITS))}",
    )


def _headline(report: BenchmarkReport, parts: Sequence[Part]) -> str:
    """Say which method is first where the most pictures were given, and where the shown one is.

    With several data sets, say on how many of them the shown one is first.
    """
    most = [
        max(
            (part for part in parts if part.data == data),
            key=lambda part: (-part.contaminated, part.shots),
        )
        for data in grid.data_sets(parts)
    ]
    if len(most) == 1:
        return _first(report, most[0])
    shown = escape(grid.title(report, report.shown))
    ahead = sum(_ranked(report, part)[:1] == [report.shown] for part in most)
    return f"{shown} is first on {ahead} of {len(most)} data sets by mean image AUROC."


def _first(report: BenchmarkReport, part: Part) -> str:
    order = _ranked(report, part)
    where = f"with {escape(part.name)}" + (f" on {escape(part.data)}" if part.data else "")
    if not order:
        count = _several(len(grid.methods(report)), "method")
        return f"{count} compared {where}; no image AUROC is defined."
    figures = {name: (part.mean(name, "image_auroc") or (None, None))[0] for name in order}
    first, shown = order[0], report.shown
    name, value = escape(grid.title(report, first)), f"{percent(figures[first])}&nbsp;%"
    if len(order) == 1:
        return f"{name} reaches {value} mean image AUROC {where}."
    best = f"{name} is first {where}: {value} mean image AUROC."
    if shown not in order or shown == first:
        return best
    return (
        f"{best} {escape(grid.title(report, shown))} is number {order.index(shown) + 1} of "
        f"{len(order)}, with {percent(figures[shown])}&nbsp;%."
    )


def _ranked(report: BenchmarkReport, part: Part) -> list[str]:
    """Return the methods by their mean image AUROC, the highest first; those without it not."""
    means = {
        method: mean[0]
        for method in grid.methods(report)
        if (mean := part.mean(method, "image_auroc")) is not None
    }
    return sorted(means, key=lambda method: -means[method])


def _lead(report: BenchmarkReport, parts: Sequence[Part]) -> str:
    categories = {(part.data, name) for part in parts for name in part.categories}
    seeds = len(max((part.seeds for part in parts), key=len, default=[]))
    counts = sorted({part.shots for part in parts})
    listed = ", ".join(map(str, counts[:-1])) + " and " * (len(counts) > 1) + str(counts[-1])
    shots = f"{listed} shot{'s' * (counts != [1])}" if any(counts) else "no support"
    name = report.model.get("name")
    model = f"<code>{escape(name)}</code>" if name else "one model"
    return (
        f"{_several(len(grid.methods(report)), 'method')} on the features of {model}, "
        f"{_several(len(categories), 'category')}, {shots}, {_several(seeds, 'seed')}. "
        "Every method sees the same support and test pictures and is measured by the same metrics."
    )


def _results(report: BenchmarkReport, parts: Sequence[Part]) -> str:
    intro = (
        '<p class="muted">Macro mean over the categories in percent; ± is the standard deviation '
        "between seeds. Bold: the largest printed mean (the smallest where ↓), which need not be "
        "a difference beyond chance.</p>"
    )
    tables = "".join(
        f'<h3 class="apart">{_where(part)}</h3>{results_table(report, part)}' for part in parts
    )
    known = grid.measured_metrics(report)
    terms = definitions({METRIC_NAMES[name]: escape(METRIC_MEANINGS[name]) for name in known})
    charts = "".join(means_chart(report, parts, metric) for metric in CHARTED if metric in known)
    folded = f"<details><summary>What the metrics mean</summary>{terms}</details>"
    return intro + charts + tables + folded


def _leads(report: BenchmarkReport, parts: Sequence[Part]) -> str:
    tables = "".join(
        f'<h3 class="apart">{_where(part)}</h3>{table}'
        for part in parts
        if (table := leads_table(report, part))
    )
    if not tables:
        return ""
    shown = escape(grid.title(report, report.shown))
    return (
        f'<p class="muted">{shown} minus each other method, on the same categories and seeds: the '
        "mean difference, and its standard deviation between seeds. Above 0 means that "
        f"{shown} is ahead.</p>{tables}"
    )


def _signs(report: BenchmarkReport, parts: Sequence[Part]) -> str:
    tables = "".join(
        f'<h3 class="apart">{_where(part)}</h3>{table}'
        for part in parts
        if not part.contaminated and (table := signs_table(report, part))
    )
    if not tables:
        return ""
    return (
        '<p class="muted">An AUROC below 50 % means that text points the wrong way: defective '
        "pictures look more normal to it. Nothing is turned round. A category counts as + or − "
        "where the 95 % interval of every seed lies above or below 50 %, and as open otherwise."
        f"</p>{tables}"
    )


def _categories(report: BenchmarkReport, parts: Sequence[Part]) -> str:
    tables = "".join(
        f'<h3 class="apart">{_where(part)}</h3>{category_tables(report, part)}'
        for part in parts
        if len(part.categories) > 1 or len(part.seeds) == 1
    )
    if not tables:
        return ""
    return (
        '<p class="muted">Mean ± standard deviation between seeds; with a single seed, the 95 % '
        f"interval by bootstrap over test pictures is in small print.</p>{tables}"
    )


def _recipes(report: BenchmarkReport) -> str:
    terms = {
        f"{title} ({name})" if title and title != name else name: escape(recipe)
        for name, (title, recipe) in report.methods.items()
    }
    return definitions(terms) if terms else ""


def _timing(report: BenchmarkReport) -> str:
    if not report.timing:
        return ""
    return (
        '<p class="muted">As it went on this machine, and no part of the promise that the same '
        "inputs give the same figures. Methods share the model’s forward passes: these are the "
        "times on top of them.</p>" + plain_table(report.timing, "Time and memory")
    )


def _where(part: Part) -> str:
    return escape(f"{part.data}, {part.name}" if part.data else part.name)


def _several(count: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count} {noun if count == 1 else plural}"
