"""Planted agreement is found; selections that have nothing in common are left alone."""

import numpy as np
import pytest
from scipy import stats

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError
from workbench.neurons.chance import corrected, p_at_least
from workbench.neurons.sparsity.overlap import rank_agreements, set_overlaps
from workbench.neurons.sparsity.universal import sum_of_trials, universality

WIDTH = 200


def random_sets(seed, n=8, k=20):
    rng = np.random.default_rng(seed)
    return {f"c{i}": rng.choice(WIDTH, k, replace=False).tolist() for i in range(n)}


def test_two_sets_that_share_a_planted_half_stand_out_of_random_ones():
    sets = random_sets(0)
    sets["c1"] = sets["c0"][:10] + [i for i in range(WIDTH) if i not in sets["c0"]][:10]
    found = set_overlaps(sets, WIDTH)
    assert [(r.first, r.second) for r in found.rows if r.q_value < 0.01] == [("c0", "c1")]
    row = found.rows[0]
    assert (row.shared, row.jaccard, row.expected_shared) == (10, pytest.approx(1 / 3), 2)
    table = [[10, 10], [10, WIDTH - 30]]
    assert row.p_value == pytest.approx(stats.fisher_exact(table, "greater").pvalue)
    assert len(found.table()) == len(found) == 28
    assert "c0" in found._repr_html_()


def test_random_sets_do_not_agree_beyond_the_rate_allowed():
    hits = [
        min(row.q_value for row in set_overlaps(random_sets(seed), WIDTH).rows) <= 0.05
        for seed in range(40)
    ]
    assert sum(hits) <= 6


def test_neuron_sets_count_as_their_channels_and_foreign_channels_are_refused():
    a, b = (
        NeuronSet("blocks.0.hook_resid_post", (1, 2)),
        NeuronSet("blocks.1.hook_resid_post", (2,)),
    )
    assert set_overlaps({"a": a, "b": b}, 4).rows[0].shared == 1
    with pytest.raises(DataError, match="outside 0 to 1"):
        set_overlaps({"a": a, "b": b}, 2)
    with pytest.raises(DataError, match="two or more"):
        set_overlaps({"a": a}, 4)


def test_related_rankings_agree_and_unrelated_ones_do_not():
    rng = np.random.default_rng(1)
    base = rng.normal(size=80)
    rankings = {"a": base, "b": base + rng.normal(size=80), "c": rng.normal(size=80)}
    found = rank_agreements(rankings, draws=999)
    ab, ac, bc = found.rows
    assert ab.correlation == pytest.approx(stats.spearmanr(base, rankings["b"]).statistic)
    assert ab.q_value < 0.01
    assert min(ac.p_value, bc.p_value) > 0.02
    assert found.rows == rank_agreements(rankings, draws=999).rows
    with pytest.raises(DataError, match="constant"):
        rank_agreements({"a": base, "b": np.ones(80)})


def test_rank_p_values_of_unrelated_rankings_are_even():
    rng = np.random.default_rng(2)
    rankings = {str(i): rng.normal(size=30) for i in range(25)}
    p_values = [row.p_value for row in rank_agreements(rankings, draws=199).rows]
    assert stats.kstest(p_values, "uniform").statistic < 0.12


def test_universal_and_specific_neurons_are_found():
    sets = {name: [*one, 198, 199] for name, one in random_sets(3, n=6, k=10).items()}
    sets = {name: sorted(set(one)) for name, one in sets.items()}
    found = universality(sets, WIDTH, draws=200)
    assert {198, 199} <= set(found.universal)
    assert found.p_more[6] < 0.05
    assert found.observed.sum() == WIDTH
    assert found.expected.sum() == pytest.approx(WIDTH)
    own = found.specific["c0"]
    assert all(i in sets["c0"] and not any(i in sets[f"c{j}"] for j in range(1, 6)) for i in own)
    assert "6" in found._repr_html_()


def test_random_sets_have_no_universal_neurons_and_counts_as_expected():
    found = universality(random_sets(5), WIDTH, draws=200)
    assert found.universal == ()
    assert found.q_values.min() > 0.05
    assert min(found.p_more.min(), found.p_fewer.min()) > 0.05


def test_disjoint_sets_have_more_specific_neurons_than_chance():
    sets = {f"c{i}": range(20 * i, 20 * i + 20) for i in range(8)}
    found = universality(sets, WIDTH, draws=200)
    assert found.observed.tolist() == [40, 160, *[0] * 7]
    assert found.p_more[1] < 0.05
    assert found.p_fewer[0] < 0.05


def test_trials_of_one_chance_are_binomial_and_others_are_convolved():
    np.testing.assert_allclose(
        sum_of_trials(np.full(7, 0.2)), stats.binom.pmf(range(8), 7, 0.2), atol=1e-15
    )
    np.testing.assert_allclose(sum_of_trials(np.array([0.5, 0.1])), [0.45, 0.5, 0.05])


def test_p_values_are_never_zero_and_undefined_ones_stay_out_of_the_correction():
    assert p_at_least(3.0, np.zeros(9)) == pytest.approx(0.1)
    found = corrected(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(found, [0.02, np.nan, 0.04])
