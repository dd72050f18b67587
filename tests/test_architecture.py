"""The rooms, and the one direction in which they may import."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "workbench"
LEFT_TO_RIGHT = [
    {"errors"},
    {"files", "intervals", "paths"},
    {"clip", "images"},
    {"recording"},
    {"excavation"},
    {"neurons"},
    {"baselines"},
    {"evaluation"},
    {"benchmark"},
    {"claims"},
    {"cards"},
    {"figures"},
    {"pages", "widgets"},
    {"course"},
    {"demo"},
    {"verbs"},
    {"cli"},
]
RANK = {room: rank for rank, rooms in enumerate(LEFT_TO_RIGHT) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    inside = file.relative_to(PACKAGE)
    return inside.parts[0].removesuffix(".py")


def imported_rooms(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("workbench."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "workbench":
            found |= {alias.name for alias in node.names if alias.name in RANK}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("workbench.")}
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"relative import in {file}"
    return found


def test_every_file_lies_in_a_known_room():
    assert {room_of(file) for file in FILES} - {"__init__", "__main__"} <= set(RANK)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_to_its_left(file):
    room = room_of(file)
    if room == "__init__":  # the lazy surface sees all
        return
    wrong = {
        other
        for other in imported_rooms(file)
        if other != room and RANK.get(other, 0) >= RANK[room] and other in RANK
    }
    assert not wrong, f"{file.relative_to(PACKAGE)} ({room}) imports {sorted(wrong)}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_file_fits_in_one_reading(file):
    assert len(file.read_text("utf-8").splitlines()) < 500
