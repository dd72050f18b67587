import pytest

from tests.pages.benchmarks import benchmark, cells, means
from workbench.pages.grid import as_mean, data_sets, lead, measured_metrics, methods, parts


def row(method, seed, value, category="tile", shots=1, **more):
    return {
        "method": method,
        "seed": seed,
        "category": category,
        "shots": shots,
        "image_auroc": value,
        **more,
    }


def part_of(*rows):
    report = benchmark(rows=rows, summary=[])
    (part,) = parts(report)
    return part


def test_parts_go_by_data_set_and_shots_few_first():
    rows = [{**r, "data": data} for data in ("b", "a") for r in cells()]
    summary = [{**r, "data": data} for data in ("b", "a") for r in means(cells())]
    found = parts(benchmark(rows=rows, summary=summary))
    assert [(p.data, p.shots) for p in found] == [("b", 1), ("b", 4), ("a", 1), ("a", 4)]
    assert data_sets(found) == ["b", "a"]


def test_methods_without_support_stand_in_every_part():
    assert all("winclip" in part.summary for part in parts(benchmark()))


def test_contaminated_cells_are_a_part_of_their_own():
    found = parts(
        benchmark(rows=[row("lake", 0, 0.9), row("lake", 0, 0.8, contaminated=1)], summary=[])
    )
    assert [(p.contaminated, p.name) for p in found] == [
        (0, "1 shot"),
        (1, "1 shot, 1 contaminated"),
    ]


def test_a_lead_is_taken_per_seed_over_the_same_categories():
    part = part_of(
        row("lake", 0, 0.9), row("lake", 1, 0.7), row("other", 0, 0.8), row("other", 1, 0.8)
    )
    found = lead(part, "lake", "other", "image_auroc")
    assert found.value == pytest.approx(0.0)
    assert found.sd == pytest.approx(0.1 * 2**0.5)
    assert (found.ahead, found.categories) == (0, 1)


def test_seeds_and_categories_that_only_one_method_has_are_left_out():
    part = part_of(
        row("lake", 0, 0.9),
        row("lake", 1, 0.1),
        row("lake", 0, 0.2, "grille"),
        row("other", 0, 0.8),
        row("other", 2, 0.1),
    )
    found = lead(part, "lake", "other", "image_auroc")
    assert found.value == pytest.approx(0.1)
    assert found.categories == 1


def test_a_method_with_one_cell_is_compared_with_every_seed():
    part = part_of(row("lake", 0, 0.9), row("lake", 1, 0.7), row("zero", 0, 0.6, shots=0))
    assert lead(part, "lake", "zero", "image_auroc").value == pytest.approx(0.2)


def test_without_a_common_cell_there_is_no_lead():
    assert lead(part_of(row("lake", 0, 0.9)), "lake", "other", "image_auroc") is None
    assert lead(part_of(row("lake", 0, None), row("o", 0, 0.1)), "lake", "o", "image_auroc") is None


def test_metrics_without_a_value_anywhere_are_not_shown():
    found = measured_metrics(
        benchmark(
            summary=[{"method": "lake", "shots": 1, "image_auroc": (0.5, None), "pixel_ap": None}]
        )
    )
    assert found == ["image_auroc"]


def test_methods_come_in_the_order_of_the_list_and_strangers_last():
    report = benchmark(rows=[row("zzz", 0, 0.5), row("patchcore", 0, 0.5), row("lake", 0, 0.5)])
    assert methods(benchmark(rows=report.rows, summary=[])) == ["lake", "patchcore", "zzz"]


def test_an_undefined_mean_is_none():
    assert as_mean((None, None)) is None
    assert as_mean((0.5, None)) == (0.5, None)
