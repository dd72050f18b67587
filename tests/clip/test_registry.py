import subprocess
import sys
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip.model import CLIP
from open_clip.pretrained import get_pretrained_cfg

from tests.clip import models_on_disk as disk
from workbench import paths
from workbench.clip import registry
from workbench.clip.registry import available_models


def test_the_table_of_weights_is_open_clips() -> None:
    mine = {
        (name, tag): wants
        for name in {name for name, _ in open_clip.list_pretrained()}
        for tag, wants in registry.known_tags(name).items()
    }
    theirs = {
        (name, tag): bool(get_pretrained_cfg(name, tag).get("quick_gelu", False))
        for name, tag in open_clip.list_pretrained()
    }
    assert mine == theirs


def test_the_architectures_are_open_clips() -> None:
    assert set(registry.configs()) == set(open_clip.list_models())
    config = registry.config_of("ViT-B-32")
    assert config == open_clip.get_model_config("ViT-B-32")
    config["vision_cfg"]["layers"] = 1
    assert registry.config_of("ViT-B-32")["vision_cfg"]["layers"] == 12


def test_every_listed_model_is_built_by_open_clip_and_has_the_listed_size() -> None:
    rows = [row for row in available_models() if row.name != "demo"]
    assert len(rows) > 40
    for row in rows:
        with torch.device("meta"):
            clip = CLIP(**registry.config_of(row.name))
        first = clip.visual.transformer.resblocks[0]
        assert row.parameters == sum(parameter.numel() for parameter in clip.parameters())
        assert row.heads == first.attn.num_heads
        assert (row.width, row.layers) == (
            clip.visual.conv1.out_channels,
            clip.visual.transformer.layers,
        )
        assert row.image_size == clip.visual.image_size
        assert row.patch == clip.visual.patch_size[0]
        assert (row.activation == "quickgelu") == (type(first.mlp.gelu).__name__ == "QuickGELU")


def test_unsupported_towers_are_not_listed() -> None:
    names = {row.name for row in available_models()}
    assert names.isdisjoint({"RN50", "coca_ViT-B-32", "ViT-B-16-SigLIP", "convnext_base"})
    assert {"ViT-B-32", "ViT-L-14-336-quickgelu", "ViT-H-14", "ViT-B-16-plus-240"} <= names


def test_tags_are_listed_under_the_name_with_their_activation() -> None:
    rows = {row.name: row for row in available_models()}
    assert "metaclip_400m" not in rows["ViT-B-32"].tags
    assert "metaclip_400m" in rows["ViT-B-32-quickgelu"].tags
    assert "laion2b_s34b_b79k" in rows["ViT-B-32"].tags
    assert "openai" in rows["ViT-B-32"].tags


def test_the_demo_comes_first_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = disk.open_clip_folder(tmp_path / "demo")
    monkeypatch.setattr(paths, "demo_model", lambda: folder)
    row = available_models()[0]
    assert (row.name, row.width, row.patch, row.tags) == ("demo", 32, 8, ("embedded",))
    monkeypatch.setattr(paths, "demo_model", lambda: tmp_path / "elsewhere")
    assert "demo" not in {row.name for row in available_models()}


def test_listing_models_does_not_import_torch() -> None:
    code = (
        "import sys; from workbench.clip.registry import available_models; available_models(); "
        "assert not {'torch', 'open_clip', 'transformer_lens'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
