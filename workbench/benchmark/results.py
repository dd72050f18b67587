"""What a benchmark leaves behind: CSV files and tables, made anew from the finished cells."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.benchmark.cell import Cell
from workbench.benchmark.published import published, recognised
from workbench.benchmark.summary import Summary, summarise
from workbench.benchmark.tables import html, latex, markdown
from workbench.errors import RunError
from workbench.files import write_json, write_text


def write_results(out: Path, cells: Sequence[Cell]) -> list[Summary]:
    """Write `results.csv`, `per_image.csv`, `summary.csv`, `timing.csv` and `tables/`.

    All but `timing.csv` hold the same bytes whenever the same cells are finished, however often
    the work was interrupted.
    """
    summaries = summarise(cells)
    write_csv(out / "results.csv", [cell.row() for cell in cells])
    write_csv(out / "summary.csv", [summary.row() for summary in summaries])
    write_csv(out / "per_image.csv", list(_images(out, cells)))
    write_csv(out / "timing.csv", list(_timings(out, cells)))
    for data in dict.fromkeys(cell.key.data for cell in cells):
        here = [summary for summary in summaries if summary.data == data]
        own = [cell for cell in cells if cell.key.data == data]
        figures = published(recognised({cell.key.category for cell in own}))
        for suffix, make in (("md", markdown), ("tex", latex), ("html", html)):
            write_text(out / "tables" / f"{data}.{suffix}", make(data, here, figures, own))
    write_json(out / "summary.json", [summary.row() for summary in summaries])
    return summaries


def _images(out: Path, cells: Iterable[Cell]) -> Iterable[dict[str, Any]]:
    """A row per test image of every cell; of a method with several draws the mean score."""
    known: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for cell in cells:
        place = (cell.key.data, cell.key.category)
        if place not in known:
            known[place] = _read(out / "cells" / Path(*place) / "images.json")
        about = {
            "data": cell.key.data,
            "category": cell.key.category,
            "method": cell.key.method,
            "shots": cell.key.shots,
            "seed": cell.key.seed,
            "contaminated": cell.key.contaminated,
        }
        for image, scores in zip(known[place], zip(*cell.scores, strict=True), strict=True):
            yield {**about, **image, "score": sum(scores) / len(scores)}


def _timings(out: Path, cells: Iterable[Cell]) -> Iterable[dict[str, Any]]:
    for cell in cells:
        file = cell.key.file(out / "timing")
        if file.is_file():
            yield {**_read(file), "gallery_bytes": cell.gallery_bytes}


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (ValueError, OSError) as error:
        raise RunError(f"{file} is damaged ({error}). Delete it and resume.") from error


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the same keys as a CSV file, in one step."""
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_text(path, buffer.getvalue())
