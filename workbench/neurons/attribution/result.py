"""What an attribution returns: a value per neuron, and how far they are from adding up."""

import html
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet


@dataclass(frozen=True, eq=False)
class Attribution:
    """How much of a target each neuron at a site accounts for, at each token.

    Attributes:
        method: how it was computed.
        target: what was attributed.
        neurons: the columns of `values`.
        tokens: the rows of `values`; 0 is CLS, patches follow row by row.
        values: in the target's unit, double precision, on the CPU.
        effect: what the values ought to sum to: the target, less the target at the baseline.
        around: what reached the target by ways around the site; only `conductance` has any.
    """

    method: str
    target: str
    neurons: NeuronSet = field(repr=False)
    tokens: tuple[int, ...] = field(repr=False)
    values: Float[Tensor, "image token neuron"] = field(repr=False)
    effect: Float[Tensor, "image"]
    around: Float[Tensor, "image"]

    @property
    def completeness_error(self) -> Float[Tensor, "image"]:
        """By how much the values (and what went around) miss the effect, in the target's unit."""
        return (self.values.sum((1, 2)) + self.around - self.effect).abs()

    @property
    def relative_error(self) -> float:
        """The worst image's completeness error over its effect (0 / 0 is 0)."""
        return relative(self.completeness_error, self.effect)

    def per_neuron(self) -> Float[Tensor, "image neuron"]:
        """Return each neuron's value, summed over tokens."""
        return self.values.sum(1)

    def strongest(self, image: int = 0, most: int = 5) -> list[tuple[int, float]]:
        """Return the neurons that account for most, whatever the sign, of one image.

        Pairs of the neuron's index at its site and its value, largest magnitude first.
        """
        values = self.per_neuron()[image]
        order = values.abs().argsort(descending=True, stable=True)[:most].tolist()
        return [(self.neurons[rank], float(values[rank])) for rank in order]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(self.neurons.site)}:{index}</td><td>{value:+.4g}</td></tr>"
            for index, value in self.strongest()
        )
        return (
            f"<table><caption>{html.escape(self.method)} of {html.escape(self.target)}: effect "
            f"{float(self.effect[0]):.4g}, completeness error {self.relative_error:.1e} of it"
            f"{'' if len(self.values) == 1 else f'; image 0 of {len(self.values)}'}</caption>"
            f"<thead><tr><th>neuron</th><th>value</th></tr></thead><tbody>{rows}</tbody></table>"
        )


def relative(error: Float[Tensor, "image"], effect: Float[Tensor, "image"]) -> float:
    """Return the largest error over its effect.

    >>> relative(torch.tensor([0.0, 0.1]), torch.tensor([0.0, 2.0]))
    0.05000000074505806
    """
    ratio = torch.where(error == 0, torch.zeros_like(error), error / effect.abs())
    return float(ratio.max())


def on_cpu(values: Tensor) -> Tensor:
    """Return values in double precision on the CPU (some devices have none)."""
    return values.detach().cpu().double()
