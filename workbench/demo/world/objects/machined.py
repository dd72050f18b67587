"""Turned, milled and stamped parts."""

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane
from workbench.demo.world.objects.thing import Thing, direction, rim


def washer(dice: Dice, plane: Plane) -> Solid:
    """A flat ring."""
    r = plane.radius()
    inside = torch.minimum(1 - r, r - dice.uniform(0.35, 0.6))
    return Solid(inside, rim(inside, 0.06, 0.06))


def gear(dice: Dice, plane: Plane) -> Solid:
    """A toothed wheel with a bore and a raised hub."""
    r, turn = plane.radius(), direction(plane)
    edge = 0.88 + 0.12 * (2.5 * torch.cos(dice.whole(8, 18) * turn)).clamp(-1, 1)
    bore = dice.uniform(0.15, 0.3)
    inside = torch.minimum(edge - r, r - bore)
    hub = rim(bore + 0.2 - r, 0.05, 0.08)
    return Solid(inside, rim(inside, 0.06, 0.06) + hub)


MACHINED: dict[str, Thing] = {
    "washer": Thing(washer, ("washer", "flat ring")),
    "gear": Thing(gear, ("gear", "cogwheel")),
}
