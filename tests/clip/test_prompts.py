from typing import Any

import pytest
import torch

from tests.tiny import tiny_model
from workbench.clip.prompts import PromptEnsemble, text_directions, winclip_prompts
from workbench.errors import SettingError


def test_the_winclip_ensemble_puts_every_state_into_every_template() -> None:
    prompts = winclip_prompts("cable")
    assert len(set(prompts.normal)) == 7 * 22
    assert len(set(prompts.anomalous)) == 4 * 22
    assert "a photo of the cable." in prompts.normal
    assert "a photo of the flawless cable for visual inspection." in prompts.normal
    assert "a jpeg corrupted photo of a cable without damage." in prompts.normal
    assert "a photo of the large damaged cable." in prompts.anomalous
    assert "a close-up photo of a cable with defect." in prompts.anomalous
    assert not set(prompts.normal) & set(prompts.anomalous)


def test_underscores_in_an_objects_name_are_spaces() -> None:
    assert all("metal nut" in text for text in winclip_prompts("metal_nut").normal)
    assert winclip_prompts(" metal__nut ") == winclip_prompts("metal nut")


def test_braces_in_an_objects_name_are_left_alone() -> None:
    assert "a photo of a odd {0} thing." in winclip_prompts("odd {0} thing").normal


@pytest.mark.parametrize(
    ("normal", "anomalous"),
    [((), ("a",)), (("a",), ()), (("a", " "), ("b",)), (("a",), ("",)), ("word", ("b",))],
)
def test_prompts_must_be_texts_on_both_sides(normal: Any, anomalous: Any) -> None:
    with pytest.raises((SettingError, TypeError)):
        PromptEnsemble(normal, anomalous)


@pytest.mark.parametrize("name", ["", "  ", "_"])
def test_an_object_needs_a_name(name: str) -> None:
    with pytest.raises(SettingError, match="has no name"):
        winclip_prompts(name)


def test_directions_are_unit_means_of_unit_embeddings() -> None:
    model = tiny_model()
    prompts = PromptEnsemble(("good", "fine", "whole"), ("bad", "torn"))
    directions = text_directions(model, prompts)
    assert directions.shape == (2, model.d_embed)
    assert not directions.requires_grad
    for row, texts in zip(directions, (prompts.normal, prompts.anomalous), strict=True):
        units = [one / one.norm() for one in model.encode_text(list(texts))]
        mean = torch.stack(units).mean(dim=0)
        torch.testing.assert_close(row, mean / mean.norm())


def test_directions_have_the_models_number_format() -> None:
    model = tiny_model()
    model.clip.to(torch.bfloat16)
    directions = text_directions(model, PromptEnsemble(("good",), ("bad",)))
    assert directions.dtype == torch.bfloat16
