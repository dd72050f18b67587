"""The report of a run: one HTML file that needs nothing else, written to be understood.

Charts are inline SVG and pictures are embedded; there is no script and no address to fetch from.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.errors import DataError
from workbench.files import write_text
from workbench.pages import charts, summary
from workbench.pages.categories import PICTURE_SIDE, SMALL_SIDE, category_section
from workbench.pages.inputs import CategoryReport, ReportInput
from workbench.pages.protocol import protocol_section, standing_section
from workbench.pages.shell import document
from workbench.pages.steps import steps_section
from workbench.pages.tables import controls_table, metrics_table
from workbench.pages.thresholds import all_thresholds

MANY = 6
"""With more categories than this, the pictures are made smaller."""


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
    controls = _controls_section(report)
    threshold = _threshold_section(report)
    links = [
        ("how", "How it works"),
        ("results", "Results"),
        *([("threshold", "The threshold")] if threshold else []),
        *([("controls", "Which neurons?")] if controls else []),
        ("products", "Product by product"),
        ("protocol", "Protocol"),
        ("limits", "Limits"),
    ]
    main = f"""{steps_section(report)}
<section id="results">
<h2>Results</h2>
{metrics_table(report)}
</section>
{threshold}
{controls}
{products_section(report.categories, report.settings)}
{protocol_section(report)}
{standing_section(report)}"""
    return document(
        report.title,
        summary.headline(report),
        summary.lead(report),
        links,
        summary.findings(report),
        main,
    )


def products_section(categories: Sequence[CategoryReport], settings: Mapping[str, Any]) -> str:
    """Return every product's part; with many products the pictures are smaller."""
    side = PICTURE_SIDE if len(categories) <= MANY else SMALL_SIDE
    products = "".join(
        category_section(category, index, settings, side)
        for index, category in enumerate(categories)
    )
    return f"""<section id="products">
<h2>Product by product</h2>
<p class="muted">Colours mean the same in every picture of a product: the scale is fixed by the
normal support pictures, never by the picture shown. Its lower half is what normal patches reach,
its upper half lies beyond them.</p>
{products}
</section>"""


def _threshold_section(report: ReportInput) -> str:
    table = all_thresholds(report.categories)
    if not table:
        return ""
    return f"""<section id="threshold">
<h2>The threshold, and what it does</h2>
<p class="muted">Each product’s threshold comes from its support alone. What it then does on the
test pictures is below, and by kind of defect in the product’s own part.</p>
{table}
</section>"""


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
