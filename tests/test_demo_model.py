"""The embedded default as it lies in the repository: it loads, matches open_clip, and explains."""

import pytest
import torch

import workbench
from workbench.images.samples import Sample

CATEGORIES = ("board", "fabric", "granite", "label", "metal")


@pytest.fixture(scope="module")
def model() -> workbench.HookedCLIP:
    return workbench.load_model("demo", device="cpu")


@pytest.fixture(scope="module")
def dataset() -> workbench.Dataset:
    return workbench.read_dataset(workbench.demo_images(), "mvtec", decode=False)


def some_tests(dataset: workbench.Dataset, category: str) -> list[Sample]:
    """The first test image of each kind, the good ones included."""
    first: dict[str, Sample] = {}
    for sample in dataset.test(category):
        first.setdefault(sample.defect, sample)
    return list(first.values())


def test_the_demo_model_is_a_genuine_clip_of_the_promised_size(model):
    assert model.d_model >= 384
    assert model.grid == (16, 16)
    weights = workbench.paths.demo_model() / "open_clip_model.safetensors"
    assert weights.stat().st_size <= 30 * 2**20


def test_the_demo_model_passes_parity(model):
    assert workbench.parity(model).passed


def test_the_demo_set_is_as_promised(dataset):
    assert dataset.categories == CATEGORIES
    for category in CATEGORIES:
        tests = dataset.test(category)
        assert len(dataset.train_normals(category)) == 16
        assert sum(sample.label == 0 for sample in tests) == 20
        assert sum(sample.label == 1 for sample in tests) == 30
        assert len({sample.defect for sample in tests if sample.label}) >= 3
        assert all(sample.mask_path for sample in tests if sample.label)
    files = [path for path in dataset.root.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 12 * 2**20


@pytest.mark.parametrize("normality", ["gallery", "moments"])
@pytest.mark.parametrize("category", CATEGORIES)
def test_the_shares_sum_to_the_visual_score_of_every_patch(model, dataset, category, normality):
    excavation = workbench.excavate(dataset[category], model, shots=4, normality=normality)
    for found in excavation.score(some_tests(dataset, category)):
        shares = found.normality.shares(found.activations, found.nearest_rows)
        assert shares.min() >= 0
        sums = shares.double().sum(1)
        scores = torch.from_numpy(found.visual).double().flatten()
        assert float(((sums - scores).abs() / scores).max()) < 1e-5
        assert found.shares(*found.peak).sum() == pytest.approx(found.visual[found.peak], rel=1e-5)


def test_tokenising_with_the_trimmed_vocabulary_keeps_words_apart(model):
    tokens = model.tokenize(["a photo of a scratched metal", "a photo of a flawless metal", ""])
    assert len({tuple(row.tolist()) for row in tokens}) == 3
    text = torch.nn.functional.normalize(
        model.encode_text(["a cracked tile", "a blue weave"]), dim=-1
    )
    assert float(text[0] @ text[1]) < 0.999
