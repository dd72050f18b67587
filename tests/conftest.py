"""Shapes in signatures are checked while the tests run."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from jaxtyping import install_import_hook

import tests.typecheck  # noqa: F401, the import hook looks it up by name

if TYPE_CHECKING:
    from workbench.clip.hooked import HookedCLIP
    from workbench.images.samples import Dataset

install_import_hook("workbench", "tests.typecheck.check")

# Tiny models gain nothing from more threads, and lose much where the cores are busy.
torch.set_num_threads(1)

# A shell that starts a job in the background has it ignore Ctrl-C, and its children inherit that;
# programs that the tests interrupt must not.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real inspection images beside the checkout, for the tests that want pictures nobody drew."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real inspection images at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def model() -> "HookedCLIP":
    """An untrained CLIP; a test that changes one makes its own."""
    from tests.surfaces import make_model

    return make_model()


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> "Dataset":
    """Five training normals, four test normals, four spots with masks."""
    from tests.surfaces import draw_category

    return draw_category(tmp_path_factory.mktemp("data") / "metal_sheet")
