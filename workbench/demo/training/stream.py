"""The pictures of a training in their order: drawn ahead of the trainer, each shown a few times.

Drawing costs a small machine nearly as much as learning from what was drawn. So pictures are drawn
in pools; all of a pool are shown `repeats` times in fresh order, turned and mirrored anew, with
fresh captions, before the next pool comes. The order follows from the seed alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from workbench.demo.training import patches
from workbench.demo.training.recipe import Recipe
from workbench.demo.world.attributes import MATERIAL, labels
from workbench.demo.world.captions import caption_of
from workbench.demo.world.drawing import Drawn, draw, where_of
from workbench.demo.world.scene import Scene

ORDER = 4  # stream of random numbers
AHEAD = 4  # batches that wait for the trainer


class Batch(NamedTuple):
    """Pictures with captions, and what is true of them and of their patches.

    `answers` are those of `attributes.labels`, `surfaces` the materials (numbers of the question)
    that the product and its ground show (-1: none), `states` and `owners` those of `patches`.
    """

    images: UInt8[Tensor, "image 3 row column"]
    tokens: Int[Tensor, "image token"]
    answers: Int[Tensor, "image answer"]
    surfaces: Int[Tensor, "image 2"]
    states: Int[Tensor, "image rows columns"]
    owners: Int[Tensor, "image rows columns"]
    spots: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device."""
        return Batch(*(part.to(device) for part in self))


@dataclass(frozen=True)
class Turn:
    """One of the eight ways to lay a square: quarter turns to the left, then mirrored or not."""

    quarters: int
    mirrored: bool

    def of_fields(self, field: Tensor) -> Tensor:
        """Return pictures or fields [..., row, column] laid so."""
        turned = torch.rot90(field, self.quarters, (-2, -1))
        return torch.flip(turned, (-1,)) if self.mirrored else turned

    def of_spot(self, y: float, x: float) -> tuple[float, float]:
        """Return where a place (0..1) comes to lie."""
        for _ in range(self.quarters % 4):
            y, x = 1 - x, y
        return y, (1 - x if self.mirrored else x)

    def of_scene(self, scene: Scene, spot: tuple[float, float]) -> Scene:
        """Return what the picture shows when its spot has come to lie there."""
        swap = {"row": "column", "column": "row"}
        arrangement = scene.arrangement
        if self.quarters % 2:
            arrangement = swap.get(arrangement, arrangement)
        return replace(
            scene, where=where_of(*spot) if scene.condition else "", arrangement=arrangement
        )


class Stream(IterableDataset[Batch]):
    """The batches of a training from step `first` on, without end."""

    def __init__(
        self, recipe: Recipe, tokenizer: Any, first: int = 0, device: torch.device | None = None
    ) -> None:
        self.recipe, self.tokenizer, self.first, self.device = recipe, tokenizer, first, device

    def __iter__(self) -> Iterator[Batch]:
        recipe = self.recipe
        steps = recipe.pool * recipe.repeats
        step = self.first
        while True:
            pool, within = divmod(step, steps)
            size = recipe.pool * recipe.batch
            numbers = range(pool * size, (pool + 1) * size)
            drawn = draw(recipe.seed, numbers, recipe.image_size, device=self.device)
            marks = (
                patches.states(drawn, recipe.patch_size),
                patches.owners(drawn, recipe.patch_size),
            )
            for number in range(within, steps):
                again, part = divmod(number, recipe.pool)
                yield self._batch(drawn, marks, numbers.start, again, part)
            step = (pool + 1) * steps

    def _batch(
        self, drawn: Drawn, marks: tuple[Tensor, Tensor], first: int, again: int, part: int
    ) -> Batch:
        recipe = self.recipe
        rng = np.random.default_rng([recipe.seed, first, again, ORDER])
        half = recipe.batch // 2
        pairs = rng.permutation(recipe.pool * half)[part * half : (part + 1) * half]
        turns = [
            Turn(int(q), bool(m)) for q, m in rng.integers((4, 2), size=(recipe.pool * half, 2))
        ]
        rows = [(int(2 * pair + twin), turns[pair]) for pair in pairs for twin in (0, 1)]
        spots = [turn.of_spot(*drawn.spots[row].tolist()) for row, turn in rows]
        scenes = [
            turn.of_scene(drawn.scenes[row], spot)
            for (row, turn), spot in zip(rows, spots, strict=True)
        ]
        texts = [
            caption_of(recipe.seed, first + row, scene, again)
            for (row, _), scene in zip(rows, scenes, strict=True)
        ]
        surfaces = [
            [
                MATERIAL.number(s.material if not s.shape or s.textured else None),
                MATERIAL.number(s.ground),
            ]
            for s in scenes
        ]

        def laid(field: Tensor) -> Tensor:
            return torch.stack([turn.of_fields(field[row]) for row, turn in rows])

        return Batch(
            images=laid(drawn.images),
            tokens=self.tokenizer(texts),
            answers=torch.tensor([labels(scene) for scene in scenes]),
            surfaces=torch.tensor(surfaces),
            states=laid(marks[0]),
            owners=laid(marks[1]),
            spots=torch.tensor(spots),
        )


def batches(recipe: Recipe, tokenizer: Any, first: int, device: torch.device) -> Iterator[Batch]:
    """Yield the batches from step `first` on.

    With a GPU the pictures are drawn there between two steps; otherwise by another process.
    """
    if device.type == "cuda":
        yield from Stream(recipe, tokenizer, first, device)
    loader = DataLoader(
        Stream(recipe, tokenizer, first),
        batch_size=None,
        num_workers=recipe.workers,
        prefetch_factor=AHEAD if recipe.workers else None,
    )
    yield from loader
