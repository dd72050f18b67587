"""Tests in a real browser. Run by `make test-browser`; `make test` leaves them out.

`BROWSER_OUT=FOLDER` keeps screenshots and the measured figures there.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")

from tests.browser.chromium import ARGUMENTS, Watch, find, on_disk  # noqa: E402
from tests.browser.figures import Figures  # noqa: E402
from tests.browser.lab import ROOT, Lab  # noqa: E402

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1280, 1000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = Figures.lines()
    if lines:
        terminalreporter.section("measured in the browser")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def out() -> Path | None:
    """The folder for screenshots and figures, or `None` where nobody asked for them."""
    asked = os.environ.get("BROWSER_OUT")
    if not asked:
        return None
    folder = Path(asked).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator["playwright.Browser"]:
    path = find()
    if path is None:
        pytest.skip("no Chromium: install it (.ci/tools), or set CHROMIUM to its path")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as started:
        for notebook in (ROOT / "notebooks").glob("*.ipynb"):
            shutil.copy(notebook, started.notebooks)
        yield started


@pytest.fixture
def in_lab(browser, lab: Lab) -> Iterator["playwright.Page"]:
    """A page for JupyterLab; errors, and requests to anywhere else, fail the test."""
    yield from page_of_lab(browser, lab)


@pytest.fixture(scope="module")
def kept_in_lab(browser, lab: Lab) -> Iterator["playwright.Page"]:
    """The same, for all tests of a module."""
    yield from page_of_lab(browser, lab)


def page_of_lab(browser, lab: Lab) -> Iterator["playwright.Page"]:
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    own = (lab.url, lab.url.replace("http", "ws"), "blob:", "data:")
    watch = Watch(context, lambda url: url.startswith(own), lab_noise)
    yield context.new_page()
    context.close()
    watch.check()


@pytest.fixture
def from_disk(browser) -> Iterator["playwright.Page"]:
    """A page without a network; errors, and requests for anything not on disk, fail the test."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, offline=True)
    watch = Watch(context, on_disk)
    yield context.new_page()
    context.close()
    watch.check()


@pytest.fixture
def shot(out: Path | None) -> Callable[..., None]:
    """Keep a picture of an element or a page under a name, where that was asked for."""

    def keep(target, name: str, **options: bool) -> None:
        if out is not None:
            target.screenshot(path=out / f"{name}.png", **options)

    return keep


@pytest.fixture(scope="session")
def figures(out: Path | None) -> Iterator[Figures]:
    """Where measured figures go: the summary, and a file where that was asked for."""
    measured = Figures()
    yield measured
    if out is not None:
        (out / "figures.json").write_text(json.dumps(measured.found, indent=1) + "\n")


NOISE: tuple[tuple[str, str], ...] = ()
"""JupyterLab's own errors, which are none of ours: what is said, and where."""


def lab_noise(text: str, url: str) -> bool:
    return any(re.search(said, text) and re.search(where, url) for said, where in NOISE)
