"""The published comparison as one command, and whether all that it takes is at hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.benchmark.published import SETS, recognised
from workbench.clip.cost import cost, readable
from workbench.clip.model_check import ModelCheck
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
    preset: Preset, data: Mapping[str, Dataset], models: Mapping[Backbone, ModelCheck]
) -> Readiness:
    """Say what of a preset is at hand and what it will cost.

    `data` are the data sets that were read, `models` what `check_model` says of each.
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
        checked = models[model]
        if checked.present is False:
            missing.append(f"{model.name}: its weights ({model.tag}) are not on this machine")
        grid = needed.image_size[0] // needed.patch_size[0]
        tokens = (grid - 1) ** 2 * 5 + (grid - 2) ** 2 * 10
        passes = 2 + tokens / (grid**2 + 1)
        work = images * passes * needed.flops
        lines.append(
            f"{checked}; "
            f"{readable(needed.weight_bytes())} of weights, {readable(needed.forward_bytes(1))} "
            f"for one image at a time; an image is {passes:.1f} forwards with its windows"
            + (f", {images} images {work / 1e15:.1f} PFLOP" if images else "")
        )
    cells = len(preset.models) * len(preset.shots) * len(preset.seeds)
    lines.append(f"{cells} support sets a category, every method on each")
    return Readiness(tuple(lines), tuple(dict.fromkeys(missing)))
