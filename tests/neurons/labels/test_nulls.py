"""The nulls stay quiet where there is nothing: noise, noise that hangs together, mere places."""

import numpy as np
import pytest
import torch
from scipy import stats

from tests.neurons.labels.clouds import IMAGES, PLACES, cloud, concepts, neurons
from tests.surfaces import make_model
from workbench.clip.neuron_set import NeuronSet
from workbench.neurons.labels import Directions, Profiles, Vocabulary, label, label_profiles

MANY = 200
DRAWS = 99


def p_values(found, method):
    return np.array([one.p_value for one in found.by_method[method]])


def assert_uniform(p, alpha=0.05, slack=0.0):
    """As many p-values at most alpha as a binomial of that chance gives, and half at most 0.5."""
    assert (p <= alpha).sum() <= stats.binom.ppf(0.999, len(p), alpha + slack)
    low, high = stats.binom.ppf([0.0005, 0.9995], len(p), [0.5 - slack, 0.5 + slack])
    assert low <= (p <= 0.5).sum() <= high


@pytest.mark.parametrize("method", ["dissect", "sparse_tokens"])
@pytest.mark.parametrize("together", [0.0, 2.0], ids=["noise", "noise alike within an image"])
def test_profiles_of_noise_are_labelled_no_more_often_than_chance_allows(method, together):
    profiles = Profiles(cloud(MANY, 1, together=together), cloud(12, 2, together=together))
    found = label_profiles(
        neurons(MANY), concepts(), profiles=profiles, methods=[method], draws=DRAWS
    )
    assert_uniform(p_values(found, method))
    assert sum(one.term is not None for one in found.by_method[method]) <= 1


def test_exchanging_single_patches_would_take_correlated_noise_for_meaning():
    """The same noise, each patch its own image: what the null of whole images is there for."""
    activations, embeddings = cloud(MANY, 1, together=2.0), cloud(12, 2, together=2.0)
    alone = Profiles(activations.view(-1, 1, MANY), embeddings.view(IMAGES * PLACES, 1, 12))
    found = label_profiles(neurons(MANY), concepts(), profiles=alone, draws=DRAWS)
    assert (p_values(found, "dissect") <= 0.05).mean() > 0.3


@pytest.mark.parametrize("method", ["dissect", "sparse_tokens"])
def test_a_liking_for_a_place_in_the_picture_earns_no_label(method):
    """Neurons and concepts both go with the place, and otherwise have nothing in common."""
    places = cloud(12, 5)[:1]
    seen = places + 0.3 * cloud(12, 2)
    wanted = concepts().directions[:20]
    liking = torch.einsum("ipd,nd->ipn", places, wanted) + 0.3 * cloud(20, 1)
    found = label_profiles(
        neurons(20), concepts(), profiles=Profiles(liking, seen), methods=[method], draws=DRAWS
    )
    assert not any(one.term for one in found.by_method[method])
    everywhere = torch.einsum("ipd,nd->ipn", cloud(12, 2), wanted)
    found = label_profiles(
        neurons(20),
        concepts(),
        profiles=Profiles(everywhere, cloud(12, 2)),
        methods=[method],
        draws=DRAWS,
    )
    assert sum(one.term is not None for one in found.by_method[method]) >= 18


@pytest.mark.parametrize("method", ["decoder", "sparse"])
def test_rows_of_random_weights_say_nothing(method):
    draw = torch.Generator().manual_seed(8)
    directions = Directions(
        torch.randn(MANY, 64, generator=draw), torch.randn(12, 64, generator=draw)
    )
    found = label_profiles(
        neurons(MANY), concepts(), directions=directions, methods=[method], draws=DRAWS
    )
    assert_uniform(p_values(found, method))
    assert sum(one.term is not None for one in found.by_method[method]) <= 1


def test_neurons_of_an_untrained_tower_say_nothing():
    words = Vocabulary.of({"things": [f"a thing like {i}" for i in range(30)]}, "any")
    found = []
    for seed in range(3):
        model = make_model(seed)
        for layer in range(model.n_layers):
            every = NeuronSet(f"blocks.{layer}.mlp.hook_post", tuple(range(model.d_mlp)))
            options = {"methods": ["decoder", "sparse"], "draws": DRAWS, "seed": seed}
            found.append(label(model, every, None, vocabulary=words, **options))
    for method in ("decoder", "sparse"):
        assert_uniform(np.concatenate([p_values(labels, method) for labels in found]))
        assert not any(one.term for labels in found for one in labels.by_method[method])


@pytest.mark.parametrize("method", ["decoder", "sparse"])
def test_channels_of_a_random_stream_say_nothing(method):
    """They share their draws, so the share below alpha has the draws' own error too."""
    draw = torch.Generator().manual_seed(9)
    directions = Directions(torch.eye(MANY), torch.randn(12, MANY, generator=draw), axes=True)
    found = label_profiles(
        neurons(MANY), concepts(), directions=directions, methods=[method], draws=999
    )
    p = p_values(found, method)
    assert (p <= 0.05).sum() <= stats.binom.ppf(0.999, MANY, 0.05 + 3 * (0.05 * 0.95 / 999) ** 0.5)
    assert_uniform(p, alpha=0.5, slack=3 * (0.5 * 0.5 / 999) ** 0.5)
    assert sum(one.term is not None for one in found.by_method[method]) <= 1


def test_a_neuron_that_never_varies_or_writes_nothing_has_no_label():
    activations = cloud(2, 1)
    activations[..., 0] = 3.0
    profiles = Profiles(activations, cloud(12, 2))
    directions = Directions(torch.zeros(2, 64), torch.randn(12, 64))
    found = label_profiles(
        neurons(2),
        concepts(),
        profiles=profiles,
        directions=directions,
        methods=("dissect", "decoder", "sparse", "sparse_tokens"),
    )
    for one in found.of(0).values():
        assert (one.term, one.p_value) == (None, 1.0)
        assert one.runners_up == one.candidates
