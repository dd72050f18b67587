"""`workbench models`: what can be looked into, and what it costs."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.errors import ModelError, SettingError
from workbench.verbs.outcome import Outcome, table

if TYPE_CHECKING:
    from workbench.clip.cost import Cost
    from workbench.clip.pace import Pace
    from workbench.clip.registry import ModelRow

_MOST_MEASURED = 5
_SITES = {
    "one residual site": "blocks.0.hook_resid_post",
    "all residual": "blocks.*.hook_resid_post",
    "all MLP": "blocks.*.mlp.hook_post",
    "all patterns": "blocks.*.attn.hook_pattern",
}


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--name", metavar="PART", default="", help="only names that contain this")
    parser.add_argument(
        "--cost", action="store_true", help="weights, memory, and bytes an image takes at the sites"
    )
    parser.add_argument(
        "--image-size", type=int, metavar="PX", help="cost at this input side (default: native)"
    )
    parser.add_argument(
        "--measure", action="store_true", help="cost, and time each model here for a few seconds"
    )
    parser.add_argument("--device", default="auto", help="to measure on: auto, cpu, cuda, mps")


def run(options: argparse.Namespace) -> Outcome:
    """List the models that `load_model` knows by name."""
    from workbench.clip.registry import available_models

    found = [row for row in available_models() if options.name.lower() in row.name.lower()]
    if not found:
        raise ModelError(
            f"no model's name has {options.name!r} in it; `workbench models` lists all."
        )
    if options.cost or options.measure or options.image_size is not None:
        return _costs(found, options)
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


def _costs(found: "list[ModelRow]", options: argparse.Namespace) -> Outcome:
    from workbench.clip.cost import readable

    costs, left_out = _reckoned(found, options.image_size)
    if options.measure and len(costs) > _MOST_MEASURED:
        raise SettingError(
            f"{len(costs)} models would be measured, a few seconds each; pick at most "
            f"{_MOST_MEASURED} with --name."
        )
    rows, data = [], []
    for one in costs:
        per_image = {title: one.site_bytes(site) for title, site in _SITES.items()}
        row: dict[str, Any] = {
            "model": one.name,
            "input": f"{one.image_size[0]}x{one.image_size[1]}",
            "parameters": f"{one.parameters / 1e6:.0f} M",
            "forward of 1": readable(one.forward_bytes(1)),
            "of 16": readable(one.forward_bytes(16)),
            "GFLOPs": f"{one.flops / 1e9:.1f}",
            **{title: readable(size) for title, size in per_image.items()},
        }
        measured = _measured(one, options.device) if options.measure else None
        if measured:
            row["images/s"] = f"{measured.images_per_second:.3g}"
            row["in batches of"] = measured.batch_size
        rows.append(row)
        data.append(_as_data(one, per_image, measured))
    notes = [
        "",
        "forward: weights of both towers, and the activations of that many images.",
        "GFLOPs: the image tower, one image.",
        *(f"{title}: {site}, one image, all tokens." for title, site in _SITES.items()),
        "All in fp32; half of it in fp16 and bf16.",
    ]
    if left_out:
        notes.append(f"Not at {options.image_size} pixels, for their patches: {_named(left_out)}.")
    return Outcome("\n".join([table(rows), *notes]), data)


def _reckoned(
    found: "list[ModelRow]", image_size: int | None
) -> "tuple[list[Cost], list[ModelRow]]":
    """Return the costs, and the models whose patches do not divide the input size."""
    from workbench.clip.cost import cost

    fitting = [
        row
        for row in found
        if image_size is None or (image_size > 0 and image_size % row.patch == 0)
    ]
    if not fitting:
        cost(found[0].name, image_size)  # raises, and says which sizes are possible
    return [cost(row.name, image_size) for row in fitting], [
        row for row in found if row not in fitting
    ]


def _named(rows: "list[ModelRow]", most: int = 6) -> str:
    names = ", ".join(row.name for row in rows[:most])
    return names + (f" and {len(rows) - most} more" if len(rows) > most else "")


def _measured(one: "Cost", device: str) -> "Pace":
    from workbench.clip.loading import load_model
    from workbench.clip.pace import pace
    from workbench.recording.needs import choose_batch_size

    model = load_model(one.name, "random:0", device=device, image_size=one.image_size)
    return pace(model, choose_batch_size(model))


def _as_data(one: "Cost", per_image: dict[str, int], measured: "Pace | None") -> dict[str, Any]:
    return {
        **asdict(one),
        "grid": one.grid,
        "tokens": one.tokens,
        "flops": one.flops,
        "forward_bytes": {str(size): one.forward_bytes(size) for size in (1, 16)},
        "bytes_per_image": one.bytes_per_image,
        "bytes_per_image_all_blocks": {_SITES[title]: size for title, size in per_image.items()},
        "measured": asdict(measured) if measured else None,
    }
