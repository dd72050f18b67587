"""From normal images to a detector: right neurons, streamed, the same however it is batched."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.surfaces import make_model, surface
from workbench.clip.neuron_set import NeuronSet
from workbench.clip.prompts import PromptEnsemble
from workbench.errors import DataError, ModelError, SettingError
from workbench.excavation import features
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.images.layouts import write_samples
from workbench.images.preprocess import to_batch
from workbench.images.support import support

SITE = "blocks.1.hook_resid_post"


def test_three_lines_lead_from_a_folder_to_a_detector(dataset, model) -> None:
    excavation = excavate(dataset.root / "train" / "good", model, k=8)
    detections = list(excavation.score(dataset.root / "test" / "spot"))
    assert excavation.category == "metal_sheet"
    assert [d.name for d in detections] == [f"{i:03}.png" for i in range(4)]
    assert all(np.isfinite(d.score) for d in detections)


def test_the_neurons_are_those_of_largest_variance_over_all_patches(dataset, model) -> None:
    excavation = excavate(dataset, model, k=8)
    images = [Image.open(s.path).convert("RGB") for s in dataset.train_normals("metal_sheet")]
    pixels = to_batch(images, model.image_size, model.mean, model.std)
    patches = model.patches(pixels, [SITE])[SITE].double()
    variance = patches.flatten(0, 1).var(0, correction=0).numpy()
    np.testing.assert_allclose(excavation.sensitivity, variance, rtol=1e-5)
    assert excavation.neurons == NeuronSet(SITE, tuple(np.argsort(-variance)[:8].tolist()))
    rows = patches[..., list(excavation.neurons.indices)].flatten(0, 1)
    rows = rows / rows.norm(dim=1, keepdim=True)
    torch.testing.assert_close(excavation.normality.rows.double(), rows, rtol=1e-4, atol=1e-5)


def test_scores_follow_the_definition(dataset, model) -> None:
    """Against the method's five lines, written out in double precision."""
    excavation = excavate(dataset, model, k=8, fusion="raw")
    test = dataset.test("metal_sheet")[0]
    pixels = to_batch([Image.open(test.path).convert("RGB")], (32, 32), model.mean, model.std)
    deep_site = "blocks.3.hook_resid_post"
    found = model.patches(pixels, [SITE, deep_site])
    q = found[SITE][0][:, list(excavation.neurons.indices)].double()
    q = q / q.norm(dim=1, keepdim=True)
    visual = ((1 - q @ excavation.normality.rows.double().T) / 2).amin(1)
    z = model.project(found[deep_site])[0].double()
    z = z / z.norm(dim=1, keepdim=True)
    text = (z @ excavation.text.directions.double().T / 0.01).softmax(1)[:, 1]
    odds = torch.logit(text)
    (detection,) = excavation.score(test)
    np.testing.assert_allclose(detection.visual.ravel(), visual, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(detection.text.ravel(), odds, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(
        detection.fused.ravel(), 0.7 * visual + 0.3 * text, rtol=1e-3, atol=1e-5
    )
    assert detection.score == detection.fused.max()


def test_standardised_fusion_uses_the_support_left_out_one_by_one(dataset, model) -> None:
    normals = support(dataset.samples, 3)
    excavation = excavate(normals, model, k=8)
    held_out = []
    for index, sample in enumerate(normals):
        others = [s for s in normals if s is not sample]
        smaller = excavate(others, model, k=8)
        rows = excavation.normality.rows.view(3, 16, 8)
        kept = torch.cat([rows[:index], rows[index + 1 :]]).flatten(0, 1)
        distances = ((rows[index][:, None] - kept[None]) ** 2).sum(2).amin(1) / 4
        held_out.append(distances)
        assert len(smaller.support) == 2
    torch.testing.assert_close(
        excavation.held_out.visual, torch.stack(held_out), rtol=1e-4, atol=1e-7
    )
    scale = excavation.fusion().visual
    assert scale.mean == pytest.approx(float(torch.stack(held_out).mean()), rel=1e-4)


def test_one_shot_is_scaled_by_mirrored_copies(dataset, model) -> None:
    excavation = excavate(dataset, model, shots=1, k=8)
    assert len(excavation.support) == 1
    assert excavation.held_out.visual.shape == (3, 16)
    assert float(excavation.held_out.visual.max()) > 0


@pytest.mark.parametrize("normality", ["gallery", "moments"])
def test_the_batch_size_does_not_matter(dataset, model, normality) -> None:
    def scores(batch_size: int) -> list[float]:
        excavation = excavate(dataset, model, k=8, normality=normality, batch_size=batch_size)
        return [d.score for d in excavation.score(dataset.samples, batch_size=batch_size)]

    reference = scores(16)
    for batch_size in (1, 2, 4):
        np.testing.assert_allclose(scores(batch_size), reference, rtol=1e-3, atol=1e-4)


def test_the_same_inputs_give_the_same_bytes(dataset, model) -> None:
    first, second = (excavate(dataset, model, shots=3, seed=5, k=8) for _ in range(2))
    assert first.support == second.support
    assert torch.equal(first.normality.rows, second.normality.rows)
    maps = [[d.fused.tobytes() for d in e.score(dataset.samples)] for e in (first, second)]
    assert maps[0] == maps[1]


def test_no_more_than_a_batch_is_ever_in_the_tower(dataset, monkeypatch) -> None:
    model = make_model()
    sizes = []
    original = model.patches
    monkeypatch.setattr(
        model, "patches", lambda x, sites: (sizes.append(len(x)), original(x, sites))[1]
    )
    excavation = excavate(dataset, model, k=8, batch_size=2)
    assert max(sizes) == 2
    assert sum(sizes) == 2 * 5, "two passes over five normal images"
    sizes.clear()
    excavate(dataset, model, k=8, batch_size=5)
    assert sizes == [5], "one pass where all fit in a batch"
    sizes.clear()
    scored = excavation.score(dataset.samples, batch_size=2)
    next(scored)
    assert sizes == [2], "the rest is not computed before it is asked for"


def test_the_support_is_drawn_as_images_does(dataset, model) -> None:
    excavation = excavate(dataset.root, model, shots=2, seed=3, k=8)
    assert list(excavation.support) == [s.name for s in support(dataset.samples, 2, 3)]
    assert (excavation.shots, excavation.seed) == (2, 3)
    assert excavate(dataset, model, k=8).seed is None


def test_test_anomalies_never_become_normals(dataset, model) -> None:
    excavation = excavate(dataset.samples, model, k=8)
    assert all(name.startswith("train/good/") for name in excavation.support)


def test_files_and_pictures_may_be_given_directly(dataset, model) -> None:
    files = [str(s.path) for s in dataset.train_normals("metal_sheet")]
    from_files = excavate(files, model, k=8)
    assert from_files.category == "metal_sheet"
    held = [Image.open(path).convert("RGB") for path in files]
    from_pictures = excavate(held, model, k=8, category="metal_sheet")
    assert torch.equal(from_files.normality.rows, from_pictures.normality.rows)
    assert from_pictures.support[0] == "image 0"
    (detection,) = from_pictures.score(surface(7, defect=True)[0])
    assert detection.path is None
    with pytest.raises(SettingError, match="shots are drawn from named images"):
        excavate(held, model, k=8, shots=1)


@pytest.mark.parametrize("statistic", ["variance", "mean_abs", "maximum"])
@pytest.mark.parametrize("selection", ["top", "bottom", "random", "all"])
def test_every_statistic_and_selection_works(dataset, model, statistic, selection) -> None:
    excavation = excavate(dataset, model, k=8, statistic=statistic, selection=selection)
    assert len(excavation.neurons) == (32 if selection == "all" else 8)


@pytest.mark.parametrize(
    "choices",
    [
        {"metric": "squared_euclidean", "neighbours": 3},
        {"normality": "moments", "text_weight": 0.0},
        {"text_weight": 1.0, "fusion": "raw"},
        {"site": "blocks.0.attn.hook_z", "text_site": "blocks.2.hook_resid_post"},
        {"site": "blocks.3.hook_resid_post"},
        {"site": "blocks.2.mlp.hook_post", "k": 100},
        {"prompts": PromptEnsemble(("a clean {}",), ("a dirty {}",)), "temperature": 0.1},
    ],
)
def test_every_choice_gives_finite_scores(dataset, model, choices) -> None:
    excavation = excavate(dataset, model, Settings(k=8), **choices)
    for detection in excavation.score(dataset.samples[:2]):
        assert np.isfinite(detection.fused).all()
        low, high = excavation.display_range()
        assert low < high


def test_without_text_the_text_tower_is_left_alone(dataset) -> None:
    model = make_model()
    with torch.no_grad():
        model.clip.token_embedding.weight.fill_(float("nan"))
    excavation = excavate(dataset, model, k=8, text_weight=0.0)
    assert excavation.text is None
    assert excavation.sites == [SITE]
    (detection,) = excavation.score(dataset.samples[0])
    assert detection.text is None
    with pytest.raises(SettingError, match="text_weight is 0"):
        detection.map(branch="text")


def test_nan_in_the_weights_is_an_error_and_not_a_score(dataset) -> None:
    model = make_model()
    excavation = excavate(dataset, model, k=8)
    with torch.no_grad():
        model.clip.visual.transformer.resblocks[0].mlp.c_fc.weight[0, 0] = float("nan")
    with pytest.raises(ModelError, match=f"tiny at {SITE} are NaN or infinite"):
        excavate(dataset, model, k=8)
    with pytest.raises(ModelError, match="weights of tiny have changed since"):
        next(excavation.score(dataset.samples[0]))


def test_unusable_normals_are_explained(dataset, model, tmp_path) -> None:
    with pytest.raises(DataError, match="nowhere does not exist"):
        excavate(tmp_path / "nowhere", model, k=8)
    with pytest.raises(DataError, match="no training normals"):
        excavate(dataset.test("metal_sheet"), model, k=8)
    with pytest.raises(DataError, match="no training normals"):
        excavate([], model, k=8)
    with pytest.raises(SettingError, match="6 shots asked for, but metal_sheet has 5"):
        excavate(dataset, model, k=8, shots=6)
    with pytest.raises(SettingError, match="no setting 'layer'"):
        excavate(dataset, model, layer=3)
    (tmp_path / "c.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"c\.png is not an image"):
        excavate(tmp_path, model, k=8)


def test_an_image_smaller_than_a_patch_is_judged(dataset, model) -> None:
    excavation = excavate(dataset, model, k=8)
    (detection,) = excavation.score(Image.new("RGB", (1, 1)))
    assert detection.map().shape == (1, 1)
    assert detection.size == (1, 1)


def test_nothing_is_read_ahead_of_a_bad_setting(dataset, model, monkeypatch) -> None:
    monkeypatch.setattr(features, "stream", lambda *a, **k: pytest.fail("images were read"))
    with pytest.raises(SettingError, match="has 32 neurons"):
        excavate(dataset, model, k=33)


def test_blocks_and_lists_of_images_are_taken_as_told(dataset, model, tmp_path) -> None:
    blocks = excavate(dataset, model, shots=2, seed=1, k=8, protocol="blocks")
    assert blocks.support == ("train/good/002.png", "train/good/003.png")
    write_samples(dataset, tmp_path / "all.csv")
    listed = excavate(tmp_path / "all.csv", model, shots=2, seed=1, k=8, protocol="blocks")
    assert listed.support == blocks.support
    assert listed.category == blocks.category
