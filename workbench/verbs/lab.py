"""`workbench lab`: JupyterLab on the notebooks."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from workbench.errors import DataError, RunError
from workbench.verbs.outcome import Outcome


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--dir",
        type=Path,
        help="where to put the notebooks when installed as a package "
        "(default: ./workbench-notebooks)",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--port", type=int, help="port to listen on")


def run(options: argparse.Namespace) -> Outcome:
    """Start JupyterLab and wait for it to end."""
    folder = notebooks(options.dir)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    if options.no_browser:
        command.append("--no-browser")
    if options.port:
        command.append(f"--port={options.port}")
    status = subprocess.run(command, check=False).returncode  # noqa: S603 (our own interpreter)
    if status not in (0, 130, -2):
        raise RunError(f"JupyterLab ended with status {status}; its own messages stand above.")
    return Outcome(f"JupyterLab on {folder} has ended.", {"notebooks": str(folder)})


def notebooks(place: Path | None = None) -> Path:
    """Return the notebooks' folder: the repository's own, or a copy of the installed ones.

    Notebooks that are already in `place` are kept as they are. Raises `DataError` if there are
    none to copy.
    """
    package = Path(__file__).resolve().parents[1]
    own = package.parent / "notebooks"
    if place is None and any(own.glob("*.ipynb")) and (package.parent / "pyproject.toml").is_file():
        return own
    source = package / "notebooks" if (package / "notebooks").is_dir() else own
    found = sorted(source.glob("*.ipynb"))
    if not found:
        raise DataError(f"no notebooks in {source}. Install the package again, or use a clone.")
    place = (place or Path("workbench-notebooks")).resolve()
    place.mkdir(parents=True, exist_ok=True)
    for notebook in found:
        if not (place / notebook.name).exists():
            shutil.copy(notebook, place)
    return place
