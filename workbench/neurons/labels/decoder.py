"""The direct effect of a neuron, read by the text tower.

What a neuron writes reaches the joint space through the frozen final LayerNorm and the projection
(`neurons/attribution/readout.py`); the concept it points at most is what it says itself. What later
blocks make of it is not in that, so early neurons often say nothing here that means anything.
"""

import torch
from torch.nn import functional as F

from workbench.clip.neuron_set import NeuronSet
from workbench.neurons.labels.concepts import Concepts
from workbench.neurons.labels.directions import Directions
from workbench.neurons.labels.result import Label, judged, ranked


@torch.no_grad()
def decode(
    neurons: NeuronSet, directions: Directions, concepts: Concepts, *, draws: int, seed: int
) -> tuple[Label, ...]:
    """Label neurons by the concept their direction points at; scores are cosines with it, centred.

    Chance is the best concept of meaningless directions of the same kind
    (`Directions.meaningless`).
    """
    towards = concepts.centred().cpu()
    cosines = F.normalize(directions.embedded(), dim=-1) @ towards.T
    null = torch.cat(
        [
            (F.normalize(drawn, dim=-1) @ towards.T).amax(-1)
            for drawn in directions.meaningless(draws, seed, len(towards))
        ]
    )
    scores, candidates = ranked(cosines, concepts.vocabulary.terms)
    return judged("decoder", neurons, candidates, scores, null.double().numpy())
