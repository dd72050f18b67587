"""Pictures of any origin, batch by batch, the next batch read while this one is used."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from PIL import Image
from torch import Tensor, cat, device, dtype

from workbench.errors import DataError
from workbench.images.decode import is_image_name, open_image, to_rgb
from workbench.images.listing import contents, entries, normal_form
from workbench.images.preprocess import to_batch
from workbench.images.samples import Sample

_THREADS = 4  # decoding and resizing release the interpreter's lock


@dataclass(frozen=True)
class Picture:
    """An image to be looked at: a file, or a picture that is already in memory."""

    name: str
    path: Path | None = None
    held: Image.Image | None = None

    def open(self) -> Image.Image:
        """Return the picture as 8-bit RGB, upright. Raises `DataError` if it does not open."""
        if self.path is not None:
            return open_image(self.path)
        if self.held is None:
            raise DataError(f"{self.name} has neither a file nor a picture.")
        return to_rgb(self.held, self.name)


ImageLike = str | Path | Sample | Picture | Image.Image


@dataclass(frozen=True)
class Shown:
    """Some pictures that were looked at, with their own sizes (height, width)."""

    pictures: tuple[Picture, ...]
    sizes: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Batch(Shown):
    """Some pictures as one tensor."""

    pixels: Float[Tensor, "image 3 height width"]


def pictures(given: ImageLike | Iterable[ImageLike]) -> list[Picture]:
    """Return what was given as a list: one image, a folder of images, or several of either.

    Raises `DataError` for a folder without images or a file that does not exist.
    """
    if isinstance(given, Picture):
        return [given]
    if isinstance(given, Sample):
        return [Picture(given.name, given.path)]
    if isinstance(given, Image.Image):
        return [Picture("image", held=given)]
    if isinstance(given, str | Path):
        return _of_path(Path(given))
    found = [picture for one in given for picture in pictures(one)]
    held = sum(picture.held is not None for picture in found)
    if held < 2:
        return found
    return [
        Picture(f"image {index}", held=picture.held) if picture.held is not None else picture
        for index, picture in enumerate(found)
    ]


@runtime_checkable
class Eye(Protocol):
    """What a model says of the pictures it takes."""

    @property
    def image_size(self) -> tuple[int, int]: ...  # noqa: D102
    @property
    def device(self) -> device: ...  # noqa: D102
    @property
    def dtype(self) -> dtype: ...  # noqa: D102

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def prepare(
    images: ImageLike | Iterable[ImageLike], model: Eye
) -> Float[Tensor, "image 3 height width"]:
    """Return pictures as a model takes them: squashed to its size, standardised, on its device.

    `images` is a file, a picture, a folder, or several of them; all are in memory at once.
    Raises `DataError` for one that does not open.
    """
    opened = [picture.open() for picture in pictures(images)]
    batch = to_batch(opened, model.image_size, model.mean, model.std)
    return batch.to(model.device, model.dtype)


def stream(
    given: Sequence[Picture],
    *,
    batch_size: int,
    image_size: tuple[int, int],
    mean: Sequence[float],
    std: Sequence[float],
) -> Iterator[Batch]:
    """Yield the pictures in order as batches of tensors; at most two batches are in memory."""

    def read(picture: Picture) -> tuple[tuple[int, int], Float[Tensor, "1 3 height width"]]:
        image = picture.open()
        return (image.height, image.width), to_batch([image], image_size, mean, std)

    chunks = [tuple(given[at : at + batch_size]) for at in range(0, len(given), batch_size)]
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: list[Future[tuple[tuple[int, int], Tensor]]] = []
        try:
            for index, chunk in enumerate(chunks):
                reading = waiting or [pool.submit(read, picture) for picture in chunk]
                following = chunks[index + 1] if index + 1 < len(chunks) else ()
                waiting = [pool.submit(read, picture) for picture in following]
                sizes, tensors = zip(*(future.result() for future in reading), strict=True)
                yield Batch(chunk, sizes, cat(tensors))
        finally:
            for future in waiting:
                future.cancel()


def _of_path(path: Path) -> list[Picture]:
    if path.is_file():
        return [Picture(normal_form(path.name), path)]
    if not path.exists():
        raise DataError(f"{path} does not exist. Check the spelling of the path.")
    found = [inside for inside in entries(path) if is_image_name(inside) and inside.is_file()]
    if not found:
        raise DataError(f"no images in {path}: {contents(path)}")
    return [Picture(normal_form(inside.name), inside) for inside in found]
