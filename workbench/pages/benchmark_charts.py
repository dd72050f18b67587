"""The charts of a benchmark: methods side by side, and figures against the number of shots."""

from collections.abc import Sequence

from workbench.pages import grid
from workbench.pages.dots import Dot, Row, dot_plot
from workbench.pages.grid import Part
from workbench.pages.inputs import BenchmarkReport, SweepFigure
from workbench.pages.markup import escape
from workbench.pages.plots import sweep
from workbench.pages.svg import key
from workbench.pages.words import METRIC_NAMES

CHARTED = ("image_auroc", "pixel_aupro")
MOST_LINES = 6
NO_SUPPORT = 6
"""The mark of methods that need no support: the grey one."""


def means_chart(report: BenchmarkReport, parts: Sequence[Part], metric: str) -> str:
    """Draw the methods' means per shots with their deviation, one chart per data set."""
    drawn = []
    for data in grid.data_sets(parts):
        own = [part for part in parts if part.data == data]
        rows = [
            Row(grid.title(report, method), dots, method == report.shown)
            for method in grid.methods(report)
            if (dots := _method_dots(report, own, method, metric))
        ]
        rows.sort(key=lambda row: -row.dots[-1].value)
        title = f"{METRIC_NAMES[metric]}{f', {data}' if data else ''}"
        names = {part.name: series for series, part in enumerate(own)}
        if any(dot.series == NO_SUPPORT for row in rows for dot in row.dots):
            names["no support"] = NO_SUPPORT
        reference = 0.5 if metric.endswith("auroc") else None
        label = f"{title} of each method; the numbers are in the tables."
        drawn.append(
            f'<h3 class="apart">{escape(title)} '
            '<span class="muted">mean ± standard deviation between seeds</span></h3>'
            + key(list(names), list(names.values()))
            + dot_plot(rows, f"{METRIC_NAMES[metric]} (%)", reference, label=label)
        )
    return "".join(drawn)


def _method_dots(
    report: BenchmarkReport, parts: Sequence[Part], method: str, metric: str
) -> list[Dot]:
    dots = []
    for series, part in enumerate(parts):
        mean = part.mean(method, metric)
        if mean is None:
            continue
        value, sd = mean
        without = not int(part.summary[method].get("shots", 1))
        low = None if sd is None else max(value - sd, 0.0)
        high = None if sd is None else min(value + sd, 1.0)
        shots = "no support" if without else part.name
        said = f"{grid.title(report, method)}, {shots}: {100 * value:.1f}"
        said += "" if sd is None else f" ± {100 * sd:.1f}"
        dots.append(Dot(NO_SUPPORT if without else series, value, low, high, said=said))
        if without:
            break  # the same without support, however many shots the others have
    return dots


def shots_charts(report: BenchmarkReport, parts: Sequence[Part]) -> str:
    """Draw the figures against the number of shots, a line per method, some lines per chart."""
    figures = []
    for data in grid.data_sets(parts):
        own = [part for part in parts if part.data == data and not part.contaminated]
        if len(own) < 2:
            continue
        several = [m for m in grid.methods(report) if _uses_support(own, m)]
        for metric in CHARTED:
            for start in range(0, len(several), MOST_LINES):
                names = several[start : start + MOST_LINES]
                if start and report.shown in several and report.shown not in names:
                    names = [report.shown, *names]
                figure = _shots_figure(report, own, names, metric)
                if figure:
                    title = f"{METRIC_NAMES[metric]}{f', {data}' if data else ''}"
                    figures.append(f'<h3 class="apart">{escape(title)}</h3>{figure}')
    if not figures:
        return ""
    note = (
        '<p class="muted">Macro mean over the categories against the number of normal pictures; '
        "whiskers are the standard deviation between seeds.</p>"
    )
    return note + "".join(figures)


def _shots_figure(
    report: BenchmarkReport, parts: Sequence[Part], names: Sequence[str], metric: str
) -> str:
    means = {name: [part.mean(name, metric) for part in parts] for name in names}
    series = {
        grid.title(report, name): (
            [None if mean is None else mean[0] for mean in found],
            [None if mean is None or mean[1] is None else mean[0] - mean[1] for mean in found],
            [None if mean is None or mean[1] is None else mean[0] + mean[1] for mean in found],
        )
        for name, found in means.items()
        if any(mean is not None for mean in found)
    }
    if not series:
        return ""
    shots = [str(part.shots) for part in parts]
    return sweep(SweepFigure("shots", shots, series, METRIC_NAMES[metric]))


def _uses_support(parts: Sequence[Part], method: str) -> bool:
    return any(int(p.summary[method].get("shots", 0)) for p in parts if method in p.summary)
