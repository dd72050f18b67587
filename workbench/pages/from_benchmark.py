"""From a benchmark's cells to its page, with one method shown picture by picture."""

import csv
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.benchmark.cell import Cell
from workbench.benchmark.grid import Grid
from workbench.benchmark.published import published, recognised
from workbench.benchmark.summary import Summary
from workbench.benchmark.tables import undefined
from workbench.clip.hooked import HookedCLIP
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.samples import Dataset
from workbench.pages.from_results import evaluated_category
from workbench.pages.inputs import BenchmarkReport, CategoryReport

SHOWN = "lake"


def benchmark_report(
    content: Mapping[str, Any],
    grid: Grid,
    cells: Sequence[Cell],
    summaries: Sequence[Summary],
    out: Path,
    categories: Sequence[CategoryReport] = (),
    limits: Sequence[str] = (),
) -> BenchmarkReport:
    """Return what the page shows; `content` is what the benchmark's folder says of itself."""
    identity = content["identity"]
    names = list(dict.fromkeys(cell.key.data for cell in cells))
    first = cells[0].measures if cells else {}
    with (out / "timing.csv").open(encoding="utf-8", newline="") as file:
        timing = list(csv.DictReader(file))
    return BenchmarkReport(
        title=f"Benchmark: {', '.join(names)}",
        command=content["command"],
        model=identity["model"],
        protocol={
            **identity["protocol"],
            "shots": content["grid"]["shots"],
            "seeds": content["grid"]["seeds"],
            "contents of the data": identity["data"],
            "support": _supports(cells),
        },
        rows=[cell.row() for cell in cells],
        summary=[_summary(summary) for summary in summaries if summary.category == "mean"],
        methods={
            name: (method["title"], method["recipe"])
            for name, method in content["grid"]["methods"].items()
        },
        published=[one for name in names for one in _published(name, cells)],
        timing=_timing(timing, cells),
        limits=(*limits, *_undefined(names, cells)),
        categories=categories,
        definitions={name: str(part.get("definition", "")) for name, part in first.items()},
        versions=content["versions"],
        data=content["data"],
        shown=SHOWN,
        shown_note=f"Shown is LAKE with {_pictures(max(grid.shots))}, drawn with seed "
        f"{grid.seeds[0]}.",
    )


def shown_categories(
    model: HookedCLIP, data: Mapping[str, Dataset], grid: Grid, settings: Settings
) -> Iterator[CategoryReport]:
    """Yield each category as LAKE sees it, with the most shots and the first seed of the grid.

    The category's test images pass the model once more.
    """
    for dataset in data.values():
        for category in dataset.categories:
            excavation = excavate(
                dataset[category],
                model,
                settings,
                shots=max(grid.shots),
                seed=grid.seeds[0],
                protocol=grid.protocol,
            )
            result = evaluate(excavation, dataset[category])
            yield evaluated_category(excavation, result, dataset[category])


def _supports(cells: Sequence[Cell]) -> dict[str, list[str]]:
    """Return every support set by its category, shots and seed; methods share them."""
    return {
        f"{c.key.data} {c.key.category}, {c.key.shots} shots, seed {c.key.seed}": list(c.support)
        for c in cells
        if c.support
    }


def _timing(rows: Sequence[Mapping[str, str]], cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return per method and shots the mean time of a draw and the largest gallery.

    Draws of a random method are fitted and judged one by one, so a draw is what compares.
    """
    draws = {_place(asdict(cell.key)): len(cell.scores) for cell in cells}
    groups: dict[tuple[str, int], list[Mapping[str, str]]] = {}
    for row in rows:
        groups.setdefault((row["method"], int(row["shots"])), []).append(row)
    found = []
    for (method, shots), own in groups.items():
        number = [draws.get(_place(row), 1) for row in own]
        fit = [float(row["fit"]) / n for row, n in zip(own, number, strict=True)]
        judge = [
            1000 * float(row["judge"]) / n / max(int(row["images"]), 1)
            for row, n in zip(own, number, strict=True)
        ]
        found.append(
            {
                "method": method,
                "shots": shots,
                "cells": len(own),
                "fit, s": statistics.fmean(fit),
                "judge, ms per image": statistics.fmean(judge),
                "gallery bytes": max(int(row["gallery_bytes"]) for row in own),
            }
        )
    return found


def _undefined(names: Sequence[str], cells: Sequence[Cell]) -> Iterator[str]:
    """Yield what is left out of each data set's means."""
    for name in names:
        said = undefined([cell for cell in cells if cell.key.data == name])
        if said:
            yield f"{name}: {said}"


def _pictures(number: int) -> str:
    return f"{number} normal picture{'s' * (number != 1)}"


def _place(key: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("data", "category", "method", "shots", "seed", "contaminated")
    return tuple(str(key[name]) for name in names)


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "data": summary.data,
        "method": summary.method,
        "shots": summary.shots,
        "contaminated": summary.contaminated,
        **{
            name: None if spread.mean is None else (spread.mean, spread.deviation)
            for name, spread in summary.metrics.items()
        },
    }


def _published(name: str, cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    title = recognised({cell.key.category for cell in cells if cell.key.data == name})
    for one in published(title):
        yield {
            "source": one.source,
            "method": f"{one.method} ({one.note})" if one.note else one.method,
            "backbone": one.backbone,
            "shots": int(one.shots) if one.shots.isdecimal() else None,
            "dataset": one.data,
            "data": name,
            **{metric: value / 100 for metric, value in one.values.items()},
        }
