"""The colours of the training world, by name."""

import torch
from jaxtyping import Int
from torch import Tensor

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Colours, Tone, mix

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (190, 45, 40),
    "orange": (225, 125, 40),
    "yellow": (225, 200, 70),
    "green": (60, 140, 70),
    "blue": (50, 90, 175),
    "purple": (120, 65, 150),
    "pink": (225, 140, 165),
    "brown": (120, 80, 50),
    "black": (45, 45, 48),
    "white": (228, 227, 222),
    "grey": (135, 135, 138),
    "beige": (205, 185, 150),
    "turquoise": (60, 165, 165),
    "silver": (180, 183, 188),
}


def shades(dice: Dice, colours: Int[Tensor, "picture"]) -> Tone:
    """Return one RGB colour (0..1) for each picture that goes by its name."""
    table = torch.tensor(list(COLOURS.values()), device=colours.device) / 255
    drawn = table[colours][:, :, None] * dice.uniform(0.85, 1.12) + 0.025 * dice.normal_grid(3, 1)
    return drawn.clamp(0, 1)[..., None]


def painted(
    dice: Dice, surface: Surface, colour: Tone, second: Tone, depth: float | Tensor
) -> Colours:
    """Return a surface in its colours; `depth` (0..1) is the contrast between light and dark."""
    deep = (depth * dice.uniform(0.7, 1.2))[..., None]
    low = colour * (1 - 0.75 * deep)
    high = (colour * (1 + 0.35 * deep) + 0.12 * deep).clamp(0, 1)
    drawn = mix(low, high, surface.tone[:, None])
    if isinstance(surface.accent, Tensor):
        drawn = mix(drawn, second * (0.75 + 0.4 * surface.tone[:, None]), surface.accent[:, None])
    return drawn
