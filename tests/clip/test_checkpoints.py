import json
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.clip import models_on_disk as disk
from workbench.clip.checkpoints import read_sharded, read_weights
from workbench.clip.loading import load_model
from workbench.errors import ModelError


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return (Path.write_text, (self.target, "executed"))


@pytest.mark.parametrize("zipped", [True, False])
def test_pickled_code_in_a_checkpoint_is_refused_and_never_runs(
    tmp_path: Path, zipped: bool
) -> None:
    proof, path = tmp_path / "proof", tmp_path / "evil.pt"
    content = {"state_dict": disk.state(disk.clip()), "extra": Evil(proof)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="holds pickled code and was not loaded") as error:
        load_model("ViT-B-32", path, activation="gelu")
    assert not proof.exists()
    assert str(path) in str(error.value)
    assert "weights_only=False" in str(error.value)
    with path.open("rb") as file, pytest.raises(pickle.UnpicklingError):
        torch.load(file, weights_only=True)


def test_a_bare_pickle_is_refused_and_never_runs(tmp_path: Path) -> None:
    proof, path = tmp_path / "proof", tmp_path / "evil.bin"
    path.write_bytes(pickle.dumps({"weights": Evil(proof)}))
    with pytest.raises(ModelError, match=r"evil.bin"):
        read_weights(path)
    assert not proof.exists()


def test_pickled_code_in_a_folder_is_refused_and_never_runs(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    folder = disk.open_clip_folder(tmp_path / "m")
    (folder / "open_clip_model.safetensors").unlink()
    torch.save({"x": Evil(proof)}, folder / "open_clip_pytorch_model.bin")
    with pytest.raises(ModelError, match="pickled code"):
        load_model(folder)
    assert not proof.exists()


def test_a_torchscript_archive_is_refused_with_a_recipe_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "ViT-T-8.pt"
    archive(path)
    with pytest.raises(ModelError, match="is a TorchScript archive") as error:
        load_model("ViT-B-32", path, activation="quickgelu")
    recipe = str(error.value).split("    import torch")[1].split("    workbench.load_model")[0]
    code = "import torch" + recipe.replace("\n    ", "\n")
    with pytest.warns(FutureWarning, match=r"torch\.jit"):
        exec(code, {})
    converted = read_weights(path.with_suffix(".converted.safetensors"))
    assert converted.says == {"activation": "quickgelu"}
    assert set(converted.tensors) == {"weight", "bias"}


def archive(path: Path) -> None:
    with pytest.warns(FutureWarning, match=r"torch\.jit"):
        torch.jit.save(torch.jit.script(torch.nn.Linear(3, 2)), path)


def test_a_missing_an_empty_and_a_foreign_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the weights at .*gone.pt: No such file"):
        read_weights(tmp_path / "gone.pt")
    (tmp_path / "empty.pt").touch()
    with pytest.raises(ModelError, match=r"empty.pt is empty"):
        read_weights(tmp_path / "empty.pt")
    (tmp_path / "page.pt").write_text("<!doctype html><title>Not found</title>")
    with pytest.raises(ModelError, match=r"page.pt is not a checkpoint.*Git LFS"):
        read_weights(tmp_path / "page.pt")


@pytest.mark.parametrize("kept", [4, 9, 200, 0.5, 0.99])
def test_truncated_safetensors_are_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "w.safetensors"
    save_file(disk.state(disk.clip()), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with pytest.raises(ModelError, match=r"w.safetensors is damaged or cut short"):
        read_weights(path)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kept", [30, 0.5, 0.99])
def test_truncated_torch_files_are_refused(tmp_path: Path, kept: float, zipped: bool) -> None:
    path = tmp_path / "w.pt"
    torch.save(disk.state(disk.clip()), path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with pytest.raises(ModelError, match=r"w.pt is damaged or cut short"):
        read_weights(path)


def test_safetensors_with_an_absurd_header_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", 2**60) + b"{}")
    with pytest.raises(ModelError, match="damaged or cut short"):
        read_weights(path)


def test_a_file_is_read_for_what_it_is_whatever_its_suffix(tmp_path: Path) -> None:
    weights = disk.state(disk.clip())
    save_file(weights, tmp_path / "a.pt")
    torch.save(weights, tmp_path / "b.safetensors")
    for name in ("a.pt", "b.safetensors"):
        assert read_weights(tmp_path / name).tensors.keys() == weights.keys()


@pytest.mark.parametrize(
    "content", [torch.zeros(3), {}, {"a": 1}, {"state_dict": {"a": "text"}}, [1, 2]]
)
def test_a_torch_file_without_a_state_dict_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="state dict"):
        read_weights(tmp_path / "w.pt")


def test_shards_are_read_as_one(tmp_path: Path) -> None:
    weights = disk.state(disk.clip())
    keys = sorted(weights)
    parts = {"1.safetensors": keys[:5], "2.safetensors": keys[5:]}
    for name, part in parts.items():
        save_file({key: weights[key] for key in part}, tmp_path / name)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(
        json.dumps({"weight_map": {key: n for n, part in parts.items() for key in part}})
    )
    read = read_sharded(index).tensors
    assert read.keys() == weights.keys()
    (tmp_path / "2.safetensors").unlink()
    with pytest.raises(ModelError, match=r"2.safetensors"):
        read_sharded(index)
    index.write_text("[]")
    with pytest.raises(ModelError, match="is not an index of shards"):
        read_sharded(index)


# Tensors that are read but do not make the model.


def folder_with(tmp_path: Path, **changes: Any) -> Path:
    folder = disk.open_clip_folder(tmp_path / "m")
    path = folder / "open_clip_model.safetensors"
    weights = load_file(path)
    for key, value in changes.items():
        if value is None:
            del weights[key]
        else:
            weights[key] = value
    save_file(weights, path)
    return folder


def test_shapes_that_do_not_fit_are_named(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, **{"visual.proj": torch.zeros(32, 99)})
    with pytest.raises(ModelError, match=r"visual.proj is \[32, 99\] and should be \[32, 24\]"):
        load_model(folder)


def test_weights_of_another_image_size_are_recognised(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, **{"visual.positional_embedding": torch.zeros(65, 32)})
    with pytest.raises(ModelError, match="made for another image size"):
        load_model(folder)


def test_missing_and_unexpected_tensors_are_named(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, **{"ln_final.bias": None, "stranger": torch.zeros(1)})
    with pytest.raises(ModelError, match=r"missing ln_final.bias; unexpected stranger"):
        load_model(folder)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("vision_model.embeddings.class_embedding", "give the folder that holds its config.json"),
        ("visual.layer1.0.conv1.weight", "a ResNet"),
        ("visual.trunk.norm.weight", "a timm tower"),
    ],
)
def test_weights_of_other_kinds_are_recognised(tmp_path: Path, key: str, hint: str) -> None:
    folder = folder_with(tmp_path, **{"visual.proj": None, key: torch.zeros(1)})
    with pytest.raises(ModelError, match=hint):
        load_model(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path, value: float) -> None:
    bad = torch.zeros(32)
    bad[7] = value
    folder = folder_with(tmp_path, **{"visual.ln_pre.weight": bad})
    with pytest.raises(ModelError, match=r"NaN or infinity, in visual.ln_pre.weight") as error:
        load_model(folder)
    assert str(folder) in str(error.value)


def test_quantised_weights_are_refused(tmp_path: Path) -> None:
    proj = torch.zeros(32, 24, dtype=torch.int8)
    with pytest.raises(ModelError, match=r"not floating-point numbers: visual.proj"):
        load_model(folder_with(tmp_path, **{"visual.proj": proj}))
