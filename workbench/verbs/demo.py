"""`workbench demo`: the whole method on the embedded categories, with every control, on a page."""

import argparse
import time
from typing import TYPE_CHECKING, Any

from workbench import paths
from workbench.files import new_folder, write_json
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.runs import write_command
from workbench.verbs.shared import (
    add_choices,
    add_model_options,
    add_output,
    check_output,
    load,
    model_arguments,
    settings,
    write_table,
)

if TYPE_CHECKING:
    from workbench.evaluation.compare import Comparison

DEMO_LIMITS = (
    "The demo model is a very small CLIP, trained from nothing on drawn pictures. It has never "
    "seen a photograph, and no figure obtained with it says anything about real CLIPs.",
    "The five products are drawn too, by other programs than the model's training pictures.",
)


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_output(parser)
    add_model_options(parser)
    add_choices(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Write `results.json`, `curves.json`, `per_image.csv`, `report.html` and the excavations."""
    check_output(options)
    chosen = settings(options)
    began = time.perf_counter()
    from workbench.evaluation.compare import compare
    from workbench.excavation.run_format import versions, write
    from workbench.images.layouts import read_dataset
    from workbench.pages.from_results import comparison_report
    from workbench.pages.report import write_report

    dataset = read_dataset(paths.demo_images(), "mvtec")
    read = time.perf_counter()
    model = load(model_arguments(options))
    loaded = time.perf_counter()
    compared = compare(model, dataset, chosen, shots=options.shots, seed=options.seed)
    compared.seconds.update(read=read - began, load=loaded - read)
    with new_folder(options.out, overwrite=options.overwrite) as part:
        for category in compared.categories:
            folder = part / "runs" / category.name
            folder.mkdir(parents=True)
            write(category.excavation, folder)
        images = {"data": str(paths.demo_images()), "layout": "mvtec"}
        write_command(part / "runs", options, read=images)
        paged = time.perf_counter()
        page = comparison_report(
            compared,
            dataset,
            options.command,
            versions=versions(),
            limits=DEMO_LIMITS if options.model == "demo" else (),
        )
        write_report(part / "report.html", page)
        compared.seconds.update(report=time.perf_counter() - paged)
        compared.seconds.update(total=time.perf_counter() - began)
        write_table(part / "per_image.csv", compared.table())
        write_json(
            part / "curves.json",
            {
                category.name: {n: curve.to_dict() for n, curve in category.result.curves.items()}
                for category in compared.categories
            },
        )
        content = {**compared.to_dict(), "command": options.command}
        write_json(part / "results.json", content)
    return Outcome(_summary(compared, content, str(options.out)), content)


def _summary(compared: "Comparison", content: dict[str, Any], out: str) -> str:
    from workbench.evaluation.category import METRICS

    rows = [
        {"category": name, **{metric: values[metric] for metric in METRICS}}
        for name, values in (*content["categories"].items(), ("mean", content["mean"]))
    ]
    controls = [
        {
            "control": name,
            "image_auroc": values["image_auroc"],
            "sd": "" if values.get("image_auroc_sd") is None else values["image_auroc_sd"],
        }
        for name, values in content["controls"].items()
    ]
    return (
        f"{compared.model['name']}, {content['settings']['k']} neurons at "
        f"{content['settings']['site']}, {content['settings']['shots']} shots\n\n{table(rows)}\n\n"
        f"the visual branch with other neurons, and each branch alone:\n\n{table(controls)}\n\n"
        f"open {out}/report.html   ({content['seconds']['total']:.0f} s)"
    )
