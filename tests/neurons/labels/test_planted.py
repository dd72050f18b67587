"""Planted truth: every method finds what neurons were built to see and to say."""

import pytest
import torch

from tests.neurons.labels.planted import (
    MLP,
    RESIDUAL,
    TERMS,
    VOCABULARY,
    Z,
    mixed,
    mostly,
    planted_model,
)
from workbench.clip.neuron_set import NeuronSet
from workbench.images.stream import prepare
from workbench.neurons.attribution import TextSimilarity, direct_effects
from workbench.neurons.labels import METHODS, Concepts, Directions, label
from workbench.neurons.labels.profiles import profiles_of

PLANTED = (4, 0, 3, 1)


def terms(found, method):
    return tuple(found.of(at)[method].term for at in range(len(found)))


@pytest.mark.parametrize("unit", ["patch", "image"])
@pytest.mark.parametrize(
    ("site", "turned"), [(RESIDUAL, False), (MLP, True), ("blocks.1.hook_mlp_out", False)]
)
def test_every_method_finds_what_each_neuron_sees_and_says(site, turned, unit):
    model = planted_model(turned=turned)
    images = mixed() if unit == "patch" else mostly(6)
    neurons = NeuronSet(site, PLANTED)
    found = label(model, neurons, images, vocabulary=VOCABULARY, unit=unit, methods=METHODS, seed=1)
    for method in METHODS:
        assert terms(found, method) == tuple(TERMS[index] for index in PLANTED), method
        for at in range(len(found)):
            one = found.of(at)[method]
            assert one.score > one.null_95 > one.null_mean
            assert one.q_value == pytest.approx(1 / 201)


def test_half_precision_finds_them_too():
    model = planted_model(turned=False)
    model.clip.to(torch.bfloat16)
    found = label(
        model, NeuronSet(RESIDUAL, PLANTED), mixed(), vocabulary=VOCABULARY, methods=METHODS
    )
    for method in METHODS:
        assert terms(found, method) == tuple(TERMS[index] for index in PLANTED), method


@pytest.mark.parametrize("vision", [{}, {"ls_init_value": 0.5}], ids=["plain", "layer scale"])
def test_channels_of_attention_are_found_in_whole_images(vision):
    model = planted_model(turned=True, **vision)
    neurons = NeuronSet(Z, PLANTED)
    found = label(model, neurons, mostly(6), vocabulary=VOCABULARY, unit="image", methods=METHODS)
    for method in METHODS:
        assert terms(found, method) == tuple(TERMS[index] for index in PLANTED), method


def test_neurons_that_write_at_random_say_nothing():
    neurons = NeuronSet(MLP, tuple(range(16, 128)))
    found = label(
        planted_model(turned=True),
        neurons,
        None,
        vocabulary=VOCABULARY,
        methods=("decoder", "sparse"),
    )
    for method in ("decoder", "sparse"):
        assert sum(term is not None for term in terms(found, method)) <= 1
    assert found.images == 0


def test_a_neuron_that_says_two_things_is_split_into_both():
    model = planted_model(turned=True)
    weights = model.visual.transformer.resblocks[1].mlp.c_proj.weight
    with torch.no_grad():
        weights[:, 20] = 2 * weights[:, 3] + weights[:, 7]
    found = label(model, NeuronSet(MLP, (20,)), None, vocabulary=VOCABULARY, methods=["sparse"])
    one = found.of(0)["sparse"]
    assert one.term == TERMS[3]
    assert one.runners_up[0][0] == TERMS[7]
    weight = dict(one.candidates)
    assert weight[TERMS[3]] == pytest.approx(2 * weight[TERMS[7]], rel=0.1)
    assert one.score > 0.95


@pytest.mark.parametrize(
    ("site", "out"), [(MLP, "blocks.1.hook_mlp_out"), (Z, "blocks.0.hook_attn_out")]
)
def test_a_direction_is_what_one_unit_more_of_the_neuron_writes(site, out):
    model = planted_model(turned=True, ls_init_value=0.5)
    images = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    found = Directions.of(model, NeuronSet(site, (3, 11)))
    before = model.activations(images, out)[out]
    for position, index in enumerate((3, 11)):

        def raised(value, hook, index=index):
            flat = value.flatten(2).clone()
            flat[..., index] += 1
            return flat.view(value.shape)

        with model.hooks([(site, raised)]):
            after = model.activations(images, out)[out]
        written = (after - before)[0, 5]
        torch.testing.assert_close(found.vectors[position], written, rtol=1e-4, atol=1e-5)


def test_a_direction_in_the_joint_space_is_the_direct_effect_that_attribution_measures():
    """Per unit of activation, and up to the scales that are frozen at the token."""
    model = planted_model(turned=True, ls_init_value=0.5)
    with torch.no_grad():
        model.visual.ln_post.weight.add_(torch.linspace(-0.4, 0.4, 32))
    concepts = Concepts.of(model, VOCABULARY)
    images = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    last = model.patches(images, [RESIDUAL])[RESIDUAL][0, 6].double()
    spread = (last.var(correction=0) + model.visual.ln_post.eps).sqrt()
    length = model.project(last.float()[None, None]).double().norm()
    activation = model.patches(images, [MLP])[MLP][0, 6].double()
    direction = Directions.of(model, NeuronSet(MLP, (3, 7))).embedded()
    for term, towards in zip(TERMS[:3], concepts.directions, strict=False):
        effects = direct_effects(model, images, TextSimilarity.of(model, term, patch=(1, 2)))
        for position, index in enumerate((3, 7)):
            per_unit = effects.neurons[0, 1, index] / activation[index] * spread * length
            expected = float(direction[position] @ towards)
            assert float(per_unit) == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_an_images_profile_is_the_maximum_over_its_patches_and_its_embedding_the_models_own():
    model, images = planted_model(turned=False), mostly(4, each=1)
    neurons = NeuronSet(RESIDUAL, (2, 9))
    patches = profiles_of(model, neurons, images, unit="patch", batch_size=3)
    whole = profiles_of(model, neurons, images, unit="image", batch_size=3)
    assert patches.activations.shape == (4, 16, 2)
    assert torch.equal(whole.activations[:, 0], patches.activations.amax(1))
    expected = torch.nn.functional.normalize(model(prepare(images, model)), dim=-1)
    torch.testing.assert_close(whole.embeddings[:, 0], expected)
