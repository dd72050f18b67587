"""Does every file of a data set open, and does every mask fit its image? All answers in one go."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from workbench.errors import DataError
from workbench.images.decode import image_size, open_image, open_mask
from workbench.images.progress import progress
from workbench.images.samples import Problem, Sample

_THREADS = 4  # decoding releases the interpreter's lock


def find_problems(samples: Sequence[Sample], *, decode: bool = True) -> list[Problem]:
    """Return what is wrong with the files of `samples`, in their order.

    With `decode=False` only the headers are read: much faster, but a file that was cut short is
    then met later.
    """

    def of_one(sample: Sample) -> list[Problem]:
        return _problems(sample, decode=decode)

    with ThreadPoolExecutor(_THREADS) as pool:
        found = progress(pool.map(of_one, samples), total=len(samples), what="checking images")
        return [problem for problems in found for problem in problems]


def refuse(problems: Iterable[Problem]) -> None:
    """Raise one `DataError` that lists all `problems`, if there is any."""
    found = list(problems)
    if not found:
        return
    listed = "\n".join(f"  {problem}" for problem in found)
    many = "1 file cannot be used" if len(found) == 1 else f"{len(found)} files cannot be used"
    raise DataError(f"{many}; put them right, or ask for problems to be skipped:\n{listed}")


def without(samples: Iterable[Sample], problems: Iterable[Problem]) -> tuple[Sample, ...]:
    """Return the samples whose image and mask have no problem."""
    bad = {problem.path for problem in problems}
    return tuple(s for s in samples if s.path not in bad and s.mask_path not in bad)


def _problems(sample: Sample, *, decode: bool) -> list[Problem]:
    sizes: list[tuple[int, int] | None] = []
    problems = []
    for path in (sample.path, sample.mask_path):
        if path is None:
            continue
        try:
            if not decode:
                sizes.append(image_size(path))
            elif path == sample.path:
                width, height = open_image(path).size
                sizes.append((height, width))
            else:
                height, width = open_mask(path).shape
                sizes.append((height, width))
        except DataError as error:
            problems.append(Problem(path, str(error)))
    if sample.mask_path is not None and not problems and sizes[0] != sizes[1]:
        (height, width), (mask_height, mask_width) = (size for size in sizes if size is not None)
        problems.append(
            Problem(
                sample.mask_path,
                f"{sample.mask_path} is {mask_width} x {mask_height} pixels and its image "
                f"{sample.path} is {width} x {height}. A mask must have its image's size.",
            )
        )
    return problems
