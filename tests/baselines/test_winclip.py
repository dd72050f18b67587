import numpy as np
import pytest
import torch

from tests.baselines import plain
from workbench.baselines.registry import methods
from workbench.baselines.winclip import text_of
from workbench.clip.prompts import PromptEnsemble
from workbench.excavation.settings import Settings

SETTINGS = Settings(k=8, temperature=0.1)
ZERO, FEW = methods("winclip_zero_shot, winclip_few_shot", SETTINGS)


def seen(backbone, pictures):
    views = backbone.views(pictures, FEW.needs(backbone.model))
    model = backbone.model
    with torch.no_grad():
        patches = model.visual.ln_post(views.patches["blocks.3.hook_resid_post"])
    return views.embedding.numpy(), views.windows.numpy(), patches.numpy()


def zero_shot(embedding, windows, directions, temperature=0.1):
    """One image: its score and its map."""
    image = plain.softmax_anomalous(embedding, directions, temperature)
    scores = plain.softmax_anomalous(windows, directions, temperature)
    two = plain.harmonic(scores[:9], (4, 4), 2)
    three = plain.harmonic(scores[9:], (4, 4), 3)
    return image, 3 / (1 / two + 1 / three + 1 / image)


@pytest.fixture(scope="module")
def directions(backbone):
    return text_of(backbone, "metal_sheet", SETTINGS).directions.numpy()


def test_zero_shot_follows_the_recipe(backbone, tests, judged, directions) -> None:
    _, scored = judged(ZERO)
    embeddings, windows, _ = seen(backbone, tests)
    for index, (image, anomaly) in enumerate(zip(scored.image, scored.maps, strict=True)):
        expected, expected_map = zero_shot(embeddings[index], windows[index], directions)
        assert image == pytest.approx(expected, rel=1e-3)
        np.testing.assert_allclose(anomaly.ravel(), expected_map, rtol=1e-3)


def test_few_shot_follows_the_recipe(backbone, normals, tests, judged, directions) -> None:
    fitted, scored = judged(FEW)
    _, gallery, normal_patches = seen(backbone, normals[:3])
    embeddings, windows, patches = seen(backbone, tests)
    for index, (image, anomaly) in enumerate(zip(scored.image, scored.maps, strict=True)):
        found = [plain.cosine_distances(patches[index], normal_patches.reshape(-1, 32))]
        for side, part in ((2, slice(0, 9)), (3, slice(9, 13))):
            distances = plain.cosine_distances(
                windows[index, part], gallery[:, part].reshape(-1, 16)
            )
            found.append(plain.harmonic(distances, (4, 4), side))
        association = np.mean(found, axis=0)
        text, text_map = zero_shot(embeddings[index], windows[index], directions)
        assert image == pytest.approx((text + association.max()) / 2, rel=1e-3)
        np.testing.assert_allclose(anomaly.ravel(), (text_map + association) / 2, rtol=1e-3)
    assert fitted.gallery_bytes == 4 * 3 * (16 * 32 + 13 * 16)


def test_a_normal_image_is_associated_with_itself(backbone, normals) -> None:
    fitted = FEW.fit(backbone, "metal_sheet", normals[:2])
    ((shown, views),) = backbone.walk(normals[:1], FEW.needs(backbone.model))
    few = fitted.judge(shown, views)
    zero = ZERO.fit(backbone, "metal_sheet").judge(shown, views)
    np.testing.assert_allclose(few.image, zero.image / 2, atol=1e-4)
    np.testing.assert_allclose(few.maps, zero.maps / 2, atol=1e-4)


def test_own_prompts_and_the_temperature_are_taken(judged) -> None:
    swapped = Settings(
        k=8, temperature=0.1, prompts=PromptEnsemble(("a broken {}",), ("a good {}",))
    )
    right = Settings(k=8, temperature=0.1, prompts=PromptEnsemble(("a good {}",), ("a broken {}",)))
    one, other = (judged(methods("winclip_zero_shot", s)[0])[1].image for s in (swapped, right))
    np.testing.assert_allclose(one + other, 1, rtol=1e-5)
    assert (one != other).any()


def test_zero_shot_looks_at_no_normal_image(backbone) -> None:
    fitted = ZERO.fit(backbone, "metal_sheet", [])
    assert fitted.held_out is None
    assert fitted.gallery_bytes == 0
