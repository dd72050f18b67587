"""Where objects stand: every pixel gets the coordinates of the object nearest to it.

However many objects a picture has, their shape is then drawn once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Field, Plane, Spot

MOST = 16  # objects in a picture


@dataclass(frozen=True)
class Placed:
    """Objects in pictures: each pixel's place on its object, and the objects' middles and radii.

    On `plane` the origin is the middle of the nearest object and the unit its radius.
    """

    plane: Plane
    radius: Field  # of the nearest object, in widths of the picture
    middles: Float[Tensor, "picture object 2"]  # y, x; far outside where there is none

    def some(self, rows: Tensor) -> "Placed":
        """Return those of some of the pictures."""
        return Placed(self.plane.some(rows), self.radius[rows], self.middles[rows])

    def middle_at(self, spot: Spot) -> Spot:
        """Return the middle of the object nearest to a spot."""
        at = torch.cat(spot, 2)[:, 0]
        nearest = torch.cdist(at[:, None], self.middles)[:, 0].argmin(1)
        found = self.middles[torch.arange(len(at), device=at.device), nearest]
        return found[:, 0, None, None], found[:, 1, None, None]


def placed(arrangements: Sequence[str], dice: Dice, screen: Plane) -> Placed:
    """Return objects arranged as named, on the planes of their pictures."""
    device = screen.y.device
    tables = [
        _places(name, numbers)
        for name, numbers in zip(arrangements, dice.grid(64).tolist(), strict=True)
    ]
    filled = [table + [(9.0, 9.0, 0.1)] * (MOST - len(table)) for table in tables]
    places = torch.tensor(filled, device=device)
    most = max(len(table) for table in tables)
    turns = dice.angle() + dice.chance(0.35) * dice.grid(1, MOST) * 2 * torch.pi
    best = torch.full_like(screen.y, 1e9)
    owner = torch.zeros_like(screen.y, dtype=torch.long)
    for number in range(most):
        y, x, radius = (places[:, number, k, None, None] for k in range(3))
        gap = ((screen.y - y) ** 2 + (screen.x - x) ** 2) / radius**2
        owner = torch.where(gap < best, number, owner)
        best = torch.minimum(best, gap)
    flat = owner.flatten(1)

    def of_owner(values: Float[Tensor, "picture object"]) -> Field:
        return values.gather(1, flat).view_as(screen.y)

    y, x, radius = (of_owner(places[:, :, k]) for k in range(3))
    plane = screen.moved(-y, -x).turned(of_owner(turns[:, 0])).scaled(1 / radius)
    return Placed(plane, radius, places[:, :, :2])


def _places(arrangement: str, numbers: list[float]) -> list[tuple[float, float, float]]:
    """Return (y, x, radius) of the objects of one picture, from numbers in 0..1."""
    a, b, c, *rest = numbers
    if arrangement == "single":
        return [(0.44 + 0.12 * a, 0.44 + 0.12 * b, 0.27 + 0.17 * c)]
    if arrangement == "pair":
        size = 0.17 + 0.05 * c
        return [(0.45 + 0.1 * a, x + 0.04 * (b - 0.5), size) for x in (0.27, 0.73)]
    if arrangement in ("row", "column"):
        count = 3 + int(3 * a)
        line = 0.35 + 0.3 * b
        spots = [((k + 0.5) / count, line) for k in range(count)]
        return [
            (*(spot if arrangement == "column" else spot[::-1]), 0.42 / count) for spot in spots
        ]
    if arrangement == "grid":
        count = 2 + int(3 * a)
        cells = [(k + 0.5) / count for k in range(count)]
        return [(y, x, 0.42 / count) for y in cells for x in cells]
    small = arrangement == "litter"
    count, side = (2 + int(4 * a), 4) if small else (5 + int(4 * a), 4)
    order = sorted(range(side * side), key=lambda cell: rest[cell])[:count]
    spread = rest[side * side :]
    return [
        (
            (cell // side + 0.3 + 0.4 * spread[2 * k]) / side,
            (cell % side + 0.3 + 0.4 * spread[2 * k + 1]) / side,
            (0.03 + 0.05 * spread[k + 20]) if small else 0.08 + 0.045 * spread[k + 20],
        )
        for k, cell in enumerate(order)
    ]
