"""`workbench figures`: the figures of a paper, from a folder of results."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import RunError
from workbench.files import new_folder
from workbench.verbs.numbers import check_positive
from workbench.verbs.outcome import Outcome
from workbench.verbs.runs import check_runs, load_runs, recorded
from workbench.verbs.shared import (
    add_dry_run,
    add_model_options,
    add_output,
    check_output,
    dry_run,
    plain_command,
)

if TYPE_CHECKING:
    from workbench.figures.paper import PaperFigure
    from workbench.figures.picture_figures import Scene
    from workbench.figures.results_folder import Results

FORMATS = "pdf,svg,png,html"


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "results",
        metavar="RESULTS",
        type=Path,
        help="a folder that `benchmark`, `claims` or `demo` wrote",
    )
    add_output(parser)
    parser.add_argument(
        "--format", default=FORMATS, metavar="LIST", help=f"with commas (default: {FORMATS})"
    )
    parser.add_argument(
        "--time-limit",
        type=int,
        metavar="SECONDS",
        help="for Chrome to draw pdf, svg and png (default: 60, and 10 for every file)",
    )
    add_dry_run(parser)
    add_model_options(parser, default=None)


def run(options: argparse.Namespace) -> Outcome:
    """Write every figure with its caption and its data, and `figures.json`."""
    from workbench.figures.catalogue import KINDS, lacking
    from workbench.figures.export import Job, export
    from workbench.figures.results_folder import read_results
    from workbench.figures.writing import formats, write_plain, write_record

    asked = formats(options.format)
    check_positive(options.time_limit, "--time-limit")
    check_output(options, options.results)
    results = read_results(options.results)
    left_out = lacking(results)
    wanted = [kind for kind in KINDS if kind.name not in left_out]
    if not wanted:
        raise RunError(
            f"{options.results} holds the data of no figure. "
            + " ".join(f"{name} needs {needs}." for name, needs in left_out.items())
        )
    pictured = any(kind.pictures for kind in wanted)
    if options.dry_run:
        return _would(options, results, [kind.name for kind in wanted], left_out, pictured)
    made = _made(options, results, pictured)
    static = [name for name in asked if name != "html"]
    with new_folder(options.out, overwrite=options.overwrite) as part:
        jobs = [Job(f.figure, part / f"{f.name}.{kind}") for f in made for kind in static]
        write_plain(part, made, html="html" in asked)
        failed = export(jobs, options.time_limit) if jobs else ""
        if failed and "html" not in asked:
            write_plain(part, made, html=True)
        content = write_record(part, results, made, left_out, plain_command(options))
    text = _said(content, left_out, options.out)
    if failed:
        text += (
            f"\n{', '.join(static)} are missing, HTML is there: {failed}, and run this again "
            "with --overwrite."
        )
    strict = failed and options.format != FORMATS
    return Outcome(text, {**content, "failed": failed or None}, status=1 if strict else 0)


def _made(options: argparse.Namespace, results: "Results", pictured: bool) -> "list[PaperFigure]":
    from workbench.figures.catalogue import figures

    return figures(results, list(_scenes(options, results)) if pictured else ())


def _scenes(options: argparse.Namespace, results: "Results") -> "Iterator[Scene]":
    """Score the pictures that are shown once more, where the run found them."""
    from workbench.figures.picture_figures import Scene, middling
    from workbench.images.decode import open_image
    from workbench.images.layouts import read_dataset
    from workbench.images.truth import true_mask

    folder = options.results / "runs"
    read = recorded(folder).get("read", {})
    if "data" not in read or not Path(read["data"]).is_dir():
        where = read.get("data", "a place that it does not record")
        raise RunError(
            f"the pictures of {folder} were at {where}, which is gone: bring them back, or run "
            f"again: {results.command}"
        )
    dataset = read_dataset(read["data"], read.get("layout", "auto"))
    chosen = {row["category"]: row["image"] for row in middling(results.images)}
    for excavation in load_runs(folder, options):
        name = chosen.get(excavation.category)
        if name is None:
            continue
        places = {s.name: s for s in dataset[excavation.category]}
        sample = places[name]
        (detection,) = excavation.score([sample])
        yield Scene(
            category=excavation.category,
            name=sample.name,
            defect=sample.defect,
            picture=open_image(sample.path),
            detection=detection,
            mask=true_mask(sample, detection.size),
            value_range=excavation.display_range(),
            support=[open_image(places[one].path) for one in excavation.support],
        )


def _would(
    options: argparse.Namespace,
    results: "Results",
    names: list[str],
    left_out: Mapping[str, str],
    pictured: bool,
) -> Outcome:
    would = [f"load {check_runs(options.results / 'runs', options)}"] if pictured else []
    would += [
        f"draw {', '.join(names)}",
        f"write {options.format} with captions, tables and figures.json to {options.out}",
    ]
    said = [f"{options.results}: {results.kind}, {results.where}", *_left_out(left_out)]
    return dry_run(
        "\n".join(said), would, {"out": str(options.out), "figures": names, "left_out": left_out}
    )


def _said(content: Mapping[str, Any], left_out: Mapping[str, str], out: Path) -> str:
    lines = [
        f"{one['name']}: {one['width_mm']:g} x {one['height_mm']:g} mm, {', '.join(one['files'])}"
        for one in content["figures"]
    ]
    return "\n".join([*lines, *_left_out(left_out), f"written to {out}, with figures.json"])


def _left_out(left_out: Mapping[str, str]) -> list[str]:
    return [f"left out: {name} needs {needs}" for name, needs in left_out.items()]
