import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.baselines import plain
from tests.surfaces import make_model
from workbench.baselines import windows
from workbench.baselines.windows import (
    by_side,
    embed_windows,
    harmonic_map,
    window_count,
    window_patches,
    window_sides,
)

grids = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(grids)
def test_windows_cover_every_patch_and_lie_side_by_side(grid) -> None:
    for side in window_sides(grid):
        found = window_patches(grid, side).tolist()
        assert found == plain.windows_of(grid, side)
        assert {patch for window in found for patch in window} == set(range(grid[0] * grid[1]))
    assert window_count(grid) == sum(len(window_patches(grid, s)) for s in window_sides(grid))


def test_sides_are_two_and_three_where_they_fit() -> None:
    assert window_sides((14, 14)) == (2, 3)
    assert window_sides((2, 9)) == (2,)
    assert window_sides((1, 9)) == (1,)


@given(grids, st.integers(0, 2**32 - 1))
def test_a_patch_gets_the_harmonic_mean_of_its_windows(grid, seed) -> None:
    for side in window_sides(grid):
        number = len(window_patches(grid, side))
        scores = np.random.default_rng(seed).uniform(0.01, 1, (2, number))
        found = harmonic_map(torch.from_numpy(scores), grid, side)
        expected = [plain.harmonic(image, grid, side) for image in scores]
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_score_of_zero_gives_zero_and_no_nan() -> None:
    scores = torch.ones(1, 9)
    scores[0, 0] = 0
    found = harmonic_map(scores, (4, 4), 2)
    assert bool(torch.isfinite(found).all())
    assert found[0, 0] == pytest.approx(0, abs=1e-30)
    assert found[0, 15] == 1


@pytest.mark.parametrize("most", [1, 40, 8192])
def test_a_window_is_its_tokens_and_cls_through_the_tower_alone(
    model, backbone, tests, monkeypatch, most
) -> None:
    monkeypatch.setattr(windows, "_TOKENS", most)
    from workbench.images.stream import prepare

    pixels = prepare(tests[:3], model)
    with torch.no_grad():
        tokens = model.activations(pixels, "blocks.0.hook_resid_pre")["blocks.0.hook_resid_pre"]
        found = embed_windows(model, tokens)
        assert found.shape == (3, 13, model.d_embed)
        at = 0
        for side in (2, 3):
            for patches in plain.windows_of(model.grid, side):
                x = tokens[:, [0, *(1 + patch for patch in patches)]]
                for block in model.visual.transformer.resblocks:
                    x = block(x)
                expected = model.visual.ln_post(x[:, 0]) @ model.visual.proj
                torch.testing.assert_close(found[:, at], expected, rtol=1e-4, atol=1e-5)
                at += 1


def test_a_window_of_the_whole_grid_is_the_picture_itself(monkeypatch, tests) -> None:
    from workbench.images.stream import prepare

    model = make_model()
    monkeypatch.setattr(windows, "SIDES", (4,))
    pixels = prepare(tests[:2], model)
    with torch.no_grad():
        tokens = model.activations(pixels, "blocks.0.hook_resid_pre")["blocks.0.hook_resid_pre"]
        found = embed_windows(model, tokens)
        torch.testing.assert_close(found[:, 0], model(pixels), rtol=1e-4, atol=1e-5)


def test_sides_are_taken_apart_as_they_were_put_together() -> None:
    values = torch.arange(13).float()[None, :, None]
    (two, first), (three, second) = by_side(values, (4, 4))
    assert (two, three) == (2, 3)
    assert first.flatten().tolist() == list(range(9))
    assert second.flatten().tolist() == [9, 10, 11, 12]
