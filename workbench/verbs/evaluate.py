"""`workbench evaluate`: a run against labelled test images."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import DataError, RunError
from workbench.files import new_folder, write_json
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.runs import check_runs, find_runs, load_runs
from workbench.verbs.shared import (
    add_data_options,
    add_dry_run,
    add_model_options,
    add_output,
    check_output,
    dry_run,
    read_data,
    write_table,
)

if TYPE_CHECKING:
    from workbench.images.samples import Dataset

SCHEMA = 1


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="what `excavate` wrote")
    parser.add_argument("data", metavar="DATA", help="a category folder, or a root of several")
    add_output(parser)
    add_model_options(parser, default=None)
    parser.add_argument(
        "--alpha",
        type=float,
        default=0.05,
        metavar="A",
        help="share of normal images that the threshold may flag (default: 0.05); it comes from "
        "the support alone",
    )
    parser.add_argument(
        "--exact", action="store_true", help="sort all pixels instead of counting them in bins"
    )
    add_data_options(parser)
    add_dry_run(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Write `results.json`, `per_image.csv` and `report.html`."""
    check_output(options, options.run_folder, options.data)
    dataset = read_data(options.data, options)
    pairs = _paired(options.run_folder, dataset)
    from workbench.evaluation.evaluate import labelled_tests

    for category in pairs.values():
        labelled_tests(dataset[category])
    if options.dry_run:
        return _planned(options, dataset, pairs)
    from workbench.evaluation.category import METRICS
    from workbench.evaluation.evaluate import evaluate
    from workbench.evaluation.measure import mean_of
    from workbench.excavation.run_format import describe_model, versions
    from workbench.pages.from_results import evaluation_report
    from workbench.pages.report import write_report

    judged = []
    for excavation in load_runs(options.run_folder, options):
        if excavation.category in pairs:
            samples = dataset[pairs[excavation.category]]
            result = evaluate(excavation, samples, alpha=options.alpha, exact=options.exact)
            judged.append((excavation, result))
    results = [result for _, result in judged]
    first = judged[0][0]
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "command": options.command,
        "model": describe_model(first.model),
        "settings": {**first.settings.to_dict(), "shots": first.shots, "seed": first.seed},
        "support": {result.category: list(found.support) for found, result in judged},
        "excavated_from": {result.category: found.category for found, result in judged},
        "categories": {result.category: result.to_dict() for result in results},
        "mean": {metric: mean_of([r.value(metric) for r in results]) for metric in METRICS},
        "definitions": {name: m.definition for name, m in results[0].measures.items()},
        "data": dataset.describe().splitlines(),
    }
    with new_folder(options.out, overwrite=options.overwrite) as part:
        page = evaluation_report(judged, dataset, options.command, versions=versions())
        write_report(part / "report.html", page)
        write_table(part / "per_image.csv", [row for result in results for row in result.table()])
        write_json(part / "results.json", content)
    rows = [
        {"category": name, **{metric: values[metric] for metric in METRICS}}
        for name, values in (*content["categories"].items(), ("mean", content["mean"]))
    ]
    notes = "".join(
        f"note: {result.category} was judged with the excavation of {found.category}\n"
        for found, result in judged
        if found.category != result.category
    )
    return Outcome(
        f"{dataset.describe()}\n\n{table(rows)}\n\n{notes}"
        f"results.json, per_image.csv and report.html written to {options.out}",
        content,
    )


def _planned(options: argparse.Namespace, dataset: "Dataset", pairs: Mapping[str, str]) -> Outcome:
    """Say which test images would be judged by which excavation."""
    from workbench.evaluation.evaluate import labelled_tests

    model = check_runs(options.run_folder, options)
    rows = []
    for excavated, category in pairs.items():
        tests = labelled_tests(dataset[category])
        rows.append(
            {
                "category": category,
                "excavated from": excavated,
                "test normals": sum(sample.label == 0 for sample in tests),
                "test anomalies": sum(sample.label == 1 for sample in tests),
                "with masks": sum(bool(sample.mask_paths) for sample in tests),
                "without a label": len(dataset.test(category)) - len(tests),
            }
        )
    return dry_run(
        f"{dataset.describe()}\n\n{table(rows)}",
        [
            f"load {model}",
            f"judge the labelled test images with the run {options.run_folder}",
            f"write results.json, per_image.csv and report.html below {options.out}",
        ],
        {
            "out": str(options.out),
            "data": dataset.describe().splitlines(),
            "model": str(model),
            "categories": rows,
        },
    )


def _paired(folder: Path, dataset: "Dataset") -> dict[str, str]:
    """Return which category of the data each excavation of the run is to be judged on.

    By name; a run of one category and data of one category belong together whatever they are
    called. Raises `RunError` or `DataError` if the two have nothing in common.
    """
    from workbench.excavation.run_format import read_header

    trained = [read_header(run).category for run in find_runs(folder)]
    if len(trained) == 1 and len(dataset.categories) == 1:
        return {trained[0]: dataset.categories[0]}
    pairs = {name: name for name in trained if name in dataset.categories}
    if not pairs:
        raise DataError(
            f"{dataset.root} has {', '.join(dataset.categories)}, and the run {folder} knows "
            f"{', '.join(trained)}: no category in common. Excavate on this data first."
        )
    missing = sorted(set(dataset.categories) - set(trained))
    if missing:
        raise RunError(
            f"the run {folder} knows nothing of {', '.join(missing)}. Excavate on the whole of "
            f"{dataset.root}, or evaluate on the folder of one category."
        )
    return pairs
