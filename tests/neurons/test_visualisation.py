"""Optimised pictures show what a neuron was made to see; their scores are those of the files."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.tiny import tiny_model
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, RunError, SettingError, SiteError
from workbench.images.stream import prepare
from workbench.neurons.visualisation import Readings, Visualisation, visualise
from workbench.neurons.visualisation.fourier import picture, start

CHANNEL = 5
STRIPES = torch.tensor([1.0, 1, 1, 1, -1, -1, -1, -1]).expand(3, 8, 8)
RED = torch.tensor([2.0, -1.0, -1.0]).view(3, 1, 1).expand(3, 8, 8)
SITES = [
    "hook_embed:5",
    "blocks.0.hook_resid_pre:5",
    "blocks.1.mlp.hook_pre:40",
    "blocks.1.mlp.hook_post:40",
    "blocks.1.attn.hook_q:11",
    "blocks.1.attn.hook_k:11",
    "blocks.1.attn.hook_v:11",
    "blocks.1.attn.hook_z:11",
    "blocks.2.hook_resid_post:5",
]


def planted(pattern):
    """A tower whose neurons in `SITES` see one pattern in a patch, and nothing else of it.

    The patches' filters are orthonormal and that of one channel is the pattern; nothing mixes
    the channels; attention is even, so that z is the mean of the values.
    """
    model = tiny_model()
    own = torch.nn.functional.normalize(pattern.flatten(), dim=0)
    others = torch.randn(192, 31, generator=torch.Generator().manual_seed(3))
    filters = torch.linalg.qr(torch.cat([own[:, None], others], dim=1)).Q.T
    filters[0] = own
    order = [*range(1, CHANNEL + 1), 0, *range(CHANNEL + 1, 32)]
    with torch.no_grad():
        visual = model.visual
        visual.conv1.weight.copy_(filters[order].view(32, 3, 8, 8))
        visual.positional_embedding.zero_()
        for norm in (visual.ln_pre, *(n for b in blocks(model) for n in (b.ln_1, b.ln_2))):
            norm.weight.fill_(1)
            norm.bias.zero_()
        for block in blocks(model):
            block.attn.out_proj.weight.zero_()
            block.attn.out_proj.bias.zero_()
            block.mlp.c_proj.weight.zero_()
            block.mlp.c_proj.bias.zero_()
            block.attn.in_proj_weight.zero_()
            block.attn.in_proj_bias.zero_()
            block.mlp.c_fc.weight[40] = 0
            block.mlp.c_fc.bias[40] = 0
            block.mlp.c_fc.weight[40, CHANNEL] = 2.0
            for part in range(3):
                block.attn.in_proj_weight[32 * part + 11, CHANNEL] = 0.1 if part < 2 else 1.0
    return model


def blocks(model):
    return model.visual.transformer.resblocks


@pytest.fixture(scope="module")
def striped():
    return planted(STRIPES)


def photos(number=6):
    """Smooth random pictures."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (number, 6, 6, 3), dtype=np.uint8)
    return [Image.fromarray(one).resize((32, 32), Image.Resampling.BICUBIC) for one in small]


def likeness(found, pattern, patch=None):
    """The correlation of each picture's patch (or mean patch) with a pattern."""
    cells = found.pictures.astype(float).reshape(-1, 4, 8, 4, 8, 3)
    seen = cells.mean((1, 3)) if patch is None else cells[:, patch[0], :, patch[1]]
    wanted = pattern.permute(1, 2, 0).flatten().numpy()
    return [float(np.corrcoef(one.ravel(), wanted)[0, 1]) for one in seen]


def quick(model, name, **settings):
    given = {"seeds": (0, 1), "steps": 100, "jitter": 1, **settings}
    return visualise(model, NeuronSet.parse(name), photos(), **given)


@pytest.mark.parametrize("name", SITES)
def test_the_picture_shows_the_pattern_that_the_neuron_was_made_to_see(striped, name):
    found = quick(striped, name)
    assert min(likeness(found, STRIPES)) > 0.6
    other = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(9))
    assert max(map(abs, likeness(found, other))) < 0.3
    assert max(map(abs, likeness(found, STRIPES.transpose(1, 2)))) < 0.3
    assert found.ranks().tolist() == [1, 1]
    assert (found.reached.score > found.curve[0]).all()
    assert found.moved.all()
    assert not found.dead


def test_a_colour_is_found_and_its_opposite_with_the_other_sign():
    model = planted(RED)
    raised, lowered = (quick(model, "hook_embed:5", sign=sign, rate=0.2) for sign in (1, -1))
    assert min(likeness(raised, RED)) > 0.7
    assert max(likeness(lowered, RED)) < -0.7
    assert lowered.reached.score.max() < lowered.natural.score.min()
    assert (lowered.ranks(), lowered.percentiles()) == (
        pytest.approx([1, 1]),
        pytest.approx([100, 100]),
    )
    assert (lowered.reached.peak <= lowered.reached.score).all()


def test_a_neuron_can_be_driven_at_one_patch(striped):
    found = quick(striped, "blocks.1.mlp.hook_pre:40", patch=(1, 2), smoothing=0.0)
    assert min(likeness(found, STRIPES, (1, 2))) > 0.6
    mean = quick(striped, "blocks.1.mlp.hook_pre:40", smoothing=0.0)
    assert found.reached.score.min() > mean.reached.score.max()


def test_the_score_is_that_of_the_saved_file(striped, tmp_path):
    for name, patch in (("blocks.1.mlp.hook_post:40", None), ("blocks.1.attn.hook_z:11", (3, 0))):
        found = quick(striped, name, patch=patch)
        files = found.save(tmp_path / name)
        assert [file.name for file in files] == ["seed-0.png", "seed-1.png"]
        site, index = found.neuron.site, found.neuron[0]
        for file, score, peak in zip(files, *vars(found.reached).values(), strict=True):
            patches = striped.patches(prepare(file, striped), [site])[site][0, :, index]
            wanted = patches.mean() if patch is None else patches[4 * patch[0] + patch[1]]
            assert (float(wanted), float(patches.max())) == (score, peak)


def test_natural_images_are_scored_as_the_pictures_are(striped):
    found = quick(striped, "hook_embed:5", steps=1)
    patches = striped.patches(prepare(photos(), striped), ["hook_embed"])["hook_embed"][..., 5]
    assert found.natural.score == pytest.approx(patches.mean(1).numpy(), abs=1e-5)
    assert found.natural.peak == pytest.approx(patches.amax(1).numpy(), abs=1e-5)


def test_ranks_and_percentiles_count_ties_against_the_picture():
    def made(sign):
        reached = Readings(np.array([2.0, 0.0]), np.array([9.0, 9.0]))
        natural = Readings(np.array([1.0, 2.0, 3.0, 0.5]), np.array([9.0, 8.0, 7.0, 6.0]))
        drawn = np.zeros((2, 4, 4, 3), np.uint8)
        moved = np.ones(2, bool)
        neuron = NeuronSet("hook_embed", (0,))
        return Visualisation(
            neuron, None, sign, (0, 1), drawn, np.zeros((1, 2)), moved, reached, natural
        )

    assert made(1).ranks().tolist() == [3, 5]
    assert made(1).percentiles().tolist() == [50, 0]
    assert made(-1).ranks().tolist() == [4, 1]
    assert made(1).percentiles("peak").tolist() == [75, 75]


def test_a_seed_gives_the_same_bytes_and_another_seed_others(striped):
    first, again = (quick(striped, "hook_embed:5", steps=5) for _ in range(2))
    assert first.pictures.tobytes() == again.pictures.tobytes()
    assert np.array_equal(first.curve, again.curve)
    assert not np.array_equal(first.pictures[0], first.pictures[1])
    alone = quick(striped, "hook_embed:5", steps=5, seeds=(1,))
    gap = alone.pictures[0].astype(int) - first.pictures[1].astype(int)
    assert abs(gap).max() <= 1


def test_the_unit_of_a_neuron_does_not_matter(striped):
    before = quick(striped, "hook_embed:5", steps=20)
    loud = planted(STRIPES)
    with torch.no_grad():
        loud.visual.conv1.weight[CHANNEL] *= 1024
    after = quick(loud, "hook_embed:5", steps=20)
    assert after.reached.score == pytest.approx(1024 * before.reached.score, rel=1e-3)
    assert abs(after.pictures.astype(int) - before.pictures.astype(int)).max() <= 1


def test_more_smoothing_gives_smoother_pictures(striped):
    def roughness(smoothing):
        drawn = quick(striped, "blocks.1.mlp.hook_pre:40", smoothing=smoothing).pictures.astype(int)
        return np.abs(np.diff(drawn, axis=1)).mean() + np.abs(np.diff(drawn, axis=2)).mean()

    assert roughness(0.8) < 0.9 * roughness(0.0)


def test_a_dead_neuron_is_said_to_be_dead(striped):
    model = planted(STRIPES)
    with torch.no_grad():
        blocks(model)[1].mlp.c_fc.weight[7] = 0
        blocks(model)[1].mlp.c_fc.bias[7] = -1.5
    found = quick(model, "blocks.1.mlp.hook_post:7", steps=3)
    assert found.dead
    assert not found.moved.any()
    assert found.ranks().tolist() == [7, 7]
    assert "dead here" in found._repr_html_()
    assert "dead here" not in quick(striped, "hook_embed:5", steps=2)._repr_html_()


def test_a_neuron_without_slope_that_images_change_is_not_called_dead(striped):
    """Far below zero the activation and its slope are 0 but for who sees nothing but stripes."""
    model = planted(STRIPES)
    with torch.no_grad():
        blocks(model)[1].mlp.c_fc.weight[40, CHANNEL] = 1e4
        blocks(model)[1].mlp.c_fc.bias[40] = -5.3e4
    stripes = np.tile((127 + 127 * STRIPES.permute(1, 2, 0).numpy()).astype(np.uint8), (4, 4, 1))
    found = visualise(
        model,
        NeuronSet.parse("blocks.1.mlp.hook_post:40"),
        [*photos(), Image.fromarray(stripes)],
        seeds=(0,),
        steps=2,
    )
    assert not found.moved.any()
    assert not found.dead
    assert "No slope" in found._repr_html_()


def test_no_block_above_the_neuron_runs(striped):
    seen = set()
    handles = [
        block.register_forward_hook(lambda *_, layer=layer: seen.add(layer))
        for layer, block in enumerate(blocks(striped))
    ]
    try:
        quick(striped, "hook_embed:5", steps=2)
        assert seen == set()
        quick(striped, "blocks.1.attn.hook_z:11", steps=2)
    finally:
        for handle in handles:
            handle.remove()
    assert seen <= {0, 1}


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("training", [False, True])
def test_the_model_is_left_as_it_was_found(error, training):
    model = tiny_model()
    parameters = dict(model.named_parameters())
    for number, parameter in enumerate(parameters.values()):
        parameter.requires_grad_(number % 2 == 0)
    model.clip.train(training)
    flags = {name: p.requires_grad for name, p in parameters.items()}
    modes = {name: module.training for name, module in model.named_modules()}
    before = model.fingerprint
    calls = []

    def fail(*_):
        calls.append(1)
        if error and len(calls) > 3:
            raise error("stop")

    handle = model.visual.conv1.register_forward_hook(fail)
    try:
        with torch.no_grad():  # as a caller may have it
            if error:
                with pytest.raises(error):
                    quick(model, "hook_embed:5")
            else:
                quick(model, "hook_embed:5", steps=3)
            assert not torch.is_grad_enabled()
    finally:
        handle.remove()
    assert flags == {name: p.requires_grad for name, p in model.named_parameters()}
    assert modes == {name: module.training for name, module in model.named_modules()}
    assert all(parameter.grad is None for parameter in parameters.values())
    assert not any(point._forward_hooks for point in model.hook_dict.values())
    assert model.fingerprint == before


def test_an_interrupted_save_leaves_nothing(striped, tmp_path, monkeypatch):
    found = quick(striped, "hook_embed:5", steps=1)
    save, calls = Image.Image.save, []

    def interrupted(self, *args, **kwargs):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        save(self, *args, **kwargs)

    monkeypatch.setattr(Image.Image, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        found.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    found.save(tmp_path / "out")
    with pytest.raises(RunError, match="exists already"):
        found.save(tmp_path / "out")


@pytest.mark.parametrize("size", [(8, 8), (9, 7)])
def test_the_start_is_nearly_grey_and_even_sizes_are_not_special(size):
    drawn = picture(start(size, [torch.Generator().manual_seed(0)]), size[1])
    assert drawn.shape == (1, 3, *size)
    assert float((drawn - 0.5).abs().max()) < 0.1


def test_one_wave_is_the_wave_that_it_says():
    waves = torch.zeros(1, 3, 8, 5, 2)
    waves[0, 0, 0, 2, 0] = 1.0  # two periods along a row, on the axis of brightness
    grey = picture(waves, 8)[0].logit()
    expected = torch.cos(2 * torch.pi * 2 * torch.arange(8) / 8)
    for row in grey[1]:
        torch.testing.assert_close(row / row[0], expected, atol=1e-5, rtol=0)
    assert (grey[:, 0, 0] > 0).all()


def test_bad_input_is_named(striped):
    for name, kind, message in (
        ("hook_embed:32", SettingError, "the site has 32"),
        ("hook_pos_embed:0", SettingError, "the same for every picture"),
        ("blocks.0.attn.hook_pattern:0", SiteError, "no neurons per patch"),
        ("nowhere:0", SiteError, "no site 'nowhere'"),
    ):
        with pytest.raises(kind, match=message):
            quick(striped, name)
    for settings, message in (
        ({"sign": 0}, "sign is 0"),
        ({"seeds": ()}, "give at least one"),
        ({"seeds": (1, 1)}, "none of them twice"),
        ({"steps": 0}, "steps is 0"),
        ({"jitter": -1}, "jitter -1"),
        ({"rate": 0.0}, "rate is 0"),
        ({"smoothing": float("nan")}, "smoothing nan"),
        ({"patch": (4, 0)}, "no patch at row 4"),
    ):
        with pytest.raises(SettingError, match=message):
            quick(striped, "hook_embed:5", **settings)
    with pytest.raises(DataError, match="no natural image"):
        visualise(striped, NeuronSet("hook_embed", (5,)), [])
    with pytest.raises(SettingError, match="one neuron, not 2"):
        visualise(striped, NeuronSet("hook_embed", (5, 6)), photos())


def test_a_model_that_overflows_is_named():
    model = planted(STRIPES)
    with torch.no_grad():
        model.visual.conv1.weight[CHANNEL] = float("inf")
    with pytest.raises(SettingError, match="not finite"):
        quick(model, "hook_embed:5")
