"""Excavation and detection from recorded activations, without the model."""

import numpy as np
import pytest

from tests.surfaces import draw_category, make_model, surface
from workbench.errors import DataError, ModelError, RunError, SettingError
from workbench.excavation.detector import Excavation
from workbench.excavation.excavate import excavate
from workbench.recording.record import record


@pytest.fixture
def folder(tmp_path):
    draw_category(tmp_path / "bolt")
    return tmp_path / "bolt"


@pytest.fixture
def model():
    return make_model()


@pytest.fixture
def store(tmp_path, folder, model):
    return record(folder, model, tmp_path / "bolt.store", sites="blocks.*.hook_resid_post")


def test_a_store_gives_the_excavation_and_the_scores_of_its_model(folder, model, store):
    choices = {"shots": 3, "k": 8, "text_weight": 0.0}
    seen, recorded = excavate(folder, model, **choices), excavate(folder, store, **choices)
    assert recorded.neurons == seen.neurons
    assert recorded.support == seen.support
    np.testing.assert_allclose(recorded.sensitivity, seen.sensitivity, rtol=1e-6)
    images = folder / "test" / "good"
    for a, b in zip(seen.score(images), recorded.score(images), strict=True):
        assert a.name == b.name
        assert a.size == b.size
        np.testing.assert_allclose(a.visual, b.visual, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(a.shares(0, 1), b.shares(0, 1), rtol=1e-3, atol=1e-6)


def test_what_was_excavated_from_a_store_is_saved_and_loaded_with_the_model(
    folder, model, store, tmp_path
):
    made = excavate(folder, store, shots=3, k=8, text_weight=0.0)
    path = made.save(tmp_path / "run")
    loaded = Excavation.load(path, model)
    image = next(iter((folder / "test" / "good").iterdir()))
    [by_model], [by_store] = loaded.score(image), made.score(image)
    np.testing.assert_allclose(by_model.visual, by_store.visual, rtol=1e-4, atol=1e-6)
    with pytest.raises((ModelError, RunError), match="weights"):
        Excavation.load(path, make_model(seed=5))


def test_the_text_side_needs_the_model(folder, store):
    with pytest.raises(SettingError, match="text_weight=0"):
        excavate(folder, store, shots=3, k=8)


def test_one_shot_needs_the_model_for_its_mirrored_copies(folder, store):
    with pytest.raises(SettingError, match="mirrored copies"):
        excavate(folder, store, shots=1, k=8, text_weight=0.0)


def test_an_image_that_was_not_recorded_is_named(folder, store, tmp_path):
    made = excavate(folder, store, shots=3, k=8, text_weight=0.0)
    surface(seed=77)[0].save(tmp_path / "other.png")
    with pytest.raises(DataError, match=r"other\.png.*bolt\.store"):
        list(made.score(tmp_path / "other.png"))
