import numpy as np
import pytest
import torch
from PIL import Image

from tests.baselines import plain
from workbench.baselines.anomalydino import ANGLES, AnomalyDino, mean_of_worst, rotate
from workbench.baselines.registry import methods
from workbench.excavation.settings import Settings
from workbench.images.stream import Picture

(METHOD,) = methods("anomalydino_recipe", Settings(k=8))
LAST = "blocks.3.hook_resid_post"


def after_norm(model, views):
    """The final LayerNorm, gain and bias included, in NumPy."""
    norm = model.visual.ln_post
    weight, bias = norm.weight.detach().numpy(), norm.bias.detach().numpy()
    return plain.layer_norm(views.patches[LAST].numpy()) * weight + bias


def test_scores_are_distances_to_the_turned_normals_too(backbone, normals, tests, judged) -> None:
    fitted, scored = judged(METHOD, 2)
    turned = [
        Picture("turned", held=rotate(picture.open(), angle))
        for picture in normals[:2]
        for angle in ANGLES
    ]
    needs = METHOD.needs(backbone.model)
    gallery = np.concatenate(
        [
            after_norm(backbone.model, backbone.views(p, needs)).reshape(-1, 32)
            for p in (normals[:2], turned)
        ]
    )
    assert len(gallery) == 2 * 8 * 16
    assert fitted.gallery_bytes == gallery.size * 4
    patches = after_norm(backbone.model, backbone.views(tests, needs))
    for image, score, anomaly in zip(patches, scored.image, scored.maps, strict=True):
        distances = 2 * plain.cosine_distances(image, gallery)
        np.testing.assert_allclose(anomaly.ravel(), distances, rtol=1e-4)
        assert score == pytest.approx(distances.max(), rel=1e-4)  # 1 % of 16 is none: at least one


def test_an_image_scores_the_mean_of_its_worst_hundredth() -> None:
    scores = torch.randn(3, 1369, generator=torch.Generator().manual_seed(0))
    expected = np.sort(scores.numpy(), axis=1)[:, -13:].mean(1)
    np.testing.assert_allclose(mean_of_worst(scores), expected, rtol=1e-5)


def test_held_out_images_are_judged_by_the_others_and_their_copies(
    backbone, normals, judged
) -> None:
    fitted, _ = judged(METHOD, 2)
    alone = AnomalyDino(METHOD.name, METHOD.title, METHOD.recipe, METHOD.settings)
    one = alone.fit(backbone, "sheet", normals[1:2])
    ((shown, seen),) = backbone.walk(normals[:1], METHOD.needs(backbone.model))
    assert fitted.held_out[0] == pytest.approx(one.judge(shown, seen).image[0], rel=1e-4)


def test_a_single_image_is_not_judged_by_a_copy_that_the_gallery_knows(judged) -> None:
    fitted, _ = judged(METHOD, 1)
    assert fitted.held_out.shape == (2,)
    assert (fitted.held_out > 1e-3).all()


@pytest.mark.parametrize("size", [(40, 40), (60, 30), (31, 57)])
def test_turning_keeps_the_size_and_leaves_no_black_corners(size) -> None:
    image = Image.new("RGB", size, (200, 150, 100))
    for angle in ANGLES:
        turned = rotate(image, angle)
        assert turned.size == size
        assert turned.getextrema() == ((200, 200), (150, 150), (100, 100))


def test_turning_is_about_the_middle() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    image = Image.fromarray(pixels)
    np.testing.assert_array_equal(rotate(image, 180), pixels[::-1, ::-1])
    np.testing.assert_array_equal(rotate(image, 90), np.rot90(pixels))


def test_the_copies_are_the_seven_other_angles(normals) -> None:
    versions = METHOD.versions(normals[0])
    assert versions[0] is normals[0]
    assert [version.name.rsplit(" ", 1)[1] for version in versions[1:]] == [
        "45", "90", "135", "180", "225", "270", "315"
    ]  # fmt: skip
    assert all(version.held.size == (44, 36) for version in versions[1:])
