"""What do single-neuron ablations cost? Ratios to as many full passes, interleaved, medians.

Run by hand: `python benchmarks/neurons.py [--neurons 100] [--images 50] [--rounds 3]`. Every round
times, in turn, a full pass of the untouched tower over the images, once per neuron, and
`silence_each` over the neurons with an excavation at the middle layer whose score depends on the
last layer too (text branch) and with one whose visual score alone counts. Decoding is part of the
ablations and not of the full passes, which are given tensors. Both run as many images at once
(`ROWS`), on one thread: on busy cores, threads that wait for each other slow small batches so much
more than large ones that a ratio would measure the batch size. With half of the blocks above the
site, a ratio far below 0.5 where layers above matter is a fault of the measurement.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from open_clip.model import CLIP
from PIL import Image

from workbench.clip.hooked import HookedCLIP
from workbench.excavation.excavate import excavate
from workbench.images.stream import prepare
from workbench.neurons.intervention.effects import silence_each
from workbench.neurons.intervention.restart import ROWS


def build() -> HookedCLIP:
    torch.manual_seed(0)
    vision = {"image_size": 128, "patch_size": 16, "width": 256, "layers": 12, "head_width": 64}
    text = {"context_length": 8, "vocab_size": 64, "width": 32, "heads": 2, "layers": 1}
    return HookedCLIP(
        CLIP(embed_dim=64, vision_cfg=vision, text_cfg=text),
        name="benchmark",
        tokenizer=lambda texts: torch.tensor([[len(t) % 63] * 7 + [63] for t in texts]),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )


def drawn(count: int, seed: int) -> list[Image.Image]:
    rng = np.random.default_rng(seed)
    return [Image.fromarray(rng.integers(0, 255, (128, 128, 3), np.uint8)) for _ in range(count)]


def seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    model, normals, images = build(), drawn(4, 1), drawn(given.images, 2)
    pixels = prepare(images, model)
    both = excavate(normals, model, category="part", k=given.neurons)
    visual = excavate(normals, model, category="part", k=given.neurons, text_weight=0)

    def full() -> None:
        with torch.no_grad():
            for _ in range(given.neurons):
                for batch in pixels.split(ROWS):
                    model.clip.encode_image(batch)

    calls = {
        "full passes": full,
        "layers above matter": lambda: silence_each(both, images, both.neurons, batch_size=ROWS),
        "only the visual score": lambda: silence_each(
            visual, images, visual.neurons, batch_size=ROWS
        ),
    }
    with torch.no_grad():  # warm-up
        model.clip.encode_image(pixels[:ROWS])
    silence_each(both, images[:ROWS], both.neurons[:4])
    silence_each(visual, images[:ROWS], visual.neurons[:4])
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(given.rounds):
        for name, call in calls.items():
            times[name].append(seconds(call))
    print(f"{given.neurons} neurons, {given.images} images, {model!r}")
    for name, taken in times.items():
        ratios = [t / whole for t, whole in zip(taken, times["full passes"], strict=True)]
        print(
            f"{name:24} {statistics.median(taken):8.2f} s   "
            f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        )


if __name__ == "__main__":
    main()
