"""A small drawn category and an untrained CLIP, for tests that need a whole detector."""

import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.tiny import tiny_clip
from workbench.clip.hooked import HookedCLIP
from workbench.images.layouts import read_dataset
from workbench.images.samples import Dataset


def make_model(seed: int = 0, **vision: int) -> HookedCLIP:
    """Four layers of 32 channels on 32 x 32 px; texts that differ have different tokens."""
    return HookedCLIP(
        tiny_clip(seed, layers=4, **vision),
        name="tiny",
        tokenizer=digests,
        mean=(0.48, 0.46, 0.41),
        std=(0.27, 0.26, 0.28),
    )


def digests(texts: list[str]) -> torch.Tensor:
    numbers = np.array([zlib.crc32(text.encode()) for text in texts])
    letters = [1 + (numbers >> shift) % 62 for shift in range(0, 28, 4)]
    return torch.from_numpy(np.stack([*letters, np.full(len(texts), 63)], axis=1))


def surface(seed: int, defect: bool = False) -> tuple[Image.Image, Image.Image]:
    """Draw a striped surface of 44 x 36 pixels, and where it has a bright square."""
    rng = np.random.default_rng(seed)
    pixels = 100 + 40 * np.sin(np.arange(44) / 3 + rng.uniform(0, 6))[None, :, None]
    pixels = pixels + rng.normal(0, 8, (36, 44, 3))
    mask = np.zeros((36, 44), np.uint8)
    if defect:
        row, column = rng.integers(2, 24), rng.integers(2, 32)
        pixels[row : row + 9, column : column + 9] = (250, 20, 20)
        mask[row : row + 9, column : column + 9] = 255
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), Image.fromarray(mask)


def draw_category(root: Path, normals: int = 5, tests: int = 4) -> Dataset:
    """Draw a category in the MVTec AD layout, and read it."""
    for folder in ("train/good", "test/good", "test/spot", "ground_truth/spot"):
        (root / folder).mkdir(parents=True)
    for index in range(normals):
        surface(index)[0].save(root / "train/good" / f"{index:03}.png")
    for index in range(tests):
        surface(100 + index)[0].save(root / "test/good" / f"{index:03}.png")
        image, mask = surface(200 + index, defect=True)
        image.save(root / "test/spot" / f"{index:03}.png")
        mask.save(root / "ground_truth/spot" / f"{index:03}_mask.png")
    return read_dataset(root)
