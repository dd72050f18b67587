"""The teacher's page agrees with the notebooks, and its schedules add up."""

import re
from pathlib import Path

import pytest

from workbench.course.building.sources import exercises, minutes, sources

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "teaching.md").read_text("utf-8")


def section(heading):
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def rows(text):
    lines = [line.strip("| ").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


@pytest.mark.parametrize(
    "source", sources(ROOT / "notebooks" / "source"), ids=lambda path: path.stem
)
def test_a_notebooks_minutes_and_exercises_are_its_own(source):
    taught = rows(section("What each notebook teaches"))
    (row,) = [one for one in taught if one[0].startswith(f"[{source.name[:2]} ")]
    headline = r"About (\d+) minutes: (\d+) to read and run, (\d+) for"
    said = re.search(headline, source.read_text("utf-8"))
    whole, reading, solving = said.groups() if said else ("5", "5", "0")
    assert row[-3:] == [reading, f"{solving} ({len(exercises(source))})", whole]


def test_the_lab_lasts_ninety_minutes_and_takes_as_long_as_its_exercises_say():
    every = {
        number: length
        for source in sources(ROOT / "notebooks" / "source")
        for number, length in minutes(source).items()
    }
    found = rows(section("A lab of 90 minutes"))
    assert sum(int(row[0]) for row in found) == 90
    named = 0
    for row in found:
        numbers = re.findall(r"\b\d\.\d\b", row[1])
        named += len(numbers)
        if numbers:
            assert int(row[0]) == sum(every[number] for number in numbers), row
    assert named >= 5


def test_every_session_of_the_module_lasts_ninety_minutes():
    found = rows(section("A module of four weeks"))
    assert [row[0] for row in found] == ["1", "2", "3", "4"]
    for row in found:
        assert sum(map(int, re.findall(r"\((\d+)\)", row[1]))) == 90, row
