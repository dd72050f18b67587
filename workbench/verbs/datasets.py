"""`workbench datasets`: what a folder of images holds, before anything is computed on it."""

import argparse
from pathlib import Path

from workbench.errors import RunError, SettingError
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.shared import add_data_options, add_dry_run, folder_names


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "data", metavar="DATA", help="a category folder, a root of several, a meta.json or a .csv"
    )
    add_data_options(parser)
    parser.add_argument(
        "--headers",
        action="store_true",
        help="read the files' headers only: quicker, but cut-off files and duplicates are missed",
    )
    group = parser.add_argument_group("write it down")
    group.add_argument("--write-meta", type=Path, metavar="FILE", help="as a meta.json")
    group.add_argument("--write-table", type=Path, metavar="FILE", help="as a table (.csv, .tsv)")
    group.add_argument("--overwrite", action="store_true", help="replace FILE if it exists")
    add_dry_run(parser)


def run(options: argparse.Namespace) -> Outcome:
    """Say what there is and what is wrong with it; the status is 1 if something is."""
    for file, suffixes in ((options.write_meta, ".json"), (options.write_table, ".csv .tsv")):
        if file is not None and file.suffix.lower() not in suffixes.split():
            raise SettingError(f"{file} must end in {' or '.join(suffixes.split())}.")
        if file is not None and file.exists() and not options.overwrite:
            raise RunError(f"{file} exists already. Say --overwrite to replace it.")
    from workbench.images.layouts import write_meta, write_samples
    from workbench.images.survey import survey

    found = survey(
        options.data, options.layout, names=folder_names(options), decode=not options.headers
    )
    parts = [found.dataset.describe(), table(found.categories()), table(found.defects())]
    others = [one for one in found.twice if not one.leak and not one.contradiction]
    if others:
        listed = "\n".join(f"  {one}" for one in others)
        parts.append(f"{len(others)} pictures are there twice within a split:\n{listed}")
    usable = not found.problems or options.skip
    written = []
    if options.dry_run:
        asked = [file for file in (options.write_meta, options.write_table) if file is not None]
        written = [f"would write {file}" for file in asked if usable]
        written.append("dry run: nothing was written.")
    elif usable and options.write_meta is not None:
        withheld = write_meta(found.dataset, options.write_meta)
        missing = f", without {len(withheld)} images that have no label" if withheld else ""
        written.append(f"written to {options.write_meta}{missing}")
    if usable and options.write_table is not None and not options.dry_run:
        write_samples(found.dataset, options.write_table)
        written.append(f"written to {options.write_table}")
    if found.problems:
        listed = "\n".join(f"  {problem}" for problem in found.problems)
        what = "left out, as asked:" if options.skip else "--skip leaves them out:"
        count = len(found.problems)
        said = "1 file cannot be used" if count == 1 else f"{count} files cannot be used"
        parts.append(f"{said}; {what}\n{listed}")
    parts += written
    return Outcome(
        "\n\n".join(parts),
        {**found.to_dict(), "usable": usable, "written": written},
        0 if usable else 1,
    )
