"""`workbench detect`: scores and maps of images nobody has labelled."""

import argparse
from pathlib import Path
from typing import Any

from workbench.errors import DataError, RunError
from workbench.files import new_folder, write_bytes
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.runs import check_runs, find_runs, load_runs
from workbench.verbs.shared import (
    add_dry_run,
    add_model_options,
    add_output,
    check_output,
    dry_run,
    write_table,
)

SHOWN = 10


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="what `excavate` wrote")
    parser.add_argument("images", metavar="IMAGES", nargs="+", help="files, or folders of them")
    add_output(parser)
    parser.add_argument("--category", help="which of the run's categories, where it has several")
    parser.add_argument("--skip", action="store_true", help="leave out files that do not open")
    add_model_options(parser, default=None)
    add_dry_run(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Write `scores.csv` and a map per image; the colours mean the same in all of them."""
    check_output(options, options.run_folder, *options.images)
    folder = _one_run(options.run_folder, options.category)
    from workbench.figures.overlay import encode, overlay, with_colour_bar
    from workbench.images.decode import open_image
    from workbench.images.stream import Picture, pictures

    def opens(picture: Picture) -> bool:
        try:
            picture.open()
        except DataError as error:
            problems.append(str(error))
            return False
        return True

    problems: list[str] = []
    given = [picture for image in options.images for picture in pictures(image)]
    usable = [picture for picture in given if opens(picture)]
    if not usable or (problems and not options.skip):
        counted = f"{len(problems)} of {len(given)} images cannot be used"
        raise DataError("\n  ".join([f"{counted} (--skip leaves them out):", *problems]))
    if options.dry_run:
        return _planned(options, folder, len(usable), problems)
    (excavation,) = load_runs(folder, options)
    scale = excavation.display_range()
    rows: list[dict[str, Any]] = []
    with new_folder(options.out, overwrite=options.overwrite) as part:
        paths = [picture.path for picture in usable if picture.path is not None]
        for index, found in enumerate(excavation.score(paths)):
            path = paths[index]
            name = f"maps/{index:05d}_{path.stem}.png"
            painted = overlay(open_image(path), found.map(), scale)
            write_bytes(part / name, encode(with_colour_bar(painted, scale), kind="png"))
            row, column = found.peak
            rows.append(
                {
                    "image": found.name,
                    "score": found.score,
                    "visual": float(found.visual.max()),
                    "text": None if found.text is None else float(found.text.max()),
                    "row": row,
                    "column": column,
                    "neurons": " ".join(f"{n}:{share:.3g}" for n, share in found.strongest()),
                    "map": name,
                    "path": str(path),
                }
            )
        write_table(part / "scores.csv", rows)
    ranked = sorted(rows, key=lambda row: -row["score"])[:SHOWN]
    shown = [{key: row[key] for key in ("image", "score", "neurons", "map")} for row in ranked]
    return Outcome(
        f"{len(rows)} images judged by {excavation!r}; the {len(shown)} most anomalous:\n\n"
        f"{table(shown)}\n"
        + "".join(f"\nskipped: {problem}" for problem in problems)
        + f"\n\nscores.csv and maps/ written to {options.out}",
        {
            "out": str(options.out),
            "category": excavation.category,
            "colour_scale": list(scale),
            "images": rows,
            "skipped": problems,
        },
    )


def _planned(
    options: argparse.Namespace, folder: Path, images: int, problems: list[str]
) -> Outcome:
    """Say what would be judged by what."""
    model = check_runs(folder, options)
    return dry_run(
        f"{images} images open, {len(problems)} do not"
        + "".join(f"\nskipped: {problem}" for problem in problems),
        [
            f"load {model}",
            f"judge {images} images with the run {folder}",
            f"write {options.out / 'scores.csv'} and {images} maps below {options.out / 'maps'}",
        ],
        {"out": str(options.out), "model": str(model), "images": images, "skipped": problems},
    )


def _one_run(folder: Path, category: str | None) -> Path:
    from workbench.excavation.run_format import read_header

    named = {read_header(run).category: run for run in find_runs(folder)}
    if category is None and len(named) > 1:
        raise RunError(f"{folder} has {len(named)} categories: add --category {'|'.join(named)}.")
    if category is not None and category not in named:
        raise RunError(f"{folder} has no category {category!r}, only {', '.join(named)}.")
    return named[category] if category is not None else next(iter(named.values()))
