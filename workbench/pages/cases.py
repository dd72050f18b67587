"""Which test images are shown as the worst: chosen by score, by a rule that the page prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST = 6


@dataclass(frozen=True)
class Judged:
    """What the choice looks at in one labelled test image.

    `flagged` is `None` without a threshold; `aupimo` is `None` where there is no mask; `hit` says
    whether the strongest patch touches the ground truth, `None` where there is no mask.
    """

    name: str
    label: int
    score: float
    flagged: bool | None = None
    aupimo: float | None = None
    hit: bool | None = None


@dataclass(frozen=True)
class Chosen:
    """The images of one kind, worst first, the rule in words, and how many it covers in all."""

    kind: str
    rule: str
    found: int
    names: tuple[str, ...]


def choose(judged: Sequence[Judged], most: int = MOST) -> list[Chosen]:
    """Return the worst false alarms, the worst misses, and the worst placed maps.

    A kind that cannot occur (no normal image, no defective one, no mask) is left out. Ties go by
    name, so the choice is always the same.

    >>> shown = choose([Judged("a", 0, 0.9, True), Judged("b", 1, 0.2, False)])
    >>> [(kind.kind, kind.names) for kind in shown]
    [('false alarms', ('a',)), ('misses', ('b',))]
    """
    normal = [image for image in judged if image.label == 0]
    defective = [image for image in judged if image.label == 1]
    parts = []
    if normal:
        parts.append(_extreme("false alarms", normal, True, most))
    if defective:
        parts.append(_extreme("misses", defective, False, most))
    if any(image.hit is not None for image in defective):
        parts.append(_misplaced(defective, most))
    return parts


def _extreme(kind: str, images: Sequence[Judged], wrong: bool, most: int) -> Chosen:
    """Return the wrongly flagged images; without a threshold, those at the wrong end."""
    what = "normal" if wrong else "defective"
    order = "highest" if wrong else "lowest"
    if any(image.flagged is None for image in images):
        found = list(images)
        rule = f"No threshold was set: these are the {what} test images that score {order}."
    else:
        found = [image for image in images if image.flagged is wrong]
        side = "at or above" if wrong else "below"
        rule = f"All {what} test images {side} the threshold, the {order} score first."
    key: Callable[[Judged], tuple[float, str]] = lambda image: (  # noqa: E731
        -image.score if wrong else image.score,
        image.name,
    )
    return _first(kind, rule, sorted(found, key=key), most)


def _misplaced(defective: Sequence[Judged], most: int) -> Chosen:
    """Return the caught images whose map misses the defect."""
    caught = [image for image in defective if image.flagged is not False]
    found = [image for image in caught if image.hit is False]
    which = (
        "Defective test images at or above the threshold"
        if any(image.flagged for image in caught)
        else "Defective test images"
    )
    rule = (
        f"{which} whose strongest patch does not touch the ground truth, the lowest AUPIMO first, "
        "then the lowest score."
    )

    def key(image: Judged) -> tuple[float, float, str]:
        return (1.0 if image.aupimo is None else image.aupimo, image.score, image.name)

    return _first("badly placed", rule, sorted(found, key=key), most)


def _first(kind: str, rule: str, images: Sequence[Judged], most: int) -> Chosen:
    return Chosen(kind, rule, len(images), tuple(image.name for image in images[:most]))
