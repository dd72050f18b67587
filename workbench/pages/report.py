"""The report of a run: one HTML file that needs nothing else, written to be understood.

Charts are inline SVG and pictures are embedded; there is no script and no address to fetch from.
"""

from pathlib import Path

from workbench.errors import DataError
from workbench.files import write_text
from workbench.pages import charts, summary
from workbench.pages.inputs import ReportInput
from workbench.pages.products import products_section
from workbench.pages.protocol import protocol_section, standing_section
from workbench.pages.shell import document
from workbench.pages.steps import steps_section
from workbench.pages.tables import controls_table, metrics_table
from workbench.pages.thresholds import all_thresholds


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
