"""`workbench benchmark`: every method on every category, with every support set, in one grid."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import DataError, RunError, SettingError
from workbench.files import remove_folder, write_text
from workbench.verbs.numbers import check_positive, numbers
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.shared import (
    add_data_options,
    add_dry_run,
    add_model_options,
    add_output,
    add_settings,
    check_output,
    checked_model,
    dry_run,
    load,
    model_arguments,
    plain_command,
    read_data,
    settings,
)

if TYPE_CHECKING:
    from workbench.benchmark.cell import Cell
    from workbench.benchmark.grid import Grid
    from workbench.benchmark.summary import Summary
    from workbench.clip.model_check import ModelCheck
    from workbench.images.samples import Dataset


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "data", metavar="DATA", nargs="+", help="category folders, or roots of several"
    )
    add_output(parser)
    parser.add_argument("--resume", action="store_true", help="go on with what --out holds")
    add_grid_options(parser)
    parser.add_argument(
        "--methods",
        default="default",
        metavar="LIST",
        help="names or globs with commas, `default` or `all`; docs/detection.md has them",
    )
    parser.add_argument("--preset", choices=["paper"], help="a whole published comparison")
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="MODEL=FILE",
        help="preset: where a model's weights lie, if not in the cache",
    )
    add_dry_run(parser)
    add_model_options(parser)
    add_settings(parser)
    add_data_options(parser)


def add_grid_options(parser: argparse.ArgumentParser) -> None:
    """Say which support sets, how many random draws, and who does the work."""
    group = parser.add_argument_group("grid")
    group.add_argument("--shots", default="1,2,4", metavar="LIST", help="default: 1,2,4")
    group.add_argument("--seeds", default="0-4", metavar="LIST", help="default: 0-4")
    group.add_argument(
        "--draws", type=int, default=20, metavar="N", help="of random methods (default: 20)"
    )
    group.add_argument(
        "--protocol", default="nested", help="of drawing support: nested (default), blocks"
    )
    group.add_argument("--batch-size", type=int, default=16, metavar="N", help="default: 16")
    group.add_argument("--keep-features", action="store_true", help="leave the recorded features")
    group.add_argument("--engine", choices=["local", "ray"], default="local", help="who does it")
    group.add_argument("--workers", type=int, metavar="N", help="ray: how many at a time")
    group.add_argument("--ray-address", metavar="A", help="of a running cluster")


def run(options: argparse.Namespace) -> Outcome:
    """Write `results.csv` and its tables, `timing.csv`, `per_image.csv` and `report.html`."""
    if options.preset:
        from workbench.verbs.preset import run_preset

        return run_preset(options)
    data = read_all(options.data, options)
    grid = make_grid(options)
    from workbench.benchmark.grid import check

    check(data, grid)
    lines = [dataset.describe() for dataset in data.values()]
    check_folder(options, options.out)
    if options.dry_run:
        model = checked_model(model_arguments(options))
        return dry_run("\n".join(lines), _would(options, data, grid, model), {"data": lines})
    cells, summaries = compute(options, data, grid, model_arguments(options), options.out)
    lines += ["", table(_brief(summaries)), "", _written(options.out, len(cells))]
    return Outcome("\n".join(lines), [summary.row() for summary in summaries])


def read_all(paths: list[str], options: argparse.Namespace) -> "dict[str, Dataset]":
    """Read every data folder; they are called by their folders' names."""
    found: dict[str, Dataset] = {}
    for path in paths:
        name = Path(path).resolve().name
        if name in found:
            raise DataError(
                f"two of the data sets are called {name}, and results go by that name. Rename a "
                "folder, or run them apart."
            )
        found[name] = read_data(path, options)
    return found


def make_grid(options: argparse.Namespace) -> "Grid":
    """Return the grid that the options ask for; raises `SettingError`."""
    from workbench.baselines.registry import methods
    from workbench.benchmark.grid import Grid

    check_positive(options.batch_size, "--batch-size")
    check_positive(options.workers, "--workers")
    asked = [name.strip() for name in options.methods.split(",") if name.strip()]
    return Grid(
        methods=tuple(methods(asked, settings(options))),
        shots=numbers(options.shots, "--shots"),
        seeds=numbers(options.seeds, "--seeds"),
        protocol=options.protocol,
        draws=options.draws,
    )


def check_folder(options: argparse.Namespace, out: Path) -> None:
    """Raise `RunError` if a benchmark may not be written to `out`."""
    if options.resume and options.overwrite:
        raise SettingError("--resume goes on with --out and --overwrite replaces it: say one.")
    if options.resume:
        return
    from workbench.benchmark.identity import JSON_NAME

    if (out / JSON_NAME).is_file() and not options.overwrite:
        raise RunError(
            f"{out} holds a benchmark already: say --resume to go on with it (more "
            "methods, shots and seeds may be asked for), --overwrite to begin anew, or choose "
            "another --out."
        )
    check_output(options, *options.data, out=out)


def compute(
    options: argparse.Namespace,
    data: "dict[str, Dataset]",
    grid: "Grid",
    model_options: dict[str, Any],
    out: Path,
    limits: tuple[str, ...] = (),
) -> "tuple[list[Cell], list[Summary]]":
    """Compute the grid below `out` and write its tables and report.

    What `out` holds is replaced, or gone on with, once model, settings and data are found good.
    """
    from workbench.benchmark.grid import finished, finished_keys, run_grid
    from workbench.benchmark.identity import begin, identity, read
    from workbench.benchmark.judging import all_needs
    from workbench.benchmark.results import write_results
    from workbench.evaluation.category import MAPS
    from workbench.excavation.run_format import describe_model, versions
    from workbench.pages.benchmark import benchmark_html
    from workbench.pages.from_benchmark import benchmark_report, shown_categories

    model = load(model_options)
    all_needs(grid.methods, model)  # sites and K that the model lacks are told here
    protocol = {
        "support": grid.protocol,
        "random draws": grid.draws,
        "maps": MAPS,
        "settings": settings(options).to_dict(),
    }
    what = identity(describe_model(model), data, protocol)
    if not options.resume:
        remove_folder(out)
    begin(
        out,
        {
            "identity": what,
            "command": plain_command(options),
            "grid": grid.to_dict(),
            "versions": versions(),
            "data": [line for d in data.values() for line in d.describe().splitlines()],
        },
        resume=options.resume,
    )
    if options.engine == "ray":
        from workbench.benchmark.ray_engine import run_grid_on_ray

        run_grid_on_ray(
            model,
            data,
            grid,
            out,
            address=options.ray_address,
            workers=options.workers,
            batch_size=options.batch_size,
            keep_features=options.keep_features,
        )
    else:
        run_grid(
            model,
            data,
            grid,
            out,
            batch_size=options.batch_size,
            keep_features=options.keep_features,
        )
    content = read(out)
    cells = finished(out, finished_keys(out, data, list(content["grid"]["methods"])))
    summaries = write_results(out, cells)
    page = benchmark_report(
        content,
        grid,
        cells,
        summaries,
        out,
        categories=list(shown_categories(model, data, grid, settings(options))),
        limits=limits,
    )
    write_text(out / "report.html", benchmark_html(page))
    return cells, summaries


def _would(
    options: argparse.Namespace,
    data: "dict[str, Dataset]",
    grid: "Grid",
    model: "ModelCheck",
) -> list[str]:
    """Say what a grid will be: its methods, its cells, and how many images the model looks at."""
    from workbench.benchmark.grid import reckon

    plans = [reckon(data[name], grid, name) for name in data]
    return [
        f"look with {model}",
        f"fit {len(grid.methods)} methods ({', '.join(m.name for m in grid.methods)})",
        f"fill {sum(plan.cells for plan in plans)} cells: shots {options.shots}, seeds "
        f"{options.seeds}, {options.draws} draws of random methods",
        f"pass {sum(plan.images for plan in plans)} images through the model once",
        f"write results.csv, tables and report.html to {options.out}",
    ]


def _brief(summaries: "list[Summary]") -> list[dict[str, Any]]:
    from workbench.benchmark.tables import COLUMNS

    return [
        {
            "data": summary.data,
            "method": summary.method,
            "shots": summary.shots,
            **{name: summary.metrics[metric].percent() for metric, name in COLUMNS.items()},
        }
        for summary in summaries
        if summary.category == "mean"
    ]


def _written(out: Path, cells: int) -> str:
    return (
        f"{cells} cells; results.csv, summary.csv, per_image.csv, timing.csv, tables/ and "
        f"report.html written to {out}"
    )
