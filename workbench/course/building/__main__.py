"""`python -m workbench.course.building [NN ...]`: make the notebooks of the sources, and run them.

Without numbers all are made. `--sources-only` writes the exercise versions alone, and runs nothing.
"""

import argparse
import sys
from pathlib import Path

import nbformat

from workbench.course.building.execution import executed
from workbench.course.building.sources import notebook, sources
from workbench.errors import WorkbenchError
from workbench.files import write_text

ROOT = Path(__file__).resolve().parents[3] / "notebooks"


def write(made: object, path: Path) -> None:
    """Write a notebook as Jupyter itself would."""
    nbformat.validate(made)
    write_text(path, nbformat.writes(made) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Make the notebooks and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m workbench.course.building")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="which (default: all)")
    parser.add_argument("--sources-only", action="store_true", help="exercise versions alone")
    parser.add_argument("--folder", type=Path, default=ROOT, help="of source/ and the notebooks")
    options = parser.parse_args(arguments)
    try:
        for source in sources(options.folder / "source"):
            if options.numbers and source.stem[:2] not in options.numbers:
                continue
            name = f"{source.stem}.ipynb"
            write(notebook(source, "exercise"), options.folder / "exercises" / name)
            if not options.sources_only:
                write(executed(notebook(source, "solution")), options.folder / name)
            sys.stderr.write(f"{name}\n")
    except WorkbenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
