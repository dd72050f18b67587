"""What does detection cost? Looking and scoring apart, seconds and bytes per image, interleaved.

Run by hand: `python benchmarks/detection.py [--tower ViT-B/16] [--shots 4] [--json FILE]`. All
methods sit on one backbone with the same pictures. Every contender runs once per round, in turn, so
that a machine that slows down slows all of them; ratios are medians over rounds to the plain
forward of the same round. *Looking* is everything up to the views a method needs (for WinCLIP's
recipe the windows' passes too), *scoring* what comes after. The weights are drawn at random (but
for `demo`): costs do not depend on them. CPU seconds are printed beside those of the clock, because
other people's work on the machine disturbs them less. `--tower toy --rounds 2` takes seconds.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from open_clip.model import CLIP
from recording_common import MEAN, STD, draw

from workbench.baselines.backbone import Backbone
from workbench.baselines.registry import methods
from workbench.baselines.views import Views, compute, forwards_per_image
from workbench.clip.hooked import HookedCLIP
from workbench.clip.loading import load_model
from workbench.excavation.settings import Settings
from workbench.images.stream import Picture, Shown, prepare

TOWERS: dict[str, tuple[int, dict[str, int]]] = {
    "ViT-B/16": (512, {"image_size": 224, "patch_size": 16, "width": 768, "layers": 12}),
    "ViT-B/16-plus-240": (
        640,
        {"image_size": 240, "patch_size": 16, "width": 896, "layers": 12, "head_width": 64},
    ),
    "toy": (16, {"image_size": 32, "patch_size": 8, "width": 128, "layers": 4, "head_width": 16}),
}
CONTENDERS = ("lake", "lake_visual", "patch_knn", "patchcore_recipe", "winclip_few_shot")
PLAIN = "plain forward"
REPEAT = 5


def build(tower: str) -> HookedCLIP:
    if tower == "demo":
        return load_model("demo", device="cpu")
    embed, vision = TOWERS[tower]
    torch.manual_seed(0)
    text = {"context_length": 8, "vocab_size": 64, "width": 32, "heads": 2, "layers": 1}
    return HookedCLIP(
        CLIP(embed_dim=embed, vision_cfg=dict(vision), text_cfg=text).eval(),
        name=tower,
        tokenizer=lambda texts: torch.tensor([[1 + len(t) % 60] * 7 + [63] for t in texts]),
        mean=MEAN,
        std=STD,
    )


def pictures(number: int, first: int, folder: Path) -> list[Picture]:
    found = []
    for seed in range(first, first + number):
        file = folder / f"{seed}.png"
        draw(seed, 300).save(file)
        found.append(Picture(file.name, file))
    return found


Times = dict[str, list[float]]


def interleaved(calls: dict[str, Callable[[], None]], rounds: int) -> tuple[Times, Times]:
    """Return seconds by the clock and of the CPU (all threads): each call in turn, every round.

    Scoring is short, so it runs several times in its turn.
    """
    clock: Times = {name: [] for name in calls}
    cpu: Times = {name: [] for name in calls}
    for turn in range(rounds + 1):  # the first is to warm up
        for name, call in calls.items() if turn % 2 else reversed(calls.items()):
            repeat = REPEAT if name.endswith("scoring") else 1
            begin, worked = time.perf_counter(), time.process_time()
            for _ in range(repeat):
                call()
            if turn:
                clock[name].append((time.perf_counter() - begin) / repeat)
                cpu[name].append((time.process_time() - worked) / repeat)
    return clock, cpu


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    model = build(options.tower)
    backbone = Backbone(model)
    support, tests = pictures(options.shots, 0, folder), pictures(options.batch, 1000, folder)
    pixels = prepare(tests, model)
    shown = Shown(tuple(tests), ((300, 300),) * len(tests))
    chosen = methods(CONTENDERS, Settings(k=min(options.k, model.d_model)))
    fitted = {m.name: m.fit(backbone, "part", support) for m in chosen}
    seen: dict[str, Views] = {}

    def look(name: str, needs: Any) -> None:
        seen[name] = compute(model, pixels, needs)

    def score(name: str) -> None:
        fitted[name].judge(shown, seen[name])

    def plain() -> None:
        with torch.no_grad():
            model(pixels)

    calls: dict[str, Any] = {PLAIN: plain}
    for method in chosen:
        needs = method.needs(model)
        look(method.name, needs)
        calls[f"{method.name}: looking"] = lambda name=method.name, needs=needs: look(name, needs)
        calls[f"{method.name}: scoring"] = lambda name=method.name: score(name)
    clock, cpu = interleaved(calls, options.rounds)

    def row(times: dict[str, list[float]], name: str) -> dict[str, float]:
        parts = {part: times[f"{name}: {part}"] for part in ("looking", "scoring")}
        base = times[PLAIN]
        return {
            **{f"{p} s/image": statistics.median(t) / options.batch for p, t in parts.items()},
            **{
                f"{p} / forward": statistics.median(a / b for a, b in zip(t, base, strict=True))
                for p, t in parts.items()
            },
        }

    result: dict[str, Any] = {
        "plain s/image": statistics.median(clock[PLAIN]) / options.batch,
        "methods": {},
    }
    for method in chosen:
        kept = fitted[method.name].gallery_bytes
        result["methods"][method.name] = {
            "clock": row(clock, method.name),
            "cpu": row(cpu, method.name),
            "forwards (by tokens)": forwards_per_image(model, method.needs(model)),
            "gallery bytes": kept,
            "gallery bytes / normal image": kept / options.shots,
        }
    ratio = fitted["patch_knn"].gallery_bytes / fitted["lake"].gallery_bytes
    result["gallery ratio"] = {
        "patch_knn / lake": ratio,
        "D / K": model.d_model / chosen[0].settings.k,
    }
    return result


def show(result: dict[str, Any], options: argparse.Namespace) -> None:
    print(
        f"{options.tower}, {options.shots} shots, batches of {options.batch}, {options.rounds} "
        f"rounds, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"{platform.machine()}"
    )
    print(f"  plain forward: {1e3 * result['plain s/image']:.1f} ms an image")
    print(
        f"  {'':18}{'looking':>12}{'':>9}{'scoring':>12}{'':>9}{'(CPU s)':>9}"
        f"{'gallery':>12}{'forwards':>10}"
    )
    for name, found in result["methods"].items():
        clock, cpu = found["clock"], found["cpu"]
        print(
            f"  {name:18}{1e3 * clock['looking s/image']:9.1f} ms{clock['looking / forward']:8.2f}x"
            f"{1e3 * clock['scoring s/image']:9.2f} ms{100 * clock['scoring / forward']:7.2f} %"
            f"{100 * cpu['scoring / forward']:7.2f} %{found['gallery bytes'] / 1024:8.0f} KiB"
            f"{found['forwards (by tokens)']:10.1f}"
        )
    ratio = result["gallery ratio"]
    print(
        f"  full gallery / LAKE's: {ratio['patch_knn / lake']:.2f} (D / K = {ratio['D / K']:.2f}); "
        "aims: the same, and LAKE's scoring at most 5 % of a forward"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--tower", action="append", choices=[*TOWERS, "demo"])
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--batch", type=int, default=4, help="pictures in one forward")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's own)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    written = {}
    for tower in options.tower or ["ViT-B/16", "demo"]:
        options.tower = tower
        with tempfile.TemporaryDirectory(prefix="detection-") as folder:
            written[tower] = measure(options, Path(folder))
        show(written[tower], options)
    if options.json:
        options.json.write_text(json.dumps(written, indent=2) + "\n")


if __name__ == "__main__":
    main()
