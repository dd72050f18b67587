"""The bar: there while several images are worked on, and never left behind by a single one."""

import pytest

from workbench.images import progress as module


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(module, "_watched", lambda: True)


def test_several_images_are_shown(watched, capfd):
    assert list(module.progress("ab", total=2, what="judging")) == ["a", "b"]
    assert "judging" in capfd.readouterr().err


def test_of_one_image_no_bar_is_left_when_the_caller_stops_after_it(watched, capfd):
    assert next(module.progress("a", total=1, what="judging")) == "a"
    assert capfd.readouterr().err == ""
