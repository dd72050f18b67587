"""Does the memory of attribution and intervention grow with the neurons? A process each, 1 and 100.

Run by hand: `python benchmarks/neurons_memory.py [--neurons 100] [--images 8]`. The tower is that
of `benchmarks/neurons.py`. Every neuron is a target of its own: integrated gradients of its
activation over the channels two blocks below, its occlusion map, and its silencing; results are
kept, as a user would. What was held before (libraries, weights) counts in both peaks.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from neurons import build, drawn
from recording_common import child, forget_peak, memory

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.excavation.excavate import excavate
from workbench.images.stream import prepare
from workbench.neurons.attribution import (
    NeuronActivation,
    integrated_gradients,
    normal_baseline,
    occlusion_map,
)
from workbench.neurons.intervention.effects import silence_each

SITE, BELOW = "blocks.6.mlp.hook_post", "blocks.4.hook_resid_post"
METHODS = ("integrated gradients", "occlusion maps", "silencing")


def work(method: str, model: HookedCLIP, images: int, neurons: int) -> Callable[[], list[Any]]:
    """Return what one process does `neurons` times."""
    given = drawn(images, 2)
    pixels = prepare(given, model)
    targets = [NeuronActivation(model, NeuronSet(SITE, (index,))) for index in range(neurons)]
    if method == "silencing":
        excavation = excavate(drawn(4, 1), model, category="part", k=neurons)
        return lambda: [silence_each(excavation, given, excavation.neurons)]
    if method == "occlusion maps":
        return lambda: [occlusion_map(model, pixels[:1], target) for target in targets]
    baseline = normal_baseline(model, pixels, BELOW)
    return lambda: [
        integrated_gradients(model, pixels, BELOW, target, baseline=baseline, steps=8).per_neuron()
        for target in targets
    ]


def measure(method: str, images: int, neurons: int) -> dict[str, int]:
    torch.set_num_threads(1)
    model = build()
    call = work(method, model, images, neurons)
    work(method, model, images, 1)()  # libraries and buffers that any number of neurons needs
    forget_peak()
    before = memory("VmRSS")
    kept = call()
    assert kept
    return {"before": before, "peak": memory("VmHWM")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--images", type=int, default=8)
    given = parser.parse_args()
    for method in METHODS:
        one, many = (
            child(Path(__file__).name, {"method": method, "images": given.images, "neurons": count})
            for count in (1, given.neurons)
        )
        print(
            f"{method:22} peak {one['peak'] / 2**20:7.0f} MiB for 1 neuron, "
            f"{many['peak'] / 2**20:7.0f} MiB for {given.neurons}: "
            f"ratio {many['peak'] / one['peak']:.3f}"
        )


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        print(json.dumps(measure(**json.loads(sys.argv[1]))))
    else:
        main()
