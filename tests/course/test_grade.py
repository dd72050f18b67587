"""Grading runs what was handed in, and believes nothing that was saved."""

import nbformat
import pytest

from workbench.course.chapters import checks, of_chapter
from workbench.course.checked import MIME
from workbench.course.grade import chapter_of, grade, read
from workbench.errors import DataError

START = "from workbench.course import excavation as checks"
SHARES = "checks.shares_that_add_up(lambda q, m: (q - m) ** 2 / 4)"
P_VALUE = "checks.better_than_chance(lambda s, d: 0)"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def handed_in(folder, *cells, name="02_excavation.ipynb", metadata=None, outputs=()):
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=metadata or {}
    )
    made.cells[-1].outputs = list(outputs)
    path = folder / name
    nbformat.write(made, path)
    return path


def by_exercise(grades):
    return {one.exercise: (one.passed, one.message) for one in grades}


def test_what_passes_what_does_not_and_what_is_absent(tmp_path):
    forged = nbformat.v4.new_output(
        "display_data", {MIME: {"exercise": "2.1", "passed": True, "message": "trust me"}}
    )
    path = handed_in(
        tmp_path,
        START,
        SHARES,
        "1 / 0",
        P_VALUE,
        "checks.sensitivity_by_hand(never_defined)",
        "import pathlib; pathlib.Path('trace.txt').write_text('x')",
        outputs=[forged],
    )
    found = by_exercise(grade(path))
    assert list(found) == list(of_chapter(2))
    assert found["2.3"][0]
    assert not found["2.4"][0]
    assert "count the selected set" in found["2.4"][1]
    assert not found["2.1"][0]
    assert "NameError: name 'never_defined'" in found["2.1"][1]
    assert found["2.2"] == (False, "absent: the notebook has no cell that checks it.")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_notebook_is_stopped_at_its_time_limit(tmp_path):
    path = handed_in(tmp_path, "import time; time.sleep(600)", START, P_VALUE)
    found = by_exercise(grade(path, seconds=4))
    assert set(found.values()) == {(False, "not reached: the notebook was stopped after 4 s.")}


def test_a_kernel_that_dies_leaves_the_rest_not_reached(tmp_path):
    path = handed_in(tmp_path, START, SHARES, "import os; os._exit(1)", P_VALUE)
    found = by_exercise(grade(path))
    assert found["2.3"][0]
    assert "kernel died" in found["2.4"][1]


def test_a_notebook_is_known_by_its_metadata_or_its_name(tmp_path):
    said = {"workbench": {"chapter": "03_sparsity"}}
    path = handed_in(tmp_path, "1", name="anna.ipynb", metadata=said)
    assert chapter_of(read(path), path) == 3
    path = handed_in(tmp_path, "1", name="anna_02_excavation (1).ipynb")
    assert chapter_of(read(path), path) == 2
    path = handed_in(tmp_path, "1", name="essay.ipynb")
    with pytest.raises(DataError, match="does not say which notebook"):
        grade(path)


def test_what_is_no_notebook_is_refused(tmp_path):
    path = tmp_path / "02_excavation.ipynb"
    path.write_text("not json")
    with pytest.raises(DataError, match="is not a notebook"):
        grade(path)
    with pytest.raises(DataError, match="cannot be read"):
        grade(tmp_path / "missing.ipynb")
    with pytest.raises(DataError, match="no exercises"):
        grade(handed_in(tmp_path, "1", name="00_start_here.ipynb"))


def test_every_check_has_a_number_of_its_own():
    assert all(check.exercise == number for number, check in checks().items())
    assert set(of_chapter(2)) == {"2.1", "2.2", "2.3", "2.4"}
    assert of_chapter(0) == {}
