"""Tiny models written to disk in every form that users have them in."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch import Tensor

TINY: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "head_width": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


def config(*, quick_gelu: bool = False, **vision: Any) -> dict[str, Any]:
    """The architecture of `TINY`, with other settings of the image tower."""
    described = deepcopy(TINY)
    described["vision_cfg"] |= vision
    return described | ({"quick_gelu": True} if quick_gelu else {})


def clip(seed: int = 0, *, quick_gelu: bool = False, **vision: Any) -> CLIP:
    """A tiny CLIP in which no bias and no gain is trivial."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIP(**config(quick_gelu=quick_gelu, **vision))
        for parameter in model.parameters():
            parameter.data.add_(torch.randn_like(parameter), alpha=0.05)
    return model.eval()


def state(model: CLIP) -> dict[str, Tensor]:
    return {key: tensor.clone().contiguous() for key, tensor in model.state_dict().items()}


def open_clip_folder(
    folder: Path,
    model: CLIP | None = None,
    described: dict[str, Any] | None = None,
    dtype: torch.dtype = torch.float32,
    **preprocessing: Any,
) -> Path:
    """A folder as open_clip writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.to(dtype) for key, value in state(model or clip()).items()}
    save_file(tensors, folder / "open_clip_model.safetensors")
    content = {"model_cfg": described or config(), "preprocess_cfg": preprocessing}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    return folder


def pixels(images: int = 2, height: int = 32, width: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(images, 3, height, width, generator=generator)
