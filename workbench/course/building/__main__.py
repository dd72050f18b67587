"""`python -m workbench.course.building [NN ...]`: make the notebooks of the sources, and run them.

Without numbers all are made. `--texts-only` runs nothing: where only texts have changed, a notebook
keeps its outputs.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat

from workbench.course.building.execution import executed
from workbench.course.building.sources import notebook, sources
from workbench.errors import RunError, WorkbenchError
from workbench.files import write_text

ROOT = Path(__file__).resolve().parents[3] / "notebooks"


def write(made: object, path: Path) -> None:
    """Write a notebook as Jupyter itself would."""
    nbformat.validate(made)
    write_text(path, nbformat.writes(made) + "\n")


def with_outputs_of(made: Any, path: Path) -> Any:
    """Return a notebook with the outputs of the one at `path`, whose code must be the same.

    Raises `RunError` if it is not, or if there is none.
    """
    before = nbformat.read(path, as_version=4) if path.is_file() else nbformat.v4.new_notebook()
    old, new = ([cell for cell in one.cells if cell.cell_type == "code"] for one in (before, made))
    if [cell.source for cell in old] != [cell.source for cell in new]:
        raise RunError(f"the code of {path.name} has changed: make it without --texts-only.")
    for cell, known in zip(new, old, strict=True):
        cell.outputs, cell.execution_count = known.outputs, known.execution_count
    return made


def main(arguments: list[str] | None = None) -> int:
    """Make the notebooks and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m workbench.course.building")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="which (default: all)")
    parser.add_argument(
        "--texts-only", action="store_true", help="run nothing: keep the outputs, if the code stays"
    )
    parser.add_argument("--folder", type=Path, default=ROOT, help="of source/ and the notebooks")
    options = parser.parse_args(arguments)
    try:
        for source in sources(options.folder / "source"):
            if options.numbers and source.stem[:2] not in options.numbers:
                continue
            name = f"{source.stem}.ipynb"
            write(notebook(source, "exercise"), options.folder / "exercises" / name)
            made, path = notebook(source, "solution"), options.folder / name
            write(with_outputs_of(made, path) if options.texts_only else executed(made), path)
            sys.stderr.write(f"{name}\n")
    except WorkbenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
