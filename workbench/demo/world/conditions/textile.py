"""What happens to cloth, paper and print: threads, creases, and ink where it should not be."""

from dataclasses import replace

import torch

from workbench.demo.world.canvas import Canvas
from workbench.demo.world.conditions.condition import Blow, Condition
from workbench.demo.world.conditions.kin import CLOTH, PLIABLE, PRINTED
from workbench.demo.world.conditions.local import (
    around,
    blended,
    brightness_at,
    colour_at,
    moved,
    pixels,
    settled,
    shaded,
    standing_out,
    through,
)
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import blob, line, noise, path_distance, step, wander


def frayed(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """Loose threads of its own colour that stick out in a bunch."""
    way, own = dice.angle(), colour_at(canvas, blow)
    light = (brightness_at(canvas, blow) < 0.5)[..., None]
    tone = torch.where(light, own + 0.4, own + 0.3).clamp(0, 1)
    tone = torch.where(brightness_at(canvas, blow)[..., None] > 0.7, 0.6 * own, tone)
    before = canvas
    for _ in range(4):
        length = blow.reach * dice.uniform(1.2, 2.6)
        start = way + dice.normal(0.5)
        spot = (
            blow.spot[0] + 0.5 * length * torch.sin(start) + 0.15 * blow.reach * dice.normal(),
            blow.spot[1] + 0.5 * length * torch.cos(start) + 0.15 * blow.reach * dice.normal(),
        )
        path = wander(dice, spot, length, 7, 0.45, start)
        width = pixels(canvas, 1.0) * (1.0 + blow.strength)
        drawn = line(canvas.plane, path, width)
        fall = line(canvas.plane, [(y + 0.012, x + 0.012) for y, x in path], 1.5 * width)
        canvas = shaded(canvas, 0.4 * blow.strength * fall * (1 - drawn))
        canvas = canvas.painted(tone, drawn * (0.45 + 0.5 * blow.strength))
        canvas = replace(canvas, alpha=torch.maximum(canvas.alpha, drawn))
        canvas = canvas.raised(pixels(canvas, 1.5) * drawn).marked(torch.maximum(drawn, 0.6 * fall))
    return settled(before, canvas, canvas.mark)


def snagged(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A thread drawn tight: the cloth puckers towards a straight line, a loop stands out."""
    near = around(canvas, blow, dice.angle())
    along = (1 - (near.x / 1.6) ** 2).clamp_min(0)
    pull = along * torch.exp(-9 * near.y * near.y)
    folds = torch.cos(near.x * 9 + 3 * noise(dice, canvas.plane, 0.6 / blow.reach))
    after = canvas.raised(
        0.22
        * blow.reach
        * canvas.size
        * (0.3 + blow.strength)
        * pull
        * (0.6 + folds * near.y.abs())
    )
    width = 1.6 / (canvas.size * blow.reach)
    thread = step(along * (0.02 + 0.05 * blow.strength) - near.y.abs(), 0.0, width)
    loop = step(0.08 - (near.scaled(1.0, 0.7).radius() - 0.22).abs(), 0.0, width)
    drawn = torch.maximum(thread * (along > 0), loop)
    own, dark = colour_at(canvas, blow), brightness_at(canvas, blow)[..., None] > 0.55
    tone = torch.where(dark, 0.5 * own, own + 0.35).clamp(0, 1)
    after = after.painted(tone, drawn * (0.4 + 0.5 * blow.strength))
    after = shaded(after, 0.25 * blow.strength * pull * (1 - drawn))
    return after.marked(torch.maximum(drawn, step(pull, 0.35, 0.3)))


def wrinkled(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """Sharp folds that run across each other."""
    before, way = canvas, dice.angle()
    reach = 1.3 * blow.reach.clamp_min(0.06)
    window = step(2.0 - around(canvas, replace(blow, reach=reach)).radius(), 0.0, 0.8)
    share = torch.zeros_like(canvas.height)
    for number in range(4):
        off = 0.5 if number else 0.0
        spot = (
            blow.spot[0] + off * reach * dice.normal(),
            blow.spot[1] + off * reach * dice.normal(),
        )
        path = wander(dice, spot, reach * dice.uniform(2.2, 3.8), 5, 0.2, way + dice.normal(0.5))
        far = path_distance(canvas.plane, through(path, spot)) * canvas.size
        ridge = (1 - far / (pixels(canvas, 1.0) * dice.uniform(4.0, 9.0))).clamp_min(0)
        if number > 1:
            ridge = ridge * dice.chance(0.6)
        share = torch.maximum(share, ridge * ridge)
    share = share * window
    canvas = canvas.raised(pixels(canvas, 6.0) * (0.3 + blow.strength) * share)
    canvas = shaded(canvas, (0.1 + 0.2 * blow.strength) * (3 * share * (1 - share) - 1.2 * share))
    return settled(before, canvas, step(share, 0.15, 0.2))


def misprinted(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """The pattern printed twice, the second time beside the first."""
    way, far = dice.angle(), 0.012 + 0.02 * blow.strength
    dy, dx = torch.sin(way) * far, torch.cos(way) * far
    patch = step(
        blob(dice, canvas.plane, blow.spot, torch.maximum(2.0 * blow.reach, blow.radius), 0.1),
        0.0,
        0.15,
    )
    ghost = replace(moved(canvas, dy, dx), alpha=canvas.alpha, height=canvas.height)
    return settled(canvas, blended(canvas, ghost, patch * (0.4 + 0.3 * blow.strength)))


def smudged(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """Wet ink wiped in one direction: streaks that start dark and run out."""
    near = around(canvas, blow, dice.angle())
    y, x = near.y + 0.15 * noise(dice, canvas.plane, 1.2 / blow.reach), near.x / 1.6
    lanes = noise(dice, replace(near, y=y), 5.0, 0.25)
    front = step(x + 0.9, 0.0, 0.15) * (1 - step(x - 0.55 * lanes, 0.4, 0.9))
    ink = front * step(0.75 + 0.12 * lanes - y.abs(), 0.0, 0.25) * step(lanes, -0.4, 0.8)
    tone = standing_out(dice, canvas, blow, bias=0.2)
    tint = dice.grid(3, 1)[..., None] * 0.5
    tone = torch.where(tone < 0.5, tone + tint * dice.chance(0.5)[..., None], tone)
    canvas = canvas.painted(tone, ink * (0.3 + 0.55 * blow.strength))
    return canvas.marked(step(ink, 0.25, 0.2))


TEXTILE: dict[str, Condition] = {
    "frayed": Condition(frayed, ("frayed",), ("a loose thread", "loose threads"), only=CLOTH),
    "snagged": Condition(snagged, ("snagged",), ("a snag", "a pulled yarn"), only=CLOTH),
    "wrinkled": Condition(
        wrinkled, ("wrinkled", "creased"), ("a crease", "wrinkles", "folds"), only=PLIABLE
    ),
}
PRINT: dict[str, Condition] = {
    "misprinted": Condition(
        misprinted, ("misprinted",), ("a double print", "a ghost image"), only=PRINTED
    ),
    "smudged": Condition(
        smudged, ("smudged", "blotted"), ("a smudge", "smeared ink"), only=PRINTED
    ),
}
