"""Where `workbench lab` finds its notebooks."""

from pathlib import Path

from workbench.verbs.lab import notebooks


def test_in_a_clone_the_notebooks_are_the_repository_s_own():
    assert notebooks() == Path(__file__).resolve().parents[2] / "notebooks"


def test_elsewhere_they_are_copied_and_edits_are_kept(tmp_path):
    place = notebooks(tmp_path / "mine")
    found = sorted(place.glob("*.ipynb"))
    assert found
    found[0].write_text("edited")
    assert notebooks(tmp_path / "mine") == place
    assert found[0].read_text() == "edited"
