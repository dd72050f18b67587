"""Cards of a recording: from the store as far as it goes, from its model for the rest."""

import pytest
import torch

from tests.surfaces import make_model
from workbench.cards.common import Choices
from workbench.cards.recorded import cards_of_store
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import ModelError, RunError, SiteError
from workbench.images.stream import prepare
from workbench.recording.record import record

SITE = "blocks.2.hook_resid_post"
FEW = Choices(exemplars=3, draws=19)
ASKED = [NeuronSet(SITE, (5, 1))]


@pytest.fixture(scope="module")
def tests(dataset):
    return [sample for sample in dataset if sample.split == "test"]


@pytest.fixture(scope="module")
def store(model, tests, tmp_path_factory):
    out = tmp_path_factory.mktemp("stores") / "all"
    products = ("statistics", "exemplars", "activations")
    return record(tests, model, out, sites=SITE, products=products)


@pytest.fixture(scope="module")
def bare(model, tests, tmp_path_factory):
    """A store without activations."""
    out = tmp_path_factory.mktemp("stores") / "bare"
    return record(tests, model, out, sites=SITE, products=("statistics", "exemplars"))


def test_cards_come_from_the_store_alone(store, tests):
    cards = cards_of_store(store, ASKED, choices=FEW)
    assert [card.name for card in cards] == [f"{SITE}:5", f"{SITE}:1"]
    for card in cards:
        expected = store.exemplars.top(card.name, 3)
        assert [one.value for one in card.ends.highest] == [one.value for one in expected]
        assert [one.group for one in card.histograms] == ["picture"]
        assert card.histograms[0].patches == len(tests) * store.grid[0] * store.grid[1]
        assert card.place.sensitivity == store.statistics[SITE].variance[card.neuron[0]]
        assert (card.labels, card.silenced, card.misses, card.carries) == ({}, None, (), None)
        assert all(one.touches is None for one in card.ends.highest)


def test_samples_say_what_is_known_of_the_pictures(store, tests):
    (card, _) = cards_of_store(store, ASKED, samples=tests, choices=FEW)
    assert {one.group for one in card.histograms} == {"normal", "defect"}
    assert all(one.touches in (True, False) for one in card.ends.highest)


def test_the_model_gives_labels_and_stands_in_for_activations(bare, model):
    (card, _) = cards_of_store(bare, ASKED, model, choices=FEW)
    assert set(card.labels) == {"dissect", "decoder", "sparse"}
    (expected, _) = cards_of_store(bare, ASKED, model, choices=FEW)
    assert card.histograms[0].mean == expected.histograms[0].mean


def test_only_so_many_pictures_are_watched_and_their_drawing_is_seeded(store, model):
    some = Choices(exemplars=3, draws=19, watched=2, seed=3)
    first, again = (cards_of_store(store, ASKED, choices=some)[0] for _ in range(2))
    assert first.histograms[0].patches == 2 * store.grid[0] * store.grid[1]
    assert first.histograms[0].mean == again.histograms[0].mean


def test_the_histogram_is_of_the_activations(store, model, tests):
    (card, _) = cards_of_store(store, ASKED, choices=FEW)
    with torch.no_grad():
        values = model.patches(prepare(tests, model), [SITE])[SITE][..., 5]
    assert card.histograms[0].mean == pytest.approx(float(values.mean()), abs=1e-4)


def test_another_model_is_refused(store):
    with pytest.raises(ModelError, match="has other weights"):
        cards_of_store(store, ASKED, make_model(seed=3), choices=FEW)


def test_without_activations_and_model_it_says_what_to_give(bare):
    with pytest.raises(RunError, match="--model, or record with --products activations"):
        cards_of_store(bare, ASKED, choices=FEW)


def test_a_site_that_was_not_recorded_is_named(store):
    with pytest.raises(SiteError, match="was not recorded"):
        cards_of_store(store, [NeuronSet("blocks.1.hook_resid_post", (0,))], choices=FEW)
