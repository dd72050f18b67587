"""What the widgets are given: a run, and images in any of the ways a user has them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.clip.hooked import HookedCLIP
from workbench.errors import RunError
from workbench.excavation.detector import Excavation
from workbench.images.samples import Dataset, Sample

Images = str | Path | Dataset | Iterable[str | Path | Sample]


@dataclass(frozen=True)
class Item:
    """An image in the list, with the truth where it is known."""

    path: Path
    name: str
    label: int | None = None
    defect: str = ""
    sample: Sample | None = None

    @property
    def mask_path(self) -> Path | None:
        """The first file of the ground truth, where there is one."""
        return self.sample.mask_path if self.sample else None


def loaded(run: Excavation | str | Path, model: HookedCLIP | None) -> Excavation:
    """Return the excavation, read from its folder where a folder is given.

    The embedded model is loaded for a run that was made with it. Raises `RunError` for a folder
    that is no run, or whose model is neither given nor embedded.
    """
    if isinstance(run, Excavation):
        return run
    from workbench.clip.loading import load_model
    from workbench.excavation.run_format import read_header

    header = read_header(run)
    if model is None and header.model["name"] != "demo":
        raise RunError(
            f"{run} was made with {header.model['name']} ({header.model['source']}). Load that "
            "model and give it along: model=model."
        )
    return Excavation.load(run, model or load_model("demo"))


def given(images: Images | None) -> Dataset | list[str | Path | Sample]:
    """Return what was given as a data set, or as a list of files, folders and samples."""
    if images is None:
        return []
    if isinstance(images, str | Path):
        return _folder(Path(images))
    return images if isinstance(images, Dataset) else list(images)


def items_of(images: Images | None, category: str) -> list[Item]:
    """Return the images to show: of a data set the category's test images, else all."""
    found = given(images)
    if isinstance(found, Dataset):
        chosen = found[category] if len(found.categories) > 1 else found.samples
        found = [sample for sample in chosen if sample.split == "test"] or list(chosen)
    return [item for image in found for item in _several(image)]


def _several(image: str | Path | Sample) -> list[Item]:
    """Return the one item of a file or sample, or those of a folder, called by folder and name."""
    if isinstance(image, Sample) or not Path(image).is_dir():
        return [_item(image)]
    folder = Path(image)
    return [
        replace(item, name=f"{folder.name}/{item.name}") for item in items_of(folder, folder.name)
    ]


def _folder(path: Path) -> Dataset | list[str | Path | Sample]:
    """Return a file or the images right in a folder as they are, anything else as a data set."""
    from workbench.images.decode import is_image_name
    from workbench.images.layouts import read_dataset
    from workbench.images.listing import entries

    if path.is_file():
        return [path]
    direct: list[str | Path | Sample] = [
        inside for inside in entries(path) if inside.is_file() and is_image_name(inside)
    ]
    return direct or read_dataset(path)


def _item(image: str | Path | Sample) -> Item:
    if isinstance(image, Sample):
        return Item(image.path, image.name, image.label, image.defect, image)
    return Item(Path(image), Path(image).name)
