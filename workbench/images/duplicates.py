"""Pictures that a data set holds twice: the same pixels once decoded, whatever the files are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.images.check import Looked
from workbench.images.samples import Sample

_SHOWN = 3


@dataclass(frozen=True)
class Duplicates:
    """Images of a data set with the same pixels, in its order."""

    samples: tuple[Sample, ...]

    @property
    def leak(self) -> bool:
        """Whether some of them are for training and others for testing."""
        return {"train", "test"} <= {sample.split for sample in self.samples}

    @property
    def contradiction(self) -> bool:
        """Whether some of them are normal and others anomalous."""
        return {0, 1} <= {sample.label for sample in self.samples}

    def __str__(self) -> str:
        return " = ".join(f"{sample.category}: {sample.name}" for sample in self.samples)


def duplicates(looked: Iterable[Looked]) -> list[Duplicates]:
    """Return the groups of images with the same pixels; needs images that were decoded."""
    groups: dict[str, list[Sample]] = {}
    for one in looked:
        if one.pixels:
            groups.setdefault(one.pixels, []).append(one.sample)
    return [Duplicates(tuple(group)) for group in groups.values() if len(group) > 1]


def duplicate_notes(looked: Sequence[Looked]) -> list[str]:
    """Say which duplicates make figures wrong: between training and test, or of two labels."""
    found = duplicates(looked)
    leaks = [one for one in found if one.leak]
    contradictions = [one for one in found if one.contradiction]
    notes = []
    if leaks:
        number = sum(sample.split == "test" for one in leaks for sample in one.samples)
        have = "1 test image has" if number == 1 else f"{number} test images have"
        notes.append(f"{have} the pixels of training images: {_listed(leaks)}")
    if contradictions:
        number = len(contradictions)
        are = "1 picture is" if number == 1 else f"{number} pictures are"
        notes.append(f"{are} labelled both normal and anomalous: {_listed(contradictions)}")
    return notes


def _listed(groups: list[Duplicates]) -> str:
    more = f"; and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
    return "; ".join(str(group) for group in groups[:_SHOWN]) + more
