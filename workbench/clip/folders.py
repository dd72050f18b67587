"""Models that are folders: open_clip's and Hugging Face's, told apart by the files in them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.clip import hf
from workbench.clip.building import Architecture
from workbench.clip.checkpoints import Weights, read_sharded, read_weights
from workbench.clip.registry import Config, refuse_unsupported
from workbench.errors import ModelError

OPEN_CLIP_CONFIG = "open_clip_config.json"
OPEN_CLIP_WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
)
HF_CONFIG = "config.json"
HF_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")

OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)


def read_architecture(folder: Path, name: str, *, remote: bool = False) -> Architecture:
    """Return what the model in a folder is; its weights are left alone.

    A folder with both kinds of files is read as open_clip's. Raises `ModelError` for a folder
    that is neither, a damaged configuration, or towers that are not plain.
    """
    if (folder / OPEN_CLIP_CONFIG).is_file():
        content = _json(folder / OPEN_CLIP_CONFIG)
        config = content.get("model_cfg", content)
        preprocessing = content.get("preprocess_cfg", {})
        mean, std = preprocessing.get("mean"), preprocessing.get("std")
    elif (folder / HF_CONFIG).is_file():
        content = _json(folder / HF_CONFIG)
        kind = content.get("model_type")
        if kind != "clip":
            raise ModelError(
                f"{folder / HF_CONFIG} describes a {kind or 'model without model_type'!r}, not "
                "Hugging Face's 'clip', the one kind of folder from there that is supported."
            )
        config = hf.open_clip_config(content, str(folder / HF_CONFIG))
        processor = folder / "preprocessor_config.json"
        preprocessing = _json(processor) if processor.is_file() else {}
        mean, std = preprocessing.get("image_mean"), preprocessing.get("image_std")
    else:
        files = sorted(file.name for file in folder.iterdir())[:6]
        raise ModelError(
            f"{folder} holds no model: neither {OPEN_CLIP_CONFIG} with "
            f"{OPEN_CLIP_WEIGHTS[0]}, nor Hugging Face's {HF_CONFIG} with {HF_WEIGHTS[0]} "
            f"(found: {', '.join(files) or 'nothing'})."
        )
    _check_config(config, folder)
    refuse_unsupported(name, config)
    return Architecture(
        name, config, tuple(mean or OPENAI_MEAN), tuple(std or OPENAI_STD), folder, remote
    )


def read_folder_weights(folder: Path) -> tuple[Path, Weights]:
    """Return the file that holds the weights of the model in a folder, and the weights.

    Hugging Face's are given open_clip's names. Raises `ModelError` if there are none.
    """
    of_open_clip = (folder / OPEN_CLIP_CONFIG).is_file()
    names = OPEN_CLIP_WEIGHTS if of_open_clip else HF_WEIGHTS
    for name in names:
        path = folder / name
        if path.is_file():
            weights = read_sharded(path) if name.endswith(".json") else read_weights(path)
            if of_open_clip:
                return path, weights
            return path, Weights(hf.open_clip_tensors(weights.tensors), weights.says)
    raise ModelError(f"{folder} holds no weights: none of {', '.join(names)} is there.")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a description of a model: it holds no JSON object.")
    return content


def _check_config(config: Config | Mapping[str, Any], folder: Path) -> None:
    if not isinstance(config, dict) or not {"embed_dim", "vision_cfg", "text_cfg"} <= config.keys():
        raise ModelError(
            f"{folder / OPEN_CLIP_CONFIG} is not open_clip's: its model_cfg lacks embed_dim, "
            "vision_cfg or text_cfg."
        )
