"""Grading: run a student's notebook, and collect what its checks say.

This executes the student's code with the rights of whoever grades. It is a help for teachers, and
no defence against a student who wants to deceive it.
"""

import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.course.chapters import of_chapter
from workbench.course.checked import MIME, STRICT, Check
from workbench.errors import DataError

LIMIT = 600.0
"""Seconds that a notebook may take."""


@dataclass(frozen=True)
class Grade:
    """One exercise of one notebook; an exercise that cannot be named is `-`."""

    notebook: str
    exercise: str
    passed: bool
    message: str


def grade(path: Path, seconds: float = LIMIT) -> list[Grade]:
    """Run a notebook in an empty folder and return a grade for every exercise of its chapter.

    Saved outputs do not count: only what the checks say now does. What comes after the time limit,
    or after the kernel died, is not passed, nor is an exercise whose check does not run. If an
    exercise is checked several times the last one counts.

    Raises `DataError` for a file that is no notebook, or is not one of the course.
    """
    notebook = read(path)
    wanted = of_chapter(chapter_of(notebook, path))
    if not wanted:
        raise DataError(f"{path} has no exercises to grade.")
    stopped = run(notebook, seconds)
    said = {one["exercise"]: one for one in verdicts(notebook)}
    return [
        Grade(path.name, number, bool(said[number]["passed"]), str(said[number]["message"]))
        if number in said
        else Grade(path.name, number, False, stopped or missing(notebook, check))
        for number, check in wanted.items()
    ]


def read(path: Path) -> Any:
    """Return a notebook without outputs. Raises `DataError` if the file is none."""
    import nbformat

    try:
        notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # nbformat raises what its parsers do
        raise DataError(f"{path} is not a notebook ({type(error).__name__}).") from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def chapter_of(notebook: Any, path: Path) -> int:
    """Return the number of a notebook's chapter: as it says itself, or as its file is called."""
    said = notebook.metadata.get("workbench", {})
    named = str(said.get("chapter", "")) if isinstance(said, Mapping) else ""
    for name in (named, path.name):
        found = re.search(r"(?:^|[^0-9])(0[0-9])_", name)
        if found:
            return int(found[1])
    raise DataError(
        f"{path} does not say which notebook of the course it is: neither in its metadata nor in "
        "its name, such as 02_excavation.ipynb."
    )


def run(notebook: Any, seconds: float) -> str:
    """Run a notebook as far as it goes, errors and all; return why it stopped early, or ""."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    end = time.monotonic() + seconds
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout_func=lambda _: max(1, int(end - time.monotonic())),
            allow_errors=True,
            record_timing=False,
            store_widget_state=False,
            resources={"metadata": {"path": folder}},
        )
        environment = {name: value for name, value in os.environ.items() if name != STRICT}
        try:
            client.execute(env=environment)
        except CellTimeoutError:
            return f"not reached: the notebook was stopped after {seconds:g} s."
        except DeadKernelError:
            return "not reached: the kernel died, perhaps for lack of memory."
    return ""


def verdicts(notebook: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what the checks of a notebook said, in order."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found = output.get("data", {}).get(MIME)
            if isinstance(found, Mapping) and {"exercise", "passed", "message"} <= set(found):
                yield found


def missing(notebook: Any, check: Check) -> str:
    """Return why a check said nothing."""
    name = getattr(check, "__name__", "")
    for cell in notebook.cells:
        if cell.cell_type == "code" and f".{name}(" in cell.source:
            for output in cell.outputs:
                if output.output_type == "error":
                    said = " ".join(str(output.evalue).split())[:160]
                    return f"its check did not run: {output.ename}: {said}"
            return "its check shows nothing: it is not the last line of its cell."
    return "absent: the notebook has no cell that checks it."
