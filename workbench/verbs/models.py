"""`workbench models`: what can be looked into."""

import argparse
from dataclasses import asdict

from workbench.errors import ModelError
from workbench.verbs.outcome import Outcome, table


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--name", metavar="PART", default="", help="only names that contain this")


def run(options: argparse.Namespace) -> Outcome:
    """List the models that `load_model` knows by name."""
    from workbench.clip.registry import available_models

    found = [row for row in available_models() if options.name.lower() in row.name.lower()]
    if not found:
        raise ModelError(
            f"no model's name has {options.name!r} in it; `workbench models` lists all."
        )
    rows = [
        {
            "model": row.name,
            "width": row.width,
            "layers": row.layers,
            "heads": row.heads,
            "patch": row.patch,
            "input": f"{row.image_size[0]}x{row.image_size[1]}",
            "activation": row.activation,
            "parameters": f"{row.parameters / 1e6:.0f} M",
            "weights": " ".join(row.tags) or "-",
        }
        for row in found
    ]
    return Outcome(table(rows), [asdict(row) for row in found])
