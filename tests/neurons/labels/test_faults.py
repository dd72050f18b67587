"""Bad input gets one clear message."""

import pytest
import torch

from tests.neurons.labels.clouds import cloud, concepts, neurons
from tests.neurons.labels.planted import MLP, RESIDUAL, VOCABULARY, mixed, planted_model
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, ModelError, SettingError, SiteError
from workbench.neurons.labels import Concepts, Directions, Profiles, label, label_profiles

SET = NeuronSet(RESIDUAL, (0, 1))


@pytest.fixture(scope="module")
def model():
    return planted_model(turned=False)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"methods": ["disect"]}, SettingError, "dissect, sparse_tokens, decoder, sparse"),
        ({"methods": "dissect"}, SettingError, "as a list of names"),
        ({"methods": ()}, SettingError, "give some of"),
        ({"unit": "token"}, SettingError, "patch or image"),
        ({"draws": 18}, SettingError, "fewer than 19"),
        ({"images": None}, DataError, "dissect needs images"),
        ({"images": []}, DataError, "there is no image"),
        ({"images": mixed(1)}, DataError, "1 image to label neurons on: .* give two or more"),
        ({"images": "nowhere/at/all"}, DataError, "does not exist"),
        ({"neurons": NeuronSet(RESIDUAL, ())}, SettingError, "the set is empty"),
        ({"neurons": NeuronSet(RESIDUAL, (32,))}, SettingError, "the site has 32"),
        ({"neurons": NeuronSet("hook_nothing", (1,))}, SiteError, "no site"),
        ({"neurons": NeuronSet("blocks.1.attn.hook_q", (1,))}, SiteError, "write nothing"),
        ({"neurons": NeuronSet("blocks.1.attn.hook_pattern", (1,))}, SiteError, "no neurons"),
    ],
)
def test_what_cannot_be_labelled_is_refused_with_a_reason(model, options, error, says):
    given = {"neurons": SET, "images": mixed(2), "vocabulary": VOCABULARY} | options
    with pytest.raises(error, match=says):
        label(model, given.pop("neurons"), given.pop("images"), **given)


def test_a_site_without_directions_can_still_be_dissected(model):
    neurons = NeuronSet("blocks.1.attn.hook_q", (1,))
    found = label(model, neurons, mixed(4), vocabulary=VOCABULARY, methods=["dissect"], draws=19)
    assert set(found.of(0)) == {"dissect"}


def test_damaged_weights_are_named():
    model = planted_model(turned=False)
    with torch.no_grad():
        model.visual.transformer.resblocks[1].mlp.c_proj.bias.fill_(torch.nan)
    with pytest.raises(ModelError, match="NaN or infinite"):
        label(model, SET, mixed(2), vocabulary=VOCABULARY)
    model = planted_model(turned=False)
    model.clip.encode_text = lambda tokens: torch.full((len(tokens), 16), torch.nan)
    with pytest.raises(ModelError, match="the text tower of planted"):
        label(model, NeuronSet(MLP, (0,)), None, vocabulary=VOCABULARY, methods=["decoder"])


def test_profiles_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="1 image"):
        Profiles(cloud(3, 0)[:1], cloud(12, 1)[:1])
    with pytest.raises(DataError, match="give both for the same"):
        Profiles(cloud(3, 0), cloud(12, 1)[:, :4])
    with pytest.raises(DataError, match="NaN"):
        Profiles(cloud(3, 0) * torch.nan, cloud(12, 1))
    profiles = Profiles(cloud(3, 0), cloud(12, 1))
    with pytest.raises(DataError, match="3 columns for 2 neurons"):
        label_profiles(neurons(2), concepts(), profiles=profiles)
    with pytest.raises(DataError, match="dissect needs profiles"):
        label_profiles(neurons(2), concepts())
    with pytest.raises(DataError, match="decoder needs directions"):
        label_profiles(neurons(2), concepts(), profiles=profiles, methods=["decoder"])
    with pytest.raises(DataError, match="3 columns for 2 neurons"):
        directions = Directions(torch.eye(3), torch.randn(12, 3))
        label_profiles(neurons(2), concepts(), directions=directions, methods=["sparse"])
    with pytest.raises(SettingError, match="there are 320 units"):
        profiles.strongest(321)


def test_concepts_that_do_not_fit_their_vocabulary_are_refused():
    with pytest.raises(DataError, match="3 directions for the 16 terms of planted"):
        Concepts(VOCABULARY, torch.eye(3, 4), 1.0)
    with pytest.raises(DataError, match="zero, NaN or infinite"):
        Concepts(VOCABULARY, torch.zeros(16, 4), 1.0)


def test_concepts_of_another_model_are_refused(model):
    other = Concepts.of(planted_model(turned=True), VOCABULARY)
    with pytest.raises(ModelError, match="embedded by another model than planted"):
        label(model, SET, mixed(2), vocabulary=other)
    with pytest.raises(DataError, match="concepts of 12 channels, and 9 are given"):
        label_profiles(neurons(3), concepts(), profiles=Profiles(cloud(3, 0), cloud(9, 1)))


def test_a_position_the_set_does_not_have_is_refused():
    found = label_profiles(neurons(3), concepts(), profiles=Profiles(cloud(3, 0), cloud(12, 1)))
    with pytest.raises(SettingError, match="the set has 3"):
        found.of(3)
