"""A grid on a real Ray, started on this machine with two workers."""

import pytest

from tests.benchmark.grids import small_grid, two_categories
from tests.benchmark.test_grid import files
from tests.clusters import QUIET, two_workers
from workbench.benchmark.grid import run_grid
from workbench.benchmark.ray_engine import run_grid_on_ray
from workbench.errors import SettingError

ray = pytest.importorskip("ray", reason="Ray is not installed")

pytestmark = [pytest.mark.filterwarnings(rule) for rule in QUIET]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """Ray with room for two workers."""
    yield from two_workers(ray)


def test_two_workers_write_the_bytes_of_one_process(model, tmp_path) -> None:
    drawn = two_categories(tmp_path / "data")
    grid = small_grid()
    alone, together = tmp_path / "alone", tmp_path / "together"
    run_grid(model, {"drawn": drawn}, grid, alone)
    run_grid_on_ray(model, {"drawn": drawn}, grid, together, workers=2)
    assert files(together) == files(alone)


def test_what_a_user_can_put_right_comes_back_as_it_is(model, tmp_path) -> None:
    drawn = two_categories(tmp_path / "data")
    with pytest.raises(SettingError, match="shots asked for"):
        run_grid_on_ray(model, {"drawn": drawn}, small_grid(shots=(9,)), tmp_path / "out")
