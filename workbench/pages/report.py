"""The report of a run: one HTML file that needs nothing else, written to be understood.

Charts are inline SVG and pictures are embedded; there is no script and no address to fetch from.
"""

from importlib.resources import files
from pathlib import Path

from workbench.errors import DataError
from workbench.files import write_text
from workbench.pages import charts, summary
from workbench.pages.categories import category_section
from workbench.pages.inputs import ReportInput
from workbench.pages.markup import escape
from workbench.pages.protocol import protocol_section, standing_section
from workbench.pages.steps import steps_section
from workbench.pages.tables import controls_table, metrics_table


def write_report(path: str | Path, report: ReportInput) -> Path:
    """Write the report's page to `path` in one step and return the path.

    Raises `DataError` if there is no category to report on or a picture cannot be read,
    `RunError` if the file cannot be written.
    """
    target = Path(path)
    write_text(target, report_html(report))
    return target


def report_html(report: ReportInput) -> str:
    """Return the report as one HTML document."""
    if not report.categories:
        raise DataError("there is no category to report on.")
    style = files("workbench.pages").joinpath("report.css").read_text(encoding="utf-8")
    controls = _controls_section(report)
    links = [
        ("how", "How it works"),
        ("results", "Results"),
        *([("controls", "Which neurons?")] if controls else []),
        ("products", "Product by product"),
        ("protocol", "Protocol"),
        ("limits", "Limits"),
    ]
    nav = "".join(f'<a href="#{anchor}">{text}</a>' for anchor, text in links)
    products = "".join(
        category_section(category, index, report)
        for index, category in enumerate(report.categories)
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(report.title)}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<header class="top">
<p class="kicker">{escape(report.title)}</p>
<h1>{summary.headline(report)}</h1>
<p class="lead">{summary.lead(report)}</p>
<nav aria-label="On this page">{nav}</nav>
{summary.findings(report)}
</header>
<main>
{steps_section(report)}
<section id="results">
<h2>Results</h2>
{metrics_table(report)}
</section>
{controls}
<section id="products">
<h2>Product by product</h2>
<p class="muted">Colours mean the same in every picture of a product: the scale is fixed by the
normal support pictures, never by the picture shown. Its lower half is what normal patches reach,
its upper half lies beyond them.</p>
{products}
</section>
{protocol_section(report)}
{standing_section(report)}
</main>
<footer>Made by the LAKE Workbench. This page holds all that it shows and fetches nothing.</footer>
</body>
</html>
"""


def _controls_section(report: ReportInput) -> str:
    rows = {category.name: category.controls for category in report.categories if category.controls}
    if not rows:
        return ""
    draws = report.settings.get("random_draws")
    key = charts.control_key(draws if isinstance(draws, int) else None)
    return f"""<section id="controls">
<h2>Which neurons, and would any do?</h2>
<p class="muted">The same detector on the same pictures, with other neurons. These are
compared by the visual score alone, because the text score does not depend on them.</p>
{key}
<div class="chartbox">{charts.controls(rows, report.controls if len(rows) > 1 else None)}</div>
{controls_table(report)}
</section>"""
