"""`workbench benchmark`: every method on every category, with every support set, in one grid."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import DataError, SettingError
from workbench.files import check_new_folder
from workbench.verbs.numbers import numbers
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.shared import (
    add_data_options,
    add_model_options,
    add_output,
    load,
    model_arguments,
    read_data,
)

if TYPE_CHECKING:
    from workbench.benchmark.cell import Cell
    from workbench.benchmark.grid import Grid
    from workbench.benchmark.summary import Summary
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
        help="names or globs with commas; default, or all (see --list)",
    )
    parser.add_argument("--preset", choices=["paper"], help="a whole published comparison")
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="MODEL=FILE",
        help="preset: where a model's weights lie, if not in the cache",
    )
    add_model_options(parser)
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
    prepare_folder(options)
    lines = [dataset.describe() for dataset in data.values()]
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

    asked = [name.strip() for name in options.methods.split(",") if name.strip()]
    return Grid(
        methods=tuple(methods(asked)),
        shots=numbers(options.shots, "--shots"),
        seeds=numbers(options.seeds, "--seeds"),
        protocol=options.protocol,
        draws=options.draws,
    )


def prepare_folder(options: argparse.Namespace) -> None:
    """Clear --out if it is to be replaced. Raises `RunError` if it may not be."""
    if options.resume and options.overwrite:
        raise SettingError("--resume goes on with --out and --overwrite replaces it: say one.")
    if not options.resume:
        check_new_folder(options.out, overwrite=options.overwrite)
        shutil.rmtree(options.out, ignore_errors=True)


def compute(
    options: argparse.Namespace,
    data: "dict[str, Dataset]",
    grid: "Grid",
    model_options: dict[str, Any],
    out: Path,
) -> "tuple[list[Cell], list[Summary]]":
    """Compute the grid below `out` and write its tables and report."""
    from workbench.benchmark.grid import finished, run_grid
    from workbench.benchmark.identity import begin, identity
    from workbench.benchmark.results import write_results
    from workbench.evaluation.category import MAPS
    from workbench.excavation.run_format import describe_model, versions

    model = load(model_options)
    protocol = {"support": grid.protocol, "random draws": grid.draws, "maps": MAPS}
    begin(
        out,
        {
            "identity": identity(describe_model(model), data, protocol),
            "command": options.command,
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
    keys = [
        key
        for name, dataset in data.items()
        for category in dataset.categories
        for key in grid.keys(name, category)
    ]
    cells = finished(out, keys)
    summaries = write_results(out, cells)
    return cells, summaries


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
