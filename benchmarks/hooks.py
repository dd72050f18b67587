"""What does looking inside cost? Ratios to the untouched open_clip tower, interleaved, medians.

Run by hand: `python benchmarks/hooks.py [--rounds 15] [--nnsight]`. Every contender runs once per
round, in turn, so that a machine that slows down slows all of them; a ratio is the median over
rounds of (contender / untouched model in the same round). The result is printed as a table and,
with `--json FILE`, written down.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from open_clip.model import CLIP

from workbench.clip.hooked import HookedCLIP

TOWERS = {
    "ViT-B/16, batch 8": (8, {"image_size": 224, "patch_size": 16, "width": 768, "layers": 12}),
    "toy 12-layer ViT, batch 1": (
        1,
        {"image_size": 32, "patch_size": 8, "width": 64, "layers": 12, "head_width": 16},
    ),
}


def build(vision: dict[str, int]) -> HookedCLIP:
    torch.manual_seed(0)
    text = {"context_length": 8, "vocab_size": 64, "width": 32, "heads": 2, "layers": 1}
    clip = CLIP(embed_dim=64, vision_cfg=vision, text_cfg=text)
    return HookedCLIP(
        clip,
        name="benchmark",
        tokenizer=lambda texts: torch.zeros(len(texts), 8, dtype=torch.long),
        mean=(0, 0, 0),
        std=(1, 1, 1),
    )


def contenders(model: HookedCLIP, x: torch.Tensor, peers: bool) -> dict[str, Callable[[], object]]:
    every = [f"blocks.{layer}.hook_resid_post" for layer in range(model.n_layers)]
    found: dict[str, Callable[[], object]] = {
        "untouched open_clip": lambda: model.clip.encode_image(x),
        "the same again (noise)": lambda: model.clip.encode_image(x),
        "idle HookedCLIP": lambda: model(x),
        "one site of every block cached": lambda: model.run_with_cache(x, names_filter=every),
        "all sites cached": lambda: model.run_with_cache(x),
        "activations at layer 3 of 12": lambda: model.activations(x, every[3]),
    }
    if peers:
        import nnsight

        wrapped = nnsight.NNsight(model.clip.visual)

        # A trace is compiled from its source, so nothing may be returned from inside it.
        def idle() -> object:
            with wrapped.trace(x):
                output = wrapped.output.save()
            return output  # noqa: RET504

        def cached() -> object:
            with wrapped.trace(x):
                outputs = nnsight.save([block.output for block in wrapped.transformer.resblocks])
            return outputs  # noqa: RET504

        found["nnsight, output only"] = idle
        found["nnsight, one site of every block"] = cached
    return found


def measure(calls: dict[str, Callable[[], object]], rounds: int, repeat: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in calls}
    for round_index in range(rounds + 2):  # two rounds of warm-up
        for name, call in calls.items():
            begin = time.perf_counter()
            for _ in range(repeat):
                call()
            if round_index >= 2:
                times[name].append((time.perf_counter() - begin) / repeat)
    base = times["untouched open_clip"]
    print(f"  untouched open_clip: {1e3 * statistics.median(base):.2f} ms a forward")
    return {
        name: statistics.median(a / b for a, b in zip(spent, base, strict=True))
        for name, spent in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--nnsight", action="store_true", help="also time nnsight (install it)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = {}
    for tower, (batch, vision) in TOWERS.items():
        print(f"{tower} ({torch.get_num_threads()} threads, torch {torch.__version__})")
        model = build(vision)
        x = torch.randn(batch, 3, vision["image_size"], vision["image_size"])
        repeat = 1 if vision["width"] > 100 else 20
        with torch.no_grad():
            calls = contenders(model, x, options.nnsight)
            result[tower] = measure(calls, options.rounds, repeat)
        for name, ratio in result[tower].items():
            print(f"  {ratio:6.3f}  {name}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
