"""Figures to files: the picture, its caption, what is plotted, and where it all came from."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

from workbench.errors import SettingError
from workbench.figures.export import STATIC
from workbench.figures.paper import PaperFigure
from workbench.figures.results_folder import Results
from workbench.files import write_json, write_text

FORMATS = (*STATIC, "html")
JSON_NAME = "figures.json"
SCHEMA = 1


def formats(text: str) -> tuple[str, ...]:
    """Return the formats that a list with commas names, each once. Raises `SettingError`.

    >>> formats("svg,html,svg")
    ('svg', 'html')
    """
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    wrong = [name for name in found if name not in FORMATS]
    if wrong or not found:
        raise SettingError(
            f"--format {text!r} is not a list of formats; there are {', '.join(FORMATS)}."
        )
    return found


def write_plain(folder: Path, figures: Sequence[PaperFigure], *, html: bool) -> None:
    """Write what needs no browser: HTML, captions and tables. Same data, same bytes.

    The HTML files share `plotly.min.js` beside them, and load nothing from the network.
    """
    for one in figures:
        write_text(folder / f"{one.name}.txt", f"{one.caption}\n")
        write_text(folder / f"{one.name}.csv", table(one))
        if html:
            page = one.figure.to_html(
                include_plotlyjs="directory",
                include_mathjax=False,
                div_id=one.name,
                config={"displaylogo": False, "displayModeBar": False},
            )
            write_text(folder / f"{one.name}.html", page)
    if html and figures:
        write_text(folder / "plotly.min.js", get_plotlyjs())


def table(figure: PaperFigure) -> str:
    """Return what a figure shows as CSV; `None` is an empty cell."""
    columns = list(dict.fromkeys(name for row in figure.rows for name in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(figure.rows)
    return buffer.getvalue()


def write_record(
    folder: Path,
    results: Results,
    figures: Sequence[PaperFigure],
    left_out: Mapping[str, str],
    command: str,
) -> dict[str, Any]:
    """Write `figures.json`: the commands, the hashes of data and tables, the files; return it.

    `data_sha256` is of a figure's CSV; `contents` are the checksums of the images that the results
    were computed from, where those recorded them.
    """
    content = {
        "schema": SCHEMA,
        "command": command,
        "results": {
            "kind": results.kind,
            "folder": str(results.folder),
            "command": results.command,
            "model": dict(results.model),
            "contents": dict(results.contents),
            "sha256": dict(results.files),
        },
        "figures": [
            {
                "name": one.name,
                "caption": one.caption,
                "data_sha256": hashlib.sha256(table(one).encode()).hexdigest(),
                "width_mm": round(one.figure.layout.width * 25.4 / 96, 1),
                "height_mm": round(one.figure.layout.height * 25.4 / 96, 1),
                "files": sorted(
                    path.name for path in folder.iterdir() if path.stem == one.name and path.suffix
                ),
            }
            for one in figures
        ],
        "left_out": dict(left_out),
    }
    write_json(folder / JSON_NAME, content)
    return content
