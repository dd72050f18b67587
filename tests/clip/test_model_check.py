"""What would be loaded is told without loading it, and what cannot be is refused as by loading."""

from pathlib import Path

import pytest

from tests.clip.models_on_disk import open_clip_folder
from workbench.clip import loading
from workbench.clip.model_check import check_model
from workbench.errors import ModelError, SettingError


@pytest.fixture(autouse=True)
def _no_weights_are_read(monkeypatch) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("weights were read")

    for name in ("read_weights", "read_folder_weights", "build"):
        monkeypatch.setattr(loading, name, read)


def test_architectures_tags_folders_and_files_are_told(tmp_path: Path) -> None:
    demo = check_model("demo")
    assert (demo.name, demo.present, demo.image_size) == ("demo", True, (192, 192))
    assert str(check_model("ViT-B/32", "random:3")) == "ViT-B-32 at 224 x 224 px (random weights)"
    tagged = check_model("ViT-L-14-336-quickgelu:openai", image_size=518)
    assert (tagged.source, tagged.image_size) == ("open_clip tag openai", (518, 518))
    folder = open_clip_folder(tmp_path / "mine")
    assert check_model(str(folder)).source.startswith(str(folder))
    weights = tmp_path / "clip.safetensors"
    weights.write_bytes(b"")
    assert check_model("ViT-B-32", str(weights)).source == str(weights)
    assert check_model("hf-hub:owner/repository").present is None


def test_weights_that_would_be_fetched_are_known_by_the_cache(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(Path, "expanduser", lambda path: tmp_path)
    found = check_model("ViT-L-14-336-quickgelu:openai")
    assert found.present is False
    assert "not on this machine yet" in str(found)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: "file")
    assert "not on this machine" not in str(check_model("ViT-L-14-336-quickgelu:openai"))


@pytest.mark.parametrize(
    ("name", "pretrained", "what"),
    [
        ("nonsense", None, "no model is called 'nonsense'"),
        ("ViT-B-32", None, "is an architecture; say which weights"),
        ("ViT-B-32", "nope", "neither a file nor a tag"),
        ("ViT-B-32", "random:x", "must be a whole number"),
        ("./nowhere/model", None, "there is no model at"),
        ("demo", "openai", "brings its own weights"),
    ],
)
def test_what_does_not_exist_is_refused_as_by_loading(name, pretrained, what) -> None:
    with pytest.raises(ModelError, match=what):
        check_model(name, pretrained)


def test_a_folder_without_weights_and_a_size_between_patches_are_refused(tmp_path: Path) -> None:
    folder = open_clip_folder(tmp_path / "mine")
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelError, match="holds no weights"):
        check_model(str(folder))
    with pytest.raises(SettingError, match="does not divide into patches"):
        check_model("ViT-B-32:random:0", image_size=100)
