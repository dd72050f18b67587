"""Cards of a run: every figure equals the slow way to it, and refusals say what to do."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from workbench.cards.common import Choices, by_site, place_of
from workbench.cards.detector import Judged, balanced, misses
from workbench.cards.gather import cards_of_run
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError, SiteError
from workbench.evaluation.image_metrics import auroc
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.stream import prepare
from workbench.neurons.intervention.changes import to_mean
from workbench.neurons.intervention.context import Intervention
from workbench.neurons.intervention.normals import Normals

FEW = Choices(exemplars=3, draws=19, misses=2)


@pytest.fixture(scope="module")
def excavation(model, dataset):
    return excavate(dataset["metal_sheet"], model, Settings(k=6), shots=3)


@pytest.fixture(scope="module")
def tests(dataset):
    return [sample for sample in dataset if sample.split == "test"]


@pytest.fixture(scope="module")
def cards(excavation, dataset):
    return cards_of_run(excavation, dataset["metal_sheet"], choices=FEW)


def test_every_selected_neuron_has_a_card_in_its_order(cards, excavation):
    assert tuple(card.name for card in cards) == excavation.neurons.names
    assert [card.place.rank for card in cards] == list(range(1, 7))
    assert all(card.place.selected for card in cards)
    assert cards[excavation.neurons.names[2]] is cards[2]


def test_a_neuron_that_never_varies_on_normal_patches_has_no_deviation_to_be_measured_in(
    excavation, model, dataset, tests
):
    known = {sample.name: sample for sample in dataset}
    normals = Normals.measure(
        model, [known[name] for name in excavation.support], excavation.neurons.site
    )
    flat = replace(normals, variance=torch.zeros_like(normals.variance))
    judged = replace(Judged.by(excavation, tests, 4), scores=np.full(len(tests), -9.0))
    varying, constant = (
        misses(excavation, judged, tests, excavation.neurons[:1], each, 1)[0][0]
        for each in (normals, flat)
    )
    assert constant.largest is None
    assert varying.largest == pytest.approx(float(np.abs(varying.deviation).max()))
    assert (constant.row, constant.column) == (varying.row, varying.column)
    assert np.isnan(constant.deviation).all()


def test_what_neurons_carry_sums_to_the_whole(cards, excavation, tests):
    assert sum(card.carries for card in cards) == pytest.approx(1, abs=1e-5)
    anomalous = [sample for sample in tests if sample.label == 1]
    parts = []
    for found in excavation.score(anomalous):
        parts.append(found.shares(*found.peak) / found.visual[found.peak])
    expected = np.mean(parts, axis=0)
    assert [card.carries for card in cards] == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_neuron_alone_is_judged_by_its_largest_distance_from_normal(
    cards, excavation, model, dataset, tests
):
    site, index = excavation.neurons.site, excavation.neurons[3]
    known = {sample.name: sample for sample in dataset}
    normals = Normals.measure(model, [known[name] for name in excavation.support], site)
    with torch.no_grad():
        patches = model.patches(prepare(tests, model), [site])[site][..., index]
    scores = (patches - normals.mean[index]).abs().amax(1)
    expected = auroc([sample.label for sample in tests], scores.numpy())
    assert cards[3].alone.value == pytest.approx(expected.value)
    assert cards[3].alone.low is not None


def test_silencing_equals_judging_with_the_neuron_held_at_its_normal_mean(
    cards, excavation, model, dataset, tests
):
    known = {sample.name: sample for sample in dataset}
    support = [known[name] for name in excavation.support]
    normals = Normals.measure(model, support, excavation.neurons.site)
    before = np.array([found.score for found in excavation.score(tests)])
    with Intervention(model, to_mean(excavation.neurons[1:2], normals)):
        after = np.array([found.score for found in excavation.score(tests)])
    labels = np.array([sample.label for sample in tests])
    silenced = cards[1].silenced
    change = after - before
    assert silenced.images == len(tests)
    assert silenced.normal.value == pytest.approx(change[labels == 0].mean(), abs=1e-5)
    assert silenced.anomalous.value == pytest.approx(change[labels == 1].mean(), abs=1e-5)
    expected = auroc(labels, after).value - auroc(labels, before).value
    assert silenced.auroc.value == pytest.approx(expected)


def test_misses_are_anomalous_pictures_below_the_threshold_worst_first(excavation, dataset, tests):
    from workbench.evaluation.evaluate import threshold_of

    cards = cards_of_run(excavation, dataset["metal_sheet"], choices=FEW)
    scores = {found.name: found.score for found in excavation.score(tests)}
    limit = threshold_of(excavation).value
    below = sorted(
        (scores[s.name], s.name) for s in tests if s.label == 1 and scores[s.name] < limit
    )
    assert [(m.score, m.image) for m in cards[0].misses] == [
        (pytest.approx(score), name) for score, name in below[:2]
    ]
    for miss in cards[0].misses:
        peak = np.abs(miss.deviation).argmax()
        assert (miss.row, miss.column) == divmod(int(peak), miss.deviation.shape[1])


def test_histograms_share_their_bins_and_count_a_sample_of_the_patches(cards, model):
    card = cards[0]
    groups = {one.group: one for one in card.histograms}
    assert set(groups) == {"normal", "defect"}
    assert groups["normal"].patches == 4 * model.grid[0] * model.grid[1]
    for one in groups.values():
        assert one.counts.sum() == one.patches  # few enough to be all of them
        assert len(one.counts) == len(card.edges) - 1


def test_neurons_of_another_site_are_ranked_there_by_variance(excavation, model, dataset):
    asked = [NeuronSet("blocks.3.mlp.hook_post", (7,)), NeuronSet("blocks.1.attn.hook_q", (0,))]
    cards = cards_of_run(excavation, dataset["metal_sheet"], asked, choices=FEW)
    known = {sample.name: sample for sample in dataset}
    support = [known[name] for name in excavation.support]
    variance = Normals.measure(model, support, asked[0].site).variance
    place = cards[0].place
    assert (place.statistic, place.selected) == ("variance", False)
    assert place.rank == 1 + int((variance > variance[7]).sum())
    assert cards[0].carries is None
    assert set(cards[0].labels) == {"dissect", "decoder", "sparse"}
    assert set(cards[1].labels) == {"dissect"}  # a query writes no direction


def test_cards_are_plain_data_and_the_same_each_time(cards, excavation, dataset):
    again = cards_of_run(excavation, dataset["metal_sheet"], choices=FEW)
    content = [json.dumps(card.to_dict(), allow_nan=False) for card in cards]
    assert content == [json.dumps(card.to_dict(), allow_nan=False) for card in again]
    assert len(cards.table()) == 6
    assert "<table" in cards._repr_html_()
    assert "<table" in cards[0]._repr_html_()


def test_pictures_from_nothing_come_on_request(excavation, dataset):
    one = excavation.neurons[:1]
    few = Choices(exemplars=1, draws=19, visualised=True, seed=4)
    (card,) = cards_of_run(excavation, dataset["metal_sheet"], [one], choices=few)
    assert card.visualised.seeds == (4, 5)
    content = card.to_dict()["visualised"]
    assert content["scores"] == card.visualised.reached.score.tolist()
    assert content["natural_images"] == 8


def test_support_that_is_not_in_the_data_is_named(excavation, dataset):
    others = [sample for sample in dataset if sample.name != excavation.support[1]]
    with pytest.raises(DataError, match=f"1 of the 3 support images.*{excavation.support[1]}"):
        cards_of_run(excavation, others, choices=FEW)


def test_neurons_that_do_not_exist_are_refused(model):
    with pytest.raises(SettingError, match="has 32, counted from 0"):
        by_site(model, [NeuronSet("blocks.1.hook_resid_post", (32,))])
    with pytest.raises(SiteError):
        by_site(model, [NeuronSet("blocks.9.hook_resid_post", (0,))])
    with pytest.raises(SettingError, match="no neuron was asked for"):
        by_site(model, [])


def test_neurons_asked_for_twice_get_one_card(model):
    site = "blocks.1.hook_resid_post"
    sets = [NeuronSet(site, (4, 1)), NeuronSet(site, (1, 0))]
    assert by_site(model, sets) == {site: NeuronSet(site, (4, 1, 0))}


def test_of_equal_sensitivities_the_earlier_neuron_ranks_first():
    values = np.array([1.0, 3.0, 1.0, 2.0])
    ranks = [place_of(NeuronSet("x", (at,)), "variance", values, None).rank for at in range(4)]
    assert ranks == [3, 1, 4, 2]


@pytest.mark.parametrize(
    ("most", "expected"), [(4, (2, 2)), (6, (4, 2)), (99, (10, 2)), (3, (2, 1))]
)
def test_images_to_silence_on_are_drawn_as_evenly_as_there_are(tmp_path, most, expected):
    from workbench.images.samples import Sample

    given = [
        Sample(tmp_path / f"{at}.png", "test", int(at >= 10), "x", name=str(at)) for at in range(12)
    ]
    chosen = balanced(given, most, seed=0)
    assert chosen == balanced(given, most, seed=0)
    counts = tuple(sum(sample.label == label for sample in chosen) for label in (0, 1))
    assert counts == expected
    assert [given.index(one) for one in chosen] == sorted(given.index(one) for one in chosen)


@pytest.mark.parametrize("name", ["exemplars", "silenced", "misses", "draws", "watched"])
def test_numbers_below_one_are_refused(name):
    with pytest.raises(SettingError, match=f"{name} is 0"):
        Choices(**{name: 0})
