"""Scores against slow references, and what they must not depend on."""

import json

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from tests.neurons.labels.clouds import IMAGES, PLACES, cloud, concepts, neurons
from workbench.neurons.labels import (
    METHODS,
    Concepts,
    Directions,
    Profiles,
    Vocabulary,
    directions,
    dissect,
    label_profiles,
    sparse,
)
from workbench.neurons.labels.profiles import exchanged
from workbench.neurons.labels.sparse import decompose

COUNT = 6


def given(seed=1, shift=0.0, scale=1.0):
    """Neurons that follow a concept faintly, so that scores are neither all nor nothing."""
    seen = cloud(12, 2, together=0.5)
    wanted = torch.einsum("ipd,nd->ipn", seen, concepts().directions[:COUNT])
    activations = scale * (wanted + cloud(COUNT, seed, together=0.5)) + shift
    draw = torch.Generator().manual_seed(8)
    written = Directions(
        torch.randn(COUNT, 64, generator=draw), torch.randn(12, 64, generator=draw)
    )
    return Profiles(activations, seen), written


def found(profiles, written, words=None, many=COUNT, **options):
    return label_profiles(
        neurons(many),
        words or concepts(),
        profiles=profiles,
        directions=written,
        methods=METHODS,
        draws=39,
        **options,
    )


def assert_same(first, second):
    assert len(first.rows()) == len(second.rows())
    for one, other in zip(first.rows(), second.rows(), strict=True):
        assert (one["method"], one["term"]) == (other["method"], other["term"])
        for key in ("score", "p_value", "null_mean", "null_95"):
            assert one[key] == pytest.approx(other[key], rel=1e-4, abs=1e-4), key


def soft_wpmi(activations, embeddings, towards, scale):
    """The formula, unit by unit: activations [image, place, neuron], unit embeddings alike."""
    images, places, count = activations.shape
    units = embeddings.reshape(images * places, -1)
    logits = scale * units @ towards.T
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    top = min(100, max(5, images * places // 10))
    scores = np.zeros((count, len(towards)))
    for neuron in range(count):
        order = np.argsort(-activations[:, :, neuron].reshape(-1))[:top]
        for concept in range(len(towards)):
            for rank, unit in enumerate(order):
                belongs = 0.998 - rank / top * (0.998 - 0.97)
                scores[neuron, concept] += np.log(1 + belongs * (chance[unit, concept] - 1))
                scores[neuron, concept] -= np.log(1 + belongs * (chance[:, concept].mean() - 1))
    return scores


def test_soft_wpmi_and_its_null_are_those_of_the_slow_formula():
    profiles, _ = given()
    words = concepts()
    labels = label_profiles(neurons(COUNT), words, profiles=profiles, draws=19, seed=4)
    activations, embeddings = profiles.activations.double().numpy(), profiles.embeddings.numpy()
    towards = words.directions.numpy()
    expected = soft_wpmi(activations, embeddings, towards, 14.0)
    orders = exchanged(IMAGES, 19, 4).numpy()
    null = []
    for order in orders:
        moved = np.empty_like(activations)
        moved[order] = activations  # image i's profile goes to the place of order[i]
        null.append(soft_wpmi(moved, embeddings, towards, 14.0).max(1))
    null = np.array(null)
    for at in range(COUNT):
        label = labels.of(at)["dissect"]
        ranked = np.argsort(-expected[at])[:5]
        assert [term for term, _ in label.candidates] == [words.vocabulary.terms[i] for i in ranked]
        assert [value for _, value in label.candidates] == pytest.approx(
            expected[at][ranked], rel=1e-4, abs=1e-3
        )
        assert label.score == label.candidates[0][1]
        reached = (null[:, at] >= expected[at].max()).sum()
        assert label.p_value == pytest.approx((1 + reached) / 20)
        assert label.null_mean == pytest.approx(null[:, at].mean(), rel=1e-4)
        assert label.null_95 == pytest.approx(np.quantile(null[:, at], 0.95), rel=1e-4)


def test_an_exchange_of_images_keeps_every_patch_in_its_place():
    profiles, _ = given()
    strongest = profiles.strongest(7)
    orders = exchanged(IMAGES, 5, 0)
    rows = strongest.rows(orders)
    assert (rows % PLACES == strongest.place).all()
    assert all(sorted(order) == list(range(IMAGES)) for order in orders.tolist())
    for draw, order in enumerate(orders):
        assert torch.equal(rows[draw] // PLACES, order[strongest.image])


def test_the_order_of_the_concepts_does_not_matter():
    profiles, written = given()
    words = concepts()
    order = np.random.default_rng(0).permutation(len(words.vocabulary))
    moved = Vocabulary.of({"things": [words.vocabulary.terms[i] for i in order]}, "moved")
    other = Concepts(moved, words.directions[torch.from_numpy(order)], words.scale)
    assert_same(found(profiles, written), found(profiles, written, other))


def test_the_scale_of_activations_and_directions_does_not_matter():
    profiles, written = given()
    louder, _ = given(shift=-3.0, scale=50.0)
    longer = Directions(7 * written.vectors, 0.1 * written.readout)
    assert_same(found(profiles, written), found(louder, longer))


def test_a_neurons_score_and_p_value_do_not_depend_on_its_company():
    profiles, written = given()
    together = found(profiles, written)
    alone = found(
        Profiles(profiles.activations[..., :1], profiles.embeddings),
        Directions(written.vectors[:1], written.readout),
        many=1,
    )
    for method, label in alone.of(0).items():
        assert label.score == pytest.approx(together.of(0)[method].score)
        assert label.p_value == together.of(0)[method].p_value
        assert label.q_value == label.p_value


def test_the_size_of_the_chunks_does_not_matter(monkeypatch):
    profiles, written = given()
    whole = found(profiles, written)
    for module in (dissect, sparse, directions):
        monkeypatch.setattr(module, "_BLOCK", 700)
    assert_same(whole, found(profiles, written))


def test_the_same_seed_gives_the_same_rows_and_another_one_other_draws():
    profiles, written = given()
    first, second = (found(profiles, written, seed=3).rows() for _ in range(2))
    assert first == second
    other = found(profiles, written, seed=4).rows()
    assert all(a["score"] == b["score"] for a, b in zip(first, other, strict=True))
    assert any(a["null_mean"] != b["null_mean"] for a, b in zip(first, other, strict=True))


def test_the_decoder_is_the_cosine_with_the_centred_concepts():
    _, written = given()
    words = concepts()
    labels = label_profiles(neurons(COUNT), words, directions=written, methods=["decoder"])
    towards = words.directions - words.directions.mean(0)
    for at, vector in enumerate(written.vectors @ written.readout.T):
        cosines = torch.nn.functional.cosine_similarity(vector[None], towards)
        label = labels.of(at)["decoder"]
        assert label.score == pytest.approx(float(cosines.max()), abs=1e-5)
        assert label.candidates[0][0] == words.vocabulary.terms[int(cosines.argmax())]


def test_a_decomposition_is_the_greedy_one_with_non_negative_least_squares():
    draw = torch.Generator().manual_seed(3)
    atoms = torch.nn.functional.normalize(torch.randn(25, 6, generator=draw).double(), dim=-1)
    targets = torch.nn.functional.normalize(torch.randn(40, 6, generator=draw).double(), dim=-1)
    chosen, weights, explained = decompose(targets, atoms, terms=5)
    refitted = 0
    for row, target in enumerate(targets.numpy()):
        picked, rest = [], target
        for _ in range(5):
            nearness = atoms.numpy() @ rest
            nearness[picked] = -np.inf
            picked.append(int(nearness.argmax()))
            expected, _ = nnls(atoms.numpy()[picked].T, target)
            rest = target - atoms.numpy()[picked].T @ expected
        assert chosen[row].tolist() == picked
        assert weights[row].numpy() == pytest.approx(expected, abs=1e-6)
        assert float(explained[row]) == pytest.approx(1 - float(rest @ rest), abs=1e-6)
        refitted += bool((expected == 0).any())
    assert refitted  # some needed the constraint
    assert (weights >= 0).all()


def test_few_terms_of_a_known_sum_are_found_with_their_weights():
    atoms = torch.linalg.qr(torch.randn(12, 12, generator=torch.Generator().manual_seed(1)))[0]
    target = 3 * atoms[2] + 2 * atoms[9] + atoms[4]
    chosen, weights, explained = decompose(target[None], atoms.double(), terms=3)
    assert chosen[0].tolist() == [2, 9, 4]
    assert weights[0].tolist() == pytest.approx([3, 2, 1], abs=1e-5)
    assert float(explained[0]) == pytest.approx(14, abs=1e-4)


def test_equal_concepts_share_a_weight_and_break_nothing():
    atoms = torch.eye(4).double()[[0, 0, 1, 2]]
    _, weights, explained = decompose(torch.tensor([[1.0, 0.5, 0, 0]]), atoms, terms=4)
    assert float(explained[0]) == pytest.approx(1.25)
    assert torch.isfinite(weights).all()


def test_a_table_has_a_row_per_neuron_and_method_and_rows_are_json():
    labels = found(*given())
    table = labels.table()
    assert len(table) == COUNT * len(METHODS)
    assert table["neuron"].iloc[0] == "blocks.0.mlp.hook_post:0"
    assert json.loads(json.dumps(labels.rows(), allow_nan=False)) == labels.rows()
    row = labels.of(0)["dissect"].row()
    assert set(row) >= {"term", "score", "p_value", "q_value", "null_mean", "null_95", "runners_up"}


def test_labels_show_themselves_escaped():
    profiles, written = given()
    words = Vocabulary.of({"x": ["<b>", *(f"thing{i}" for i in range(29))]}, "odd")
    planted = Profiles(
        torch.einsum("ipd,nd->ipn", profiles.embeddings, concepts().directions[:1]),
        profiles.embeddings,
    )
    odd = Concepts(words, concepts().directions, 14.0)
    shown = label_profiles(neurons(1), odd, profiles=planted)._repr_html_()
    assert "<b>&lt;b&gt;</b>" in shown
    assert "out of 30 concepts" in shown
