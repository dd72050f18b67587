"""Checks of notebook 04: what neurons carry, two kinds of error, and who changes sides."""

from typing import Any

import numpy as np
import torch

from workbench.clip.neuron_set import NeuronSet
from workbench.course.checked import Wrong, called, check, names, numbers
from workbench.excavation.detection import Detection
from workbench.excavation.normality import Gallery


def planted() -> Detection:
    """Return a detection of 2 x 3 patches and 6 neurons, with text, that nobody drew."""
    made = torch.Generator().manual_seed(41)
    gallery = Gallery.fit(torch.randn(5, 6, generator=made), "cosine", 1)
    patches = torch.randn(6, 6, generator=made)
    judged = gallery.judge(patches)
    visual = judged.scores.view(2, 3).double().numpy()
    text = np.random.default_rng(50).random((2, 3))
    return Detection(
        name="planted",
        path=None,
        size=(20, 30),
        fused=text - visual,  # the worst patch: off the diagonal, not the visual one
        visual=visual,
        text=text,
        neurons=NeuronSet("blocks.0.hook_resid_post", (30, 4, 17, 8, 25, 11)),
        normality=gallery,
        support=("normal",),
        activations=patches,
        nearest_rows=judged.nearest,
    )


@check("4.1")
def what_neurons_carry(function: Any) -> str:
    """Ask for the part of neurons that are selected, of some that are not, of none and of all."""
    detection = planted()
    row, column = detection.peak
    shares = dict(zip(detection.neurons.indices, detection.shares(row, column), strict=True))
    total = float(sum(shares.values()))
    for chosen, what in (
        ((17, 30), "two selected neurons"),
        ((8, 99, 5), "a selected neuron and two that are not selected"),
        ((), "no neuron"),
        (tuple(shares), "all selected neurons"),
    ):
        wanted = float(sum(shares.get(index, 0.0) for index in chosen)) / total
        found = float(numbers(called(function, detection, list(chosen)), like=(), what="the part"))
        if chosen and abs(found - wanted * total) < 1e-6:
            raise Wrong("that is the share itself: divide by the sum of all shares.")
        if found > 1 + 1e-5:
            raise Wrong(f"for {what} yours is {found:.3g}; a part is at most 1.")
        if abs(found - wanted) > 1e-5:
            raise Wrong(f"for {what} the part is not right; is it the patch at `peak`, row first?")
    return "you say what any neurons carry of a score."


_SCORES = np.array([0.2, 0.9, 0.5, 0.7, 0.5, 0.1, 0.8])
_LABELS = np.array([0, 1, 1, 0, 1, 1, 1])


@check("4.2")
def two_kinds_of_error(function: Any) -> str:
    """Count at thresholds between scores, at a score, and beyond all."""
    for threshold in (0.6, 0.5, 2.0, -1.0):
        flagged = threshold <= _SCORES
        missed = int((~flagged & (_LABELS == 1)).sum())
        alarms = int((flagged & (_LABELS == 0)).sum())
        answer = called(function, _SCORES.copy(), _LABELS.copy(), threshold)
        found = numbers(answer, like=(2,), what="what your function returns").tolist()
        if found == [alarms, missed] and missed != alarms:
            raise Wrong("both counts are right, in the wrong order: the missed first.")
        if found != [missed, alarms] and threshold == 0.5:
            raise Wrong("a score that equals the threshold reaches it: that image is flagged.")
        if found != [missed, alarms]:
            raise Wrong(f"at a threshold of {threshold:g} the counts are others.")
    return "missed defects and false alarms are counted, ties included."


@check("4.3")
def who_changes_sides(function: Any) -> str:
    """Move the threshold up, down, onto scores, and not at all."""
    for old, new in ((0.6, 0.3), (0.3, 0.6), (0.5, 0.7), (0.7, 0.5), (0.4, 0.4)):
        low, high = min(old, new), max(old, new)
        wanted = [at for at, score in enumerate(_SCORES.tolist()) if low <= score < high]
        found = names(called(function, _SCORES.copy(), old, new), "what you return")
        if len(found) == len(_SCORES) and all(isinstance(one, bool) for one in found):
            raise Wrong("a mask of all images is returned: the positions are asked for.")
        if len(found) == 1 and isinstance(found[0], list | tuple | np.ndarray):
            raise Wrong("the positions are asked for by themselves; yours lie in a list of lists.")
        if sorted(found) == sorted(_SCORES[wanted].tolist()) and wanted:
            raise Wrong("these are the scores of the right images: return their positions.")
        if found != wanted:
            raise Wrong(f"from {old:g} to {new:g} other images change sides.")
    return "you name every image that changes sides, in both directions."
