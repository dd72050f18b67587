import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tests.claims.made_up import evidence
from workbench.claims.effects import Bootstrap, weighted_auroc
from workbench.claims.evidence import Evidence

PLACE = ("made", "bolts")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 12), st.integers(1, 12))
def test_a_resample_has_the_auroc_of_its_images_written_out(seed, levels, normals, anomalies):
    rng = np.random.default_rng(seed)
    normal, anomalous = rng.integers(0, levels, normals), rng.integers(0, levels, anomalies)
    times = [rng.integers(0, 3, (1, normals)), rng.integers(0, 3, (1, anomalies))]
    for one in times:
        one[0, 0] = 1
    found = weighted_auroc(normal.astype(float), anomalous.astype(float), *map(np.float64, times))
    written = [np.repeat(normal, times[0][0]), np.repeat(anomalous, times[1][0])]
    labels = np.repeat([0, 1], [len(one) for one in written])
    assert found[0] == pytest.approx(roc_auc_score(labels, np.concatenate(written)), abs=1e-12)


def test_the_effect_is_the_macro_mean_over_categories_of_the_mean_over_seeds_and_draws():
    one, other = evidence(0.9, draws=3), evidence(0.7, tag=1)
    effect = Bootstrap(50).difference(one, other)
    means = []
    for arm in (one, other):
        means.append(
            np.mean(
                [
                    np.mean(
                        [
                            np.mean([roc_auc_score(arm.labels[place], draw) for draw in drawn])
                            for (here, _), drawn in arm.scores.items()
                            if here == place
                        ]
                    )
                    for place in arm.labels
                ]
            )
        )
    assert effect.value == pytest.approx(100 * (means[0] - means[1]), abs=1e-9)
    assert (effect.plus, effect.minus) == pytest.approx((100 * means[0], 100 * means[1]))
    assert np.mean(list(effect.categories.values())) == pytest.approx(effect.value)
    assert (effect.seeds, effect.draws, effect.images) == (3, 3, 240)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    held = 0
    for trial in range(100):
        rng = np.random.default_rng(trial)
        labels = np.repeat([0, 1], 60)
        base = rng.normal(0, 1, 120)
        arms = [
            Evidence({PLACE: labels}, {(PLACE, 0): (base + shift * labels + own)[None]})
            for shift, own in ((1.2, rng.normal(0, 0.5, 120)), (0.6, rng.normal(0, 0.5, 120)))
        ]
        effect = Bootstrap(300, seed=trial).difference(*arms)
        truth = 100 * (_area(1.2) - _area(0.6))
        held += effect.low <= truth <= effect.high
    assert 88 <= held <= 100


def _area(shift):
    from scipy.stats import norm

    return norm.cdf(shift / np.sqrt(2 * 1.25))


def test_seeds_that_disagree_widen_the_interval():
    same = Bootstrap(500).difference(evidence(0.8, seeds=5), evidence(0.75, seeds=5, tag=1))
    apart = Bootstrap(500).difference(
        evidence(0.8, seeds=5, between=0.8), evidence(0.75, seeds=5, tag=1)
    )
    assert apart.high - apart.low > 2 * (same.high - same.low)


def test_random_draws_that_disagree_widen_the_interval():
    place, labels = PLACE, np.repeat([0, 1], 200)
    rng = np.random.default_rng(0)
    shifts = rng.normal(1, 0.8, 4)
    base = rng.normal(0, 1, 400)
    drawn = np.stack([base + shift * labels for shift in shifts])
    many = Evidence({place: labels}, {(place, 0): drawn})
    mean = Evidence({place: labels}, {(place, 0): (base + shifts.mean() * labels)[None]})
    top = Evidence({place: labels}, {(place, 0): (base + 1.5 * labels)[None]})
    wide, narrow = (Bootstrap(500).difference(top, other) for other in (many, mean))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_pairing_cancels_what_both_arms_find_hard():
    arm = evidence(0.8, noise=0.05)
    paired = Bootstrap(500).difference(arm, evidence(0.78, noise=0.05, tag=1))
    alone = Bootstrap(500).alone(arm)
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)


def test_an_arm_against_itself_is_zero_in_every_resample():
    arm = evidence(0.8)
    effect = Bootstrap(50).difference(arm, arm)
    assert (effect.value, effect.low, effect.high, effect.constant) == (0, 0, 0, True)


def test_the_same_seed_gives_the_same_interval_whatever_was_asked_before():
    one, other = evidence(0.8), evidence(0.7, tag=1)
    first = Bootstrap(100).difference(one, other)
    boot = Bootstrap(100)
    boot.alone(evidence(0.6, draws=4))
    assert boot.difference(one, other) == first
    assert Bootstrap(100, seed=1).difference(one, other) != first


def test_without_a_second_arm_the_difference_is_to_chance():
    effect = Bootstrap(50).difference(evidence(0.2), None)
    assert effect.minus == 50
    assert effect.value == pytest.approx(effect.plus - 50)
    assert effect.high < 0


def test_a_category_of_one_kind_is_left_out_and_none_left_is_undefined():
    arm = evidence(0.8)
    one_kind = Evidence(
        {**arm.labels, ("made", "caps"): np.zeros(5, int)},
        {**arm.scores, (("made", "caps"), 0): np.zeros((1, 5))},
    )
    assert set(Bootstrap(20).alone(one_kind).categories) == {"bolts", "nuts"}
    only = Evidence({PLACE: np.zeros(5, int)}, {(PLACE, 0): np.zeros((1, 5))})
    effect = Bootstrap(20).alone(only)
    assert effect.value is None
    assert "normal and anomalous" in effect.undefined


def test_only_seeds_that_every_category_of_both_arms_has_are_compared():
    one, other = evidence(0.8, seeds=3), evidence(0.7, seeds=2, tag=1)
    assert Bootstrap(20).difference(one, other).seeds == 2
    lacking = Evidence(
        other.labels, {cell: v for cell, v in other.scores.items() if cell != (PLACE, 1)}
    )
    assert Bootstrap(20).difference(one, lacking).seeds == 1
