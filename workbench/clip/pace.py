"""How many images a second a model takes here: timed, with weights drawn at random."""

import time
from dataclasses import dataclass

import torch

from workbench.clip.hooked import HookedCLIP

_SECONDS = 1.0
_LEAST_GAIN = 1.03  # a larger batch must be worth its memory


@dataclass(frozen=True)
class Pace:
    """The best that was seen: images a second, in batches of `batch_size`, on `device`."""

    images_per_second: float
    batch_size: int
    device: str


def pace(model: HookedCLIP, most: int, seconds: float = _SECONDS) -> Pace:
    """Time the image tower's forward in batches of 1, 4, 16, ... up to `most` images.

    Each batch size is run for about `seconds`, once before that to warm up; a batch that takes
    longer than that by itself is the last.
    """
    best = Pace(0.0, 0, str(model.device))
    batch_size = 1
    while batch_size <= most:
        pixels = torch.zeros(
            batch_size, 3, *model.image_size, device=model.device, dtype=model.dtype
        )
        found = _rate(model, pixels, seconds)
        if found > best.images_per_second * _LEAST_GAIN:
            best = Pace(found, batch_size, str(model.device))
        if batch_size / found > seconds:
            break
        batch_size *= 4
    return best


@torch.inference_mode()
def _rate(model: HookedCLIP, pixels: torch.Tensor, seconds: float) -> float:
    model(pixels)
    _wait(model.device)
    begin, images = time.perf_counter(), 0
    while (taken := time.perf_counter() - begin) < seconds or not images:
        model(pixels)
        _wait(model.device)
        images += len(pixels)
    return images / taken


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
