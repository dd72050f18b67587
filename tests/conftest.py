"""Shapes in signatures are checked while the tests run."""

from pathlib import Path

import pytest
import torch
from jaxtyping import install_import_hook

import tests.typecheck  # noqa: F401, the import hook looks it up by name

install_import_hook("workbench", "tests.typecheck.check")

# Tiny models gain nothing from more threads, and lose much where the cores are busy.
torch.set_num_threads(1)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real inspection images beside the checkout, for the tests that want pictures nobody drew."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real inspection images at {SHARED_DATA}")
    return SHARED_DATA
