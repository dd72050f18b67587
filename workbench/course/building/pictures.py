"""Still pictures of what moves: charts by plotly's exporter, widgets by a browser's screenshot."""

import base64
import io
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from workbench.errors import RunError

CHART_WIDTH = 860
PAGE_WIDTH, PAGE_HEIGHT = 1000, 2600
LARGEST = 200_000
"""Bytes of a picture of a widget."""


def chart(given: Mapping[str, Any]) -> tuple[str, int]:
    """Return a chart as PNG in base64, and its width on the page. Raises `RunError`."""
    import plotly.graph_objects as go

    from workbench.figures.export import Job, export

    figure = go.Figure({"data": given["data"], "layout": given["layout"]})
    figure.update_layout(
        width=figure.layout.width or CHART_WIDTH, height=figure.layout.height or 420
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chart.png"
        problem = export([Job(figure, path)])
        if problem:
            raise RunError(f"a chart cannot be drawn: {problem}.")
        width = int(figure.layout.width)
        with Image.open(path) as drawn:
            shown = drawn.convert("RGB").resize(
                (round(1.5 * width), round(1.5 * width * drawn.height / drawn.width)),
                Image.Resampling.LANCZOS,
            )
    return _coded(shown.quantize(128, dither=Image.Dither.NONE), "PNG", optimize=True), width


def compact(coded: str) -> str:
    """Return a PNG in base64 with no more than 256 colours, if that is smaller."""
    with Image.open(io.BytesIO(base64.b64decode(coded))) as picture:
        small = _coded(picture.convert("RGB").quantize(256), "PNG", optimize=True)
    return min(coded, small, key=len)


def widget_pages(execution: int, folder: Path, cell: int) -> str:
    """Return code for a notebook's kernel that writes the page of a cell's widget."""
    return (
        "from workbench.course.building.pages import write_page as _write\n"
        f"_write(Out[{execution}], {str(folder / f'{cell}.html')!r})\n"
    )


def screenshot(page: Path) -> tuple[str, str, int]:
    """Return what a browser shows of a page: a picture in base64, its type, its width.

    Raises `RunError` without a browser, or if it does not draw in time.
    """
    from workbench.figures.chrome import find_browser

    browser = find_browser()
    if browser is None:
        raise RunError("no Chrome or Chromium was found to draw the widgets: install one.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            f"--user-data-dir={folder}/profile",
            f"--window-size={PAGE_WIDTH},{PAGE_HEIGHT}",
            "--virtual-time-budget=20000",
            f"--screenshot={path}",
            page.resolve().as_uri(),
        ]
        try:
            subprocess.run(command, check=False, capture_output=True, timeout=120)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise RunError("the browser did not draw a widget within two minutes.") from error
        if not path.is_file():
            raise RunError(f"the browser {browser} drew no picture of a widget's page.")
        with Image.open(path) as drawn:
            shown = _without_empty_foot(drawn.convert("RGB"))
    for quality in (88, 80, 70, 60, 45):
        coded = _coded(shown, "JPEG", quality=quality, optimize=True)
        if 3 * len(coded) / 4 <= LARGEST:
            break
    return coded, "image/jpeg", shown.width


def _without_empty_foot(picture: Image.Image) -> Image.Image:
    """Return a picture without the rows of one colour at its end, but for a narrow margin."""
    from PIL import ImageChops

    corner = picture.getpixel((picture.width - 1, picture.height - 1))
    plain = Image.new("RGB", picture.size, corner)
    box = ImageChops.difference(picture, plain).getbbox()
    end = picture.height if box is None else min(picture.height, box[3] + 12)
    return picture.crop((0, 0, picture.width, end))


def _coded(picture: Image.Image, kind: str, **options: Any) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
