"""Feature visualisation: pictures that a neuron answers to, found by optimisation.

    found = visualise(model, NeuronSet("blocks.1.mlp.hook_post", (17,)), "photos/")

A last resort beside the exemplars: it shows one thing that drives the neuron, not what it is for.
"""

from workbench.neurons.visualisation.optimise import visualise
from workbench.neurons.visualisation.result import Readings, Visualisation

__all__ = ["Readings", "Visualisation", "visualise"]
