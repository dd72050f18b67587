"""What the recording benchmarks share: pictures, the model, interleaved rounds, tables.

It needs open_clip, and the workbench only where a model is wrapped, so that the side of a peer
runs in that peer's own environment.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from open_clip.model import CLIP
from open_clip.transform import image_transform
from PIL import Image

TOWERS = {
    "ViT-B/16": {"image_size": 224, "patch_size": 16, "width": 768, "layers": 12},
    "toy": {"image_size": 32, "patch_size": 8, "width": 64, "layers": 4, "head_width": 16},
}
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
ALL_FOUR = ("statistics", "exemplars", "maxima", "activations")
DISTINCT = 64
"""Drawn pictures that differ; more of them are copies, each a file of its own."""


def build_clip(tower: str) -> CLIP:
    """Return a CLIP with random weights, the same on every call."""
    torch.manual_seed(0)
    text = {"context_length": 8, "vocab_size": 64, "width": 32, "heads": 2, "layers": 1}
    return CLIP(embed_dim=64, vision_cfg=dict(TOWERS[tower]), text_cfg=text).eval()


def wrap(clip: CLIP) -> Any:
    """Return it as a new HookedCLIP, which has not hashed its weights yet."""
    from workbench.clip.hooked import HookedCLIP

    return HookedCLIP(
        clip,
        name="benchmark",
        tokenizer=lambda texts: torch.zeros(len(texts), 8, dtype=torch.long),
        mean=MEAN,
        std=STD,
    )


def open_clip_preprocessing(tower: str) -> Callable[[Image.Image], torch.Tensor]:
    """Return what open_clip puts a picture through, squashing it as the workbench does."""
    size = TOWERS[tower]["image_size"]
    found: Callable[[Image.Image], torch.Tensor] = image_transform(
        size, is_train=False, mean=MEAN, std=STD, resize_mode="squash", interpolation="bicubic"
    )
    return found


def batches(files: list[Path], size: int, tower: str) -> Iterator[torch.Tensor]:
    """Yield preprocessed pictures as anybody would: opened one after the other, then stacked."""
    preprocess = open_clip_preprocessing(tower)
    for start in range(0, len(files), size):
        chosen = files[start : start + size]
        yield torch.stack([preprocess(Image.open(file)) for file in chosen])


def pictures(options: Namespace, number: int, scratch: Path) -> Path:
    """Return a folder of `number` pictures: links into `--images`, or drawn ones."""
    folder = scratch / f"pictures-{number}"
    if folder.exists():
        return folder
    folder.mkdir(parents=True)
    if options.images:
        found = sorted(
            file
            for file in options.images.rglob("*")
            if file.suffix.lower() in {".jpg", ".jpeg", ".png"}
        )
        if len(found) < number:
            sys.exit(f"{options.images} has {len(found)} pictures; {number} are needed: --count")
        for index, file in enumerate(found[:number]):
            (folder / f"{index:06}{file.suffix}").symlink_to(file.resolve())
        return folder
    for index in range(number):
        file = folder / f"{index:06}.jpg"
        if index < DISTINCT:
            draw(index, options.side).save(file, quality=90)
        else:
            shutil.copyfile(folder / f"{index % DISTINCT:06}.jpg", file)
    return folder


def draw(seed: int, side: int) -> Image.Image:
    """Return a picture of coloured clouds with a fine grain, about as hard to decode as a photo."""
    rng = np.random.default_rng(seed)
    clouds = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8))
    smooth = np.asarray(clouds.resize((side, side), Image.Resampling.BICUBIC), np.float32)
    grain = rng.normal(0, 8, (side, side, 1))
    return Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8))


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def last_site(tower: str) -> str:
    """Return the residual stream after the last block: nearly the whole forward is needed."""
    return f"blocks.{TOWERS[tower]['layers'] - 1}.hook_resid_post"


@contextmanager
def scratch_folder(options: Namespace) -> Iterator[Path]:
    """Make a folder on the disk that is measured; it goes when the benchmark ends."""
    with tempfile.TemporaryDirectory(prefix="recording-", dir=options.scratch) as name:
        yield Path(name)


Timed = Mapping[str, list[float]]


def interleave(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    warm_up: int = 1,
    cpu: dict[str, list[float]] | None = None,
) -> dict[str, list[float]]:
    """Return seconds by name: each call once a round, every other round in reverse order.

    A call that measures itself returns its seconds as a float; of others the whole is timed. Into
    `cpu` go the seconds that all cores together worked for a call, ended workers included; other
    people's work on the machine disturbs them less.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + warm_up):
        order = list(calls) if turn % 2 == 0 else list(reversed(calls))
        for name in order:
            begin, worked = time.perf_counter(), sum(os.times()[:4])
            own = calls[name]()
            spent = own if isinstance(own, float) else time.perf_counter() - begin
            if turn >= warm_up:
                times[name].append(spent)
                if cpu is not None:
                    cpu.setdefault(name, []).append(sum(os.times()[:4]) - worked)
    return times


def ratio(times: Timed, name: str, base: str) -> float:
    """Return the median over rounds of name / base in the same round."""
    pairs = zip(times[name], times[base], strict=True)
    return statistics.median(a / b for a, b in pairs)


def ratios(times: Timed, base: str) -> dict[str, float]:
    return {name: ratio(times, name, base) for name in times}


def show(found: Mapping[str, float], unit: str = "", aim: Mapping[str, str] | None = None) -> None:
    for name, value in found.items():
        wanted = f"   (aim {aim[name]})" if aim and name in aim else ""
        print(f"  {value:8.3f}{unit}  {name}{wanted}")


# Children: a process of its own where memory is measured or another environment is needed.


def child(script: str, task: Mapping[str, Any], python: str = sys.executable) -> dict[str, Any]:
    """Run a benchmark's file as a script with a task; return what it printed last, as JSON."""
    file = Path(__file__).with_name(script)
    done = subprocess.run(
        [python, str(file), json.dumps(task)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{script} {dict(task)} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def memory(what: str) -> int:
    """Return bytes of this process from /proc: VmRSS now, VmHWM at its peak."""
    text = Path("/proc/self/status").read_text("ascii")
    found = re.search(rf"{what}:\s+(\d+) kB", text)
    assert found
    return int(found[1]) * 1024


def forget_peak() -> None:
    """Let VmHWM begin anew at what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
