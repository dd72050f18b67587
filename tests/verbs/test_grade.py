"""`workbench grade`: the table, and what it says of files that are none."""

import csv

import nbformat
import pytest

from workbench.cli import main
from workbench.course import grade as grading
from workbench.course.grade import Grade


@pytest.fixture
def quick(monkeypatch):
    """Grade without running anything."""

    def grade(path, seconds):
        return [
            Grade(path.name, "2.1", True, "good."),
            Grade(path.name, "2.2", False, f"=stopped({seconds:g})"),
        ]

    monkeypatch.setattr(grading, "grade", grade)


def empty(path):
    nbformat.write(nbformat.v4.new_notebook(), path)
    return path


def test_the_grades_are_listed_and_written_and_the_execution_is_said(tmp_path, quick, capsys):
    (tmp_path / "in" / ".ipynb_checkpoints").mkdir(parents=True)
    first = empty(tmp_path / "in" / "02_excavation.ipynb")
    empty(tmp_path / "in" / ".ipynb_checkpoints" / "02_excavation.ipynb")
    out = tmp_path / "grades.csv"
    assert main(["grade", str(tmp_path / "in"), "--out", str(out), "--time-limit", "9"]) == 0
    shown = capsys.readouterr()
    assert "executes the code in 1 notebook," in shown.err
    assert "1 of 2 passed" in shown.err
    assert "good." in shown.out
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["notebook"], row["exercise"], row["passed"]) for row in rows] == [
        (str(first), "2.1", "True"),
        (str(first), "2.2", "False"),
    ]
    assert rows[1]["message"] == "'=stopped(9)"  # no spreadsheet takes it for a formula
    assert main(["grade", str(first), "--out", str(out)]) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_one_file_that_is_no_notebook_does_not_stop_the_others(tmp_path, capsys):
    bad = tmp_path / "02_excavation.ipynb"
    bad.write_text("{}")
    essay = empty(tmp_path / "essay.ipynb")
    assert main(["grade", str(bad), str(essay)]) == 0
    shown = capsys.readouterr().out
    assert "is not a notebook" in shown
    assert "does not say which notebook" in shown


def test_what_is_not_there_is_refused(tmp_path, capsys):
    assert main(["grade", str(tmp_path / "missing.ipynb")]) == 2
    assert main(["grade", str(tmp_path)]) == 2
    assert main(["grade", str(empty(tmp_path / "02_a.ipynb")), "--time-limit", "0"]) == 2
    said = capsys.readouterr().err
    assert "no notebook at" in said
    assert "no notebooks in" in said
    assert "above 0" in said
