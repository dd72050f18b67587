"""Does every file of a data set open, and does every mask fit its image? All answers in one go."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import DataError
from workbench.images.decode import image_size, open_image, open_mask
from workbench.images.progress import progress
from workbench.images.samples import Problem, Sample
from workbench.images.truth import joined_masks

if TYPE_CHECKING:
    from workbench.images.stream import Picture

_THREADS = 4  # decoding releases the interpreter's lock


@dataclass(frozen=True)
class Looked:
    """What was seen of one sample's files.

    `size` is the image's (height, width), upright, `None` if it does not open. `pixels` is the
    hash of its decoded pixels, empty where only the header was read. `notes` are sentences about
    what is odd and can be used.
    """

    sample: Sample
    size: tuple[int, int] | None
    pixels: str = ""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def look_at(samples: Sequence[Sample], *, decode: bool = True) -> list[Looked]:
    """Open the files of `samples` once, and return what was seen, in their order.

    With `decode=False` only the headers are read: much faster, but a file that was cut short is
    then met later, and neither empty masks nor duplicates are noticed.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(lambda sample: _look(sample, decode=decode), samples)
        return list(progress(found, total=len(samples), what="checking images"))


def unreadable(pictures: "Sequence[Picture]") -> list[Problem]:
    """Return which of the pictures' files do not open, by their headers."""

    def look(picture: "Picture") -> Problem | None:
        try:
            if picture.path is not None:
                image_size(picture.path)
        except DataError as error:
            return Problem(Path(picture.name), str(error))
        return None

    with ThreadPoolExecutor(_THREADS) as pool:
        found = progress(pool.map(look, pictures), total=len(pictures), what="checking images")
        return [problem for problem in found if problem is not None]


def refuse(problems: Iterable[Problem]) -> None:
    """Raise one `DataError` that lists all `problems`, if there is any."""
    found = list(problems)
    if not found:
        return
    listed = "\n".join(f"  {problem}" for problem in found)
    many = "1 file cannot be used" if len(found) == 1 else f"{len(found)} files cannot be used"
    raise DataError(f"{many}; put them right, or ask for problems to be skipped:\n{listed}")


def without(samples: Iterable[Sample], problems: Iterable[Problem]) -> tuple[Sample, ...]:
    """Return the samples whose image and masks have no problem."""
    bad = {problem.path for problem in problems}
    return tuple(s for s in samples if s.path not in bad and not bad.intersection(s.mask_paths))


def _look(sample: Sample, *, decode: bool) -> Looked:
    size, pixels = None, ""
    problems = []
    try:
        size, pixels = _image(sample.path) if decode else (image_size(sample.path), "")
    except DataError as error:
        problems.append(Problem(sample.path, str(error)))
    for path in sample.mask_paths:
        try:
            of_mask = _mask_size(path) if decode else image_size(path)
        except DataError as error:
            problems.append(Problem(path, str(error)))
            continue
        if size is not None and of_mask != size:
            what = (
                f"{path} is {of_mask[1]} x {of_mask[0]} pixels and its image {sample.path} is "
                f"{size[1]} x {size[0]}. A mask must have its image's size."
            )
            problems.append(Problem(path, what))
    if decode and sample.mask_paths and not problems:
        return _with_truth(sample, size, pixels)
    return Looked(sample, size, pixels, tuple(problems))


def _with_truth(sample: Sample, size: tuple[int, int] | None, pixels: str) -> Looked:
    """Compare what the masks say with the label."""
    anomalous = bool(joined_masks(sample).any())
    if sample.label == 0 and anomalous:
        what = f"{sample.path} is normal, and its mask {sample.mask_path} says where it is not."
        return Looked(sample, size, pixels, (Problem(sample.path, what),))
    if sample.label == 1 and not anomalous:
        note = (
            f"{sample.mask_path} has no pixel above {sample.mask_above}, so {sample.name} of "
            f"{sample.category} counts at image level only"
        )
        return Looked(sample, size, pixels, notes=(note,))
    return Looked(sample, size, pixels)


def _image(path: Path) -> tuple[tuple[int, int], str]:
    from xxhash import xxh3_128_hexdigest

    image = open_image(path)
    size = (image.height, image.width)
    return size, xxh3_128_hexdigest(repr(size).encode() + image.tobytes())


def _mask_size(path: Path) -> tuple[int, int]:
    height, width = open_mask(path).shape
    return height, width
