"""The one door through which models come: from open_clip by tag, from disk, embedded, untrained."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from workbench import paths
from workbench.clip import registry
from workbench.clip.building import Architecture, build, untrained
from workbench.clip.checkpoints import read_weights
from workbench.clip.devices import check_computes, choose_device, choose_dtype
from workbench.clip.fetching import fetch
from workbench.clip.folders import (
    HF_CONFIG,
    HF_WEIGHTS,
    OPEN_CLIP_CONFIG,
    OPEN_CLIP_WEIGHTS,
    OPENAI_MEAN,
    OPENAI_STD,
    read_architecture,
    read_folder_weights,
)
from workbench.clip.hooked import HookedCLIP
from workbench.clip.tokenizers import tokenizer_for
from workbench.errors import ModelError, SettingError

Activation = Literal["gelu", "quickgelu"]

HUB = "hf-hub:"
_ACTIVATIONS = ("gelu", "quickgelu")


@dataclass(frozen=True)
class _Found:
    """A model before it is built: what it is, how to get its weights, who says which activation."""

    architecture: Architecture
    tensors: Callable[[Activation], dict[str, Tensor]]
    source: str
    claims: dict[str, str]
    if_open: str = ""
    if_contradicted: str = "Leave activation= out, or correct what is wrong."


def load_model(
    name: str | os.PathLike[str],
    pretrained: str | os.PathLike[str] | None = None,
    device: str | torch.device = "auto",
    dtype: str | torch.dtype | None = None,
    image_size: int | tuple[int, int] | None = None,
    *,
    activation: Activation | None = None,
) -> HookedCLIP:
    """Return a CLIP whose inside has names, in eval mode, its weights frozen.

        load_model("demo")                                   the embedded model
        load_model("ViT-B-32", "openai")                     weights fetched by open_clip's tag
        load_model("ViT-B-32:openai")                        the same in one word
        load_model("hf-hub:OWNER/REPOSITORY")                fetched from the Hugging Face Hub
        load_model("models/my_clip")                         a folder: open_clip's or Hugging Face's
        load_model("ViT-B-32-quickgelu", "clip.safetensors") a file of weights alone
        load_model("ViT-B-32", "clip.pt", activation="gelu") another, its activation stated
        load_model("ViT-B-32", "random:0")                   untrained, from seed 0
        load_model("demo", "random:0")                       the embedded architecture, untrained

    The network is used only where `pretrained` is a tag or `name` starts with `hf-hub:`.

    A file of weights does not say which activation they were trained with, and the wrong one is off
    by percents without a word. So it is taken from the file's safetensors metadata
    (`activation`), or from a name that ends in `-quickgelu`, or it must be stated.

    Args:
        name: an architecture of open_clip, a folder, `demo`, or `hf-hub:OWNER/REPOSITORY`.
        pretrained: open_clip's tag of weights, a file of weights, or `random:SEED`.
        device: `auto` (the first of cuda, mps, cpu), or a device as torch spells it.
        dtype: `fp32` (None means that), `fp16`, `bf16`, `fp64`, or a torch dtype.
        image_size: pixels, for both sides or as (height, width); multiples of the patch. None is
            the model's own; for others the position embedding is interpolated.
        activation: `gelu` or `quickgelu`, where the source does not say.

    Raises:
        ModelError: unknown or unsupported model, weights that are missing, damaged, pickled, do
            not fit or hold NaN, an activation that is contradicted or left open.
        SettingError: a device, dtype, activation or image size that cannot be used.

    >>> model = load_model("ViT-S-32-alt", "random:0", device="cpu", image_size=64)
    >>> model.grid, model.n_layers, model.activation
    ((2, 2), 12, 'gelu')
    """
    if activation not in (None, *_ACTIVATIONS):
        raise SettingError(f"activation {activation!r} is unknown: gelu or quickgelu.")
    name = os.fspath(name)
    pretrained = None if pretrained is None else os.fspath(pretrained)
    if pretrained is None:
        name, pretrained = _split(name)
    place, number = choose_device(device), choose_dtype(dtype)
    check_computes(place, number)
    found = _find(name, pretrained)
    registry.check_image_size(image_size, found.architecture.config)
    agreed = _agreed(found, activation)
    clip = build(
        found.architecture,
        found.tensors(agreed),
        activation=agreed,
        image_size=image_size,
        device=place,
        dtype=number,
        where=found.source,
    )
    return HookedCLIP(
        clip,
        name=found.architecture.name,
        tokenizer=tokenizer_for(found.architecture),
        mean=found.architecture.mean,
        std=found.architecture.std,
        source="embedded weights" if (name, pretrained) == ("demo", None) else found.source,
        folder=found.architecture.folder,
    )


# What is meant by a name.


def _split(name: str) -> tuple[str, str | None]:
    """Split `ViT-B-32:openai` at its first colon, where what stands before it is a model's name."""
    head, colon, tail = name.partition(":")
    if colon and (head == "demo" or _config_name(head) in registry.configs()):
        return head, tail
    folder, marker, seed = name.rpartition(":random")
    if marker and (folder.startswith(HUB) or Path(folder).is_dir()):
        return folder, f"random{seed}"
    return name, None


def _config_name(name: str) -> str:
    return name.replace("/", "-")  # OpenAI writes ViT-B/32


def _find(name: str, pretrained: str | None) -> _Found:
    if name == "demo":
        return _folder(paths.demo_model(), name, pretrained)
    if name.startswith(HUB):
        return _folder(_fetched_folder(name.removeprefix(HUB)), name, pretrained, remote=True)
    if _config_name(name) in registry.configs():
        return _architecture(_config_name(name), pretrained)
    path = Path(name).expanduser()
    if path.is_dir():
        return _folder(path, path.resolve().name, pretrained)
    if path.is_file():
        raise ModelError(
            f"{name} is a file of weights, which does not say its architecture: name it first, as "
            f"in load_model('ViT-B-32', {name!r}), or give the folder of a complete model."
        )
    if len(path.parts) > 1 or path.suffix in (".safetensors", ".pt", ".pth", ".bin"):
        raise ModelError(f"there is no model at {name}: no such file or folder. Check the path.")
    known = ["demo", *(row.name for row in registry.available_models())]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise ModelError(
        f"no model is called {name!r}.{hint} `workbench models` lists them all; a folder with a "
        "model in it may stand in place of a name."
    )


def _folder(folder: Path, name: str, pretrained: str | None, *, remote: bool = False) -> _Found:
    architecture = read_architecture(folder, name, remote=remote)
    quick = bool(architecture.config.get("quick_gelu"))
    claims = {f"the configuration in {folder}": _ACTIVATIONS[quick]}
    if pretrained is not None:
        seed = _seed(pretrained)
        if seed is None:
            raise ModelError(
                f"{name} brings its own weights, so {pretrained!r} has no place beside it: leave "
                "it out, or say 'random:SEED' for the same architecture untrained."
            )
        return _untrained(architecture, seed, claims)
    file, weights = read_folder_weights(folder)
    claims |= _metadata_claim(file, weights.says)
    return _Found(architecture, lambda _: weights.tensors, str(file), claims)


def _architecture(name: str, pretrained: str | None) -> _Found:
    config = registry.config_of(name)
    tags = registry.known_tags(name)
    architecture = Architecture(name, config, OPENAI_MEAN, OPENAI_STD)
    claims = {f"the name {name}": "quickgelu"} if config.get("quick_gelu") else {}
    if pretrained is None:
        raise ModelError(
            f"{name} is an architecture; say which weights it should have: load_model({name!r}, "
            "WEIGHTS), where WEIGHTS is a file (.safetensors, .pt), 'random:0' (untrained, seed "
            f"0), or a tag that open_clip fetches ({_listed(tags)})."
        )
    seed = _seed(pretrained)
    if seed is not None:
        return _untrained(architecture, seed, claims)
    tag = pretrained.lower().replace("-", "_")
    if tag in tags:
        return _tagged(architecture, tag, quick=tags[tag])
    path = Path(pretrained).expanduser()
    if path.is_file():
        weights = read_weights(path)
        unsaid = (
            f"the file {path} does not say which activation its weights were trained with, and "
            f"nor does the name {name}. State it: activation='quickgelu' for OpenAI's weights, "
            "MetaCLIP's and DFN's, activation='gelu' for most others."
        )
        claims |= _metadata_claim(path, weights.says)
        return _Found(architecture, lambda _: weights.tensors, str(path), claims, unsaid)
    if path.is_dir():
        raise ModelError(
            f"{pretrained} is a folder, which says its own architecture: "
            f"load_model({pretrained!r}), without {name}."
        )
    raise ModelError(
        f"{pretrained!r} is neither a file nor a tag of weights that open_clip has for {name} "
        f"({_listed(tags)}), nor 'random:SEED'."
    )


def _untrained(architecture: Architecture, seed: int, claims: dict[str, str]) -> _Found:
    return _Found(
        architecture,
        lambda activation: untrained(architecture, activation, seed),
        f"random weights, seed {seed}",
        claims or {"the architecture": "gelu"},
    )


def _tagged(architecture: Architecture, tag: str, *, quick: bool) -> _Found:
    """Fetch weights by tag. Where open_clip would warn of the activation, claims contradict."""
    from open_clip.pretrained import download_pretrained, get_pretrained_cfg

    name, config = architecture.name, get_pretrained_cfg(architecture.name, tag)
    claims = {f"open_clip's table of weights ({name}, {tag})": _ACTIVATIONS[quick]}
    if tag != "openai":  # OpenAI's weights force QuickGELU under either name
        claims[f"the name {name}"] = _ACTIVATIONS[bool(architecture.config.get("quick_gelu"))]
    described = Architecture(
        name, architecture.config, tuple(config["mean"]), tuple(config["std"]), remote=True
    )

    def weights(_: Activation) -> dict[str, Tensor]:
        repository = config.get("hf_hub", "").strip("/")
        step = f"hf download {repository} --local-dir DIR" if repository else f"get {config['url']}"
        file = f"DIR/{OPEN_CLIP_WEIGHTS[0]}" if repository else Path(config["url"]).name
        activation = _ACTIVATIONS[quick]
        recipe = (
            f"{step}, then load_model({name!r}, {file!r}, activation={activation!r}), or --model "
            f"{name} --pretrained {file} --activation {activation}"
        )
        path = fetch(lambda: download_pretrained(config), f"the weights {tag} of {name}", recipe)
        return read_weights(Path(path)).tensors

    other = f"{name}-quickgelu" if quick else name.removesuffix("-quickgelu")
    return _Found(
        described,
        weights,
        f"open_clip tag {tag}",
        claims,
        if_contradicted=f"Load {other} instead, and leave activation= out.",
    )


def _fetched_folder(repository: str) -> Path:
    """Fetch a model's files from the Hugging Face Hub into its cache and return their folder."""
    from open_clip.pretrained import download_pretrained_from_hf

    def both() -> str:
        try:
            config = download_pretrained_from_hf(repository, filename=OPEN_CLIP_CONFIG)
            download_pretrained_from_hf(repository)
        except FileNotFoundError:
            config = download_pretrained_from_hf(repository, filename=HF_CONFIG)
            download_pretrained_from_hf(repository, filename=HF_WEIGHTS[0])
        return str(config)

    recipe = (
        f"hf download {repository} --local-dir FOLDER, then load_model('FOLDER'), or --model FOLDER"
    )
    return Path(fetch(both, f"{HUB}{repository}", recipe)).parent


def _seed(pretrained: str) -> int | None:
    """Return the seed of `random:SEED` (0 for `random`), or None for anything else."""
    word, colon, seed = pretrained.partition(":")
    if word != "random":
        return None
    if not colon:
        return 0
    if not seed.isdecimal():
        raise ModelError(f"{pretrained!r}: the seed must be a whole number, as in 'random:0'.")
    return int(seed)


def _metadata_claim(path: Path, says: Any) -> dict[str, str]:
    stated = says.get("activation")
    if stated is None:
        return {}
    if stated not in _ACTIVATIONS:
        raise ModelError(f"the metadata of {path} states activation {stated!r}: gelu or quickgelu.")
    return {f"the metadata of {path}": stated}


def _agreed(found: _Found, stated: Activation | None) -> Activation:
    """Return the activation on which everyone who says one agrees."""
    claims = dict(found.claims)
    if stated is not None:
        if found.source.startswith("random weights"):
            claims.pop("the architecture", None)  # nothing was trained, so nothing is contradicted
        claims["activation="] = stated
    said = set(claims.values())
    if not said:
        raise ModelError(found.if_open)
    if len(said) > 1:
        words = "; ".join(f"{who} says {what}" for who, what in claims.items())
        raise ModelError(
            f"the activation of {found.architecture.name} is contradicted: {words}. "
            f"{found.if_contradicted}"
        )
    return "quickgelu" if said == {"quickgelu"} else "gelu"


def _listed(tags: Any) -> str:
    names = list(tags)
    shown = ", ".join(names[:6])
    return (shown + (", ..." if len(names) > 6 else "")) or "it has none for this one"
