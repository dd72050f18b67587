"""What grows: nuts, fruit, leaves, eggs."""

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, cells, fractal, noise
from workbench.demo.world.objects.made_of import GROWN, STONE, WOOD
from workbench.demo.world.objects.thing import Thing, at, direction, dome, edge, wave


def hazelnut(dice: Dice, plane: Plane) -> Solid:
    """A hazelnut: a shell with a tip and fine streaks, a rough pale cap at its foot."""
    point = dice.uniform(0.02, 0.1)
    near = plane.scaled(1.0 + dice.uniform(0.0, 0.12), 1.0)
    r, turn = near.radius(), direction(near)
    tip = point * torch.cos(turn).clamp_min(0) ** 8
    inside = 0.94 + tip - r
    foot = dice.uniform(0.5, 0.85)
    cap_at = plane.moved(0.0, foot)
    rough = noise(dice, plane, 16.0)
    cap = edge(dice.uniform(0.42, 0.6) - cap_at.radius() + 0.02 * rough, 0.06)
    spread = near.y / torch.sqrt((1.1 - near.x * near.x).clamp_min(0.15))
    streaks = noise(dice, Plane(spread, plane.x), 9.0, 1.0)
    height = dome(r * 0.97, 0.8) + cap * (0.015 * rough - 0.02)
    tone = (
        0.95
        + (1 - cap) * 0.09 * streaks
        + cap * (0.2 + 0.08 * rough)
        - 0.1 * edge(plane.x - 0.8, 0.2)
    )
    return Solid(inside, height, tone)


def almond(dice: Dice, plane: Plane) -> Solid:
    """An almond: a drop with furrows along it."""
    wide = dice.uniform(0.5, 0.62)
    taper = torch.sqrt((1 - plane.x * plane.x).clamp_min(0)) * (1 - 0.35 * plane.x)
    half = (wide * taper * 1.05).clamp_min(0.01)
    across = plane.y / half
    inside = torch.minimum((1 - across.abs()) * half, 0.98 - plane.x.abs())
    furrows = noise(dice, Plane(across, plane.x), 4.5, 0.8)
    height = 0.6 * dome(across, half) + 0.025 * furrows
    return Solid(inside, height, 0.95 + 0.1 * furrows)


def bean(dice: Dice, plane: Plane) -> Solid:
    """A bean: a smooth kidney with a pale scar on its hollow side, some speckled."""
    hollow = dice.uniform(0.1, 0.25)
    near = Plane(plane.y + hollow * (plane.x * plane.x - 0.4), plane.x)
    half = dice.uniform(0.48, 0.62)
    r = near.scaled(1 / half, 1 / 0.97).radius()
    inside = (1 - r) * half
    scar = at(plane.scaled(1.0, 0.4), half * 0.8 + hollow * 0.3, 0.0)
    there = edge(0.07 - scar)
    speckle = edge(noise(dice, plane, 9.0) - 1.1, 0.4) * dice.chance(0.35)
    return Solid(inside, dome(r, half), 1 + 0.35 * there, speckle)


def cashew(dice: Dice, plane: Plane) -> Solid:
    """A cashew: a crescent, thick at one end."""
    bend = dice.uniform(0.5, 0.62)
    open_, thick = dice.uniform(1.25, 1.6), dice.uniform(0.26, 0.34)
    size = (bend * torch.sin(open_) + 0.9 * thick) / 0.96
    near = plane.scaled(size).moved(0.5 * bend * (1 + torch.cos(open_)), 0.0)
    turn, r = torch.atan2(near.x, near.y), near.radius()
    along = (turn / open_).clamp(-1, 1)
    half = thick * (1 - 0.25 * along) * (1 - 0.15 * along * along)
    beyond = (turn.abs() - open_).clamp_min(0) * r
    far = torch.sqrt((r - bend) ** 2 + beyond * beyond) / half
    inside = (1 - far) * half / size
    grooves = noise(dice, Plane(r, turn), 3.0, 0.6)
    seam = edge(0.02 - (r - bend - 0.25 * half).abs(), 0.06) * dice.chance(0.5)
    return Solid(
        inside,
        dome(far, half / size) + 0.015 * grooves - 0.02 * seam,
        1 + 0.05 * grooves - 0.08 * seam,
    )


def apple(dice: Dice, plane: Plane) -> Solid:
    """An apple from above: a dimple with a stalk, a blush on one cheek, streaks."""
    r, turn = plane.radius(), direction(plane)
    inside = 0.95 + 0.012 * torch.cos(5 * turn) + 0.02 * torch.cos(2 * turn) - r
    dimple = (
        1 - plane.moved(0.0, dice.uniform(-0.15, 0.15)).radius() / dice.uniform(0.3, 0.45)
    ).clamp_min(0)
    away = plane.x + 0.02
    bowed = plane.y - dice.uniform(-0.6, 0.6) * away * away
    stalk = torch.minimum(0.03 + 0.05 * away - bowed.abs(), dice.uniform(0.3, 0.55) - away)
    stalk = edge(torch.minimum(stalk, away))
    streaks = noise(dice, Plane(r, turn), 1.2, 7.0)
    way = dice.angle()
    cheek = torch.cos(turn - way) * r
    blush = edge(cheek + 0.12 * streaks - dice.uniform(-0.2, 0.5), 0.7) * dice.chance(0.6)
    height = 0.8 * dome(r * 0.98) - 0.25 * dimple * dimple * (3 - 2 * dimple) + 0.1 * stalk
    dots = edge(noise(dice, plane, 11.0) - 1.9, 0.4)
    tone = 0.95 + 0.04 * streaks - 0.25 * dimple + 0.2 * dots - 0.5 * stalk
    return Solid(inside, height, tone, 0.75 * blush * (1 - stalk))


def orange(dice: Dice, plane: Plane) -> Solid:
    """An orange: a ball full of pores, with a green or dark button."""
    r = plane.radius()
    inside = 0.97 + 0.01 * noise(dice, plane, 1.0) - r
    bulge = 1 + 0.35 * r.square()
    round_ = Plane(plane.y * bulge, plane.x * bulge)
    pores = cells(dice, round_, dice.uniform(9, 13))
    pit = (1 - pores.centre * 2.2).clamp_min(0)
    button_at = plane.moved(dice.uniform(-0.4, 0.4), dice.uniform(-0.4, 0.4))
    star = direction(button_at)
    button = edge(0.09 + 0.02 * torch.cos(5 * star) - button_at.radius())
    dip = (1 - button_at.radius() / 0.28).clamp_min(0)
    height = 0.85 * dome(r * 0.98) - 0.02 * pit - 0.05 * dip * dip + 0.03 * button
    return Solid(inside, height, 1.02 - 0.1 * pit - 0.35 * button, 0.5 * button)


def citrus(dice: Dice, plane: Plane) -> Solid:
    """A slice of citrus fruit: rind, pith, wedges of pulp."""
    r = plane.radius()
    count = dice.whole(8, 12)
    turn = direction(plane) * (count / (2 * torch.pi))
    off = (turn - torch.floor(turn) - 0.5).abs() * 2
    pith = dice.uniform(0.8, 0.86)
    wall = (1 - off) * r * (torch.pi / count)
    wedge = torch.minimum(torch.minimum(wall - 0.03, pith - r), r - dice.uniform(0.08, 0.14))
    pulp = edge(wedge)
    drops = noise(dice, Plane(r, turn * 2), 4.0, 1.0)
    rind = edge(r - 0.92)
    height = 0.03 - 0.03 * pulp + 0.012 * drops * pulp
    tone = 1 + 0.55 * (1 - pulp) * (1 - rind) + pulp * 0.1 * drops
    return Solid(0.97 - r, height, tone)


def leaf(dice: Dice, plane: Plane) -> Solid:
    """A leaf: a stalk, a midrib, veins to both sides, a smooth or toothed edge."""
    wide = dice.uniform(0.42, 0.68)
    x = ((plane.x + 0.7) / 1.68).clamp(0, 1)
    skew = dice.uniform(0.6, 1.1)
    profile = 4 * x * (1 - x) * (1 + skew * (0.5 - x))
    lean = dice.normal(0.08) * (plane.x * plane.x - 0.3)
    y = plane.y + lean
    count, slope = dice.uniform(5, 9), dice.uniform(0.7, 1.4)
    vein = (plane.x - slope * y.abs()) * count
    saw = (vein * 2 - torch.floor(vein * 2)) * dice.chance(0.5)
    blade = wide * profile - 0.04 * saw - y.abs() - 0.015
    stalk = torch.minimum(0.035 - y.abs(), torch.minimum(plane.x + 0.98, 0.5 - plane.x))
    inside = torch.maximum(torch.minimum(blade, plane.x + 0.7), stalk)
    side = edge(0.1 - wave(vein), 0.1) * edge(blade)
    rib = edge(0.03 * (1.1 - x) - y.abs(), 0.02)
    mottle = noise(dice, plane, 3.0)
    ribs = torch.maximum(rib, 0.7 * side)
    height = 0.15 * (blade.clamp_min(0) / wide) + 0.012 * wave(vein) - 0.012 * side + 0.04 * rib
    return Solid(inside, height, 0.95 + 0.25 * ribs + 0.05 * mottle)


def egg(dice: Dice, plane: Plane) -> Solid:
    """An egg, some speckled."""
    half = dice.uniform(0.7, 0.78)
    narrow = (1 - dice.uniform(0.12, 0.25) * plane.x).clamp_min(0.3)
    r = Plane(plane.y / (half * narrow), plane.x / 0.97).radius()
    speckle = edge(fractal(dice, plane, 5.0, 2) - dice.uniform(1.2, 1.8), 0.3) * dice.chance(0.35)
    return Solid((1 - r) * half, 0.75 * dome(r), 1 - 0.45 * speckle)


FRUITS: dict[str, Thing] = {
    "hazelnut": Thing(hazelnut, ("hazelnut", "whole nut"), WOOD + GROWN, 0.3),
    "almond": Thing(almond, ("almond",), WOOD + GROWN, 0.0),
    "bean": Thing(bean, ("bean", "kidney bean"), GROWN, 0.5),
    "cashew": Thing(cashew, ("cashew", "cashew nut"), GROWN, 0.15),
    "apple": Thing(apple, ("apple", "fruit"), GROWN, 0.5),
    "orange": Thing(orange, ("orange fruit", "mandarin"), GROWN, 0.35),
    "citrus": Thing(citrus, ("lemon slice", "orange slice", "citrus slice"), GROWN, 0.4),
    "leaf": Thing(leaf, ("leaf blade", "frond"), GROWN, 0.2),
    "egg": Thing(egg, ("egg", "eggshell"), STONE + GROWN, 0.15),
}
