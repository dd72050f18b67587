"""What the documents point to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "data").glob("*.md"), *ROOT.glob("data/*/*.md"))
    if path.is_file()
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8"))
    for target in targets:
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_the_readme_has_no_empty_place_left():
    assert "<!--" not in (ROOT / "README.md").read_text("utf-8")


def test_conda_users_get_what_the_project_says():
    environment = (ROOT / "environment.yml").read_text("utf-8")
    assert "--editable .[dev]" in environment
    assert "requirements.lock" in environment


def test_the_lock_file_names_no_host():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    assert all(re.match(r"[a-z0-9._-]+==", line) for line in lock.splitlines() if line.strip())
