"""One source, two notebooks: the solution, and the exercise version with places to fill in.

A source is a Python file in jupytext's percent format. In a code cell the lines between
`### BEGIN SOLUTION` and `### END SOLUTION` (nbgrader's marks) are the solution; the exercise
version has `...  # your code here` instead, or what follows `### STUB: ` inside.
"""

import re
from pathlib import Path
from typing import Any, Literal

import nbformat

from workbench.errors import DataError

Version = Literal["solution", "exercise"]
BEGIN, END, STUB = "### BEGIN SOLUTION", "### END SOLUTION", "### STUB: "
HERE = "...  # your code here"
HEADING = re.compile(r"^### Exercise (\d+\.\d+) · (.+)$", re.MULTILINE)
EFFORT = re.compile(r"^Difficulty ([●○]{3}) · about (\d+) minutes?$", re.MULTILINE)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def sources(folder: Path) -> list[Path]:
    """Return the course's sources in order. Raises `DataError` if there are none."""
    found = sorted(folder.glob("[0-9][0-9]_*.py"))
    if not found:
        raise DataError(f"no sources NN_name.py in {folder}.")
    return found


def notebook(source: Path, version: Version) -> Any:
    """Return the notebook of a source, with fixed cell ids and without outputs.

    Raises `DataError` for marks that do not fit together.
    """
    import jupytext

    made = jupytext.reads(source.read_text("utf-8"), fmt="py:percent")
    cells = []
    for number, cell in enumerate(made.cells):
        metadata = {"tags": list(cell.metadata["tags"])} if cell.metadata.get("tags") else {}
        made_of = nbformat.v4.new_code_cell
        text = cell.source
        if cell.cell_type == "code":
            text = code(text, version, where=f"{source.name}, cell {number}")
        else:
            made_of = nbformat.v4.new_markdown_cell
            if version == "exercise":  # it lies one folder deeper
                text = text.replace("](../", "](../../")
        cells.append(made_of(text, id=f"cell-{number:02d}", metadata=metadata))
    course = {"chapter": source.stem, "version": version, "exercises": exercises(source)}
    return nbformat.v4.new_notebook(cells=cells, metadata={**METADATA, "workbench": course})


def code(text: str, version: Version, where: str = "a cell") -> str:
    r"""Return a code cell's text as a version has it.

    >>> code("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "exercise")
    '...  # your code here'
    """
    lines: list[str] = []
    inside, stub = False, ""
    for line in text.splitlines():
        mark = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        if mark == BEGIN:
            if inside:
                raise DataError(f"{where}: {BEGIN} twice, and no {END} in between.")
            inside, stub = True, indent + HERE
        elif mark == END:
            if not inside:
                raise DataError(f"{where}: {END} without {BEGIN}.")
            inside = False
            if version == "exercise":
                lines.append(stub)
        elif inside and mark.startswith(STUB):
            stub = indent + mark.removeprefix(STUB)
        elif not inside or version == "solution":
            lines.append(line)
    if inside:
        raise DataError(f"{where}: {BEGIN} without {END}.")
    return "\n".join(lines)


def exercises(source: Path) -> list[str]:
    """Return the numbers of a source's exercises, in order."""
    return [number for number, _ in HEADING.findall(_plain(source))]


def minutes(source: Path) -> dict[str, int]:
    """Return how many minutes each exercise takes. Raises `DataError` if one does not say."""
    text = _plain(source)
    starts = [match.start() for match in HEADING.finditer(text)]
    ends = [*starts, len(text)][1:]
    found = {}
    for number, start, end in zip(exercises(source), starts, ends, strict=True):
        effort = EFFORT.search(text, start, end)
        if effort is None:
            raise DataError(f"{source.name}: exercise {number} does not say how long it takes.")
        found[number] = int(effort[2])
    return found


def _plain(source: Path) -> str:
    """Return a source's text without the comment signs of its markdown."""
    return re.sub(r"^# ?", "", source.read_text("utf-8"), flags=re.MULTILINE)
