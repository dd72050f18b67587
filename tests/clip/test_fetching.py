"""Weights by name where there is no network: from the cache, or one message without waiting."""

import logging
import socket
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from safetensors.torch import save_file

from tests.clip import models_on_disk as disk
from workbench.clip import fetching, registry
from workbench.clip.loading import load_model
from workbench.errors import ModelError

OPENAI = "timm/vit_base_patch32_clip_224.openai"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The names that were looked up on a machine without network and with an empty cache."""
    names: list[Any] = []

    def unknown(host: Any, *rest: Any, **named: Any) -> Any:
        names.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr(fetching, "getproxies", dict)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return names


def test_without_network_nothing_is_tried_twice_and_nothing_is_said_but_the_remedy(asked, caplog):
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(ModelError, match=r"there is no network.*--pretrained DIR/") as error,
    ):
        load_model("ViT-B-32", "openai")
    assert f"hf download {OPENAI}" in str(error.value)
    assert asked == ["huggingface.co"]
    assert not caplog.records
    assert constants.HF_HUB_OFFLINE is False


def test_weights_that_were_fetched_before_are_found_without_network(asked, tmp_path, monkeypatch):
    cached = tmp_path / "cache" / f"models--{OPENAI.replace('/', '--')}"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0" * 40)
    (cached / "snapshots" / ("0" * 40)).mkdir(parents=True)
    reference = disk.clip(quick_gelu=True)
    save_file(
        disk.state(reference), cached / "snapshots" / ("0" * 40) / "open_clip_model.safetensors"
    )
    known = {**registry.configs(), "ViT-B-32": disk.config()}
    monkeypatch.setattr(registry, "configs", lambda: known)
    model = load_model("ViT-B-32", "openai", device="cpu")
    assert model.activation == "quickgelu"
    assert len(asked) == 1


def test_behind_a_proxy_the_network_is_not_given_up_for_a_name_that_is_unknown_here(
    asked, monkeypatch
):
    monkeypatch.setattr(fetching, "getproxies", lambda: {"https": "proxy:3128"})
    offline: list[bool] = []

    def download() -> str:
        offline.append(constants.HF_HUB_OFFLINE)
        return "weights"

    assert fetching.fetch(download, "them", "do this") == "weights"
    assert offline == [False]
    assert asked == []
