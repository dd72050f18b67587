"""The course's notebooks: made of their sources, small, whole, and failing until solved.

`make test` also runs every solution, with its checks strict (`pytest --nbmake`).
"""

import re
from pathlib import Path

import nbformat
import pytest

from workbench.course.building.sources import METADATA, exercises, minutes, notebook, sources
from workbench.course.chapters import of_chapter
from workbench.course.grade import read, run, verdicts

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
SOURCES = sources(FOLDER / "source")
NOTEBOOKS = sorted([*FOLDER.glob("*.ipynb"), *FOLDER.glob("exercises/*.ipynb")])


def source_of(path):
    return FOLDER / "source" / f"{path.stem}.py"


def each(paths):
    return pytest.mark.parametrize(
        "path", paths, ids=lambda path: f"{path.parent.name}-{path.stem}"
    )


def test_every_source_has_its_two_notebooks_and_every_notebook_its_source():
    for folder in (FOLDER, FOLDER / "exercises"):
        assert [path.stem for path in sorted(folder.glob("*.ipynb"))] == [
            path.stem for path in SOURCES
        ]


@each(SOURCES)
@pytest.mark.parametrize("version", ["solution", "exercise"])
def test_a_notebook_is_what_its_source_says(path, version):
    place = FOLDER if version == "solution" else FOLDER / "exercises"
    there = nbformat.read(place / f"{path.stem}.ipynb", as_version=4)
    made = notebook(path, version)
    assert there.metadata == made.metadata
    assert [(cell.id, cell.cell_type, cell.metadata, cell.source) for cell in there.cells] == [
        (cell.id, cell.cell_type, cell.metadata, cell.source) for cell in made.cells
    ], "the source has changed: run `make notebooks`"


@each(NOTEBOOKS)
def test_a_notebook_stays_small_and_carries_no_widget_and_no_trace_of_a_machine(path):
    assert path.stat().st_size < 1_500_000
    there = nbformat.read(path, as_version=4)
    assert "widgets" not in there.metadata
    assert there.metadata["kernelspec"] == METADATA["kernelspec"]
    for cell in there.cells:
        for output in cell.get("outputs", []):
            assert output.output_type in ("stream", "display_data", "execute_result")
            assert output.get("name") != "stderr"
            assert not {"application/vnd.jupyter.widget-view+json"} & set(output.get("data", {}))
            said = str(output.get("data", {})) + output.get("text", "")
            assert "Traceback" not in said
            assert not re.search(r"(?<![\w.])/(home|root|work|tmp|Users)/\w", said)


@each([path for path in NOTEBOOKS if path.parent == FOLDER])
def test_a_solution_shows_its_outputs_and_every_exercise_passed(path):
    there = nbformat.read(path, as_version=4)
    assert all(
        cell.execution_count for cell in there.cells if cell.cell_type == "code" and cell.source
    )
    found = [
        output.data["application/vnd.workbench.check+json"]
        for cell in there.cells
        for output in cell.get("outputs", [])
        if "application/vnd.workbench.check+json" in output.get("data", {})
    ]
    assert [one["exercise"] for one in found] == there.metadata["workbench"]["exercises"]
    assert all(one["passed"] for one in found)


@each([path for path in NOTEBOOKS if path.parent != FOLDER])
def test_an_exercise_version_has_no_outputs_and_no_solutions(path):
    there = nbformat.read(path, as_version=4)
    code = [cell for cell in there.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    solved = nbformat.read(FOLDER / path.name, as_version=4)
    filled = [
        (one.source, other.source)
        for one, other in zip(there.cells, solved.cells, strict=True)
        if one.cell_type == "code" and one.source != other.source
    ]
    assert len(filled) >= len(there.metadata["workbench"]["exercises"])


@each(SOURCES)
def test_a_notebooks_exercises_are_those_that_have_checks(path):
    assert exercises(path) == list(of_chapter(int(path.stem[:2])))


@each(SOURCES)
def test_a_notebook_says_how_long_it_takes_and_its_exercises_add_up(path):
    said = re.search(
        r"About (\d+) minutes: (\d+) to read and run, (\d+) for (\d+) exercises?\.",
        path.read_text("utf-8"),
    )
    if not exercises(path):
        assert said is None
        return
    whole, reading, solving, count = map(int, said.groups())
    assert reading + solving == whole
    assert solving == sum(minutes(path).values())
    assert count == len(minutes(path))


@each(SOURCES)
def test_relative_links_of_both_versions_lead_somewhere(path):
    for version, place in (("solution", FOLDER), ("exercise", FOLDER / "exercises")):
        for cell in notebook(path, version).cells:
            if cell.cell_type == "markdown":
                for target in re.findall(r"\]\(([^)#]+)[^)]*\)", cell.source):
                    assert "://" in target or (place / target).exists(), target


@each([path for path in NOTEBOOKS if path.parent != FOLDER and exercises(source_of(path))])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_an_exercise_version_runs_from_any_folder_and_passes_no_check_until_solved(path):
    there = read(path)
    assert run(there, 600) == ""
    failed = [
        f"{cell.source}: {output.evalue}"
        for cell in there.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]
    assert not failed, "no cell may need the solution of an earlier one"
    found = list(verdicts(there))
    assert [one["exercise"] for one in found] == there.metadata["workbench"]["exercises"]
    assert all("not yet" in one["message"] and not one["passed"] for one in found)
