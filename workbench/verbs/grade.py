"""`workbench grade`: run students' notebooks and list what their checks say."""

import argparse
import sys
from pathlib import Path

from workbench.errors import DataError, RunError, SettingError
from workbench.verbs.outcome import Outcome, table
from workbench.verbs.shared import write_table

WARNING = (
    "workbench: this executes the code in {count} notebook{s}, with your rights. Grade what you do "
    "not trust in a container.\n"
)


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "notebooks",
        nargs="+",
        type=Path,
        metavar="NOTEBOOK",
        help="a notebook of the course, or a folder of them. Their code is EXECUTED, with your "
        "rights, each in an empty folder",
    )
    parser.add_argument("--out", type=Path, metavar="CSV", help="also write the grades to a table")
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it exists")
    parser.add_argument(
        "--time-limit",
        type=float,
        default=600.0,
        metavar="S",
        help="seconds that a notebook may take (default: 600)",
    )


def run(options: argparse.Namespace) -> Outcome:
    """Grade every notebook; one that cannot be read is a row of its own."""
    from workbench.course.grade import Grade, grade

    if options.time_limit <= 0:
        raise SettingError(f"time-limit is {options.time_limit:g}; it must be above 0.")
    if options.out and options.out.exists() and not options.overwrite:
        raise RunError(f"{options.out} exists already. Say --overwrite to replace it.")
    paths = submitted(options.notebooks)
    count = len(paths)
    sys.stderr.write(WARNING.format(count=count, s="" if count == 1 else "s"))
    rows = []
    for path in paths:
        try:
            found = grade(path, options.time_limit)
        except DataError as error:
            found = [Grade(path.name, "-", False, str(error))]
        sys.stderr.write(f"{path}: {sum(one.passed for one in found)} of {len(found)} passed\n")
        rows += [{**vars(one), "notebook": str(path)} for one in found]
    if options.out:
        write_table(options.out, [{name: _plain(v) for name, v in row.items()} for row in rows])
    shown = [{**row, "passed": "yes" if row["passed"] else "no"} for row in rows]
    return Outcome(table(shown), {"grades": rows})


def submitted(given: list[Path]) -> list[Path]:
    """Return the notebooks that are named, and those in folders. Raises `DataError` for none."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(
                one for one in path.rglob("*.ipynb") if ".ipynb_checkpoints" not in one.parts
            )
            if not inside:
                raise DataError(f"no notebooks in {path}.")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise DataError(f"no notebook at {path}.")
    return list(dict.fromkeys(found))


def _plain(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in "=+@\t\r" else text
