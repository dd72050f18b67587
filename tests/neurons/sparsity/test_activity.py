"""Constructed activations: selective neurons and sparse codes are found, noise is not sparse."""

import numpy as np
import pytest
import torch

from tests.surfaces import draw_category, make_model
from workbench.errors import DataError
from workbench.neurons.sparsity import measures
from workbench.neurons.sparsity.activity import activity, activity_at
from workbench.recording.record import record


def noise(seed=0, images=60, patches=4, neurons=24):
    made = torch.Generator().manual_seed(seed)
    return torch.randn(images, patches, neurons, generator=made, dtype=torch.float64)


def test_streamed_lifetime_measures_are_those_of_all_patches_at_once():
    values = noise() ** 3 + 5
    values[..., 7], values[..., 8] = 0, 0.1
    found = activity(values.split(7), draws=1)
    columns = values.flatten(0, 1).numpy().T
    life = found.lifetime
    np.testing.assert_allclose(life.treves_rolls, measures.treves_rolls(columns))
    np.testing.assert_allclose(life.vinje_gallant, measures.vinje_gallant(columns), atol=1e-12)
    np.testing.assert_allclose(life.kurtosis, measures.kurtosis(columns), rtol=1e-8)
    assert np.isnan(life.kurtosis[[7, 8]]).all()
    rows = columns.T
    for name in ("vinje_gallant", "gini", "hoyer"):
        mean = getattr(measures, name)(rows).mean()
        assert found.population[name].value == pytest.approx(mean)


def test_a_selective_neuron_is_heavy_tailed_and_gaussian_ones_are_as_a_gaussian_is():
    values = noise(images=200)
    values[..., 3] = (torch.arange(800).view(200, 4) % 40 == 0).double() * 9
    life = activity(values.split(50), draws=1).lifetime
    assert np.flatnonzero(life.q_values < 0.05).tolist() == [3]
    others = np.delete(np.arange(24), 3)
    np.testing.assert_allclose(life.vinje_gallant[others], life.gaussian[others], atol=0.04)
    assert life.vinje_gallant[3] > 0.9


@pytest.mark.parametrize("images", [4, 5, 16])
def test_gaussian_neurons_of_few_images_are_not_called_heavy_tailed(images):
    values = noise(images=images, patches=49, neurons=50)
    life = activity([values], draws=1).lifetime
    assert (life.p_values > 0.05).all()


def test_patches_in_which_neurons_take_turns_are_beyond_shuffling_and_noise_is_not():
    quiet = activity(noise().split(30), draws=39).population
    assert min(one.p_value for one in quiet.values()) > 0.05
    loud = noise(seed=1)
    loud *= torch.where(torch.arange(60) % 2 == 0, 1.0, 30.0)[:, None, None]  # no one speaks alone
    shy = activity(loud.split(30), draws=39).population
    assert shy["vinje_gallant"].p_value == 1
    turns = torch.zeros(60, 4, 24, dtype=torch.float64)
    turns.view(240, 24)[torch.arange(240), torch.arange(240) % 24] = 1
    found = activity(turns.split(30), draws=39).population
    assert found["vinje_gallant"].value == pytest.approx(1)
    assert max(one.p_value for one in found.values()) == pytest.approx(1 / 40)


def test_a_model_and_its_store_are_equally_sparse(tmp_path):
    draw_category(tmp_path / "bolt")
    model, site = make_model(), "blocks.1.mlp.hook_post"
    folder = tmp_path / "bolt" / "train" / "good"
    seen = activity_at(model, folder, site, draws=2)
    store = record(folder, model, tmp_path / "bolt.store", sites=site)
    kept = activity_at(store, folder, site, draws=2)
    assert (seen.images, seen.patches) == (kept.images, kept.patches) == (5, 80)
    np.testing.assert_allclose(
        seen.lifetime.vinje_gallant, kept.lifetime.vinje_gallant, rtol=1e-3, atol=1e-6
    )
    assert "heavy-tailed" in seen._repr_html_()


def test_too_few_images_and_damaged_values_are_refused():
    with pytest.raises(DataError, match="there are 0"):
        activity([])
    with pytest.raises(DataError, match="there are 3"):
        activity([noise(images=3)], draws=1)
    with pytest.raises(DataError, match="finite"):
        activity([noise() * torch.nan], draws=1)
