"""CLIP-Dissect: the concept that the model sees where a neuron is high (Oikarinen and Weng 2023).

A concept's score is soft-WPMI, a log ratio. Above: how likely it is that all of the neuron's
strongest units show the concept, each counted as far as it belongs to the set (from 0.998 for the
strongest down to 0.97); below: how likely that is of as many units drawn at random,

    sum over ranks r of  log(1 + b_r (p(t | x_r) - 1))  -  log(1 + b_r (mean_x p(t | x) - 1))

with p(t | x) the softmax over the concepts of the model's own scaled cosines. Two things differ
from the authors' code. Below the line they average over the neurons of the layer, so that a
neuron's label depends on its company; here it does not. And they scale cosines by 10.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.neurons.labels.concepts import Concepts
from workbench.neurons.labels.profiles import Profiles, exchanged
from workbench.neurons.labels.result import Label, judged, ranked

BELONGS = (0.998, 0.97)
"""How surely the first and the last (exclusive) of the strongest units belong to the set."""

_BLOCK = 1 << 22  # numbers at once


@torch.no_grad()
def dissect(
    neurons: NeuronSet,
    profiles: Profiles,
    concepts: Concepts,
    *,
    draws: int,
    seed: int,
    top: int | None = None,
) -> tuple[Label, ...]:
    """Label neurons by what is seen where they are high; scores are soft-WPMI, in nats.

    Chance is the best concept once whole images have changed places (see `exchanged`).
    `top` is how many of the strongest units count (see `Profiles.strongest`).
    """
    strongest = profiles.strongest(top)
    orders = exchanged(len(profiles.activations), draws, seed)
    units, own = profiles.units.to(concepts.directions), strongest.own
    belongs = _belongs(own.shape[1]).to(units)
    parts, best = [], torch.full((draws, len(neurons)), -torch.inf)
    step = max(1, _BLOCK // own.numel())
    for probabilities in _probabilities(units, concepts):
        random = _logs(probabilities.mean(0, keepdim=True), belongs).sum(0)
        parts.append((_together(probabilities, own, belongs) - random).cpu())
        for order, so_far in zip(orders.split(step), best.split(step), strict=True):
            rows = strongest.rows(order).flatten(0, 1)
            drawn = (_together(probabilities, rows, belongs) - random).amax(1).cpu()
            torch.maximum(so_far, drawn.view_as(so_far), out=so_far)
    scores, candidates = ranked(torch.cat(parts, dim=1), concepts.vocabulary.terms)
    null, silent = best.double().numpy(), profiles.silent.tolist()
    return judged("dissect", neurons, candidates, scores, null, silent=silent)


def _belongs(top: int) -> Float[Tensor, "top"]:
    first, last = BELONGS
    return first - torch.arange(top) / top * (first - last)


def _probabilities(
    units: Float[Tensor, "unit d_embed"], concepts: Concepts
) -> Iterator[Float[Tensor, "unit part"]]:
    """Yield p(concept | unit) for some concepts after the others."""
    parts = concepts.directions.split(max(1, _BLOCK // len(units)))
    total = torch.full((len(units),), -torch.inf, device=units.device)
    for part in parts:
        total = torch.logaddexp(total, (concepts.scale * units @ part.T).logsumexp(1))
    for part in parts:
        yield (concepts.scale * units @ part.T - total[:, None]).exp()


def _together(
    probabilities: Float[Tensor, "unit part"],
    rows: Int[Tensor, "neuron top"],
    belongs: Float[Tensor, "top"],
) -> Float[Tensor, "neuron part"]:
    """Return the log probability that the units in each row all show each concept."""
    step = max(1, _BLOCK // (rows.shape[1] * probabilities.shape[1]))
    chosen = rows.to(probabilities.device).split(step)
    return torch.cat([_logs(probabilities[row], belongs).sum(1) for row in chosen])


def _logs(
    chosen: Float[Tensor, "*neuron #top part"], belongs: Float[Tensor, "top"]
) -> Float[Tensor, "*neuron top part"]:
    return (chosen - 1).mul(belongs[:, None]).add_(1).log_()
