"""What an object is: a program that draws it, and the words for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Field, Plane

Program = Callable[[Dice, Plane], Solid]
Size = (
    Float[Tensor, "picture #row #column"] | float
)  # one number a picture, or a field, or one for all


@dataclass(frozen=True)
class Thing:
    """An object of the training world.

    Its program gets a plane whose origin is the object's middle and whose unit is its radius.
    `materials` are those it is made of (names; it may come in any if empty). `gloss`
    (0..1) is how it shines at least, whatever its material.
    """

    program: Program
    nouns: tuple[str, ...]
    materials: tuple[str, ...] = ()
    gloss: float = 0.3


def box(plane: Plane, half_height: Size, half_width: Size, corner: Size) -> Field:
    """Return the signed distance (positive inside) of a rectangle with rounded corners."""
    dy = torch.abs(plane.y) - (half_height - corner)
    dx = torch.abs(plane.x) - (half_width - corner)
    outside = torch.sqrt(dy.clamp_min(0) ** 2 + dx.clamp_min(0) ** 2)
    return corner - outside - torch.maximum(dy, dx).clamp_max(0)


def direction(plane: Plane) -> Field:
    """Return the direction from the origin in radians, 0 to the right, growing downwards."""
    return torch.atan2(plane.y, plane.x)


def dome(radius: Field, height: Size = 1.0) -> Field:
    """Return the height of a half ball of radius 1, in radii."""
    return height * torch.sqrt((1 - radius * radius).clamp_min(0))


def rim(inside: Field, width: Size, height: Size) -> Field:
    """Return a bevel: rising from the outline over `width` to `height`, level inside."""
    return height * (inside / width).clamp(0, 1)


def edge(field: Field, width: float = 0.04) -> Field:
    """Return 1 where a field is positive and 0 where it is negative, with a soft edge."""
    return (field / width + 0.5).clamp(0, 1)


def at(plane: Plane, y: Size, x: Size) -> Field:
    """Return the distance to a point."""
    return plane.moved(-y, -x).radius()


def bar(plane: Plane, half_length: Size) -> Field:
    """Return the distance to a line along x from -`half_length` to `half_length`."""
    beyond = (torch.abs(plane.x) - half_length).clamp_min(0)
    return torch.sqrt(plane.y * plane.y + beyond * beyond)


def polygon(plane: Plane, sides: Size) -> Field:
    """Return the distance from the middle of a regular polygon, 1 on the middle of its sides."""
    return around(plane, sides).x


def around(plane: Plane, count: Size) -> Plane:
    """Return the plane folded onto one of `count` equal sectors, whose middle lies along +x."""
    sector = 2 * torch.pi / count
    turn = direction(plane)
    turn = turn - sector * torch.round(turn / sector)
    r = plane.radius()
    return Plane(r * torch.sin(turn), r * torch.cos(turn))


class Tiles(NamedTuple):
    """A plane folded onto the nearest of equal tiles, and the tile's row and column (0, 1, ...)."""

    plane: Plane
    row: Field
    column: Field


def tiled(
    plane: Plane,
    rows: Size,
    columns: Size,
    height: Size,
    width: Size,
) -> Tiles:
    """Return a plane of `rows` by `columns` tiles of the given size about the origin."""
    top, left = (rows - 1) / 2, (columns - 1) / 2
    row = torch.round(plane.y / height + top).clamp_min(0)
    row = torch.minimum(row, torch.zeros_like(row) + rows - 1)
    column = torch.round(plane.x / width + left).clamp_min(0)
    column = torch.minimum(column, torch.zeros_like(row) + columns - 1)
    folded = Plane(plane.y - (row - top) * height, plane.x - (column - left) * width)
    return Tiles(folded, row, column)


def of_number(dice: Dice, number: Field, most: int = 1024) -> Field:
    """Return a random value in 0..1 for each whole number (it repeats after `most`)."""
    table = dice.grid(most)
    return table.gather(1, (number.long() % most).flatten(1)).view_as(number)


def wave(turns: Field) -> Field:
    """Return a zigzag 0..1 of period 1, 0 at whole numbers."""
    return torch.abs((turns - torch.floor(turns)) * 2 - 1).neg() + 1


def lettering(dice: Dice, plane: Plane, size: Size) -> Field:
    """Return rows of words in letters about `size` high, 1 on ink: nobody can read them."""
    line, sign = plane.y / (1.7 * size), plane.x / (0.8 * size)
    row, letter = torch.floor(line), torch.floor(sign)
    dot_y, dot_x = (line - row) * 8.5, (sign - letter) * 4
    number = row * 61 + letter
    dots = number * 15 + torch.floor(dot_y) * 3 + torch.floor(dot_x)
    ink = (of_number(dice, dots) < 0.62) & (of_number(dice, number) > 0.17)
    return (ink & (dot_y < 5) & (dot_x < 3)).float()
