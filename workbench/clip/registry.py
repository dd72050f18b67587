"""Which models there are by name, and which of them can be looked into.

open_clip describes its architectures in JSON files and its weights in one table of its source. Both
are read here as text, without importing open_clip or torch, so that `workbench models` answers at
once.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

from workbench import paths
from workbench.errors import DataError, ModelError, SettingError

Config = dict[str, Any]
"""An architecture as open_clip writes it: `embed_dim`, `vision_cfg`, `text_cfg`, `quick_gelu`."""

_CUSTOM_BLOCKS = (
    "qk_norm",
    "scaled_cosine_attn",
    "scale_heads",
    "scale_attn_inner",
    "scale_attn",
    "scale_fc",
)


@dataclass(frozen=True)
class ModelRow:
    """One supported model, as `workbench models` lists it.

    `width`, `layers`, `heads`, `patch` (pixels) and `image_size` (height, width in pixels) are of
    the image tower, `parameters` counts both towers. `tags` are the weights that open_clip can
    fetch for the model under this name; weights of the other activation are under the other name.
    """

    name: str
    width: int
    layers: int
    heads: int
    patch: int
    image_size: tuple[int, int]
    activation: str
    parameters: int
    tags: tuple[str, ...]


def available_models() -> list[ModelRow]:
    """Return the models that `load_model` knows by name: the embedded one first, then open_clip's.

    Towers that are not open_clip's plain ViT are left out.

    >>> row = next(row for row in available_models() if row.name == "ViT-B-32")
    >>> row.width, row.layers, row.patch, row.activation, row.parameters
    (768, 12, 32, 'gelu', 151277313)
    >>> "openai" in row.tags
    True
    """
    rows = [
        _row(name, config, _loadable_tags(name, bool(config.get("quick_gelu"))))
        for name, config in configs().items()
        if why_unsupported(config) is None
    ]
    try:
        return [_row("demo", _demo_config(), ("embedded",)), *rows]
    except (DataError, OSError, ValueError, KeyError):
        return rows


@cache
def configs() -> Mapping[str, Config]:
    """Return open_clip's architectures by name, in its natural order."""
    found = {}
    for file in sorted((_open_clip() / "model_configs").glob("*.json"), key=lambda f: f.stem):
        config = json.loads(file.read_text("utf-8"))
        if {"embed_dim", "vision_cfg", "text_cfg"} <= config.keys():
            found[file.stem] = config
    return found


def config_of(name: str) -> Config:
    """Return a copy of the architecture that open_clip calls `name`, or of `demo`.

    Raises `ModelError` if there is none, or its towers are not the plain ones.
    """
    if name != "demo" and name not in configs():
        raise ModelError(f"no architecture is called {name!r}; `workbench models` lists them all.")
    config = _demo_config() if name == "demo" else deepcopy(configs()[name])
    refuse_unsupported(name, config)
    return config


def known_tags(name: str) -> Mapping[str, bool]:
    """Return open_clip's tags of weights for an architecture, and whether they want QuickGELU."""
    return _all_tags().get(name, {})


def why_unsupported(config: Mapping[str, Any]) -> str | None:
    """Return what about an architecture is not open_clip's plain ViT CLIP, or None if nothing is.

    >>> why_unsupported(configs()["RN50"])
    'its image tower is a ResNet'
    """
    return next(_oddities(config), None)


def refuse_unsupported(name: str, config: Mapping[str, Any]) -> None:
    """Raise `ModelError`, naming the model and the part, unless it is a plain ViT CLIP."""
    reason = why_unsupported(config)
    if reason is not None:
        raise ModelError(
            f"{name} is not supported: {reason}. Only open_clip's plain ViT has the sites named "
            "here; `workbench models` lists the models that do."
        )


def _oddities(config: Mapping[str, Any]) -> Iterator[str]:
    vision, text = config["vision_cfg"], config["text_cfg"]
    if "multimodal_cfg" in config:
        yield "it is a CoCa, which pools its patches by attention and writes captions"
    if vision.get("timm_model_name"):
        yield f"its image tower is timm's {vision['timm_model_name']}"
    if isinstance(vision.get("layers", 12), list | tuple):
        yield "its image tower is a ResNet"
    if vision.get("attentional_pool"):
        yield "its image tower pools its patches by attention"
    if vision.get("pool_type", "tok") not in ("tok", "avg"):
        yield f"its image tower has no pooled output (pool_type {vision['pool_type']!r})"
    custom = [key for key in _CUSTOM_BLOCKS if vision.get(key)]
    if custom or vision.get("block_type") not in (None, "default"):
        yield f"its image tower is made of custom blocks ({', '.join(custom) or 'block_type'})"
    if text.get("hf_model_name"):
        yield f"its text tower is {text['hf_model_name']} from Hugging Face, not open_clip's own"
    if text.get("embed_cls"):
        yield "its text tower carries a CLS token"


def pair(size: Any) -> tuple[int, int]:
    """Return a size given as one number or two as (height, width).

    >>> pair(224), pair([240, 320])
    ((224, 224), (240, 320))
    """
    if isinstance(size, int):
        return size, size
    height, width = size
    return int(height), int(width)


def check_image_size(
    image_size: int | tuple[int, int] | None, config: Config
) -> tuple[int, int] | None:
    """Return (height, width) in pixels, or None for None.

    Raises `SettingError` unless both are positive multiples of the patch.
    """
    if image_size is None:
        return None
    size = pair(image_size)
    patch = pair(config["vision_cfg"].get("patch_size", 16))
    for pixels, step in zip(size, patch, strict=True):
        if pixels <= 0 or pixels % step:
            below, above = max(step, pixels // step * step), max(step, -(-pixels // step) * step)
            near = f"{below}" if below == above else f"{below} or {above}"
            raise SettingError(
                f"image_size {pixels} does not divide into patches of {step} pixels: "
                f"choose a multiple of {step}, such as {near}."
            )
    return size


def _demo_config() -> Config:
    described = json.loads((paths.demo_model() / "open_clip_config.json").read_text("utf-8"))
    config: Config = described["model_cfg"]
    return config


def _loadable_tags(name: str, quick: bool) -> tuple[str, ...]:
    """Return the tags that load without a word about the activation (OpenAI's force QuickGELU)."""
    return tuple(
        tag for tag, wants in known_tags(name).items() if wants == quick or tag == "openai"
    )


def _row(name: str, config: Mapping[str, Any], tags: tuple[str, ...]) -> ModelRow:
    vision = config["vision_cfg"]
    width = vision.get("width", 768)
    return ModelRow(
        name=name,
        width=width,
        layers=vision.get("layers", 12),
        heads=width // vision.get("head_width", 64),
        patch=pair(vision.get("patch_size", 16))[0],
        image_size=pair(vision.get("image_size", 224)),
        activation="quickgelu" if config.get("quick_gelu") else "gelu",
        parameters=count_parameters(config),
        tags=tags,
    )


def count_parameters(config: Mapping[str, Any]) -> int:
    """Return how many weights a plain ViT CLIP of this architecture has, in both towers."""
    text, embed = config["text_cfg"], config["embed_dim"]
    text_width, vocabulary = text.get("width", 512), text.get("vocab_size", 49408)
    text_tower: int = text_width * (vocabulary + text.get("context_length", 77) + 2 + embed)
    text_tower += embed if text.get("proj_bias") else 0
    scalars = 1 if config.get("init_logit_bias") is None else 2
    return count_image_parameters(config) + text_tower + _blocks(text, 512) + scalars


def count_image_parameters(config: Mapping[str, Any]) -> int:
    """Return how many weights the image tower of a plain ViT CLIP has."""
    vision = config["vision_cfg"]
    width = vision.get("width", 768)
    patch, image = pair(vision.get("patch_size", 16)), pair(vision.get("image_size", 224))
    patches = (image[0] // patch[0]) * (image[1] // patch[1])
    norms = 1 if vision.get("no_ln_pre") else 2
    rest: int = width * (3 * prod(patch) + 1 + patches + 1 + 2 * norms + config["embed_dim"])
    return rest + _blocks(vision, 768)


def _blocks(tower: Mapping[str, Any], default_width: int) -> int:
    width = tower.get("width", default_width)
    hidden: int = int(width * tower.get("mlp_ratio", 4.0))
    attention: int = 4 * width * width + 4 * width
    scales = 0 if tower.get("ls_init_value") is None else 2 * width
    block: int = attention + 2 * width * hidden + hidden + width + 4 * width + scales
    return int(tower.get("layers", 12)) * block


def _open_clip() -> Path:
    spec = find_spec("open_clip")
    if spec is None or spec.origin is None:
        raise ModelError("open_clip is not installed: pip install 'open_clip_torch>=3.3,<4'.")
    return Path(spec.origin).parent


@cache
def _all_tags() -> Mapping[str, Mapping[str, bool]]:
    """Return {model: {tag: wants QuickGELU}} from the source of open_clip's table of weights."""
    source = ast.parse((_open_clip() / "pretrained.py").read_text("utf-8"))
    assigned = {
        node.targets[0].id: node.value
        for node in source.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    table = assigned["_PRETRAINED"]
    tags: dict[str, dict[str, bool]] = {}
    if isinstance(table, ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            weights = assigned[value.id] if isinstance(value, ast.Name) else value
            if isinstance(key, ast.Constant) and isinstance(weights, ast.Call):
                tags[str(key.value)] = {
                    tag.arg: _wants_quickgelu(tag.value) for tag in weights.keywords if tag.arg
                }
    quick = {
        f"{name}-quickgelu": {tag: True for tag, wants in known.items() if wants}
        for name, known in tags.items()
    }
    return tags | {name: known for name, known in quick.items() if known}


def _wants_quickgelu(weights: ast.expr) -> bool:
    return isinstance(weights, ast.Call) and any(
        option.arg == "quick_gelu"
        and isinstance(option.value, ast.Constant)
        and option.value.value is True
        for option in weights.keywords
    )
