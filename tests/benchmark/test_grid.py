"""The grid computes every cell once, on the same images, whatever interrupts it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmark.grids import Told, small_grid, told, two_categories
from workbench.benchmark.cell import Cell, Key
from workbench.benchmark.grid import Grid, check, finished, reckon, run_grid
from workbench.benchmark.results import write_results
from workbench.clip.hooked import HookedCLIP
from workbench.errors import DataError, RunError, SettingError
from workbench.images.samples import Dataset


def files(root: Path) -> dict[str, bytes]:
    """Everything that a benchmark promises to write alike; times are apart."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "timing" not in path.relative_to(root).as_posix()
    }


def all_cells(out: Path, dataset: Dataset, grid: Grid) -> list[Cell]:
    return finished(out, [key for c in dataset.categories for key in grid.keys("drawn", c)])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Dataset:
    return two_categories(tmp_path_factory.mktemp("drawn"))


def test_methods_without_support_have_one_cell_and_the_others_one_per_support_set() -> None:
    keys = small_grid().keys("drawn", "tiles")
    assert sum(key.method == "text_patches" for key in keys) == 1
    assert {(k.shots, k.seed) for k in keys if k.method == "lake_visual"} == {
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
    }


def test_a_method_that_knows_the_answer_scores_full_marks(model, drawn, tmp_path) -> None:
    grid = Grid((told(),), shots=(1,), seeds=(0,))
    run_grid(model, {"drawn": drawn}, grid, tmp_path)
    cells = all_cells(tmp_path, drawn, grid)
    assert [cell.value("image_auroc") for cell in cells] == [1.0, 1.0]
    assert [cell.key.category for cell in cells] == ["plates", "tiles"]


def test_a_random_method_has_the_mean_of_its_draws(model, drawn, tmp_path) -> None:
    grid = small_grid("random_k", shots=(2,), seeds=(0,))
    run_grid(model, {"drawn": drawn}, grid, tmp_path)
    for cell in all_cells(tmp_path, drawn, grid):
        drawn_values = cell.draws["image_auroc"]
        assert len(drawn_values) == len(cell.scores) == 2
        assert cell.value("image_auroc") == pytest.approx(sum(drawn_values) / 2)
        assert cell.scores[0] != cell.scores[1]


def test_interrupted_and_resumed_the_files_hold_the_same_bytes(
    model, drawn, tmp_path, monkeypatch
) -> None:
    grid = small_grid()
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run_grid(model, {"drawn": drawn}, grid, whole)
    write_results(whole, all_cells(whole, drawn, grid))
    written = []
    write = Cell.write

    def cut_short(cell: Cell, root: Path) -> None:
        if len(written) == 7:
            raise KeyboardInterrupt
        written.append(cell.key)
        write(cell, root)

    monkeypatch.setattr(Cell, "write", cut_short)
    with pytest.raises(KeyboardInterrupt):
        run_grid(model, {"drawn": drawn}, grid, cut)
    assert len(all_cells(cut, drawn, grid)) == 7
    monkeypatch.setattr(Cell, "write", write)
    run_grid(model, {"drawn": drawn}, grid, cut)
    write_results(cut, all_cells(cut, drawn, grid))
    assert files(cut) == files(whole)


def test_finished_cells_are_not_computed_again_and_new_methods_are_added(
    model, drawn, tmp_path
) -> None:
    first = Told("spot", name="first")
    grid = Grid((first,), shots=(1,), seeds=(0,))
    run_grid(model, {"drawn": drawn}, grid, tmp_path)
    assert len(first.seen) == 8
    second = Told("good", name="second")
    run_grid(model, {"drawn": drawn}, replace(grid, methods=(first, second)), tmp_path)
    assert len(first.seen) == 8
    assert len(second.seen) == 8


def test_every_image_passes_the_model_once_for_all_methods_shots_and_seeds(
    model, drawn, tmp_path, monkeypatch
) -> None:
    passed = 0
    activations = HookedCLIP.visit

    def counted(self, x, *args, **kwargs):
        nonlocal passed
        passed += len(x)
        return activations(self, x, *args, **kwargs)

    monkeypatch.setattr(HookedCLIP, "visit", counted)
    grid = small_grid("lake_visual,patch_knn,bottom_k", shots=(2, 3))
    run_grid(model, {"drawn": drawn}, grid, tmp_path)
    assert passed == reckon(drawn, grid).images


def test_contaminating_images_leave_the_test_set_of_every_cell(model, drawn, tmp_path) -> None:
    grid = small_grid("lake_visual", shots=(2,), seeds=(0,), contaminated=(0, 1))
    run_grid(model, {"drawn": drawn}, grid, tmp_path)
    cells = {cell.key.contaminated: cell for cell in all_cells(tmp_path, drawn, grid)}
    tests = {sample.name for sample in grid.tests(drawn["tiles"])}
    assert not tests & set(cells[1].contaminating)
    assert len(cells[1].contaminating) == 1
    assert cells[0].contaminating == ()
    assert len(cells[0].scores[0]) == len(cells[1].scores[0]) == len(tests) == 3


def test_cells_of_other_test_images_are_refused_and_kept(model, drawn, tmp_path) -> None:
    grid = small_grid("lake_visual", shots=(2,), seeds=(0,), contaminated=(0, 1))
    run_grid(model, {"drawn": drawn}, grid, tmp_path)
    before = files(tmp_path)
    with pytest.raises(RunError, match="plates holds cells of other test images"):
        run_grid(model, {"drawn": drawn}, replace(grid, contaminated=(0,)), tmp_path)
    assert files(tmp_path) == before


def test_features_are_swept_away_unless_they_are_to_be_kept(model, drawn, tmp_path) -> None:
    grid = small_grid("lake_visual", shots=(1,), seeds=(0,))
    run_grid(model, {"drawn": drawn}, grid, tmp_path / "swept")
    assert not (tmp_path / "swept" / "features").exists()
    run_grid(model, {"drawn": drawn}, grid, tmp_path / "kept", keep_features=True)
    assert (tmp_path / "kept" / "features" / "drawn" / "tiles").is_dir()


def test_features_that_a_kill_after_the_last_cell_left_are_swept_away(
    model, drawn, tmp_path
) -> None:
    grid = small_grid("lake_visual", shots=(1,), seeds=(0,))
    run_grid(model, {"drawn": drawn}, grid, tmp_path, keep_features=True)
    run_grid(model, {"drawn": drawn}, grid, tmp_path)
    assert not (tmp_path / "features").exists()


def test_too_few_normals_are_refused_before_any_work(drawn) -> None:
    with pytest.raises(SettingError, match="9 shots asked for, but plates has 4"):
        check({"drawn": drawn}, small_grid(shots=(9,)))


def test_a_category_without_tests_is_refused_before_any_work(drawn) -> None:
    only = replace(drawn, samples=tuple(s for s in drawn.samples if s.split == "train"))
    with pytest.raises(DataError, match="no test images"):
        check({"drawn": only}, small_grid())


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"shots": ()}, "shots are"),
        ({"seeds": (0, 0)}, "seeds are"),
        ({"contaminated": (-1,)}, "contaminated are"),
        ({"draws": 0}, "draws is 0"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(choices, words) -> None:
    with pytest.raises(SettingError, match=words):
        small_grid(**choices)


def test_a_method_twice_is_refused() -> None:
    with pytest.raises(SettingError, match="each once"):
        Grid((told(), told()))


def test_a_key_is_found_again_in_its_file(tmp_path) -> None:
    key = Key("drawn", "tiles", "lake", 4, 2, 1)
    assert key.file(tmp_path).name == "lake.json"
    assert "4-shot_seed-2_contaminated-1" in key.file(tmp_path).parts
