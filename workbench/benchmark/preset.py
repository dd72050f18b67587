"""The published comparison as one command, and whether all that it takes is at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.benchmark.published import SETS, recognised
from workbench.clip.cost import cost, readable
from workbench.images.samples import Dataset


@dataclass(frozen=True)
class Backbone:
    """A model of a preset: open_clip's name, the tag of its weights, the input side in pixels."""

    name: str
    tag: str
    image_size: int

    @property
    def folder(self) -> str:
        """What its results are called."""
        return f"{self.name}_{self.tag}_{self.image_size}"


@dataclass(frozen=True)
class Preset:
    """A whole comparison: models, data sets by their published names, shots, seeds."""

    models: tuple[Backbone, ...]
    data: tuple[str, ...]
    shots: tuple[int, ...]
    seeds: tuple[int, ...]


PRESETS = {
    "paper": Preset(
        models=(
            Backbone("ViT-L-14-336-quickgelu", "openai", 336),
            Backbone("ViT-L-14-336-quickgelu", "openai", 518),
            Backbone("ViT-B-16-plus-240", "laion400m_e31", 240),
        ),
        data=("MVTec AD", "VisA", "BTAD", "Brain-AD"),
        shots=(1, 2, 4, 8),
        seeds=(0, 1, 2, 3, 4),
    )
}


@dataclass(frozen=True)
class Readiness:
    """What a preset finds here: lines to read, and what is missing."""

    lines: tuple[str, ...]
    missing: tuple[str, ...]


def readiness(
    preset: Preset, data: Mapping[str, Dataset], weights: Mapping[Backbone, Path | None]
) -> Readiness:
    """Say what of a preset is at hand and what it will cost.

    `data` are the data sets that were read, `weights` each model's file, `None` where there is
    none.
    """
    lines, missing = [], []
    found = {recognised(dataset.categories): (name, dataset) for name, dataset in data.items()}
    images = 0
    for title in preset.data:
        if title not in found:
            listed = SETS[title].replace(" ", ", ")
            missing.append(f"{title}: none of the folders given holds its categories ({listed})")
            continue
        name, dataset = found[title]
        tests = sum(len(dataset.test(category)) for category in dataset.categories)
        drawn = max(preset.shots) * len(preset.seeds) * len(dataset.categories)
        images += tests + drawn
        lines.append(f"{title}: {dataset.root} as {name}, {tests} test images")
    for model in preset.models:
        needed = cost(model.name, image_size=model.image_size)
        path = weights[model]
        if path is None:
            missing.append(f"{model.name}: no weights {model.tag} here")
        grid = needed.image_size[0] // needed.patch_size[0]
        tokens = (grid - 1) ** 2 * 5 + (grid - 2) ** 2 * 10
        passes = 2 + tokens / (grid**2 + 1)
        work = images * passes * needed.flops
        lines.append(
            f"{model.name} at {model.image_size} px: {path or 'no weights'}; "
            f"{readable(needed.weight_bytes())} of weights, {readable(needed.forward_bytes(1))} "
            f"for one image at a time; {images} images, each as {passes:.1f} forwards with its "
            f"windows: {work / 1e15:.1f} PFLOP"
        )
    cells = len(preset.models) * len(preset.shots) * len(preset.seeds)
    lines.append(f"{cells} support sets a category, every method on each")
    return Readiness(tuple(lines), tuple(missing))


def weights_at_hand(model: Backbone, given: Mapping[str, Path]) -> Path | None:
    """Return the file of a model's weights, given by name or in the cache; nothing is fetched."""
    for name in (model.name, f"{model.name}:{model.tag}"):
        if name in given:
            return given[name] if given[name].is_file() else None
    from huggingface_hub import try_to_load_from_cache
    from open_clip.pretrained import get_pretrained_cfg

    config = get_pretrained_cfg(model.name.removesuffix("-quickgelu"), model.tag)
    repository = config.get("hf_hub", "").strip("/")
    for name in _FILES if repository else ():
        cached = try_to_load_from_cache(repository, name)
        if isinstance(cached, str):
            return Path(cached)
    url = config.get("url", "")
    cached_file = Path("~/.cache/clip").expanduser() / Path(url).name
    return cached_file if url and cached_file.is_file() else None


_FILES: Sequence[str] = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
