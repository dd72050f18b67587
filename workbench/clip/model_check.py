"""What would be loaded under a name, found out without loading it: for a look before a long job."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import paths
from workbench.clip import registry
from workbench.clip.devices import choose_device, choose_dtype
from workbench.clip.folders import (
    HF_WEIGHTS,
    OPEN_CLIP_CONFIG,
    OPEN_CLIP_WEIGHTS,
    read_architecture,
)
from workbench.errors import ModelError


@dataclass(frozen=True)
class ModelCheck:
    """A model that could be loaded.

    `name` is what it is called, `source` where its weights come from, `present` whether they lie
    on this machine (`None` where that cannot be told), `image_size` its input in pixels where its
    configuration is at hand.
    """

    name: str
    source: str
    present: bool | None
    image_size: tuple[int, int] | None

    def __str__(self) -> str:
        size = ""
        if self.image_size is not None:
            size = f" at {self.image_size[0]} x {self.image_size[1]} px"
        absent = "; not on this machine yet, so it would be fetched"
        return f"{self.name}{size} ({self.source}{absent if self.present is False else ''})"


def check_model(
    name: str,
    pretrained: str | None = None,
    *,
    device: str = "auto",
    dtype: str | None = None,
    image_size: int | tuple[int, int] | None = None,
    activation: Any = None,
) -> ModelCheck:
    """Say what `load_model` would load; no weights are read, and nothing is fetched.

    Raises as `load_model` does for what names alone tell: `ModelError` for a model, tag, folder or
    file that does not exist, `SettingError` for a device, dtype or size that cannot be used. Not
    noticed are weights that are damaged or do not fit.

    >>> print(check_model("ViT-B-32:random:0"))
    ViT-B-32 at 224 x 224 px (random weights)
    """
    choose_device(device)
    choose_dtype(dtype)
    full, known = name, registry.configs()
    head, colon, tail = name.partition(":")
    if pretrained is None and colon and (head == "demo" or head.replace("/", "-") in known):
        name, pretrained = head, tail
    config_name = name.replace("/", "-")
    folder = paths.demo_model() if name == "demo" else Path(name).expanduser()
    if name.startswith("hf-hub:"):
        return ModelCheck(name, "the Hugging Face Hub", None, None)
    if config_name in known and pretrained is not None:
        source, present = _weights(config_name, pretrained)
        if source:
            config = registry.config_of(config_name)
            return ModelCheck(config_name, source, present, _size(config, image_size))
    elif config_name not in known and folder.is_dir() and pretrained is None:
        architecture = read_architecture(folder, name)
        size = _size(architecture.config, image_size)
        return ModelCheck(architecture.name, str(_weights_file(folder)), True, size)
    from workbench.clip.loading import load_model

    model = load_model(  # says what is wrong, or is a case that is quick
        full if pretrained == tail else name,
        None if pretrained == tail else pretrained,
        device=device,
        dtype=dtype,
        image_size=image_size,
        activation=activation,
    )
    return ModelCheck(model.name, model.source, True, model.image_size)


def _size(config: Any, image_size: int | tuple[int, int] | None) -> tuple[int, int]:
    registry.check_image_size(image_size, config)
    return registry.pair(image_size or config["vision_cfg"].get("image_size", 224))


def _weights_file(folder: Path) -> Path:
    names = OPEN_CLIP_WEIGHTS if (folder / OPEN_CLIP_CONFIG).is_file() else HF_WEIGHTS
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise ModelError(f"{folder} holds no weights: none of {', '.join(names)} is there.")


def _weights(name: str, pretrained: str) -> tuple[str, bool | None]:
    """Return where an architecture's weights come from ("": nowhere), and if they are here."""
    if pretrained.partition(":")[0] == "random":
        seed = pretrained.partition(":")[2]
        return ("random weights", True) if seed.isdecimal() or not seed else ("", None)
    tag = pretrained.lower().replace("-", "_")
    if tag in registry.known_tags(name):
        return f"open_clip tag {tag}", _cached(name, tag)
    return (pretrained, True) if Path(pretrained).expanduser().is_file() else ("", None)


def _cached(name: str, tag: str) -> bool | None:
    """Say whether open_clip has fetched these weights before, as far as its cache tells."""
    from huggingface_hub import try_to_load_from_cache
    from open_clip.pretrained import get_pretrained_cfg

    config = get_pretrained_cfg(name, tag)
    repository, _, file = config.get("hf_hub", "").partition("//")
    repository = repository.strip("/")
    if repository:
        found = [
            try_to_load_from_cache(repository, one)
            for one in ((file,) if file else OPEN_CLIP_WEIGHTS)
        ]
        if any(isinstance(one, str) for one in found):
            return True
    if config.get("url"):
        return (Path("~/.cache/clip").expanduser() / Path(config["url"]).name).is_file()
    return False if repository else None
