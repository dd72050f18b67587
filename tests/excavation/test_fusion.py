"""Both branches are put on the scale of held-out normals before they are added."""

import pytest
import torch
from PIL import Image

from workbench.excavation.fusion import (
    MOST_HELD_OUT,
    Fusion,
    Scale,
    held_out_indices,
    leave_one_out,
    mirrored_copies,
)
from workbench.excavation.normality import Gallery


def test_standardised_normals_have_mean_0_and_deviation_1() -> None:
    scores = torch.rand(4, 16, generator=torch.Generator().manual_seed(0))
    scaled = Scale.of(scores)(scores)
    assert float(scaled.mean()) == pytest.approx(0, abs=1e-6)
    assert float(scaled.std(correction=0)) == pytest.approx(1, abs=1e-6)


def test_constant_scores_do_not_divide_by_zero() -> None:
    scale = Scale.of(torch.full((3, 3), 0.5))
    assert torch.isfinite(scale(torch.rand(3, 3))).all()
    assert scale(torch.full((1,), 0.5)).tolist() == [0.0]


def test_the_weight_joins_the_branches() -> None:
    visual, text = torch.tensor([[1.0, 3.0]]), torch.logit(torch.tensor([[0.25, 0.75]]))
    fusion = Fusion(0.25, Scale(1.0, 2.0), Scale(0.5, 0.5))
    torch.testing.assert_close(fusion(visual, text), torch.tensor([[-0.125, 0.875]]))
    torch.testing.assert_close(Fusion(0.25)(visual, text), torch.tensor([[0.8125, 2.4375]]))
    assert Fusion(0.0)(visual, None).tolist() == visual.tolist()
    assert Fusion(1.0)(visual, text).tolist() == text.tolist()


def test_text_alone_keeps_apart_what_is_certain_as_a_probability() -> None:
    odds = torch.tensor([[40.0, 60.0, 80.0]])
    assert odds.sigmoid().tolist() == [[1.0, 1.0, 1.0]]
    assert len(set(Fusion.standardised(1.0, odds, odds)(odds, odds)[0].tolist())) == 3


def test_each_image_is_judged_by_the_others() -> None:
    patches = torch.tensor([[[0.0], [1.0]], [[5.0], [5.0]], [[6.0], [6.0]]])
    scores = leave_one_out(
        patches, lambda rows: Gallery.fit(rows, "squared_euclidean", 1), [0, 1, 2]
    )
    assert scores.tolist() == [[25.0, 16.0], [1.0, 1.0], [1.0, 1.0]]


def test_large_supports_hold_out_an_even_spread() -> None:
    indices = held_out_indices(400)
    assert len(set(indices)) == MOST_HELD_OUT
    assert (indices[0], indices[-1]) == (0, 399)
    assert held_out_indices(2) == [0, 1]


def test_copies_are_mirrored_and_keep_the_size() -> None:
    image = Image.new("RGB", (5, 3))
    image.putpixel((0, 0), (255, 0, 0))
    copies = mirrored_copies(image)
    assert [copy.size for copy in copies] == [(5, 3)] * 3
    places = [(4, 0), (0, 2), (4, 2)]
    assert [c.getpixel(at)[0] for c, at in zip(copies, places, strict=True)] == [255] * 3
