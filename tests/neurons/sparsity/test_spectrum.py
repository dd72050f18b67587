"""A planted spectrum is found, and equal variances are not called sparse."""

import numpy as np
import pytest

from tests.surfaces import draw_category, make_model
from workbench.errors import DataError, SettingError
from workbench.excavation.excavate import excavate
from workbench.neurons.sparsity.layers import spread
from workbench.neurons.sparsity.spectrum import spectrum
from workbench.recording.record import record


def test_planted_neurons_are_the_knee_and_their_energy_is_counted():
    values = np.full(64, 0.1)
    values[[5, 9, 30]] = 100.0, 80.0, 60.0
    found = spectrum(values, observations=20, draws=200)
    assert found.knee == 3
    assert found.needed_for(0.40) == 1  # 100 of 246.1 are 0.406
    assert found.needed_for(0.41) == 2
    assert found.needed_for(0.97) == 3  # 240 are 0.975
    assert found.needed_for(1) == 64
    assert all(one.p_value == pytest.approx(1 / 201) for name, one in found.measures.items())
    assert (found.measures["knee"].value, found.measures["needed_for_90"].value) == (3, 3)
    assert "knee at 3" in found._repr_html_()


def test_equal_neurons_are_sparse_as_often_as_the_level_says():
    rng = np.random.default_rng(3)
    p_values = []
    for trial in range(100):
        values = rng.normal(size=(12, 50)).var(0)
        found = spectrum(values, observations=12, draws=99, seed=trial)
        p_values.append([one.p_value for one in found.measures.values()])
    assert ((np.array(p_values) <= 0.1).mean(0) < 0.22).all()
    assert ((np.array(p_values) <= 0.1).mean(0) > 0.01).all()


def test_values_that_are_all_equal_have_no_knee():
    assert spectrum(np.full(10, 0.3), observations=5, draws=1).knee == 0


def test_bad_sensitivities_are_refused():
    for values in (np.zeros(4), np.array([1.0, -1.0]), np.array([1.0]), np.array([1.0, np.nan])):
        with pytest.raises(DataError):
            spectrum(values, observations=5)
    with pytest.raises(SettingError, match="at least 2"):
        spectrum(np.ones(4), observations=1)


def test_a_store_and_an_excavation_give_the_spectrum_of_their_variances(tmp_path):
    draw_category(tmp_path / "bolt")
    model, site = make_model(), "blocks.1.hook_resid_post"
    made = excavate(tmp_path / "bolt", model, site=site, k=8, text_weight=0.0)
    found = spectrum(made, observations=5, draws=9)
    np.testing.assert_allclose(found.values, np.sort(made.sensitivity)[::-1])
    images = tmp_path / "bolt" / "train" / "good"
    store = record(images, model, tmp_path / "s.store", sites="blocks.*.hook_resid_post")
    np.testing.assert_allclose(
        spectrum(store.statistics[site], observations=5, draws=9).values, found.values, rtol=1e-6
    )
    sites = {name: store.statistics[name] for name in store.statistics.sites}
    assert sum(one.chosen for one in spread(sites, 20).sites) == 20
    other = excavate(tmp_path / "bolt", model, statistic="mean_abs", k=8, text_weight=0.0)
    with pytest.raises(SettingError, match="mean_abs"):
        spectrum(other, observations=5)


def test_a_spread_finds_the_planted_layer_and_is_quiet_about_even_ones():
    rng = np.random.default_rng(0)
    even = {f"blocks.{layer}.hook_resid_post": rng.random(60) for layer in range(4)}
    assert min(one.q_value for one in spread(even, 40).sites) > 0.05
    loud = {**even, "blocks.2.hook_resid_post": 1 + rng.random(60)}
    found = spread(loud, 40)
    assert [one.chosen for one in found.sites] == [0, 0, 40, 0]
    assert found.effective_sites == pytest.approx(1)
    assert max(one.q_value for one in found.sites) < 1e-3
    assert "effective sites" in found._repr_html_()
    with pytest.raises(SettingError, match="choose 1 to 240"):
        spread(even, 241)
