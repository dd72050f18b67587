import numpy as np
import pytest
import torch

from tests.surfaces import draw_category, make_model
from workbench.claims.elicitation import changes, elicit
from workbench.claims.plan import FACTORS, SWEEP_DRAWS, Plan
from workbench.clip.prompts import winclip_prompts
from workbench.excavation.sensitivity import NeuronStatistics
from workbench.excavation.text import TextBranch
from workbench.images.samples import train_normals
from workbench.images.stream import pictures, prepare
from workbench.neurons.intervention.changes import apply

SITE = "blocks.1.hook_resid_post"


@pytest.fixture(scope="module")
def spots(tmp_path_factory):
    return draw_category(tmp_path_factory.mktemp("data") / "spots")


@pytest.fixture(scope="module")
def model():
    return make_model()


def plan(**changes):
    return Plan((6,), **{"k": 8, "width": 32, "layers": 4, "shots": (2,), "draws": 2, **changes})


@pytest.fixture(scope="module")
def found(spots, model):
    normals, tests = pictures(train_normals(spots.samples)[:2]), pictures(spots.test("spots"))
    return elicit(model, "spots", normals, tests, plan(), 0, batch_size=3)


def test_the_factor_acts_on_the_deviation_from_the_mean_of_the_supports_patches():
    statistics = NeuronStatistics.of(torch.randn(50, 32) + torch.arange(32.0))
    tokens = torch.randn(2, 5, 32, generator=torch.Generator().manual_seed(0))
    todo = changes(statistics, SITE, plan(), 0)
    amplified = next(change for change in todo if change.name == "top_x2")
    after = apply(amplified, tokens)
    for neuron in range(32):
        mean = float(statistics.mean[neuron])
        expected = tokens[..., neuron].clone()
        if neuron in amplified.neurons:
            expected[:, 1:] = mean + 2 * (expected[:, 1:] - mean)
        torch.testing.assert_close(after[..., neuron], expected)


def test_matched_random_sets_change_the_support_by_the_same_mean_square():
    rows = torch.randn(400, 32, generator=torch.Generator().manual_seed(0)) * torch.arange(1.0, 33)
    statistics = NeuronStatistics.of(rows)
    tokens = torch.cat([torch.zeros(1, 1, 32), rows[None]], dim=1)
    todo = changes(statistics, SITE, plan(), 0)

    def energy(change):
        return float((apply(change, tokens) - tokens).square().sum())

    for factor in (0, 2):
        top = next(energy(c) for c in todo if c.name == f"top_x{factor}")
        matched = [energy(c) for c in todo if c.name == f"matched_x{factor}"]
        assert matched == pytest.approx([top, top], rel=1e-4)
        assert max(energy(c) for c in todo if c.name == f"random_x{factor}") < 0.8 * top


def test_random_sets_that_decide_have_every_draw_and_those_of_the_sweep_a_few():
    statistics = NeuronStatistics.of(torch.randn(50, 32))
    todo = changes(statistics, SITE, plan(draws=9), 0)
    counts = {name: sum(c.name == name for c in todo) for name in {c.name for c in todo}}
    for factor in FACTORS:
        expected = 9 if factor in (0, 2) else SWEEP_DRAWS
        assert counts[f"random_x{factor:g}"] == expected
        assert counts[f"top_x{factor:g}"] == 1
    assert counts["matched_x2"] == counts["matched_x0"] == SWEEP_DRAWS
    sets = [c.neurons for c in todo if c.name == "random_x2"]
    assert len(set(sets)) == 9
    assert {len(chosen) for chosen in sets} == {8}


def test_neurons_that_do_not_vary_can_be_matched():
    statistics, tokens = NeuronStatistics.of(torch.ones(50, 32)), torch.randn(1, 5, 32)
    assert all(apply(c, tokens).isfinite().all() for c in changes(statistics, SITE, plan(), 0))


def test_unchanged_is_the_models_own_zero_shot_text_detection(spots, model, found):
    text = TextBranch.of(model, winclip_prompts("spots"), 0.01)
    pixels = prepare(pictures(spots.test("spots")), model)
    last = model.patches(pixels, ["blocks.3.hook_resid_post"])["blocks.3.hook_resid_post"]
    expected = text.scores(model, last).amax(1).numpy()
    np.testing.assert_allclose(found["unchanged"][0], expected, rtol=1e-4, atol=1e-4)


def test_a_change_equals_one_hooked_into_a_whole_forward(spots, model, found):
    normals = prepare(pictures(train_normals(spots.samples)[:2]), model)
    rows = model.patches(normals, [SITE])[SITE].flatten(0, 1).double()
    chosen = torch.argsort(-rows.var(0, correction=0), stable=True)[:8]
    mean = rows.mean(0)[chosen].float()

    def amplify(value, hook):
        value[:, 1:, chosen] = mean + 2 * (value[:, 1:, chosen] - mean)
        return value

    pixels, seen = prepare(pictures(spots.test("spots")), model), {}
    model.run_with_hooks(
        pixels,
        fwd_hooks=[
            (SITE, amplify),
            ("blocks.3.hook_resid_post", lambda value, hook: seen.update(last=value)),
        ],
    )
    text = TextBranch.of(model, winclip_prompts("spots"), 0.01)
    expected = text.scores(model, seen["last"][:, 1:]).amax(1).numpy()
    np.testing.assert_allclose(found["top_x2"][0], expected, rtol=1e-4, atol=1e-4)
    assert not np.allclose(found["top_x2"], found["unchanged"])


def test_the_same_call_gives_the_same_scores_whatever_the_batch_size(spots, model, found):
    normals, tests = pictures(train_normals(spots.samples)[:2]), pictures(spots.test("spots"))
    again = elicit(model, "spots", normals, tests, plan(), 0, batch_size=3)
    other = elicit(model, "spots", normals, tests, plan(), 0, batch_size=8)
    for name, scores in found.items():
        assert np.array_equal(scores, again[name])
        np.testing.assert_allclose(scores, other[name], rtol=1e-4, atol=1e-6)


def test_prompts_that_are_far_apart_still_rank_patches(model):
    """As probabilities some would be equal in single precision; as log odds none are."""
    patches = torch.randn(1, 6, 32, generator=torch.Generator().manual_seed(0))
    away = torch.nn.functional.normalize(model.project(patches).mean((0, 1)), dim=0)
    text = TextBranch(torch.stack([-away, away]), 0.002)
    scores = text.scores(model, patches)
    assert len(set(scores.sigmoid().flatten().tolist())) < 6
    assert len(set(scores.flatten().tolist())) == 6


def test_another_seed_draws_other_random_sets():
    statistics = NeuronStatistics.of(torch.randn(50, 32))
    drawn = [
        [c.neurons for c in changes(statistics, SITE, plan(), seed) if c.name == "random_x2"]
        for seed in (0, 1)
    ]
    assert drawn[0] != drawn[1]
