"""Woven, knitted and felted surfaces."""

import torch

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, noise
from workbench.demo.world.materials.material import Material


def weave(dice: Dice, plane: Plane) -> Surface:
    """Threads over and under each other."""
    count = dice.uniform(14, 34)
    cloth = plane.scaled(count, count * dice.uniform(0.8, 1.25))
    over = (torch.floor(cloth.y) + torch.floor(cloth.x)) % 2 > 0
    fy, fx = (torch.abs(c % 1 - 0.5) * 2 for c in (cloth.y, cloth.x))
    across = (1 - fy * fy) * (1 - 0.5 * fx * fx)
    along = (1 - fx * fx) * (1 - 0.5 * fy * fy)
    thread = torch.where(over, across, along)
    tone = (0.15 + 0.7 * thread + 0.08 * noise(dice, plane, 24.0)).clamp(0, 1)
    return Surface(tone, 1.2 * thread, 0.05)


def felt(dice: Dice, plane: Plane) -> Surface:
    """Matted fibres without an order."""
    fibres = torch.abs(noise(dice, plane, 40.0, 12.0)) + torch.abs(noise(dice, plane, 12.0, 40.0))
    cloud = noise(dice, plane, 4.0)
    tone = (0.3 + 0.22 * fibres + 0.06 * cloud).clamp(0, 1)
    return Surface(tone, 0.5 * fibres, 0.0)


TEXTILES: dict[str, Material] = {
    "weave": Material(weave, ("woven fabric", "fabric", "cloth", "textile"), ("fabric",)),
    "felt": Material(felt, ("felt",), ("felt",), depth=0.35),
}
