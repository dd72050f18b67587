"""`workbench excavate`: from a folder of normal images to a run."""

import argparse

from workbench.files import new_folder
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.runs import write_command
from workbench.verbs.shared import (
    add_choices,
    add_data_options,
    add_model_options,
    add_output,
    check_output,
    load,
    model_arguments,
    read_data,
    settings,
)


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("data", metavar="DATA", help="a category folder, or a root of several")
    add_output(parser)
    add_model_options(parser)
    add_choices(parser)
    add_data_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Excavate every category; the run folder appears when all of them are done."""
    check_output(options, options.data)
    chosen = settings(options)
    dataset = read_data(options.data, options)
    from workbench.excavation.excavate import excavate
    from workbench.excavation.run_format import write
    from workbench.images.support import support

    categories = dataset.categories
    for name in categories:
        support(dataset[name], options.shots, options.seed)
    model = load(model_arguments(options))
    rows = []
    with new_folder(options.out, overwrite=options.overwrite) as part:
        for name in categories:
            found = excavate(dataset[name], model, chosen, shots=options.shots, seed=options.seed)
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
        write_command(part, options, data=dataset.describe().splitlines())
    return Outcome(
        f"{dataset.describe()}\n\n{table(rows)}\n\nwritten to {options.out}",
        {
            "out": str(options.out),
            "data": dataset.describe().splitlines(),
            "model": {"name": model.name, "fingerprint": model.fingerprint},
            "categories": rows,
        },
    )
