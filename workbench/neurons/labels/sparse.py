"""Sparse decomposition: a direction as a sum of few concepts, with positive weights.

After SpLiCE (Bhalla et al. 2024), which solves a lasso over the concepts; here concepts are chosen
greedily, each time the one nearest to what is left, and their weights refitted by non-negative
least squares, so that "few" is a number and not a penalty.
"""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from workbench.clip.neuron_set import NeuronSet
from workbench.neurons.labels.concepts import Concepts
from workbench.neurons.labels.directions import Directions
from workbench.neurons.labels.profiles import Profiles, exchanged
from workbench.neurons.labels.result import SHOWN, Candidates, Label, judged

TERMS = SHOWN
"""How many concepts a decomposition may have."""

_BLOCK = 1 << 22  # numbers at once


@torch.no_grad()
def decompose_directions(
    neurons: NeuronSet, directions: Directions, concepts: Concepts, *, draws: int, seed: int
) -> tuple[Label, ...]:
    """Label neurons by the concepts that sum to their direction.

    The score is the explained share of its squared length, the candidates' values are their
    weights. Chance is the share of meaningless directions (`Directions.meaningless`).
    """
    atoms = concepts.centred().cpu().double()
    null = [
        _explained(F.normalize(drawn, dim=-1), atoms)
        for drawn in directions.meaningless(draws, seed, directions.readout.shape[0])
    ]
    targets = F.normalize(directions.embedded(), dim=-1)
    return _labelled("sparse", neurons, targets, null, atoms, concepts)


@torch.no_grad()
def decompose_tokens(
    neurons: NeuronSet,
    profiles: Profiles,
    concepts: Concepts,
    *,
    draws: int,
    seed: int,
    top: int | None = None,
) -> tuple[Label, ...]:
    """Label neurons by the concepts that sum to the mean embedding of their strongest units.

    The mean over all units is taken off first. The score is the squared length of what the
    concepts explain, where an embedding has length 1; the candidates' values are their weights.
    Chance is that score once whole images have changed places (see `exchanged`): strongest units
    that have nothing in common average to nearly nothing.
    """
    atoms = concepts.centred().cpu().double()
    strongest, units = profiles.strongest(top), profiles.units.cpu()
    centred = units - units.mean(0)
    orders = exchanged(len(profiles.activations), draws, seed)
    null = [
        _explained(_means(centred, strongest.rows(order)[0])[None], atoms)
        for order in orders.split(1)
    ]
    targets = _means(centred, strongest.own)
    return _labelled(
        "sparse_tokens", neurons, targets, null, atoms, concepts, profiles.silent.tolist()
    )


def decompose(
    targets: Float[Tensor, "row d_embed"],
    atoms: Float[Tensor, "concept d_embed"],
    terms: int = TERMS,
) -> tuple[Int[Tensor, "row term"], Float[Tensor, "row term"], Float[Tensor, "row"]]:
    """Return each target's concepts, their weights, and the squared length that they explain.

    Greedy (non-negative orthogonal matching pursuit), in double precision; `atoms` are unit rows.
    Of a unit target it is the explained share, R²; of a zero target all is zero.
    """
    terms = min(terms, len(atoms))
    step = max(1, _BLOCK // max(len(atoms), terms * atoms.shape[1]))
    found = [_pursued(part, atoms, terms) for part in targets.double().split(step)]
    chosen, weights, explained = (torch.cat(part) for part in zip(*found, strict=True))
    return chosen, weights, explained


def _pursued(targets: Tensor, atoms: Tensor, terms: int) -> tuple[Tensor, Tensor, Tensor]:
    chosen = torch.zeros(len(targets), 0, dtype=torch.long)
    weights, explained = torch.zeros(len(targets), 0).double(), torch.zeros_like(targets)
    for _ in range(terms):
        nearness = (targets - explained) @ atoms.T
        nearness.scatter_(1, chosen, -torch.inf)  # none twice
        chosen = torch.cat([chosen, nearness.argmax(1, keepdim=True)], dim=1)
        weights = _fitted(atoms[chosen], targets)
        explained = torch.einsum("rt,rtd->rd", weights, atoms[chosen])
    return chosen, weights, (explained * targets).sum(1)


def _fitted(atoms: Tensor, targets: Tensor) -> Float[Tensor, "row term"]:
    """Return the non-negative least squares weights of each row's own atoms.

    Where the unconstrained solution is not negative it is this one too; the others are few.
    """
    from scipy.optimize import nnls  # takes half a second to import

    products = atoms @ atoms.mT
    ridge = 1e-12 * torch.eye(products.shape[-1], dtype=products.dtype)  # for equal atoms
    towards = torch.einsum("rtd,rd->rt", atoms, targets)
    weights: Tensor = torch.linalg.solve(products + ridge, towards)
    for row in (weights < 0).any(1).nonzero()[:, 0].tolist():
        fitted, _ = nnls(atoms[row].T.numpy(), targets[row].numpy())
        weights[row] = torch.from_numpy(fitted)
    return weights


def _explained(
    targets: Float[Tensor, "draw neuron d_embed"], atoms: Float[Tensor, "concept d_embed"]
) -> Float[np.ndarray, "draw neuron"]:
    _, _, explained = decompose(targets.flatten(0, 1), atoms)
    return np.asarray(explained.view(targets.shape[:2]).numpy())


def _means(
    units: Float[Tensor, "unit d_embed"], rows: Int[Tensor, "neuron top"]
) -> Float[Tensor, "neuron d_embed"]:
    return F.embedding_bag(rows, units, mode="mean")


def _labelled(
    method: str,
    neurons: NeuronSet,
    targets: Float[Tensor, "neuron d_embed"],
    null: Iterable[Float[np.ndarray, "draw _neuron"]],
    atoms: Float[Tensor, "concept d_embed"],
    concepts: Concepts,
    silent: list[bool] | None = None,
) -> tuple[Label, ...]:
    chosen, weights, explained = decompose(targets, atoms)
    terms = concepts.vocabulary.terms
    candidates: list[Candidates] = []
    for row, values in zip(chosen.tolist(), weights.tolist(), strict=True):
        said = [(terms[i], value) for i, value in zip(row, values, strict=True) if value > 0]
        candidates.append(tuple(sorted(said, key=lambda one: -one[1])))
    return judged(
        method, neurons, candidates, explained.numpy(), np.concatenate(list(null)), silent=silent
    )
