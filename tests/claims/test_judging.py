"""Every claim can be found true, false, and undecided."""

import json

import numpy as np
import pytest

from tests.claims.made_up import PLACES, evidence
from workbench.claims.axes import axis
from workbench.claims.contrasts import Arm, contrasts
from workbench.claims.effects import Bootstrap
from workbench.claims.evidence import Evidence
from workbench.claims.judging import judge
from workbench.claims.ledger import markdown
from workbench.claims.plan import Plan

# Which image AUROC the arms have when the claim is true, and when it is false. Arms are named by
# method, and by shots, contamination and pool where the claim is about those.
TRUE = {
    1: {"lake_visual": 0.92, "random_k": 0.75},
    2: {"lake_visual": 0.90, "all_channels": 0.86},
    3: {"lake": 0.92, "lake_visual": 0.86, "lake_w-0.5": 0.82, "lake_w-1": 0.60},
    4: {1: 0.75, 4: 0.92, 8: 0.90},
    5: {0: 0.90, 1: 0.92},
    6: {"unchanged": 0.7, "top_x2": 0.85, "random_x2": 0.7, "top_x0": 0.5, "random_x0": 0.7},
}
FALSE = {
    1: {"lake_visual": 0.75, "random_k": 0.92},
    2: {"lake_visual": 0.75, "all_channels": 0.92},
    3: {"lake": 0.80, "lake_visual": 0.90, "lake_w-0.5": 0.75, "lake_w-1": 0.60},
    4: {1: 0.92, 4: 0.75, 8: 0.75},
    5: {0: 0.92, 1: 0.70},
    6: {"unchanged": 0.7, "top_x2": 0.55, "random_x2": 0.7, "top_x0": 0.85, "random_x0": 0.7},
}
RANDOM = ("random_k", "random_x2", "random_x0")


def plan(*claims, **changes):
    given = {"k": 100, "width": 768, "layers": 2, "seeds": (0, 1, 2), "draws": 4, **changes}
    return Plan(claims, **given)


def arms(number, areas, **made):
    found = {}
    for tag, (key, area) in enumerate(areas.items()):
        if number == 4:
            arm = Arm("lake", key)
        elif number == 5:
            arm = Arm("lake", 4, key, "contamination")
        else:
            pool = "elicitation" if number == 6 else "detection"
            arm = Arm(key, 4, 0, pool)
        draws = 4 if key in RANDOM else 1
        found[arm] = evidence(area, draws=draws, tag=tag, **made)
    return found


def entry(number, areas, **made):
    boot = Bootstrap(400)
    return judge(arms(number, areas, **made), plan(number), model={}, bootstrap=boot).entries[0]


@pytest.mark.parametrize("number", TRUE)
def test_a_claim_that_is_true_of_the_scores_holds(number):
    assert entry(number, TRUE[number]).verdict == "holds"


@pytest.mark.parametrize("number", FALSE)
def test_a_claim_that_is_false_of_the_scores_does_not_hold(number):
    found = entry(number, FALSE[number])
    assert found.verdict == "does not hold"
    assert not found.missing


@pytest.mark.parametrize("number", TRUE)
def test_a_few_images_leave_a_claim_undecided(number):
    assert entry(number, dict.fromkeys(TRUE[number], 0.8), images=5, noise=0.9).verdict == (
        "undecided"
    )


@pytest.mark.parametrize("number", TRUE)
def test_arms_that_are_all_the_same_leave_a_claim_undecided(number):
    one = evidence(0.8)
    same = dict.fromkeys(arms(number, TRUE[number]), one)
    found = judge(same, plan(number), model={}, bootstrap=Bootstrap(50)).entries[0]
    assert found.verdict == "undecided"
    assert any("No resample tells the two apart" in note for note in found.notes)


@pytest.mark.parametrize(
    ("number", "spoiled"),
    [
        (3, {"lake_w-0.5": 0.98}),  # much text helps
        (3, {"lake_w-1": 0.98}),
        (4, {8: 0.99}),  # more than a few shots help a lot
        (6, {"random_x2": 0.97}),  # amplifying any neurons does it
        (6, {"random_x0": 0.3}),  # silencing any neurons does it
        (6, {"top_x0": 0.8, "random_x0": 0.9}),
    ],
)
def test_a_claim_of_several_parts_falls_with_any_of_them(number, spoiled):
    assert entry(number, {**TRUE[number], **spoiled}).verdict == "does not hold"


@pytest.mark.parametrize("number", TRUE)
def test_a_claim_without_cells_is_undecided_and_says_what_to_run(number):
    ledger = judge({}, plan(number), model={}, remedy="workbench claims X --claims {}")
    (found,) = ledger.entries
    assert found.verdict == "undecided"
    assert found.said == "undecided: not measured"
    assert f"workbench claims X --claims {number}" in found.missing


def test_a_claim_with_one_part_missing_does_not_hold_by_the_others():
    measured = {arm: e for arm, e in arms(6, TRUE[6]).items() if arm.method != "random_x0"}
    found = judge(measured, plan(6), model={}, bootstrap=Bootstrap(50)).entries[0]
    assert found.verdict == "undecided"
    assert found.said == "undecided: not all measured"
    assert "random_x0" in found.missing


def test_a_part_that_refutes_is_enough_whatever_is_not_measured():
    measured = {arm: e for arm, e in arms(6, FALSE[6]).items() if arm.method != "random_x0"}
    ledger = judge(measured, plan(6), model={}, bootstrap=Bootstrap(50))
    assert ledger.entries[0].said == "does not hold"
    assert ledger.entries[0].missing
    assert ledger.brief()[0]["points [95 %]"].startswith("-")
    assert len(ledger.brief()[0]["points [95 %]"]) > 1


def test_that_an_accuracy_of_chance_is_kept_is_said_to_mean_little():
    flat = {"lake_visual": 0.5, "all_channels": 0.5}
    assert any("all_channels (4 shots) is not shown" in n for n in entry(2, flat).notes)
    assert not any("better than chance" in n for n in entry(2, TRUE[2]).notes)
    assert any("lake (4 shots) is not" in n for n in entry(5, {0: 0.5, 1: 0.5}).notes)


def test_what_stands_beside_a_claim_does_not_decide_it_but_is_said():
    measured = arms(1, {**TRUE[1], "pca_k": 0.97, "bottom_k": 0.6})
    found = judge(measured, plan(1), model={}, bootstrap=Bootstrap(200)).entries[0]
    assert found.verdict == "holds"
    assert {one.name: one.verdict for one in found.comparisons if not one.decides} == {
        "top 100 - bottom 100": "holds",
        "top 100 - PCA to 100": "does not hold",
    }
    assert any("not shown to beat PCA to 100" in note for note in found.notes)


@pytest.mark.parametrize(
    ("area", "words"), [(0.2, "anti-aligned"), (0.9, "is aligned with the prompts")]
)
def test_the_sign_of_the_text_branch_is_said(area, words):
    found = entry(3, {**TRUE[3], "lake_w-1": area})
    assert any(words in note for note in found.notes)


def test_scores_that_saturate_are_said_to_rank_nothing():
    measured = arms(3, TRUE[3])
    flat = evidence(0.6)
    measured[Arm("lake_w-1", 4)] = Evidence(
        flat.labels, {cell: np.ones_like(scores) for cell, scores in flat.scores.items()}
    )
    found = judge(measured, plan(3), model={}, bootstrap=Bootstrap(50)).entries[0]
    assert [note for note in found.notes if note.startswith("lake_w-1 (4 shots): 100%")]
    assert not any("lake_w-1" in note for note in entry(3, TRUE[3]).notes)


def test_a_k_of_most_channels_is_said_not_to_be_sparse():
    given = judge(arms(2, TRUE[2]), plan(2, k=20, width=32), model={}, bootstrap=Bootstrap(50))
    assert any("not sparse" in note for note in given.entries[0].notes)


def test_one_seed_is_said_to_know_nothing_of_other_support_sets():
    assert any("One seed only" in note for note in entry(1, TRUE[1], seeds=1).notes)


def test_a_category_that_is_not_finished_is_said_to_be_left_out():
    measured = arms(1, TRUE[1])
    measured[Arm("random_k", 4)] = evidence(0.75, draws=4, tag=1, places=PLACES[:1])
    found = judge(measured, plan(1), model={}, bootstrap=Bootstrap(50)).entries[0]
    assert any(note.startswith("nuts is left out") for note in found.notes)
    assert set(found.comparisons[0].effect.categories) == {"bolts"}


@pytest.mark.parametrize("number", TRUE)
def test_every_contrast_and_point_is_of_the_same_arms_whatever_is_measured(number):
    """Arms that decide are in the figure too."""
    shown = {spot.arm for spot in axis(number, plan(number)).spots}
    for one in contrasts(number, plan(number)):
        if one.decides:
            middle = {Arm("lake_visual", 4), Arm("lake_visual_layer-0", 4)}
            assert one.plus in shown or one.plus in middle
            assert one.minus in shown


def test_a_benchmark_with_shots_1_2_4_compares_2_with_4():
    names = [one.name for one in contrasts(4, plan(4, shots=(1, 2, 4)))]
    assert names[:2] == ["4 shots - 1", "2 shots - 4"]


def test_deciding_contrasts_come_first():
    for number in TRUE:
        decides = [one.decides for one in contrasts(number, plan(number))]
        assert decides == sorted(decides, reverse=True)
        assert decides[0]


def test_the_ledger_is_plain_data_the_same_each_time_and_is_spelled_out():
    measured = {}
    for number, areas in TRUE.items():
        measured |= arms(number, areas)

    def made():
        return judge(measured, plan(*TRUE), model={"name": "a|b"}, bootstrap=Bootstrap(50))

    ledger = made()
    assert json.dumps(ledger.to_dict(), allow_nan=False) == json.dumps(made().to_dict())
    text = markdown(ledger)
    assert "a\\|b" in text
    for claim in ledger.entries:
        assert f"## {claim.statement.number}. {claim.statement.title}: {claim.said}" in text
        assert claim.statement.rule in text
    rows = ledger.effect_rows()
    assert {row["claim"] for row in rows} == set(TRUE)
    assert all(row["low"] <= row["points"] <= row["high"] for row in rows if not row["undefined"])
    assert len({tuple(row) for row in ledger.sweep_rows()}) == 1
