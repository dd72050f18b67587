"""`workbench excavate`: from a folder of normal images to a run."""

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.files import new_folder
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.runs import write_command
from workbench.verbs.shared import (
    add_choices,
    add_data_options,
    add_dry_run,
    add_model_options,
    add_output,
    check_output,
    checked_model,
    data_arguments,
    drawn,
    dry_run,
    load,
    model_arguments,
    read_data,
    settings,
)

if TYPE_CHECKING:
    from workbench.images.samples import Dataset, Sample


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("data", metavar="DATA", help="a category folder, or a root of several")
    add_output(parser)
    add_model_options(parser)
    add_choices(parser)
    add_data_options(parser)
    add_dry_run(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Excavate every category; the run folder appears when all of them are done."""
    check_output(options, options.data)
    chosen = settings(options)
    dataset = read_data(options.data, options)
    categories = dataset.categories
    supports = {name: drawn(dataset[name], options) for name in categories}
    if options.dry_run:
        return _planned(options, dataset, supports)
    from workbench.excavation.excavate import excavate
    from workbench.excavation.run_format import write

    model = load(model_arguments(options))
    rows = []
    with new_folder(options.out, overwrite=options.overwrite) as part:
        for name in categories:
            found = excavate(
                dataset[name],
                model,
                chosen,
                shots=options.shots,
                seed=options.seed,
                protocol=options.protocol,
                contaminated=options.contaminated,
            )
            folder = part if len(categories) == 1 else part / name
            folder.mkdir(exist_ok=True)
            write(found, folder)
            rows.append(
                {
                    "category": name,
                    "site": found.neurons.site,
                    "neurons": len(found.neurons),
                    "of": len(found.sensitivity),
                    "strongest": " ".join(map(str, found.neurons.indices[:5])),
                    "support": " ".join(found.support),
                }
            )
        write_command(
            part, options, read=data_arguments(options), data=dataset.describe().splitlines()
        )
    return Outcome(
        f"{dataset.describe()}\n\n{table(rows)}\n\nwritten to {options.out}",
        {
            "out": str(options.out),
            "data": dataset.describe().splitlines(),
            "model": {"name": model.name, "fingerprint": model.fingerprint},
            "categories": rows,
        },
    )


def _planned(
    options: argparse.Namespace, dataset: "Dataset", supports: Mapping[str, Sequence["Sample"]]
) -> Outcome:
    """Say what would be excavated from what, and written where."""
    model = checked_model(model_arguments(options))
    rows = [
        {
            "category": name,
            "training normals": len(dataset.train_normals(name)),
            "support": " ".join(sample.name for sample in chosen),
        }
        for name, chosen in supports.items()
    ]
    files = ", ".join(
        str(options.out / (name if len(supports) > 1 else "") / "run.json") for name in supports
    )
    return dry_run(
        f"{dataset.describe()}\n\n{table(rows)}",
        [
            f"load {model}",
            f"pass {sum(map(len, supports.values()))} support images through it",
            f"write {files}, each with tensors.safetensors, and {options.out / 'command.json'}",
        ],
        {
            "out": str(options.out),
            "data": dataset.describe().splitlines(),
            "model": str(model),
            "categories": rows,
        },
    )
