"""A tiny model, a folder of pictures, and a way to compare recordings byte by byte."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.tiny import tiny_model
from workbench.recording.engines import LocalEngine
from workbench.recording.record import record
from workbench.recording.store import ActivationStore

SITES = ["blocks.*.mlp.hook_post", "blocks.1.hook_resid_post"]
EVERYTHING = ("statistics", "quantiles", "exemplars", "maxima", "activations")


def draw_pictures(folder: Path, number: int = 10, seed: int = 0) -> Path:
    """Write noise pictures of different sizes, `00.png` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for index in range(number):
        shape = (int(rng.integers(20, 60)), int(rng.integers(20, 60)), 3)
        Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(folder / f"{index:02}.png")
    return folder


def make(images: Any, out: Path, **choices: Any) -> ActivationStore:
    """Record everything the tiny model has to give: 3 shards of at most 4 images, batches of 2."""
    given = {"products": EVERYTHING, "sites": SITES, "batch_size": 2, "images_per_shard": 4, "k": 5}
    model = choices.pop("model", None) or tiny_model()
    return record(images, model, out, **(given | choices))


def contents(out: Path) -> dict[str, Any]:
    """Every file of a store with its bytes; of the manifest what does not depend on the time."""
    found: dict[str, Any] = {
        file.relative_to(out).as_posix(): file.read_bytes()
        for file in sorted(out.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }
    manifest = json.loads(found.pop("manifest.json"))
    del manifest["created"], manifest["command"]
    return found | {"manifest.json": manifest}


def before_shard(number: int, act: Callable[[], None]) -> LocalEngine:
    """An engine that does something before it takes up a shard."""

    class Engine(LocalEngine):
        def __call__(self, job, tasks, on_images):
            for at in range(len(tasks)):
                if tasks[at].shard.index == number:
                    act()
                yield from super().__call__(job, tasks[at : at + 1], on_images)

    return Engine()


def stop() -> None:
    raise KeyboardInterrupt
