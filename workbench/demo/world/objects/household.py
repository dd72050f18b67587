"""Things of the house."""

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, fractal, noise
from workbench.demo.world.objects.made_of import METAL, PLASTIC, SOFT, STONE, WOOD
from workbench.demo.world.objects.thing import (
    Thing,
    around,
    at,
    box,
    direction,
    dome,
    edge,
    lettering,
    of_number,
    rim,
    tiled,
    wave,
)


def coin(dice: Dice, plane: Plane) -> Solid:
    """A coin: milled edge, raised rim, beads or letters, a head in relief or a number."""
    r, turn = plane.radius(), direction(plane)
    milled = torch.cos(dice.whole(50, 90) * turn)
    inside = 0.985 + 0.008 * milled - r
    lip = dice.uniform(0.05, 0.09)
    border = edge(r - 1 + lip, 0.03)
    bead = edge(0.03 - at(around(plane, dice.whole(30, 60)), 0.0, 0.95 - lip - 0.04), 0.03)
    letters = lettering(dice, Plane(r + 3.0, turn * 0.7), 0.14) * edge(
        0.08 - torch.abs(r - 0.74), 0.02
    )
    head = torch.maximum(
        0.3 - at(plane.scaled(0.85, 1.0), -0.1, 0.02),
        torch.minimum(0.36 - at(plane.scaled(1.0, 0.8), 0.5, 0.0), 0.55 - r),
    )
    head = torch.maximum(head, 0.1 - at(plane, -0.02, 0.32)) + 0.03 * noise(dice, plane, 4.0)
    sign = lettering(dice, plane.moved(0.32, 0.26), 0.6) * edge(box(plane, 0.32, 0.3, 0.0))
    figured = dice.chance(0.6)
    relief = torch.where(figured, (head * 4).clamp(0, 1), sign)
    curls = noise(dice, plane, 7.0) * edge(head) * figured
    raised = torch.maximum(torch.where(dice.chance(0.5), bead, letters), relief)
    height = rim(inside, 0.03, 0.04) + 0.04 * border + 0.05 * raised + 0.012 * curls
    return Solid(
        inside, height, 0.95 + 0.08 * raised + 0.05 * border, dice.chance(0.2) * edge(r - 0.62)
    )


def button(dice: Dice, plane: Plane) -> Solid:
    """A button with two or four holes, a rim and a dish."""
    r = plane.radius()
    four = dice.chance(0.7)
    spread = dice.uniform(0.15, 0.24)
    fold = Plane(torch.where(four, plane.y.abs() - spread, plane.y), plane.x.abs() - spread)
    hole = fold.radius() - dice.uniform(0.07, 0.11)
    inside = torch.minimum(0.98 - r, hole)
    dish = edge(dice.uniform(0.5, 0.78) - r, 0.1)
    stitched = dice.chance(0.25)
    band = torch.minimum(0.05 - fold.y.abs(), spread - plane.x.abs())
    thread = edge(band) * stitched
    inside = torch.where(stitched, torch.maximum(inside, band), inside)
    height = rim(0.98 - r, 0.12, 0.12) - 0.08 * dish - 0.03 * edge(0.05 - hole) + 0.08 * thread
    swirl = noise(dice, plane.scaled(1.0, 2.5), 1.5) * dice.chance(0.5)
    return Solid(inside, height, 1 + 0.08 * swirl - 0.06 * dish, thread)


def toothbrush(dice: Dice, plane: Plane) -> Solid:
    """The head of a toothbrush: tufts of bristles in rows, some of another colour, and the neck."""
    half = dice.uniform(0.34, 0.44)
    head = box(plane.moved(0.0, 0.28), half, 0.7, half * 0.9)
    neck = torch.minimum(0.11 + 0.06 * (plane.x - 0.6).clamp_min(0) - plane.y.abs(), plane.x)
    inside = torch.maximum(head, torch.minimum(neck, 0.99 - plane.x))
    rows, columns = dice.whole(3, 4), dice.whole(7, 10)
    grid = tiled(plane.moved(0.0, 0.28), rows, columns, 1.75 * half / rows, 1.3 / columns)
    least = torch.minimum(0.87 * half / rows, 0.65 / columns)
    number = grid.row * 16 + grid.column
    fray = noise(dice, plane, 14.0)
    tuft = least * 0.98 - grid.plane.radius() + 0.012 * fray
    there = edge(tuft) * edge(head - 0.03)
    bristle = 0.5 + 0.5 * torch.cos(plane.y * 110 + fray) * torch.cos(plane.x * 95)
    shade = of_number(dice, number, 64)
    outer = (grid.column - (columns - 1) / 2).abs() > columns * 0.28
    second = torch.where(dice.chance(0.5), outer, grid.row == torch.floor(rows / 2))
    height = rim(inside, 0.08, 0.1) + there * (0.16 + 0.05 * shade + 0.04 * bristle)
    tone = 1 - 0.3 * edge(head - 0.03) * (1 - there) + there * (0.25 * bristle - 0.1 + 0.1 * shade)
    return Solid(inside, height, tone, there * second)


def brush(dice: Dice, plane: Plane) -> Solid:
    """A paint brush: handle, metal ferrule, bristles that part at their ends."""
    half = dice.uniform(0.24, 0.42)
    start, end = dice.uniform(-0.25, 0.0), dice.uniform(0.2, 0.35)
    hair = noise(dice, plane, 22.0, 1.5)
    hairs = torch.minimum(half * (1 + 0.1 * (plane.x - end)) - plane.y.abs(), 0.93 - plane.x)
    hairs = torch.minimum(hairs + 0.03 * hair * edge(plane.x - 0.5, 0.5), plane.x - end + 0.05)
    ferrule = torch.minimum(half - plane.y.abs(), torch.minimum(plane.x - start, end - plane.x))
    along = ((plane.x + 1) / (start + 1)).clamp(0, 1)
    grip = 0.1 + (half * 0.85 - 0.1) * along * along
    handle = torch.minimum(
        grip - plane.y.abs(), torch.minimum(plane.x + 0.98, start + 0.02 - plane.x)
    )
    inside = torch.maximum(torch.maximum(hairs, ferrule), handle)
    on_hairs, on_ferrule = edge(plane.x - end, 0.03), edge(ferrule, 0.03)
    ring = edge(
        0.02 - torch.minimum((plane.x - start - 0.05).abs(), (plane.x - end + 0.05).abs()), 0.03
    )
    height = (
        0.4 * dome(plane.y / (half * 1.1), half) * edge(plane.x - start) + 0.02 * hair * on_hairs
    )
    height = torch.maximum(height, rim(handle, 0.1, 0.12)) + 0.03 * ring * on_ferrule
    tone = 1 + 0.15 * hair * on_hairs + 0.2 * on_ferrule - 0.2 * ring * on_ferrule
    return Solid(inside, height, tone, on_hairs * dice.chance(0.7))


def spoon(dice: Dice, plane: Plane) -> Solid:
    """A spoon: a hollow bowl and a handle that widens to its end."""
    bowl_long, bowl_wide = dice.uniform(0.36, 0.46), dice.uniform(0.28, 0.36)
    near = plane.moved(0.0, 1 - bowl_long)
    r = near.scaled(1 / bowl_wide, 1 / bowl_long).radius()
    bowl = (1 - r) * bowl_wide
    width = 0.07 + dice.uniform(0.04, 0.09) * ((plane.x + 0.2).clamp_min(0)) ** 2
    handle = torch.minimum(width - plane.y.abs(), torch.minimum(plane.x + 0.5, 0.98 - plane.x))
    handle = torch.minimum(handle, 1.05 - at(plane, 0.0, -0.06))
    inside = torch.maximum(bowl, handle)
    hollow = (1 - r / 0.87).clamp(0, 1)
    line = edge(0.012 - (handle - 0.03).abs(), 0.02) * edge(plane.x - 0.35) * dice.chance(0.5)
    height = rim(inside, 0.03, 0.08) - 0.3 * bowl_wide * hollow * (2 - hollow) - 0.02 * line
    return Solid(inside, height, 1 - 0.3 * hollow - 0.2 * line)


def candle(dice: Dice, plane: Plane) -> Solid:
    """A candle from above: a wall of wax, a pool about a dark wick, some in a cup."""
    r = plane.radius()
    drip = 0.02 * noise(dice, plane, 1.5)
    cupped = dice.chance(0.4)
    flutes = 0.015 * torch.cos(dice.whole(24, 40) * direction(plane))
    inside = 0.97 - r + torch.where(cupped, flutes, drip)
    pool = edge(dice.uniform(0.35, 0.75) - r + 2 * drip, 0.15) * dice.chance(0.7)
    rib = edge(r - 0.88, 0.03) * cupped
    bent = dice.uniform(-0.06, 0.06)
    wick = 0.075 - torch.sqrt(
        (plane.y - bent) ** 2 + ((plane.x.abs() - dice.uniform(0.0, 0.12)).clamp_min(0)) ** 2
    )
    there = edge(wick)
    cone = 0.15 * (1 - r / 0.3).clamp_min(0) * (1 - pool)
    height = (
        rim(inside, 0.1, 0.15)
        - 0.08 * pool
        + cone
        + rim(wick, 0.05, 0.12)
        - 0.06 * (1 - rib) * cupped
    )
    soot = edge(0.16 - r, 0.2)
    tone = 1 - 0.1 * pool - 0.75 * there - 0.1 * soot
    return Solid(inside, height, tone, rib * 0.9)


def tile(dice: Dice, plane: Plane) -> Solid:
    """A square tile with softened edges and a pattern: rings, diamond, border, flower."""
    inside = box(plane, 0.78, 0.78, 0.03)
    fold = Plane(plane.y.abs(), plane.x.abs())
    rings = torch.cos(at(fold, 0.78, 0.78) * dice.uniform(10, 18))
    diamond = dice.uniform(0.4, 0.7) - fold.y - fold.x
    border = 0.03 - (inside - dice.uniform(0.08, 0.16)).abs()
    flower = (
        dice.uniform(0.35, 0.5) * (1 + 0.4 * torch.cos(dice.whole(4, 8) * direction(plane)))
        - plane.radius()
    )
    kind = dice.whole(0, 4)
    found = torch.where(kind == 0, rings * 0.06, torch.where(kind == 1, diamond, border))
    found = torch.where(kind == 3, torch.maximum(flower, border), found)
    pattern = edge(found) * (kind < 4)
    relief = dice.uniform(-0.02, 0.03) * pattern
    cloud = fractal(dice, plane, 2.0, 3)
    return Solid(
        inside, rim(inside, 0.05, 0.06) + relief + 0.003 * cloud, 1 + 0.04 * cloud, pattern
    )


def comb(dice: Dice, plane: Plane) -> Solid:
    """A comb: a back and a row of teeth."""
    high = dice.uniform(0.28, 0.38)
    spine = box(plane.moved(high * 0.7, 0.0), high * 0.35, 0.97, 0.08)
    count = dice.whole(14, 26)
    fold = tiled(plane, 1.0, count, 9.0, 1.8 / count).plane
    teeth = torch.minimum(0.5 / count * (1.2 - 0.5 * plane.y / high) - fold.x.abs(), high - plane.y)
    teeth = torch.minimum(teeth, plane.y + high * 0.8)
    ends = torch.minimum(
        torch.minimum(plane.x.abs() - 0.9, 0.97 - plane.x.abs()), high - plane.y.abs()
    )
    inside = torch.maximum(torch.maximum(spine, teeth), ends)
    return Solid(inside, rim(inside, 0.04, 0.07) + rim(spine, 0.1, 0.06))


def sponge(dice: Dice, plane: Plane) -> Solid:
    """A kitchen sponge: a soft block full of holes, a scouring layer at one side."""
    soft = noise(dice, plane, 1.5)
    inside = box(plane, dice.uniform(0.55, 0.68), 0.93, 0.08) + 0.01 * soft
    large = noise(dice, plane, dice.uniform(7, 10)) - dice.uniform(0.8, 1.2)
    small = noise(dice, plane, 18.0) - 1.0
    pores = edge(torch.maximum(large, 0.7 * small), 0.5)
    pad = edge(plane.y - dice.uniform(0.25, 0.4), 0.02) * dice.chance(0.6)
    fibres = noise(dice, plane, 16.0) * pad
    pores = pores * (1 - pad)
    height = rim(inside, 0.15, 0.15) - 0.05 * pores + 0.02 * fibres
    return Solid(inside, height, 1 - 0.35 * pores + 0.1 * fibres, pad)


def peg(dice: Dice, plane: Plane) -> Solid:
    """A clothes peg: two slim halves held by a coil of wire."""
    half = dice.uniform(0.18, 0.26)
    gap = 0.015 + 0.1 * (plane.x - 0.1).clamp_min(0) * half / 0.2 * 0.6
    leg = torch.minimum(
        half - plane.y.abs() + 0.05 * (plane.x - 0.2).clamp_max(0), plane.y.abs() - gap
    )
    leg = torch.minimum(leg, 0.97 - plane.x.abs())
    jaw = 0.06 - at(Plane(plane.y.abs(), plane.x), 0.02, -0.7)
    coil = box(plane.moved(0.0, 0.12), half * 1.15, 0.12, 0.03)
    turns = wave(plane.x * 22)
    inside = torch.maximum(torch.minimum(leg, -jaw), coil)
    on = edge(coil)
    height = torch.maximum(rim(leg, 0.08, 0.12), rim(coil, 0.04, 0.2)) + 0.03 * turns * on
    return Solid(inside, height, 1 + on * (0.3 * turns - 0.2))


HOUSEHOLD: dict[str, Thing] = {
    "coin": Thing(coin, ("coin", "medal"), METAL, 0.5),
    "button": Thing(button, ("button", "shirt button"), PLASTIC + WOOD, 0.4),
    "toothbrush": Thing(toothbrush, ("toothbrush head", "toothbrush bristles"), PLASTIC, 0.3),
    "brush": Thing(brush, ("brush head", "paint brush tip"), WOOD + PLASTIC, 0.2),
    "spoon": Thing(spoon, ("spoon", "teaspoon"), METAL + WOOD + PLASTIC, 0.6),
    "candle": Thing(candle, ("candle", "tea light"), PLASTIC, 0.25),
    "tile": Thing(tile, ("floor tile", "wall tile"), STONE, 0.5),
    "comb": Thing(comb, ("comb", "hair comb"), PLASTIC + WOOD, 0.4),
    "sponge": Thing(sponge, ("kitchen sponge", "scouring pad"), SOFT, 0.0),
    "peg": Thing(peg, ("clothes peg", "clothespin"), WOOD + PLASTIC, 0.1),
}
