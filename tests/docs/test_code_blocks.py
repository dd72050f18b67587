"""Every block of Python in the documents runs, and every error message in them is real."""

import functools
import shutil
from pathlib import Path

import pytest
import torch

import workbench
from tests.docs import stage as staging
from tests.docs.blocks import ROOT, blocks, documents, run
from workbench.clip import loading

PAGES = [page for page in documents() if blocks(page)]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


SMALL = 48  # px of the embedded model's pictures here, a sixteenth of its patches


@functools.cache
def load(name, pretrained=None, device="auto", **choices):
    """Load every model once for all pages."""
    return loading.load_model(name, pretrained, device, **choices)


def load_small(name, *args, **choices):
    """Load the embedded model at a smaller input size, unless another one is asked for."""
    return load(name, *args, **{"image_size": SMALL if name == "demo" else None, **choices})


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    return staging.build(tmp_path_factory.mktemp("stage"), load("demo"))


@pytest.mark.parametrize("page", PAGES, ids=named)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_code_of_a_page_runs_from_top_to_bottom(page, stage, tmp_path, monkeypatch):
    shutil.copytree(stage, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    # Messages name sizes, and cost little.
    monkeypatch.setitem(
        vars(workbench), "load_model", load if page.parent.name == "errors" else load_small
    )
    monkeypatch.setitem(vars(workbench), "demo_images", lambda: tmp_path / "data" / "demo")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run(page, staging.given(page))
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("page", documents(), ids=named)
def test_a_block_that_is_not_run_says_why(page):
    for block in blocks(page):
        assert block.not_run is None or len(block.not_run.split()) > 2


def test_most_blocks_are_run():
    """So that the mark for blocks that are not does not become a habit."""
    every = [block for page in PAGES for block in blocks(page)]
    assert sum(block.not_run is not None for block in every) <= 5
