"""From an architecture and tensors to an open_clip model, with every misfit named.

The model is laid out without memory or random numbers, the tensors are checked against the layout,
and then become its weights.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from workbench.clip.registry import Config, check_image_size, pair
from workbench.errors import ModelError

# Numbers about the model that OpenAI and older open_clip keep among the weights.
_NOTES = ("input_resolution", "context_length", "vocab_size", "attn_mask")

_POSITION = "visual.positional_embedding"

_FOREIGN = {
    "vision_model.": "these are Hugging Face's names: give the folder that holds its config.json",
    "visual.layer1.": "these are the weights of a ResNet, which is not supported",
    "visual.trunk.": "these are the weights of a timm tower, which is not supported",
    "visual.attn_pool": "this tower pools by attention, which is not supported",
    "visual.blocks.": "these are the weights of an EVA tower, which is not supported",
}


@dataclass(frozen=True)
class Architecture:
    """What a model is before it has weights: open_clip's configuration and the preprocessing.

    `folder` is where the model brings files of its own, such as a tokenizer; `remote` says that
    the user asked for things to be fetched.
    """

    name: str
    config: Config
    mean: tuple[float, ...]
    std: tuple[float, ...]
    folder: Path | None = None
    remote: bool = False


def build(
    architecture: Architecture,
    tensors: Mapping[str, Tensor],
    *,
    activation: str,
    image_size: int | tuple[int, int] | None,
    device: torch.device,
    dtype: torch.dtype,
    where: str,
) -> Any:
    """Return the open_clip CLIP that has `tensors` for weights, in eval mode.

    `tensors` fit the architecture's own input size; for another one the position embedding is
    interpolated. `where` names the source in messages. Raises `ModelError` for tensors that are
    missing, unexpected, of another shape, or hold NaN or infinity, `SettingError` for an image
    size that is no multiple of the patch.
    """
    native = native_size(architecture.config)
    size = check_image_size(image_size, architecture.config) or native
    expected = _layout(architecture, activation, native).state_dict()
    fitting = _fitted(tensors, expected, architecture.name, where)
    _check_finite(fitting, where)
    if size != native:
        patch = pair(architecture.config["vision_cfg"].get("patch_size", 16))
        fitting[_POSITION] = resize_positions(
            fitting[_POSITION], _grid(native, patch), _grid(size, patch)
        )
    weights = {
        key: tensor.to(device=device, dtype=dtype).contiguous() for key, tensor in fitting.items()
    }
    if torch.finfo(dtype).bits < 32:
        _check_finite(weights, f"{where}, converted to {dtype},")
    clip = _layout(architecture, activation, size)
    clip.load_state_dict(weights, assign=True)
    if clip.attn_mask is not None:
        length = clip.context_length
        mask = torch.full((length, length), float("-inf"), device=device, dtype=dtype)
        clip.attn_mask = mask.triu(1)
    clip.visual.preprocess_cfg = {"size": size, "mean": architecture.mean, "std": architecture.std}
    return clip.eval()


def untrained(architecture: Architecture, activation: str, seed: int) -> dict[str, Tensor]:
    """Return the weights that open_clip starts the architecture from; same seed, same bytes.

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        clip = _clip(architecture, activation, native_size(architecture.config))
    return dict(clip.state_dict())


def resize_positions(
    positions: Float[Tensor, "token d_model"], old: tuple[int, int], new: tuple[int, int]
) -> Float[Tensor, "new_token d_model"]:
    """Return the position embedding for another grid (rows, columns) of patches; CLS keeps its own.

    Bicubic with antialiasing, computed in fp32, as open_clip's `resize_pos_embed` does for squares.
    """
    cls, patches = positions[:1], positions[1:].float()
    image = patches.reshape(1, *old, -1).permute(0, 3, 1, 2)
    image = F.interpolate(image, size=new, mode="bicubic", antialias=True, align_corners=False)
    resized = image.permute(0, 2, 3, 1).reshape(new[0] * new[1], -1)
    return torch.cat([cls, resized.to(positions.dtype)])


def native_size(config: Config) -> tuple[int, int]:
    """Return the height and width in pixels that an architecture is made for."""
    return pair(config["vision_cfg"].get("image_size", 224))


def _grid(size: tuple[int, int], patch: tuple[int, int]) -> tuple[int, int]:
    return size[0] // patch[0], size[1] // patch[1]


def _layout(architecture: Architecture, activation: str, size: tuple[int, int]) -> Any:
    """Return the model without weights. Fixed sine positions are among the tensors like any."""
    with torch.device("meta"):
        return _clip(architecture, activation, size, pos_embed_type="learnable")


def _clip(architecture: Architecture, activation: str, size: tuple[int, int], **vision: Any) -> Any:
    from open_clip.model import CLIP

    config = deepcopy(architecture.config)
    config.pop("custom_text", None)
    config["quick_gelu"] = activation == "quickgelu"
    config["vision_cfg"] |= {"image_size": size, **vision}
    try:
        return CLIP(**config)
    except (TypeError, ValueError, AssertionError, RuntimeError, ZeroDivisionError) as error:
        raise ModelError(
            f"open_clip cannot build {architecture.name} from its configuration: {error}. Check "
            "its embed_dim, vision_cfg and text_cfg."
        ) from error


def _fitted(
    tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], name: str, where: str
) -> dict[str, Tensor]:
    """Return the tensors under the names and in the shapes that the model expects."""
    given = {
        key: tensor
        for key, tensor in tensors.items()
        if key not in _NOTES and not key.endswith("position_ids")
    }
    if "text.positional_embedding" in given:  # open_clip's other layout of the same text tower
        given = {key.removeprefix("text."): tensor for key, tensor in given.items()}
    if "logit_scale" in given and "logit_scale" in expected and given["logit_scale"].numel() == 1:
        given["logit_scale"] = given["logit_scale"].reshape(expected["logit_scale"].shape)

    missing = [key for key in expected if key not in given]
    extra = [key for key in given if key not in expected]
    if missing or extra:
        found = [
            hint for start, hint in _FOREIGN.items() if any(k.startswith(start) for k in extra)
        ]
        parts = [f"missing {_some(missing)}"] * bool(missing)
        parts += [f"unexpected {_some(extra)}"] * bool(extra)
        hint = f" Perhaps {found[0]}." if found else ""
        raise ModelError(
            f"the weights in {where} are not those of {name}: {'; '.join(parts)}.{hint} "
            "`workbench models` lists the architectures."
        )
    misfits = [
        f"{key} is {list(given[key].shape)} and should be {list(expected[key].shape)}"
        for key in expected
        if given[key].shape != expected[key].shape
    ]
    if misfits:
        hint = ""
        if len(misfits) == 1 and misfits[0].startswith(_POSITION):
            hint = " They were made for another image size: choose the architecture of that size."
        raise ModelError(
            f"the weights in {where} do not fit {name}: {_some(misfits, '; ')}.{hint} "
            "`workbench models` lists the architectures."
        )
    odd = [key for key, tensor in given.items() if not tensor.is_floating_point()]
    if odd:
        raise ModelError(
            f"the weights in {where} are not floating-point numbers: {_some(odd)}. Quantised "
            "weights are not supported."
        )
    return {key: given[key] for key in expected}


def _check_finite(tensors: Mapping[str, Tensor], where: str) -> None:
    bad = [key for key, tensor in tensors.items() if not _is_finite(tensor)]
    if bad:
        raise ModelError(
            f"the weights in {where} hold NaN or infinity, in {_some(bad)}. Nothing computed from "
            "them would mean anything; take another checkpoint (or a wider dtype)."
        )


def _is_finite(tensor: Tensor) -> bool:
    # One NaN or infinity spoils the sum, which is ten times faster to have than to look at each.
    wide = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    return bool(tensor.sum(dtype=wide).isfinite() or tensor.isfinite().all())


def _some(things: list[str], separator: str = ", ") -> str:
    shown = separator.join(things[:4])
    return shown if len(things) <= 4 else f"{shown} and {len(things) - 4} more"
