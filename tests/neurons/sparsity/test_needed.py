"""How many neurons are needed, by a curve and by an excavation."""

import numpy as np
import pytest
import torch
from scipy import stats

from tests.surfaces import draw_category, make_model
from workbench.errors import DataError, SettingError
from workbench.excavation.excavate import excavate
from workbench.images.stream import prepare
from workbench.neurons.sparsity.needed import accuracy_by_k, neurons_needed


def auroc(labels, scores):
    test = stats.mannwhitneyu(scores[labels == 1], scores[labels == 0])
    return float(test.statistic / ((labels == 1).sum() * (labels == 0).sum()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "bolt"
    draw_category(root)
    return root


def files(folder):
    good, bad = (sorted((folder / "test" / kind).iterdir()) for kind in ("good", "spot"))
    return [*good, *bad], [0] * len(good) + [1] * len(bad)


def test_a_dip_after_the_goal_was_reached_moves_the_number_needed():
    ks, curve = (1, 2, 4, 8), np.array([0.96, 0.7, 0.99, 1.0])
    assert neurons_needed(ks, curve) == {0.90: 4, 0.95: 4, 0.99: 4}
    assert neurons_needed(ks, curve, (0.3,), chance=0.5) == {0.3: 1}
    assert neurons_needed(ks, curve, (0.99,), chance=0.5) == {0.99: 8}


def test_curves_that_say_nothing_are_refused():
    with pytest.raises(DataError, match="above chance"):
        neurons_needed((1, 2), np.array([0.6, 0.5]), chance=0.5)
    with pytest.raises(DataError, match="ascending"):
        neurons_needed((2, 1), np.array([0.6, 0.5]))
    with pytest.raises(DataError, match="finite"):
        neurons_needed((1, 2), np.array([np.nan, 0.5]))
    with pytest.raises(SettingError, match="fraction"):
        neurons_needed((1, 2), np.array([0.4, 0.5]), (90,))


@pytest.mark.parametrize(
    "choices",
    [
        {"metric": "cosine"},
        {"metric": "squared_euclidean", "neighbours": 2},
        {"normality": "moments"},
        {"layer_norm": True},
    ],
)
def test_a_part_of_all_neurons_scores_as_an_excavation_of_that_many(folder, choices):
    model, (images, labels) = make_model(), files(folder)
    all_of_them = excavate(folder, model, selection="all", text_weight=0.0, **choices)
    seen = []

    def keep(_, scores):
        seen.append(scores.copy())
        return 0.5

    accuracy_by_k(all_of_them, images, labels, [3, 11], keep, draws=1, batch_size=3)
    for rule, scored in (("top", seen[:3]), ("bottom", seen[3:6])):
        for k, scores in zip((3, 11, 32), scored, strict=True):
            few = excavate(folder, model, k=k, selection=rule, text_weight=0.0, **choices)
            expected = [found.visual.max() for found in few.score(images)]
            np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-7)


def test_the_curve_has_its_null_and_is_the_same_for_the_same_seed(folder):
    images, labels = files(folder)
    made = excavate(folder, make_model(), selection="all", text_weight=0.0)
    found = accuracy_by_k(made, images, labels, [2, 8], auroc, draws=4)
    assert found.ks == (2, 8, 32)
    assert found.random.shape == (4, 3)
    assert found.bottom.shape == (3,)
    assert found.bottom[-1] == found.accuracy[-1]
    assert found.p_values[-1] == 1  # all neurons are all neurons, however drawn
    again = accuracy_by_k(made, images, labels, [2, 8], auroc, draws=4, batch_size=3)
    np.testing.assert_array_equal(found.random, again.random)
    assert found.needed((0.9,))[0.9] in found.ks
    assert len(found.random_needed((0.9,))[0.9]) == 4
    assert "random sets" in found._repr_html_()


def test_a_planted_carrier_is_found_and_is_nothing_special_for_labels_it_does_not_follow(folder):
    images, labels = files(folder)
    model, place = make_model(), "blocks.1.hook_resid_post"
    normal, odd = (
        model.patches(
            prepare([p for p, one in zip(images, labels, strict=True) if one == kind], model),
            [place],
        )
        for kind in (0, 1)
    )
    rows, spots = normal[place].flatten(0, 1), odd[place]
    middle, spread = rows.mean(0), torch.cov(rows.T) + 1e-3 * torch.eye(32)
    away = torch.linalg.solve(spread, (spots - middle).transpose(1, 2)).transpose(1, 2)
    farthest = ((spots - middle) * away).sum(2).argmax(1)
    towards = away[torch.arange(len(spots)), farthest].mean(0)  # from normal to the bright squares

    def only_one_moves(value, hook):
        held = torch.ones_like(value)
        held[:, 0] = value[:, 0]
        held[:, 1:, 7] = (value[:, 1:] - middle) @ towards
        return held

    with model.hooks(fwd_hooks=[(place, only_one_moves)]):
        made = excavate(
            folder,
            model,
            site=place,
            selection="all",
            text_weight=0.0,
            metric="squared_euclidean",
        )
        assert made.neurons[0] == 7
        found = accuracy_by_k(made, images, labels, [1], auroc, draws=19)
        other = accuracy_by_k(made, images, [0, 1] * (len(images) // 2), [1], auroc, draws=19)
    assert found.needed((0.99,)) == {0.99: 1}
    assert found.accuracy[0] == 1
    assert found.p_values[0] <= 0.1
    assert max(found.random_needed((0.99,))[0.99]) == 32
    assert other.p_values[0] > 0.1


def test_what_cannot_be_measured_is_refused(folder):
    images, labels = files(folder)
    few = excavate(folder, make_model(), k=4, text_weight=0.0)
    with pytest.raises(SettingError, match='selection="all"'):
        accuracy_by_k(few, images, labels, [2], auroc)
    made = excavate(folder, make_model(), selection="all", text_weight=0.0)
    with pytest.raises(SettingError, match="from 1 to 32"):
        accuracy_by_k(made, images, labels, [33], auroc)
    with pytest.raises(DataError, match="labels"):
        accuracy_by_k(made, images, labels[:-1], [2], auroc)
