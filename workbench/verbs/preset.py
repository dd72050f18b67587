"""A preset of `workbench benchmark`: several models on several data sets, as published."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import RunError, SettingError
from workbench.verbs.outcome import Outcome
from workbench.verbs.shared import checked_model, model_arguments

if TYPE_CHECKING:
    from workbench.benchmark.preset import Preset, Readiness

NOT_RUN = (
    "This comparison has not been run by the workbench's authors on pretrained weights: they had "
    "none. What it finds is for you to see."
)


def run_preset(options: argparse.Namespace) -> Outcome:
    """Say what a preset finds and lacks; without --dry-run compute it, a folder per model."""
    from workbench.benchmark.grid import check
    from workbench.benchmark.preset import PRESETS, readiness
    from workbench.verbs.benchmark import check_folder, compute, make_grid, read_all

    preset: Preset = PRESETS[options.preset]
    options.shots = ",".join(map(str, preset.shots))
    options.seeds = ",".join(map(str, preset.seeds))
    grid = make_grid(options)
    data = read_all([path for path in options.data if Path(path).exists()], options)
    given = _weights(options.weights)
    wanted = {
        model: {
            **model_arguments(options),
            "model": model.name,
            "pretrained": given.get(model.name, model.tag),
            "image_size": model.image_size,
        }
        for model in preset.models
    }
    models = {model: checked_model(arguments) for model, arguments in wanted.items()}
    found = readiness(preset, data, models)
    absent = [path for path in options.data if not Path(path).exists()]
    missing = [*(f"{path} does not exist" for path in absent), *found.missing]
    if options.dry_run:
        return Outcome(_said(found, missing), {"ready": not missing, "missing": missing})
    if missing:
        raise RunError(
            f"the preset {options.preset} cannot be run yet: {'; '.join(missing)}. Give the data "
            "sets' folders and --weights MODEL=FILE; --dry-run says the whole."
        )
    check(data, grid)
    for model in preset.models:
        check_folder(options, options.out / model.folder)
    rows: list[dict[str, Any]] = []
    for model in preset.models:
        _, summaries = compute(
            options, data, grid, wanted[model], options.out / model.folder, limits=(NOT_RUN,)
        )
        rows += [{**asdict(model), **summary.row()} for summary in summaries]
    folders = ", ".join(model.folder for model in preset.models)
    return Outcome(f"{_said(found, [])}\n\n{folders} written to {options.out}", rows)


def _weights(given: list[str]) -> dict[str, str]:
    found = {}
    for one in given:
        model, equals, file = one.partition("=")
        if not equals:
            raise SettingError(f"--weights {one!r} is not of the form MODEL=FILE.")
        found[model] = file
    return found


def _said(found: "Readiness", missing: list[str]) -> str:
    lines = [NOT_RUN, *found.lines]
    lines += [f"missing: {one}" for one in missing] or ["everything is at hand"]
    return "\n".join(lines)
