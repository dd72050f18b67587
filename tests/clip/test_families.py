"""The CLIPs that matter, with random weights: against open_clip, Hugging Face and plain formulas.

Every family keeps what makes it one (patch, width, heads, grid, activation) at a depth of a few
blocks and with a short vocabulary, so that all of them run in every test run;
WORKBENCH_FULL_DEPTH=1 runs them as deep as they are.
"""

import os
from copy import deepcopy
from typing import Any

import open_clip
import pytest
import torch

from tests.oracles.hf_clip import hf_clip
from tests.oracles.plain_vit import plain_forward
from workbench.clip import registry
from workbench.clip.hooked import HookedCLIP
from workbench.clip.loading import load_model
from workbench.clip.parity import FP32_TOLERANCE, parity

FULL_DEPTH = os.environ.get("WORKBENCH_FULL_DEPTH") == "1"
DEPTH = 2
FAMILIES = ("ViT-B-32", "ViT-B-16", "ViT-B-16-plus-240", "ViT-L-14", "ViT-L-14-336")
VOCABULARY = 500


def family_config(name: str) -> dict[str, Any]:
    config = deepcopy(dict(registry.configs()[name]))
    config["text_cfg"]["vocab_size"] = VOCABULARY
    if not FULL_DEPTH:
        config["vision_cfg"]["layers"] = DEPTH
        config["text_cfg"]["layers"] = DEPTH
    return config


@pytest.fixture(
    scope="module",
    params=[(name, activation) for name in FAMILIES for activation in ("gelu", "quickgelu")],
    ids="-".join,
)
def family(request: pytest.FixtureRequest) -> HookedCLIP:
    name, activation = request.param
    configs = {name: family_config(name)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "configs", lambda: configs)
        model = load_model(name, "random:0", device="cpu", activation=activation)
    # open_clip starts biases at zero and norms at one, where a mix-up would not show.
    generator = torch.Generator().manual_seed(1)
    for parameter in model.clip.parameters():
        parameter.data.add_(torch.randn(parameter.shape, generator=generator), alpha=0.01)
    return model


def pixels(model: HookedCLIP, images: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(images, 3, *model.image_size, generator=generator)


def tokens(model: HookedCLIP, texts: int = 2) -> torch.Tensor:
    """Texts of random tokens; as in CLIP's, the end token is the largest, and padding follows."""
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(1, VOCABULARY - 1, (texts, model.clip.context_length), generator=generator)
    for row, end in enumerate(range(5, 5 + texts)):
        ids[row, end], ids[row, end + 1 :] = VOCABULARY - 1, 0
    return ids


def test_a_hooked_family_computes_what_open_clip_makes_of_the_same_weights(
    family: HookedCLIP,
) -> None:
    config = family_config(family.name)
    reference = open_clip.create_model(
        family.name,
        force_quick_gelu=family.activation == "quickgelu",
        vision_cfg=config["vision_cfg"],
        text_cfg=config["text_cfg"],
    ).eval()
    reference.load_state_dict(family.clip.state_dict())
    x = pixels(family)
    with torch.no_grad():
        image, text = reference.encode_image(x), reference.encode_text(texts := tokens(family))
        torch.testing.assert_close(family(x), image, rtol=0, atol=FP32_TOLERANCE)
        torch.testing.assert_close(
            family.clip.encode_text(texts), text, rtol=0, atol=FP32_TOLERANCE
        )


def test_the_certificate_of_a_family_passes_in_fp32_without_doubt(family: HookedCLIP) -> None:
    certificate = parity(family, pixels(family))
    assert certificate.passed
    assert certificate.settled is None
    assert certificate.max_difference <= FP32_TOLERANCE
    assert certificate.activation == family.activation


def test_hugging_face_computes_the_same_from_converted_weights(family: HookedCLIP) -> None:
    second = hf_clip(family.clip)
    x, texts = pixels(family), tokens(family)
    with torch.no_grad():
        image = second.visual_projection(second.vision_model(x).pooler_output)
        text = second.text_projection(second.text_model(texts).pooler_output)
        torch.testing.assert_close(family(x), image, rtol=0, atol=FP32_TOLERANCE)
        torch.testing.assert_close(
            family.clip.encode_text(texts), text, rtol=0, atol=FP32_TOLERANCE
        )


def test_plain_formulas_give_the_same_embedding(family: HookedCLIP) -> None:
    x = pixels(family)
    with torch.no_grad():
        expected, _ = plain_forward(
            family.visual.state_dict(),
            x,
            heads=family.n_heads,
            activation=family.activation,
            keep=(),
        )
        torch.testing.assert_close(family(x), expected, rtol=0, atol=FP32_TOLERANCE)
