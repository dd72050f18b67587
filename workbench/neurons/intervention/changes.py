"""What can be done to a set of neurons, at every patch; CLS is no patch and is left alone."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.neurons.intervention.normals import Normals

Edit = Callable[[Tensor], Tensor]
"""From the neurons' activations `[image, patch, chosen]` to those that replace them."""


@dataclass(frozen=True, eq=False)
class Change:
    """Something done to neurons, with a name for tables. Made by the functions below."""

    name: str
    neurons: NeuronSet
    edit: Edit = field(repr=False)

    def check(self, model: HookedCLIP) -> None:
        """Raise `SiteError` or `SettingError` unless the model has the site and the neurons."""
        width = model.site_width(self.neurons.site)
        outside = [index for index in self.neurons.indices if index >= width]
        if outside:
            raise SettingError(
                f"no neuron {outside[0]} at {self.neurons.site}: it has {width}, counted from 0."
            )


def apply(change: Change, tokens: Tensor) -> Tensor:
    """Return tokens `[image, token, ...]` with the neurons of every patch changed, in a copy.

    Token 0 (CLS) stays as it is. Heads, where a site has them, count side by side.

    >>> tokens = torch.tensor([[[1.0, 5.0], [3.0, 4.0]]])
    >>> apply(zero(NeuronSet("hook_embed", (1,))), tokens)
    tensor([[[1., 5.],
             [3., 0.]]])
    """
    rows = tokens.flatten(2)
    columns = torch.tensor(change.neurons.indices, dtype=torch.long, device=tokens.device)
    chosen = change.edit(rows[:, 1:].index_select(2, columns)).to(rows.dtype)
    found = rows.clone()
    found[:, 1:] = rows[:, 1:].index_copy(2, columns, chosen)
    return found.view_as(tokens)


def zero(neurons: NeuronSet) -> Change:
    """Silence neurons: 0 at every patch."""
    return Change(f"zero {_short(neurons)}", neurons, torch.zeros_like)


def to_mean(neurons: NeuronSet, normals: Normals) -> Change:
    """Silence neurons at their normal level: the mean over the normal patches."""
    mean = normals.of(neurons, normals.mean)
    edit: Edit = lambda values: mean.to(values).expand_as(values)  # noqa: E731
    return Change(f"mean {_short(neurons)}", neurons, edit)


def resample(neurons: NeuronSet, normals: Normals, seed: int = 0) -> Change:
    """Silence neurons by normal patches drawn at random, all neurons of a patch from the same one.

    Every image gets the same draws, so that results do not depend on batches.
    """
    pool = normals.of(neurons, normals.rows)

    def edit(values: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randint(len(pool), (values.shape[1],), generator=generator)
        return pool[drawn].to(values).expand_as(values)

    return Change(f"resample {_short(neurons)}", neurons, edit)


def scale(neurons: NeuronSet, factor: float, normals: Normals | None = None) -> Change:
    """Multiply activations by a factor, or, given normals, their deviation from the normal mean."""
    centre = torch.zeros(len(neurons)) if normals is None else normals.of(neurons, normals.mean)
    return scale_about(centre, neurons, factor)


def scale_about(centre: Float[Tensor, "chosen"], neurons: NeuronSet, factor: float) -> Change:
    """Multiply the neurons' deviation from a centre of each by a factor."""

    def edit(values: Tensor) -> Tensor:
        middle = centre.to(values)
        return middle + factor * (values - middle)

    return Change(f"x{factor:g} {_short(neurons)}", neurons, edit)


def clamp(neurons: NeuronSet, normals: Normals) -> Change:
    """Keep neurons between the least and the largest value of any normal patch."""
    low, high = (normals.of(neurons, ends) for ends in (normals.lowest, normals.highest))
    edit: Edit = lambda values: values.clamp(low.to(values), high.to(values))  # noqa: E731
    return Change(f"clamp {_short(neurons)}", neurons, edit)


def patch_from(
    model: HookedCLIP, neurons: NeuronSet, source: Float[Tensor, "1 3 height width"]
) -> Change:
    """Give neurons, patch by patch, the activations they have in another image (its pixels).

    Activation patching: from a normal image into an anomalous one, or the other way about.
    Raises `SettingError` for a neuron that the site does not have.
    """
    found = Change(f"patched {_short(neurons)}", neurons, torch.clone)
    found.check(model)
    with torch.no_grad():
        values = model.patches(source, [neurons.site])[neurons.site][..., list(neurons.indices)]
    edit: Edit = lambda given: values.to(given).expand_as(given)  # noqa: E731
    return Change(found.name, neurons, edit)


def _short(neurons: NeuronSet) -> str:
    return neurons.names[0] if len(neurons) == 1 else f"{len(neurons)} at {neurons.site}"
