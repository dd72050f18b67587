"""Attribution: how much of a number each neuron, head, patch or pixel accounts for.

The number is a *target*: an anomaly score, a similarity with a text, a difference of two texts, a
neuron's activation. `gallery_shares` and `direct_effects` add up to it exactly;
`integrated_gradients` and `conductance` to its change from a baseline;
`gradient_times_activation` need not. Every result says by how much it misses
(`completeness_error`).
"""

from workbench.neurons.attribution.direct import DirectEffects, direct_effects
from workbench.neurons.attribution.exact import gallery_shares
from workbench.neurons.attribution.gradients import (
    conductance,
    gradient_times_activation,
    integrated_gradients,
)
from workbench.neurons.attribution.input_maps import (
    InputMap,
    attention_rollout,
    gradient_map,
    integrated_map,
    occlusion_map,
)
from workbench.neurons.attribution.normal import normal_baseline
from workbench.neurons.attribution.result import Attribution
from workbench.neurons.attribution.targets import (
    AnomalyScore,
    NeuronActivation,
    Target,
    TextSimilarity,
)

__all__ = [
    "AnomalyScore",
    "Attribution",
    "DirectEffects",
    "InputMap",
    "NeuronActivation",
    "Target",
    "TextSimilarity",
    "attention_rollout",
    "conductance",
    "direct_effects",
    "gallery_shares",
    "gradient_map",
    "gradient_times_activation",
    "integrated_gradients",
    "integrated_map",
    "normal_baseline",
    "occlusion_map",
]
