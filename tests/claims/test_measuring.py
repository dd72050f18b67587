"""The claims put to the tiny model and a drawn category, from pictures to the ledger."""

import json
import shutil

import pytest

from tests.surfaces import draw_category, make_model
from workbench.benchmark.grid import Grid, run_grid
from workbench.claims import measuring
from workbench.claims.contrasts import Arm, contrasts
from workbench.claims.evidence import read_evidence
from workbench.claims.judging import judge
from workbench.claims.measuring import cost, measure
from workbench.claims.plan import Plan
from workbench.claims.sweeps import contamination_grids, detection_grid
from workbench.errors import DataError, RunError, SettingError


def plan(*claims, **changes):
    small = {"k": 8, "width": 32, "layers": 1, "shots": (2,), "seeds": (0,), "draws": 2}
    return Plan(claims, **{**small, **changes})


@pytest.fixture(scope="module")
def spots(tmp_path_factory):
    return draw_category(tmp_path_factory.mktemp("data") / "spots", normals=4)


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, model, spots):
    """Claims 1, 5 and 6, measured."""
    out = tmp_path_factory.mktemp("out") / "claims"
    measure(model, "drawn", spots, plan(1, 5, 6), out)
    return out


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "timing" not in path.parts
    }


def test_every_arm_of_the_claims_is_measured(folder):
    evidence = read_evidence(folder)
    for number in (1, 5, 6):
        for one in contrasts(number, plan(number)):
            assert {one.plus, one.minus} - {None} <= set(evidence), one.name
    assert evidence[Arm("random_k", 2)].draws == 2


def test_the_ledger_of_what_was_measured_has_figures_for_every_claim(folder):
    ledger = judge(read_evidence(folder), plan(1, 5, 6), model={"name": "tiny"})
    for entry in ledger.entries:
        assert not entry.missing
        assert entry.sweep.points
        assert all(one.effect.value is not None for one in entry.comparisons)
    assert ledger.data == ("spots",)


def test_images_that_contaminate_leave_the_test_set_of_clean_cells_too(folder, spots):
    evidence = read_evidence(folder)
    contaminated, clean = (
        evidence[Arm("lake", 2, replaced, "contamination")] for replaced in (1, 0)
    )
    place = ("drawn", "spots")
    assert len(contaminated.labels[place]) == len(clean.labels[place])
    assert clean.labels[place].sum() < 4
    assert len(evidence[Arm("lake_visual", 2)].labels[place]) == 8


def test_more_seeds_asked_for_later_leave_the_same_bytes_as_at_once(model, tmp_path):
    """More supports are contaminated by more images, which leave the test set of all cells."""
    spots = draw_category(tmp_path / "spots", normals=3, tests=8)
    first, more = plan(5), plan(5, seeds=(0, 1))
    assert contamination_grids(first, spots)["spots"].listed(spots["spots"]) != (
        contamination_grids(more, spots)["spots"].listed(spots["spots"])
    )
    measure(model, "drawn", spots, first, tmp_path / "grown")
    measure(model, "drawn", spots, more, tmp_path / "grown")
    measure(model, "drawn", spots, more, tmp_path / "whole")
    assert files(tmp_path / "grown") == files(tmp_path / "whole")
    read_evidence(tmp_path / "grown")


def test_an_interrupted_measurement_goes_on_and_leaves_the_same_bytes(
    folder, model, spots, tmp_path, monkeypatch
):
    out = tmp_path / "claims"
    shutil.copytree(folder, out)
    lost = [*sorted((out / "elicitation").rglob("unchanged.json"))]
    lost += sorted((out / "elicitation").rglob("random_x2.json"))
    lost += sorted((out / "cells").rglob("lake_visual.json"))
    assert len(lost) == 3
    for file in lost:
        file.unlink()
    measure(model, "drawn", spots, plan(1, 5, 6), out)
    assert files(out) == files(folder)
    monkeypatch.setattr(measuring, "elicit", None)  # all is there: nothing runs again
    measure(model, "drawn", spots, plan(1, 5, 6), out)


def test_the_cell_of_the_unchanged_model_is_written_last(model, spots, tmp_path, monkeypatch):
    written = []
    real = measuring.Cell.write

    def write(cell, root):
        written.append(cell.key.method)
        if len(written) == 3:
            raise KeyboardInterrupt
        real(cell, root)

    monkeypatch.setattr(measuring.Cell, "write", write)
    with pytest.raises(KeyboardInterrupt):
        measure(model, "drawn", spots, plan(6), tmp_path)
    monkeypatch.setattr(measuring.Cell, "write", real)
    assert "unchanged" not in written
    measure(model, "drawn", spots, plan(6), tmp_path)
    found = judge(read_evidence(tmp_path), plan(6), model={}).entries[0]
    assert not found.missing


def test_shots_are_swept_for_lake_alone_and_only_if_asked():
    grid = detection_grid(plan(1, 4, shots=(1, 2, 4)))
    shots = {}
    for key in grid.keys("drawn", "spots"):
        shots.setdefault(key.method, set()).add(key.shots)
    assert shots["lake"] == shots["lake_visual"] == {1, 2, 4}
    assert shots["random_k"] == {4}
    assert {key.shots for key in detection_grid(plan(3, shots=(1, 2, 4))).keys("d", "s")} == {4}
    assert detection_grid(plan(5, 6)) is None


def test_the_sweep_of_k_has_the_shares_of_all_channels():
    grid = detection_grid(plan(2, k=100, width=768))
    sizes = {m.settings.k for m in grid.methods if m.name.startswith("lake_visual")}
    assert sizes == {38, 100, 192, 384}  # 13 % of 768 is 100 itself
    assert {method.name for method in grid.methods} >= {"lake_visual_k-38", "random_k_k-384"}


def test_every_swept_method_has_a_name_of_its_own_and_the_setting_it_says():
    grid = detection_grid(plan(1, 2, 3, 4, layers=3, shots=(1, 2)))
    named = {method.name: method.settings for method in grid.methods}
    assert len(named) == len(grid.methods)
    assert named["lake_visual_layer-2"].site == "blocks.2.hook_resid_post"
    assert (named["lake_w-0.5"].text_weight, named["lake_w-0.5"].fusion) == (0.5, "standardised")
    assert (named["lake_raw_w-0.5"].text_weight, named["lake_raw_w-0.5"].fusion) == (0.5, "raw")
    assert named["lake_visual"].text_weight == 0
    assert all(settings.k == 8 for name, settings in named.items() if "_k-" not in name)


def test_a_category_with_few_anomalies_is_contaminated_less_or_left_out(tmp_path):
    few = draw_category(tmp_path / "few", normals=2, tests=1)
    assert contamination_grids(plan(5), few) == {}
    some = draw_category(tmp_path / "some", normals=2, tests=2)
    assert contamination_grids(plan(5), some)["some"].contaminated == (0, 1)
    enough = draw_category(tmp_path / "enough", normals=2, tests=4)
    grid = contamination_grids(plan(5), enough)["enough"]
    assert grid.contaminated == (0, 1, 2)
    assert not grid.intervals  # of differences they are taken, from the images' scores


def test_a_benchmarks_cells_are_evidence(model, spots, tmp_path):
    grid = detection_grid(plan(3))
    keep = tuple(m for m in grid.methods if m.name in ("lake", "lake_visual"))
    run_grid(model, {"drawn": spots}, Grid(methods=keep, shots=(2,), seeds=(0,)), tmp_path)
    entries = judge(read_evidence(tmp_path), plan(1, 3, width=0, layers=0), model={}).entries
    assert "random_k" in entries[0].missing
    assert "lake_w-0.5" in entries[1].missing
    assert entries[1].comparisons[0].effect.value is not None


def test_a_damaged_cell_is_named(folder, tmp_path):
    out = tmp_path / "claims"
    shutil.copytree(folder, out)
    cell = next((out / "cells").rglob("random_k.json"))
    content = json.loads(cell.read_bytes())
    cell.write_text(json.dumps({**content, "scores": [[0.5]]}))
    with pytest.raises(RunError, match=r"random_k\.json is damaged"):
        read_evidence(out)
    cell.write_text("{")
    with pytest.raises(RunError, match=r"random_k\.json is damaged"):
        read_evidence(out)


def test_too_few_normals_are_refused_before_any_work(model, spots, tmp_path):
    with pytest.raises(SettingError, match="4 training normals"):
        measure(model, "drawn", spots, plan(4, shots=(4, 9)), tmp_path)
    assert not any(tmp_path.iterdir())


def test_data_without_tests_are_refused_before_any_work(model, tmp_path):
    untested = draw_category(tmp_path / "data", normals=2, tests=0)
    with pytest.raises(DataError, match="no test images"):
        measure(model, "drawn", untested, plan(6), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_k_beyond_the_channels_is_refused():
    with pytest.raises(SettingError, match="32 channels"):
        plan(1, k=33)


def test_the_cost_counts_what_is_run(folder, spots):
    found = cost(plan(1, 5, 6), spots)
    assert found["cells"] == len(list((folder / "cells").rglob("*-shot_*/*.json")))
    drawn = read_evidence(folder)
    changed = sum(e.draws for arm, e in drawn.items() if arm.pool == "elicitation")
    assert found["passes"]["elicitation"] == 8 * (1 + changed / 2)
    assert found["test images"] == sum(len(spots.test(name)) for name in spots.categories)
