"""What the tests of this room share."""

import pytest

from tests.surfaces import draw_category, make_model
from workbench.clip.hooked import HookedCLIP
from workbench.images.samples import Dataset


@pytest.fixture(scope="session")
def model() -> HookedCLIP:
    """An untrained CLIP; a test that changes one makes its own."""
    return make_model()


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Five training normals, four test normals, four spots with masks."""
    return draw_category(tmp_path_factory.mktemp("data") / "metal_sheet")
