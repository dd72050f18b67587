"""What an object is: a program that draws it, and the words for it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Field, Plane

Program = Callable[[Dice, Plane], Solid]


@dataclass(frozen=True)
class Thing:
    """An object of the training world.

    Its program gets a plane whose origin is the object's middle and whose unit is its radius.
    `materials` are those it is made of (names; it may come in any if empty). `smooth` objects show
    no texture of their material in most pictures (plastic, glaze, paint).
    """

    program: Program
    nouns: tuple[str, ...]
    materials: tuple[str, ...] = ()
    gloss: float = 0.3


def box(plane: Plane, half_height: Number | float, half_width: Number | float, corner: float) -> Field:
    """Return the signed distance (positive inside) of a rectangle with rounded corners."""
    dy = torch.abs(plane.y) - (half_height - corner)
    dx = torch.abs(plane.x) - (half_width - corner)
    outside = torch.sqrt(dy.clamp_min(0) ** 2 + dx.clamp_min(0) ** 2)
    return corner - outside - torch.maximum(dy, dx).clamp_max(0)


def direction(plane: Plane) -> Field:
    """Return the direction from the origin in radians, 0 to the right, growing downwards."""
    return torch.atan2(plane.y, plane.x)


def dome(radius: Field, height: float = 1.0) -> Field:
    """Return the height of a half ball of radius 1, in radii."""
    return height * torch.sqrt((1 - radius * radius).clamp_min(0))


def rim(inside: Field, width: float, height: float) -> Field:
    """Return a bevel: rising from the outline over `width` to `height`, level inside."""
    return height * (inside / width).clamp(0, 1)
