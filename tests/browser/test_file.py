"""What is written to be kept: opened from disk, without a network."""

import os
import subprocess
import sys

import pytest

from tests.browser.hostile import EVIL
from tests.browser.lab import ROOT
from tests.browser.views import Views, changed


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The pages, written by a process of their own."""
    folder = tmp_path_factory.mktemp("pages")
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.pages", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_saved_explorer_opens_without_a_network_and_its_views_are_linked(written, from_disk):
    from_disk.goto((written / "explorer.html").as_uri())
    views = Views(from_disk).opened()
    before = views.shown()

    views.click_neuron()
    now = views.shown()
    assert before["map"] != now["map"]
    assert before["neuron"] != now["neuron"]

    views.images.press("ArrowDown")
    views.settled()
    before, now = now, views.shown()
    assert changed(before, now) == {"image", "picture", "patch", "pixels"}

    views.click_patch(0.2, 0.2)
    before, now = now, views.shown()
    assert before["patch"] != now["patch"]
    assert before["pixels"] != now["pixels"]

    views.threshold.get_by_role("slider").press("End")
    views.settled()
    before, now = now, views.shown()
    assert before["threshold"] != now["threshold"]
    assert before["images"] != now["images"]


def test_detection_is_redone_in_the_page(written, from_disk, shot):
    from_disk.goto((written / "explorer.html").as_uri())
    views = Views(from_disk).opened()
    before = views.shown()
    views.lasso([(0.05, 0.02), (0.95, 0.02), (0.95, 0.3), (0.05, 0.3)])
    for mode, word in (("Without these", "without"), ("Only these", "only")):
        views.mode(mode)
        assert views.status.inner_text().startswith(f"Detection redone: {word} ")
        now = views.shown()
        assert before["images"] != now["images"]
        assert before["pixels"] != now["pixels"]
        before = now
    views.shot(shot, "file-only-these")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 480])
def test_a_saved_explorer_fits_its_page(written, from_disk, shot, width, theme):
    from_disk.set_viewport_size({"width": width, "height": 1000})
    from_disk.emulate_media(color_scheme=theme)
    from_disk.goto((written / "explorer.html").as_uri())
    views = Views(from_disk).opened()
    assert views.root.get_attribute("data-theme") == theme
    assert views.too_wide() == []
    assert from_disk.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    shot(from_disk, f"file-{theme}-{width}", full_page=True)


def test_names_in_a_saved_explorer_are_shown_as_they_are(written, from_disk, shot):
    from_disk.goto((written / "hostile.html").as_uri())
    views = Views(from_disk).opened()
    views.shows_literally(EVIL)
    shot(from_disk, "file-hostile", full_page=True)


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (480, "dark")])
def test_a_report_opens_without_a_network_and_shows_its_pictures(
    written, from_disk, shot, width, theme
):
    from_disk.set_viewport_size({"width": width, "height": 1000})
    from_disk.emulate_media(color_scheme=theme)
    from_disk.goto((written / "report.html").as_uri())
    from_disk.get_by_role("heading").first.wait_for()
    pictures = from_disk.evaluate(
        """() => Promise.all([...document.images].map(async (image) => {
          image.loading = "eager";
          await image.decode();
          return image.naturalWidth;
        }))"""
    )
    assert len(pictures) > 3
    assert min(pictures) > 0
    assert from_disk.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    shot(from_disk, f"report-{theme}-{width}", full_page=True)
