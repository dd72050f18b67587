"""Marks left on a surface: scratches, cracks and their like."""

import torch

from workbench.demo.world.canvas import Canvas
from workbench.demo.world.conditions.condition import Blow, Condition
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import line, step, path_distance, wander


def scratched(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """One to three thin strokes, light or dark, ploughed into the surface."""
    tone = torch.where(dice.chance(0.4), dice.uniform(0, 0.2), dice.uniform(0.75, 1.0))[..., None]
    way = dice.angle()
    for number in range(3):
        spot = (blow.spot[0] + dice.normal(0.02), blow.spot[1] + dice.normal(0.02))
        path = wander(dice, spot, 2.2 * blow.reach, 4, 0.12, way + dice.normal(0.2))
        drawn = line(canvas.plane, path, dice.uniform(0.8, 2.2))
        if number:
            drawn = drawn * dice.chance(0.5)
        canvas = canvas.painted(tone, drawn * (0.3 + 0.6 * blow.strength))
        canvas = canvas.raised(-drawn * blow.strength).marked(drawn)
    return canvas


MARKS: dict[str, Condition] = {
    "scratched": Condition(scratched, ("scratched",), ("a scratch", "scratches")),
}
