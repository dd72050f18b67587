"""Interventions do what they say, clean up, and measure what a planted neuron does."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch.nn import functional as F

from tests.surfaces import draw_category, make_model
from tests.tiny import pixels
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError, SiteError
from workbench.evaluation.interventions import labelled_effects
from workbench.excavation.excavate import excavate
from workbench.images.samples import train_normals
from workbench.images.stream import prepare
from workbench.neurons.intervention import changes, effects
from workbench.neurons.intervention.context import Intervention
from workbench.neurons.intervention.normals import Normals

SITE = "blocks.1.hook_resid_post"
SITES = [
    "hook_embed",
    "blocks.0.mlp.hook_post",
    "blocks.1.hook_resid_pre",
    "blocks.1.attn.hook_z",
    "blocks.1.mlp.hook_post",
    SITE,
    "blocks.2.hook_resid_mid",
    "blocks.3.hook_mlp_out",
    "blocks.3.hook_resid_post",
]


@pytest.fixture(scope="module")
def spots(tmp_path_factory):
    return draw_category(tmp_path_factory.mktemp("data") / "spots")


@pytest.fixture(scope="module")
def excavation(spots, model):
    return excavate(spots, model, k=8)


@pytest.fixture
def rows():
    return torch.randn(60, 6, generator=torch.Generator().manual_seed(0)) * torch.arange(1.0, 7)


@pytest.fixture
def normals(rows):
    return Normals.from_patches("hook_embed", rows.split(17))


@pytest.fixture
def tokens():
    return 20 * torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(1))


CHOSEN = NeuronSet("hook_embed", (4, 1))


def test_normals_are_those_of_all_patches_however_they_arrive(rows, normals):
    torch.testing.assert_close(normals.mean, rows.mean(0))
    torch.testing.assert_close(normals.variance, rows.var(0, correction=0))
    assert torch.equal(normals.lowest, rows.amin(0))
    assert torch.equal(normals.highest, rows.amax(0))
    assert len(normals.rows) == 60


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda n: changes.zero(CHOSEN), lambda x, rows: 0 * x),
        (lambda n: changes.to_mean(CHOSEN, n), lambda x, rows: rows.mean(0).expand_as(x)),
        (lambda n: changes.scale(CHOSEN, 3.0), lambda x, rows: 3 * x),
        (
            lambda n: changes.scale(CHOSEN, 3.0, n),
            lambda x, rows: rows.mean(0) + 3 * (x - rows.mean(0)),
        ),
        (
            lambda n: changes.clamp(CHOSEN, n),
            lambda x, rows: x.maximum(rows.amin(0)).minimum(rows.amax(0)),
        ),
    ],
)
def test_a_change_reaches_its_neurons_at_every_patch_and_nothing_else(
    make, expected, normals, rows, tokens
):
    before = tokens.clone()
    after = changes.apply(make(normals), tokens)
    others = [0, 2, 3, 5]
    assert torch.equal(tokens, before)
    assert torch.equal(after[:, 0], tokens[:, 0])
    assert torch.equal(after[..., others], tokens[..., others])
    wanted = expected(tokens, rows)[:, 1:]
    torch.testing.assert_close(after[:, 1:, [1, 4]], wanted[..., [1, 4]])
    assert not torch.equal(after[:, 1:, [1, 4]], tokens[:, 1:, [1, 4]])


def test_resampled_neurons_come_from_one_normal_patch_and_the_seed_decides(normals, rows, tokens):
    after = changes.apply(changes.resample(CHOSEN, normals, 3), tokens)[:, 1:, [4, 1]]
    assert torch.equal(after[0], after[1])
    for patch in after[0]:
        assert (rows[:, [4, 1]] == patch).all(1).any()
    again = changes.apply(changes.resample(CHOSEN, normals, 3), tokens)[:, 1:, [4, 1]]
    other = changes.apply(changes.resample(CHOSEN, normals, 4), tokens)[:, 1:, [4, 1]]
    assert torch.equal(after, again)
    assert not torch.equal(after, other)


def test_patching_every_neuron_gives_the_patches_of_the_source_image(model):
    target, source = pixels(1, seed=1), pixels(1, seed=2)
    change = changes.patch_from(model, NeuronSet(SITE, tuple(range(32))), source)
    with Intervention(model, change):
        patched = model.patches(target, [SITE])[SITE]
    assert torch.equal(patched, model.patches(source, [SITE])[SITE])


def test_everything_is_cleaned_up_after_errors_nesting_and_entering_again(model):
    x = pixels()
    plain = model(x)
    half = Intervention(model, changes.scale(NeuronSet("blocks.0.mlp.hook_post", (3, 5)), 0.5))
    other = Intervention(model, changes.zero(NeuronSet(SITE, (0,))))
    with half:
        once = model(x)
        with half:
            twice = model(x)
        assert torch.equal(model(x), once)
    assert torch.equal(model(x), plain)
    quarter = changes.scale(NeuronSet("blocks.0.mlp.hook_post", (3, 5)), 0.25)
    with Intervention(model, quarter):
        torch.testing.assert_close(model(x), twice)
    with pytest.raises(RuntimeError, match="stop"), half, other:
        raise RuntimeError("stop")
    half.__enter__()
    other.__enter__()
    half.__exit__(None, None, None)  # left before what was entered later
    with Intervention(model):
        inside = model(x)
    other.__exit__(None, None, None)
    assert not torch.equal(inside, plain)
    assert torch.equal(model(x), plain)
    assert not any(point._forward_hooks for point in model.hook_dict.values())


def test_an_interrupt_while_entering_leaves_no_hook(model, monkeypatch):
    second = model.hook_dict[SITE]

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(second, "register_forward_hook", interrupted)
    both = (changes.zero(NeuronSet("hook_embed", (0,))), changes.zero(NeuronSet(SITE, (0,))))
    with pytest.raises(KeyboardInterrupt), Intervention(model, *both):
        pass
    assert not any(point._forward_hooks for point in model.hook_dict.values())


def test_a_user_who_resets_the_models_hooks_does_not_end_an_intervention(model):
    x = pixels()
    with Intervention(model, changes.zero(NeuronSet("blocks.0.mlp.hook_post", (3,)))):
        changed = model(x)
        model.run_with_hooks(x, fwd_hooks=[(SITE, lambda value, hook: None)])
        assert torch.equal(model(x), changed)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_restarting_in_batches_gives_the_scores_of_whole_changed_forwards(
    spots, model, site, weight
):
    excavation = excavate(spots, model, k=8, text_weight=weight)
    images = spots.test("spots")[:5]
    todo = [
        changes.zero(NeuronSet(site, (2,))),
        changes.scale(NeuronSet(site, (1, 7)), 4.0),
        changes.zero(NeuronSet("blocks.3.mlp.hook_post", (9,))),
    ]
    table = effects.effects(excavation, images, todo, batch_size=3, rows=6)
    assert table.unchanged == pytest.approx([d.score for d in excavation.score(images)], rel=1e-4)
    for change, scores in zip(todo, table.scores, strict=True):
        with Intervention(model, change):
            whole = [detection.score for detection in excavation.score(images)]
        assert scores == pytest.approx(whole, rel=1e-4, abs=1e-5)


def test_no_block_runs_again_where_only_the_visual_score_depends_on_the_site(spots, model):
    excavation = excavate(spots, model, k=8, text_weight=0)
    seen = []
    blocks = model.visual.transformer.resblocks
    handles = [
        block.register_forward_hook(lambda *_, layer=layer: seen.append(layer))
        for layer, block in enumerate(blocks)
    ]
    try:
        table = effects.silence_each(excavation, spots.test("spots")[:4], excavation.neurons)
        assert seen == [0, 1]
        assert (table.effects != 0).any()
        seen.clear()
        effects.effects(
            excavate(spots, model, k=8), spots.test("spots")[:4], [changes.zero(excavation.neurons)]
        )
    finally:
        for handle in handles:
            handle.remove()
    assert seen[-2:] == [2, 3]


@pytest.fixture(scope="module")
def planted(spots):
    """A model in which neuron 5 of a block's MLP fires on the red squares and on no normal patch.

    It alone writes, strongly, to channel 0.
    """
    model = make_model()
    with torch.no_grad():
        block = model.visual.transformer.resblocks[1]
        site = "blocks.1.ln2.hook_normalized"
        normal, odd = (
            model.patches(prepare(of_label, model), [site])[site]
            for of_label in (
                [sample for sample in spots.samples if sample.label == 0],
                [sample for sample in spots.samples if sample.label == 1],
            )
        )
        green = prepare([s for s in spots.samples if s.label == 1], model)[:, 1]
        darkest = F.avg_pool2d(green[:, None], 8).flatten(1).argmin(1)  # red has little green
        red = odd[torch.arange(len(odd)), darkest]
        flat = normal.flatten(0, 1)
        spread = torch.cov(flat.T) + 0.01 * torch.eye(flat.shape[1])
        direction = torch.linalg.solve(spread, red.mean(0) - flat.mean(0))
        highest, lowest = float((flat @ direction).max()), float((red @ direction).min())
        assert lowest > highest, "the plant must be able to tell red from normal"
        gain = 12 / (lowest - highest)
        block.mlp.c_fc.weight[5] = gain * direction
        block.mlp.c_fc.bias[5] = 6 - gain * lowest  # 6 or more on red, -6 or less on normal
        block.mlp.c_proj.weight[:, 5] = 0
        block.mlp.c_proj.weight[0, 5] = 3.0
    return model


PLACE = "blocks.1.mlp.hook_post"


@pytest.fixture(scope="module")
def detector(spots, planted):
    return excavate(spots, planted, k=32, text_weight=0, metric="squared_euclidean")


@pytest.fixture(scope="module")
def usual(spots, planted):
    return Normals.measure(planted, excavate_normals(spots), PLACE)


SILENCERS = {
    "zero": lambda one, **_: changes.zero(one),
    "to_mean": lambda one, usual, **_: changes.to_mean(one, usual),
    "resample": lambda one, usual, **_: changes.resample(one, usual),
    "clamp": lambda one, usual, **_: changes.clamp(one, usual),
    "scale": lambda one, usual, **_: changes.scale(one, 0.1, usual),
    "patch_from": lambda one, model, normal, **_: changes.patch_from(model, one, normal),
}


@pytest.mark.parametrize("way", SILENCERS)
def test_silencing_the_planted_neuron_lowers_every_anomalys_score_and_no_other_comes_near(
    spots, planted, detector, usual, way
):
    tests = spots.test("spots")
    anomalous = np.array([sample.label for sample in tests]) == 1
    normal = prepare(excavate_normals(spots)[0], planted)
    todo = [
        SILENCERS[way](NeuronSet(PLACE, (index,)), usual=usual, model=planted, normal=normal)
        for index in range(16)
    ]
    table = effects.effects(detector, tests, todo)
    sizes = np.abs(table.effects[:, anomalous].mean(1))
    assert sizes.argmax() == 5
    assert sizes[5] > 5 * np.delete(sizes, 5).max()
    assert (table.effects[5][anomalous] < 0).all()
    assert np.abs(table.effects[5][~anomalous]).max() < 1e-2 * sizes[5]


def test_removing_the_planted_neuron_beats_random_changes_as_large_and_an_arbitrary_one_does_not(
    spots, detector, usual
):
    tests = [sample for sample in spots.test("spots") if sample.label == 1]
    found = effects.against_random(detector, tests, NeuronSet(PLACE, (5,)), usual, draws=19)
    assert float(usual.variance[5]) == 0  # what it does on normal patches says nothing of it
    assert found.p_value <= 0.1  # one of the random sets may be the neuron itself
    assert (np.abs(found.table.means[1:]) > 0).all()  # chance is not doing nothing
    quiet = effects.against_random(detector, tests, NeuronSet(PLACE, (9,)), usual, draws=19)
    assert quiet.p_value > 0.1


def test_removing_what_does_not_move_is_refused_and_never_drawn(spots, detector, usual):
    calm = [sample for sample in spots.test("spots") if sample.label == 0]
    with pytest.raises(SettingError, match="to remove these changes nothing"):
        effects.against_random(detector, calm, NeuronSet(PLACE, (5,)), usual)
    every = NeuronSet(PLACE, tuple(range(len(usual.mean))))
    with pytest.raises(SettingError, match=f"too few to draw sets of {len(every)} from"):
        effects.against_random(detector, calm, every, usual)


def test_keeping_the_planted_neuron_keeps_the_scores_and_keeping_an_arbitrary_one_does_not(
    spots, detector, usual
):
    tests = [sample for sample in spots.test("spots") if sample.label == 1]
    keep = {"mode": "keep", "draws": 19}
    found = effects.against_random(detector, tests, NeuronSet(PLACE, (5,)), usual, **keep)
    assert np.abs(found.table.means[0]) < 0.01 * np.median(np.abs(found.table.means[1:]))
    assert found.p_value <= 0.1  # one of the random sets is the neuron itself
    quiet = effects.against_random(detector, tests, NeuronSet(PLACE, (9,)), usual, **keep)
    assert quiet.p_value > 0.1


def excavate_normals(spots):
    return train_normals(spots.samples)


@pytest.mark.parametrize("mode", ["remove", "keep"])
def test_random_sets_are_changed_by_the_same_mean_square(spots, model, excavation, mode):
    normals = Normals.measure(model, excavate_normals(spots), SITE)
    judged = spots.test("spots")[:2]
    seen = []
    original = effects.effects

    def spy(_excavation, _images, todo):
        seen.extend(todo)
        return original(_excavation, _images, todo)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effects, "effects", spy)
        found = effects.against_random(
            excavation, judged, excavation.neurons, normals, mode=mode, draws=4
        )
    assert {len(change.neurons) for change in seen} == {8 if mode == "remove" else 24}
    assert found.factors[0] == 0
    patches = model.patches(prepare(judged, model), [SITE])[SITE]
    tokens = torch.cat([torch.zeros(2, 1, 32), patches], dim=1)
    squares = [float((changes.apply(c, tokens) - tokens).square().sum()) for c in seen]
    assert squares == pytest.approx([squares[0]] * 5, rel=1e-3)


def table_of(before, after):
    images = tuple(map(str, range(len(before))))
    names = tuple(f"change {index}" for index in range(len(after)))
    return effects.EffectTable(names, images, np.asarray(before), np.asarray(after))


def test_auroc_changes_are_those_of_the_scores_with_paired_intervals():
    before, labels = np.array([0.0, 1, 2, 3]), [0, 0, 1, 1]
    found = labelled_effects(
        table_of(before, [before, before[[0, 2, 1, 3]], before[::-1]]), labels, draws=200
    )
    same, swap, turn = found.auroc
    assert found.unchanged.value == 1.0
    assert (same.value, swap.value, turn.value) == (0.0, -0.25, -1.0)
    assert (same.low, same.high) == (0.0, 0.0)
    assert swap.low is not None
    assert swap.low < -0.25 < swap.high
    assert [one.value for one in found.normal] == [0.0, 0.5, 2.0]
    assert [one.value for one in found.anomalous] == [0.0, -0.5, -2.0]
    frame = found.frame()
    assert frame["AUROC"].loc["change 1"].tolist() == [swap.value, swap.low, swap.high]
    assert frame["normal"].loc["change 2"].tolist() == [2.0, 1.0, 3.0]
    assert "unchanged: 1.0000" in found._repr_html_()


def test_without_both_kinds_the_auroc_is_undefined_and_the_effects_are_not():
    found = labelled_effects(table_of([0.0, 1.0], [[1.0, 3.0]]), [1, 1])
    assert found.unchanged.value is None
    assert found.frame()["AUROC"].isna().all(axis=None)
    assert found.anomalous[0].value == 1.5
    assert "undefined" in found._repr_html_()
    with pytest.raises(DataError):
        labelled_effects(table_of([0.0, 1.0], [[1.0, 3.0]]), [1])


def test_a_mean_effect_has_the_interval_of_the_paired_differences():
    rng = np.random.default_rng(0)
    easy = rng.normal(0, 100, 30)  # what makes an image score high before and after cancels out
    table = table_of(easy, [easy, easy + 2, easy + rng.normal(0.5, 0.1, 30)])
    same, shifted, noisy = table.intervals()
    assert same.tolist() == [0, 0]
    assert shifted == pytest.approx([2, 2])
    assert 0.4 < noisy[0] < table.means[2] < noisy[1] < 0.6
    assert table.intervals(seed=1)[2].tolist() != noisy.tolist()
    turned = table_of(easy[::-1], table.scores[:, ::-1])
    assert turned.intervals() == pytest.approx(table.intervals())
    assert list(table.frame()) == ["mean", "low", "high", "least", "largest"]
    assert "95 % interval" in table._repr_html_()
    assert np.isnan(table_of([1.0], [[2.0]]).intervals()).all()


def test_intervals_of_the_mean_effect_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    before = rng.normal(0, 1, 40)
    for truth in (0.0, 0.7):
        table = table_of(before, before + rng.normal(truth, 1, (400, 40)))
        low, high = table.intervals(draws=300).T
        covered = float(((low <= truth) & (truth <= high)).mean())
        assert 0.90 < covered < 0.98  # 95 % but for the 2 % that a bootstrap of 40 images lacks


def test_intervals_of_the_auroc_change_cover_the_truth_about_as_often_as_they_say():
    """Normals around 0, anomalies around 1, then around `further`; both of deviation 1."""
    rng, labels = np.random.default_rng(2), np.repeat([0, 1], 40)
    for further in (1.0, 1.8):
        truth = float(norm.cdf(further / 2**0.5) - norm.cdf(1 / 2**0.5))
        hits = []
        for _ in range(200):
            shared, own = rng.normal(0, 1, (2, 80)) / 2**0.5
            again = rng.normal(0, 1, 80) / 2**0.5
            before, after = shared + own + labels, shared + again + further * labels
            (change,) = labelled_effects(table_of(before, [after]), labels, draws=200).auroc
            hits.append(change.low <= truth <= change.high)
        assert 0.89 < np.mean(hits) < 0.99


def test_a_dose_of_one_changes_nothing_and_zero_is_the_normal_mean(spots, model, excavation):
    normals, tests = Normals.measure(model, excavate_normals(spots), SITE), spots.test("spots")[:3]
    curve = effects.dose_response(excavation, tests, excavation.neurons, normals, (0.0, 1.0, 4.0))
    assert curve.table.effects[1] == pytest.approx(np.zeros(3), abs=1e-4)
    silenced = effects.effects(excavation, tests, [changes.to_mean(excavation.neurons, normals)])
    assert curve.table.scores[0] == pytest.approx(silenced.scores[0], rel=1e-5)
    assert "factor" in curve._repr_html_()


def test_bad_input_is_named(spots, model, excavation):
    normals = Normals.measure(model, excavate_normals(spots)[:1], SITE)
    with pytest.raises(SettingError, match=r"no neuron 32 at .*: it has 32"):
        Intervention(model, changes.zero(NeuronSet(SITE, (32,))))
    with pytest.raises(SiteError, match="no site 'nowhere'"):
        Intervention(model, changes.zero(NeuronSet("nowhere", (0,))))
    with pytest.raises(SettingError, match="these normals are of"):
        changes.clamp(NeuronSet("hook_embed", (0,)), normals)
    with pytest.raises(DataError, match="no image was given"):
        effects.effects(excavation, [], [changes.zero(NeuronSet(SITE, (0,)))])
    with pytest.raises(SettingError, match="no change was given"):
        effects.effects(excavation, spots.test("spots"), [])
    with pytest.raises(SettingError, match="take remove or keep"):
        effects.against_random(
            excavation, spots.test("spots"), NeuronSet(SITE, (0,)), normals, mode="x"
        )
