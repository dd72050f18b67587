"""Checks of notebook 02: sensitivity, selection, score and shares, written by hand."""

from typing import Any

import numpy as np
import torch

from workbench.course.checked import Wrong, called, check, names, numbers
from workbench.excavation.normality import Gallery
from workbench.excavation.selection import select
from workbench.excavation.sensitivity import NeuronStatistics
from workbench.neurons.chance import p_at_least

_CLOSE = 1e-4


@check("2.1")
def sensitivity_by_hand(function: Any) -> str:
    """Compare with the library's variance on patches whose images differ in brightness."""
    made = torch.Generator().manual_seed(21)
    patches = torch.randn(3, 5, 7, generator=made) * torch.linspace(0.5, 3, 7)
    patches = patches + 4 * torch.arange(3.0)[:, None, None]
    wanted = NeuronStatistics.of(patches).variance
    found = numbers(called(function, patches.clone()), like=wanted.shape)
    within = patches.double().var(dim=1, correction=0).mean(0).numpy()
    if _near(found, wanted):
        return "your function gives the library's sensitivities."
    if _near(found, wanted * 15 / 14):
        raise Wrong("you divide by one less than the number of patches: ask for no correction.")
    if _near(found, np.sqrt(wanted)):
        raise Wrong("these are standard deviations; the sensitivity is a variance.")
    if _near(found, within):
        raise Wrong(
            "you take each image's variance and then the mean; what differs between images is lost."
        )
    raise Wrong("the shape is right, but these are not variances over all patches of all images.")


@check("2.2")
def select_and_score(selection: Any, score: Any) -> str:
    """Compare both with the library's, on values with ties and rows that are not scaled."""
    rng = np.random.default_rng(22)
    values = rng.permutation(np.repeat(rng.random(6), 2))
    wanted = list(select(values, "site", 5).indices)
    found = names(called(selection, values.copy(), 5), "what my_selection returns")
    if len(found) != 5:
        raise Wrong(f"my_selection was asked for 5 neurons and returns {len(found)}.")
    if sorted(values[[int(at) for at in found]]) != sorted(values[wanted]):
        raise Wrong("my_selection does not take the largest sensitivities.")
    if {int(at) for at in found} != set(wanted):
        raise Wrong("my_selection takes the largest, but not the lower number first among equals.")
    if [int(at) for at in found] != wanted:
        raise Wrong("my_selection takes the right neurons; the most sensitive has to come first.")
    made = torch.Generator().manual_seed(22)
    gallery = torch.randn(9, 6, generator=made) * torch.linspace(1, 30, 9)[:, None]
    patches = torch.cat([torch.randn(4, 6, generator=made), 5 * gallery[:1], -gallery[:1]])
    expected = Gallery.fit(gallery, "cosine", 1).judge(patches).scores.double().numpy()
    scored = numbers(
        called(score, patches, gallery), like=(6,), what="what my_visual_score returns"
    )
    if abs(scored[4]) > _CLOSE:
        raise Wrong("a patch that points as a gallery patch does is normal: its score is 0.")
    if _near(scored, 2 * expected):
        raise Wrong("your scores are twice too large: the distance is (1 − cos) / 2.")
    if not _near(scored, expected):
        raise Wrong("your scores are not the distances to the nearest gallery patch.")
    return "your selection and your scores are the library's."


@check("2.3")
def shares_that_add_up(function: Any) -> str:
    """Ask for shares that are not negative, add up, and are the library's."""
    made = torch.Generator().manual_seed(23)
    near = torch.randn(8, generator=made)
    both = torch.stack([near, near + 0.4 * torch.randn(8, generator=made)])
    q, m = torch.nn.functional.normalize(both, dim=-1)
    nearest = torch.zeros(1, 1, dtype=torch.long)
    wanted = Gallery.fit(m[None], "cosine", 1).shares(q[None], nearest)[0].double().numpy()
    found = numbers(called(function, q.clone(), m.clone()), like=(8,))
    if (found < 0).any():
        raise Wrong("some of your shares are negative: no neuron can make a patch more normal.")
    if not _near(found.sum(), wanted.sum()):
        raise Wrong(f"your shares sum to {found.sum() / wanted.sum():.3g} times the score.")
    if not _near(found, wanted):
        raise Wrong("the sum is right, but a share must depend on its own neuron alone.")
    return "your shares are the score, neuron by neuron."


@check("2.4")
def better_than_chance(function: Any) -> str:
    """Compare with the library's p-value, for sets that are best, worst and tied."""
    drawn = np.random.default_rng(24).random(19)
    for selected, what in (
        (2.0, "a set better than all draws"),
        (-1.0, "a set worse than all draws"),
        (float(np.sort(drawn)[7]), "a set that ties with a draw"),
    ):
        wanted = float(p_at_least(selected, drawn))
        found = float(numbers(called(function, selected, list(drawn)), like=()))
        if found == 0:
            raise Wrong(f"for {what} yours is 0; count the selected set itself.")
        if abs(found - wanted) > 1e-9:
            raise Wrong(f"for {what} your p-value is not the library's.")
    return "your p-value is the library's, ties included."


def _near(found: Any, wanted: Any) -> bool:
    scale = np.abs(wanted).max()
    return bool(np.abs(found - wanted).max() <= _CLOSE * scale)
