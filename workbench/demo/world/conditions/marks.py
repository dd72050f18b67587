"""Marks left on a surface: scratches, cracks and their like."""

import torch

from workbench.demo.world.canvas import Canvas
from workbench.demo.world.conditions.condition import Blow, Condition
from workbench.demo.world.conditions.kin import COATED, GLAZED, HARD, SOLID
from workbench.demo.world.conditions.local import (
    around,
    glossed,
    pixels,
    shaded,
    standing_out,
    through,
)
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import (
    Field,
    blob,
    cells,
    line,
    noise,
    path_distance,
    step,
    wander,
)


def scratched(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """One to three thin strokes, light or dark, ploughed into the surface."""
    tone = standing_out(dice, canvas, blow)
    way = dice.angle()
    for number in range(3):
        off = 0.02 if number else 0.0
        spot = (blow.spot[0] + dice.normal(off), blow.spot[1] + dice.normal(off))
        path = wander(dice, spot, 2.4 * blow.reach, 4, 0.12, way + dice.normal(0.2))
        path = through(path, spot)
        drawn = line(canvas.plane, path, pixels(canvas, 1.0) * dice.uniform(1.0, 2.4))
        if number:
            drawn = drawn * dice.chance(0.5)
        canvas = canvas.painted(tone, drawn * (0.35 + 0.6 * blow.strength))
        canvas = canvas.raised(-pixels(canvas, 1.2) * drawn * blow.strength).marked(drawn)
    return canvas


def cracked(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A jagged dark line that branches and thins out to its ends."""
    path = through(wander(dice, blow.spot, 3.0 * blow.reach, 9, 0.55), blow.spot)
    far = path_distance(canvas.plane, path)
    for knot in (3, 6):
        way = torch.atan2(
            path[knot][0] - path[knot - 1][0], path[knot][1] - path[knot - 1][1]
        ) + torch.where(dice.chance(0.5), 1.0, -1.0) * dice.uniform(0.5, 1.0)
        length = blow.reach * dice.uniform(0.7, 1.5)
        tip = (
            path[knot][0] + 0.5 * length * torch.sin(way),
            path[knot][1] + 0.5 * length * torch.cos(way),
        )
        branch = path_distance(canvas.plane, wander(dice, tip, length, 4, 0.45, way))
        far = torch.minimum(far, torch.where(dice.chance(0.75), branch, 9.0))
    thin = (1.25 - 0.4 * around(canvas, blow).radius()).clamp(0.55, 1)
    width = pixels(canvas, 1.0) * (1.3 + 1.8 * blow.strength * dice.uniform(0.6, 1.2))
    drawn = step(thin * width * 0.5 - far * canvas.size, 0.0, 1.2)
    lip = step(thin * (width * 0.5 + pixels(canvas, 1.0)) - far * canvas.size, 0.0, 1.2) - drawn
    tone = standing_out(dice, canvas, blow, bias=0.3)
    canvas = canvas.painted(tone, drawn * (0.55 + 0.45 * blow.strength))
    canvas = shaded(canvas, -0.15 * blow.strength * lip)
    return canvas.raised(-pixels(canvas, 2.0) * drawn * blow.strength).marked(drawn)


def crazed(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A net of hair-fine cracks, as in old glaze."""
    reach = blow.reach.clamp_min(0.08)
    patch = step(blob(dice, canvas.plane, blow.spot, 1.9 * reach, 0.15), 0.0, 0.3)
    wobble = 0.008 * noise(dice, canvas.plane, 16.0)
    parted = cells(dice, canvas.plane.moved(wobble, wobble), 2.2 / reach)
    cell = canvas.size * reach / 2.2  # its width in pixels
    drawn = step(pixels(canvas, 0.6) - parted.edge * cell, 0.0, 1.2) * patch
    tone = standing_out(dice, canvas, blow, bias=0.2)
    canvas = canvas.painted(tone, drawn * (0.35 + 0.55 * blow.strength))
    return canvas.raised(-pixels(canvas, 1.0) * drawn * blow.strength).marked(patch)


def abraded(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A patch rubbed dull and pale by many fine strokes in one direction."""
    patch = step(blob(dice, canvas.plane, blow.spot, 1.2 * blow.reach, 0.3), 0.0, 0.5)
    near = canvas.plane.turned(dice.angle())
    strokes = noise(dice, near, 60.0, 5.0) + 0.6 * noise(dice, near, 90.0, 8.0)
    strokes = step(strokes, dice.uniform(-0.4, 0.2), 0.8) * patch
    tone = standing_out(dice, canvas, blow, bias=-0.2)
    canvas = canvas.painted(tone, strokes * (0.2 + 0.5 * blow.strength))
    canvas = glossed(canvas, 0.02, patch)
    return canvas.raised(-pixels(canvas, 0.7) * strokes * blow.strength).marked(patch)


def pitted(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """Small dark holes close together, as gas leaves them in a casting."""
    pits = torch.zeros_like(canvas.height)
    depth = torch.zeros_like(pits)
    places, sizes = dice.normal_grid(2, 9), dice.grid(9)
    for number in range(9):
        spot = [
            blow.spot[k] + (0.6 if number else 0.0) * blow.reach * places[:, k, number, None, None]
            for k in (0, 1)
        ]
        radius = blow.reach * (0.1 + 0.16 * sizes[:, number, None, None]).clamp_min(0.0)
        radius = torch.maximum(radius, torch.full_like(radius, 1.2 / 192))
        near = canvas.plane.moved(-spot[0], -spot[1]).scaled(1 / radius).radius()
        there = 1.0 if number < 4 else dice.chance(0.6)
        pits = torch.maximum(pits, there * step(1 - near, 0.0, 1.4 / (canvas.size * radius)))
        depth = torch.maximum(depth, there * radius * (1 - near * near).clamp_min(0))
    tone = standing_out(dice, canvas, blow, bias=0.35)
    canvas = canvas.painted(tone, pits * (0.4 + 0.5 * blow.strength))
    return canvas.raised(-canvas.size * depth * blow.strength).marked(pits)


def peeling(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A flake of the coating gone: a sharp ragged patch of another tone, a step lower."""
    gap = blob(dice, canvas.plane, blow.spot, blow.reach, 0.35)
    gap = gap + 0.08 * noise(dice, canvas.plane, 6 / blow.reach)
    edge = 1.4 / (canvas.size * blow.reach)
    patch, lip = step(gap, 0.1, edge), _band(gap, 0.1, -0.14)
    tone = (
        standing_out(dice, canvas, blow, bias=-0.15) * 0.8
        + 0.06 * dice.normal_grid(3, 1)[..., None]
    )
    rough = 1 + 0.08 * noise(dice, canvas.plane, 40.0)
    canvas = canvas.painted(
        tone.clamp(0.03, 1) * rough[:, None], patch * (0.4 + 0.5 * blow.strength)
    )
    canvas = canvas.raised(pixels(canvas, 2.0) * (lip - patch) * blow.strength)
    return glossed(canvas, 0.05, patch).marked(torch.maximum(patch, lip))


def _band(field: Field, inner: float, outer: float) -> Field:
    """Return a ridge that rises from `outer` to `inner` and ends there."""
    rise = ((field - outer) / (inner - outer)).clamp(0, 1)
    return rise * (field < inner)


MARKS: dict[str, Condition] = {
    "scratched": Condition(scratched, ("scratched",), ("a scratch", "scratches")),
    "cracked": Condition(cracked, ("cracked",), ("a crack", "cracks"), only=HARD),
    "crazed": Condition(
        crazed, ("crazed",), ("crazing", "fine hairlines"), only=GLAZED, heldout=True
    ),
    "abraded": Condition(abraded, ("worn", "abraded"), ("an abrasion", "wear", "a scuff")),
    "pitted": Condition(pitted, ("pitted",), ("pits", "blowholes", "pores"), only=SOLID),
    "peeling": Condition(
        peeling, ("peeling", "flaked"), ("flaking", "a flaked-off patch"), only=COATED
    ),
}
