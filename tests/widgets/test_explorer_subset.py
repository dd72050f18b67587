"""Detection with some of the neurons equals an excavation that has these and no others."""

import numpy as np
import pytest
import torch

from tests.surfaces import draw_category
from tests.widgets.explorers import answers_of
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.evaluation.evaluate import threshold_of
from workbench.evaluation.image_metrics import auroc
from workbench.excavation import fitting
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.widgets.explorer.subset import Subset

K = 8
RUNS = {
    "gallery": {},
    "two neighbours": {"neighbours": 2},
    "squared euclidean": {"metric": "squared_euclidean"},
    "moments": {"normality": "moments"},
    "raw": {"fusion": "raw"},
    "no text": {"text_weight": 0.0},
    "LayerNorm": {"layer_norm": True},
    "one shot": {"shots": 1},
}


def with_exactly(indices, dataset, model, choices, monkeypatch):
    """Excavate anew, with these neurons instead of the selected ones."""
    choices = dict(choices)
    shots = choices.pop("shots", 3)

    def chosen(sensitivity, site, *rest):
        return NeuronSet(site, tuple(indices))

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "select", chosen)
        return excavate(dataset, model, Settings(k=len(indices), **choices), shots=shots)


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("mode", ["only", "without"])
def test_a_subset_detects_as_an_excavation_with_exactly_its_neurons(
    model, dataset, monkeypatch, kind, mode
):
    choices = dict(RUNS[kind])
    shots = choices.pop("shots", 3)
    whole = excavate(dataset, model, Settings(k=K, **choices), shots=shots)
    answers = answers_of(whole, dataset)
    positions = [6, 1, 3]
    kept = [at for at in range(K) if (at in positions) == (mode == "only")]
    indices = [whole.neurons[at] for at in kept]
    exact = with_exactly(indices, dataset, model, RUNS[kind], monkeypatch)
    tests = answers.opening.samples
    found = list(exact.score(tests))

    parcel = answers.detect(answers.subset(mode, positions))
    header, arrays = parcel.header, parcel.arrays
    # Kept features are of half precision; one rounding is 2^-11 of a neuron's deviation.
    close = {"rel": 0.01, "abs": 0.01 * np.ptp([each.score for each in found])}
    assert arrays["scores"] == pytest.approx([each.score for each in found], **close)
    assert arrays["visual"] == pytest.approx([each.visual.max() for each in found], rel=0.01)
    assert header["own_scales"] is True
    assert header["threshold"] == pytest.approx(threshold_of(exact).value, rel=1e-4, abs=1e-4)
    for branch, ends in header["display_range"].items():
        assert ends == pytest.approx(exact.display_range(branch), rel=1e-4, abs=1e-5)
    labels = [sample.label for sample in tests]
    assert header["auroc"] == pytest.approx(auroc(labels, arrays["scores"]).value)

    subset = answers.subset(mode, positions)
    for number in (0, 5):
        image = answers.image(number, subset).arrays
        assert image["fused"].max() == pytest.approx(arrays["scores"][number], rel=1e-5)
        assert image["visual"] == pytest.approx(found[number].visual.ravel(), rel=0.02, abs=1e-6)
        assert image["features"].shape == (16, K)
        if "shares" in image:
            assert image["shares"].sum(1) == pytest.approx(image["visual"], rel=1e-4)
            out = [at for at in range(K) if at not in kept]
            assert not image["shares"][:, out].any()
        else:
            query, near = (image[name][:, kept].astype(float) for name in ("features", "nearest"))
            query /= np.linalg.norm(query, axis=1, keepdims=True)
            near /= np.linalg.norm(near, axis=1, keepdims=True)
            sums = ((query - near) ** 2).sum(1) / 4
            assert sums == pytest.approx(image["visual"], rel=0.02, abs=1e-5)


def test_all_neurons_are_the_whole_again(model, dataset):
    answers = answers_of(excavate(dataset, model, Settings(k=K), shots=3), dataset)
    opened, whole = answers.open(), answers.detect(answers.subset("only", []))
    assert np.array_equal(whole.arrays["scores"], opened.arrays["scores"])
    assert whole.header["threshold"] == opened.header["threshold"]
    every = answers.detect(answers.subset("only", list(range(K))))
    assert every.arrays["scores"] == pytest.approx(opened.arrays["scores"], rel=0.01, abs=0.01)


def test_scores_do_not_depend_on_which_features_found_room(model, dataset):
    excavation = excavate(dataset, model, Settings(k=K), shots=3)
    subset = Subset("without", (0, 2), K)
    kept = answers_of(excavation, dataset).detect(subset)
    gone = answers_of(excavation, dataset, room=0).detect(subset)
    assert gone.arrays["scores"] == pytest.approx(kept.arrays["scores"], rel=0.01, abs=0.01)
    part = answers_of(excavation, dataset, room=16 * K * 2 * 3).detect(subset)
    assert part.arrays["scores"] == pytest.approx(kept.arrays["scores"], rel=0.01, abs=0.01)


def test_without_the_supports_pictures_moments_keep_the_scales_and_say_so(model, dataset):
    moments = excavate(dataset, model, Settings(k=K, normality="moments"), shots=3)
    tests = [sample for sample in dataset if sample.split == "test"]
    found = answers_of(moments, tests).detect(Subset("only", (0, 1), K)).header
    assert found["own_scales"] is False
    assert found["threshold"] is None
    assert "scales of the whole set" in found["note"]
    gallery = excavate(dataset, model, Settings(k=K), shots=3)
    assert answers_of(gallery, tests).detect(Subset("only", (0, 1), K)).header["own_scales"]


def test_a_gallery_without_its_pictures_compares_directions_at_one_length(model, dataset):
    gallery = excavate(dataset, model, Settings(k=K), shots=3)
    tests = [sample for sample in dataset if sample.split == "test"]
    arrays = answers_of(gallery, tests).image(0).arrays
    lengths = [
        np.linalg.norm(arrays[name].astype(float), axis=1) for name in ("features", "nearest")
    ]
    assert lengths[0] == pytest.approx(lengths[1], rel=2e-3)


def test_a_folder_of_the_same_names_is_not_taken_for_the_support(model, dataset, tmp_path):
    excavation = excavate(dataset, model, Settings(k=K), shots=3)
    other = draw_category(tmp_path / "metal_sheet")
    for sample in other:
        if sample.split == "train":
            picture = torch.randint(0, 255, (36, 44, 3), dtype=torch.uint8).numpy()
            from PIL import Image

            Image.fromarray(picture).save(sample.path)
    answers = answers_of(excavation, other)
    assert answers.normal is None
    header = answers.open().header
    assert header["support_shown"] is False
    assert "support's pictures are not among the images" in header["notes"][0]
    assert [one["site"] for one in header["sites"]] == [excavation.neurons.site]


def test_subsets_that_cannot_be_are_refused(model, dataset):
    answers = answers_of(excavate(dataset, model, Settings(k=K), shots=3), dataset)
    with pytest.raises(SettingError, match="no neuron is left"):
        answers.subset("without", list(range(K)))
    with pytest.raises(SettingError, match="no selected neuron at position 8"):
        answers.subset("only", [8])
    with pytest.raises(SettingError, match="no mode 'but'"):
        answers.subset("but", [1])
    with pytest.raises(SettingError, match="must be a list"):
        answers.subset("only", "12")
    with pytest.raises(SettingError, match="position True"):
        answers.subset("only", [True])
