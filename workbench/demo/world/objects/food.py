"""Things to eat, made by people."""

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, fractal, noise
from workbench.demo.world.objects.made_of import GLASS, GROWN, PAPER, PLASTIC
from workbench.demo.world.objects.thing import (
    Thing,
    around,
    at,
    bar,
    box,
    direction,
    dome,
    edge,
    of_number,
    rim,
    tiled,
    wave,
)


def biscuit(dice: Dice, plane: Plane) -> Solid:
    """A biscuit: scalloped edge, docking holes, baked darker at the rim."""
    r, turn = plane.radius(), direction(plane)
    crumbs = fractal(dice, plane, 7.0, 3)
    scallop = 0.07 * (torch.cos(dice.whole(8, 15) * turn).abs() - 0.7)
    square = box(plane, 0.78, dice.uniform(0.78, 0.95), 0.1)
    ripple = 0.018 * torch.cos(dice.whole(7, 11) * 2 * torch.pi * (plane.x - plane.y))
    outline = torch.where(dice.chance(0.4), square + ripple * dice.chance(0.6), 0.95 + scallop - r)
    inside = outline + 0.006 * crumbs
    ring = at(around(plane, dice.whole(5, 9)), 0.0, 0.58)
    fold = tiled(plane, 3.0, 4.0, 0.42, 0.38).plane
    hole = torch.where(dice.chance(0.5), torch.minimum(ring, r), fold.radius()) - 0.045
    dent = edge(-hole, 0.06) * dice.chance(0.9)
    line = edge(0.02 - torch.abs(outline - 0.16), 0.05) * dice.chance(0.5)
    baked = edge(0.1 - inside, 0.25)
    height = rim(inside, 0.14, 0.12) + 0.007 * crumbs - 0.09 * dent - 0.03 * line
    return Solid(inside, height, 1.05 - 0.25 * baked + 0.05 * crumbs - 0.35 * dent - 0.12 * line)


def cookie(dice: Dice, plane: Plane) -> Solid:
    """A cookie: uneven and cracked, with pieces of chocolate in it."""
    r = plane.radius()
    lumps, crumbs = noise(dice, plane, 1.6), fractal(dice, plane, 5.0, 3)
    inside = 0.93 + 0.035 * lumps - r + 0.01 * crumbs
    pitch = dice.uniform(0.34, 0.46)
    grid = tiled(plane, 7.0, 7.0, pitch, pitch)
    number = grid.row * 7 + grid.column
    y, x, size = (of_number(dice, number, 64) for _ in range(3))
    far = at(grid.plane, (y - 0.5) * 0.4 * pitch, (x - 0.5) * 0.4 * pitch)
    piece = 0.27 * pitch * (0.5 + size) - far + 0.015 * crumbs
    there = edge(piece) * (size > 0.3) * edge(inside - 0.12)
    height = 0.22 * dome(r * 0.98) + 0.02 * crumbs + there * rim(piece, 0.08, 0.06)
    tone = 1.0 + 0.08 * crumbs - 0.2 * edge(0.1 - inside, 0.25) - 0.45 * there
    return Solid(inside, height, tone, there * dice.chance(0.5) * 0.9)


def bun(dice: Dice, plane: Plane) -> Solid:
    """A bread bun: a brown dome, paler at its foot, with a cut or a cross or seeds."""
    oval = plane.scaled(dice.uniform(1.0, 1.5), 1.0)
    r = oval.radius()
    crust = fractal(dice, plane, 4.0, 3)
    inside = 0.97 + 0.02 * noise(dice, plane, 1.2) - r
    slit = torch.abs(plane.y + 0.05 * crust + 0.1 * plane.x) - 0.07 * (1 - plane.x**2)
    cross = torch.minimum(slit, torch.abs(plane.x + 0.05 * crust) - 0.07 * (1 - plane.y**2))
    cut = edge(-torch.where(dice.chance(0.4), cross, slit), 0.05) * dice.chance(0.6)
    grid = tiled(plane, 9.0, 9.0, 0.2, 0.2)
    number = grid.row * 9 + grid.column
    lean = of_number(dice, number, 128) * 6.3
    c, s = torch.cos(lean), torch.sin(lean)
    seed_at = Plane(
        c * grid.plane.y - s * grid.plane.x, (s * grid.plane.y + c * grid.plane.x) * 0.55
    )
    seed = edge(0.032 - seed_at.radius(), 0.02) * edge(0.75 - r, 0.2)
    seed = seed * (of_number(dice, number, 128) < 0.8) * dice.chance(0.4)
    height = 0.7 * dome(r * 0.97) + 0.012 * crust - 0.06 * cut + 0.03 * seed
    tone = 0.85 + 0.3 * r * r + 0.05 * crust + 0.35 * cut + 0.5 * seed
    return Solid(inside, height, tone)


def macaroni(dice: Dice, plane: Plane) -> Solid:
    """A bent tube of pasta, ribbed or plain, with the dark holes of its ends."""
    half, bend = dice.uniform(0.22, 0.3), dice.uniform(0.45, 0.62)
    open_ = dice.uniform(1.2, 1.9)
    size = (bend * torch.sin(open_.clamp_max(torch.pi / 2)) + half) / 0.96
    near = plane.scaled(size).moved(0.5 * bend * (1 + torch.cos(open_)), 0.0)
    turn = torch.atan2(near.x, near.y)
    r = near.radius()
    across = (r - bend) / half
    beyond = (torch.abs(turn) - open_).clamp_min(0) * r
    inside = half - torch.sqrt((r - bend) ** 2 + (1.6 * beyond) ** 2)
    end_y, end_x = bend * torch.cos(open_), bend * torch.sin(open_)
    py, px = near.y - end_y, torch.abs(near.x) - end_x
    along = px * torch.cos(open_) - py * torch.sin(open_)
    over = px * torch.sin(open_) + py * torch.cos(open_)
    mouth = half * 0.62 - torch.sqrt(over * over + (1.9 * (along - 0.15 * half)) ** 2)
    hole = edge(mouth)
    ribs = wave(across * dice.uniform(2.0, 3.0)) * dice.chance(0.5)
    height = dome(across, half) / size + 0.05 * ribs * (1 - hole) - 0.1 * hole
    return Solid(inside / size, height, 1 - 0.5 * hole - 0.08 * (1 - ribs) * (1 - hole))


def fusilli(dice: Dice, plane: Plane) -> Solid:
    """A corkscrew of pasta."""
    half, turns = dice.uniform(0.26, 0.36), dice.uniform(1.6, 2.6)
    phase = (plane.x * turns + dice.uniform()) * 2 * torch.pi
    lean = phase + plane.y / half * 0.9
    blade = torch.cos(lean)
    edge_on = half * (0.72 + 0.28 * torch.cos(phase + torch.sign(plane.y) * 1.2))
    inside = torch.minimum(edge_on - torch.abs(plane.y), 0.97 - torch.abs(plane.x) - 0.06 * blade)
    bow = torch.sqrt((1 - (plane.y / half) ** 2).clamp_min(0.02))
    height = half * (0.35 * bow + 0.4 * blade * bow)
    return Solid(inside, height, 0.86 + 0.16 * blade)


def sweet(dice: Dice, plane: Plane) -> Solid:
    """A wrapped sweet: a round middle, twisted ends fanned out, some striped."""
    middle = dice.uniform(0.36, 0.46)
    high = middle * dice.uniform(0.8, 1.0)
    core = 1 - plane.scaled(1 / high, 1 / middle).radius()
    off = (plane.x.abs() - middle * 0.85) / (0.98 - middle * 0.85)
    fan = 0.1 + dice.uniform(0.3, 0.45) * off
    count = dice.uniform(9, 15)
    spread = plane.y / fan.clamp_min(0.05)
    fold = torch.cos(spread * count * 0.5)
    wing = torch.minimum(fan - plane.y.abs(), (1 - off + 0.1 * fold) * 0.5)
    wing = torch.minimum(wing, off + 0.2)
    inside = torch.maximum(core * high, wing)
    on = edge(core, 0.1)
    crease = noise(dice, plane.scaled(1.0, 3.0), 2.0)
    stripe = edge(torch.cos((plane.x + plane.y * dice.uniform(-1, 1)) * dice.uniform(12, 20)), 0.3)
    height = dome(1 - core.clamp(0, 1), high) * on + (1 - on) * 0.05 * fold + 0.008 * crease
    tone = 1 + (1 - on) * 0.12 * fold + 0.04 * crease
    return Solid(inside, height, tone, stripe * dice.chance(0.6) * on)


def drop(dice: Dice, plane: Plane) -> Solid:
    """A hard sweet: a clear dome with a swirl or stripes."""
    r, turn = plane.radius(), direction(plane)
    long = torch.where(dice.chance(0.3), 0.4, 0.0)
    inside = 1 - long - bar(plane, long)
    swirl = torch.cos(dice.whole(3, 8) * turn + dice.uniform(-6, 6) * r)
    height = dome(1 - (inside / (1 - long)).clamp(0, 1), dice.uniform(0.4, 0.8) * (1 - long))
    there = edge(swirl, 0.4) * dice.chance(0.6)
    return Solid(inside, height, 0.85 + 0.25 * (inside / (1 - long)), there)


def gum(dice: Dice, plane: Plane) -> Solid:
    """A piece of chewing gum: a white-coated pillow."""
    high = dice.uniform(0.55, 0.75)
    inside = box(plane, high, 0.93, dice.uniform(0.15, 0.45))
    y, x = (plane.y / high).square(), (plane.x / 0.93).square()
    puff = noise(dice, plane, 1.5)
    height = 0.45 * torch.sqrt(((1 - y * y) * (1 - x * x)).clamp_min(0.0)) + 0.01 * puff
    return Solid(inside, height, 1 + 0.03 * puff)


def ring_snack(dice: Dice, plane: Plane) -> Solid:
    """A puffed snack: a wheel with spokes, or a ring, blistered."""
    r = plane.radius()
    puff = fractal(dice, plane, 3.5, 3)
    half = dice.uniform(0.14, 0.2)
    outer = half - (r - (1 - half)).abs()
    spokes = half * 0.8 - around(plane, dice.whole(4, 6)).y.abs()
    spokes = torch.minimum(spokes, 0.9 - r)
    inside = torch.where(dice.chance(0.6), torch.maximum(outer, spokes), outer) + 0.025 * puff
    level = (inside / half).clamp(0, 1)
    height = half * 1.2 * torch.sqrt(level * (2 - level)) + 0.02 * puff
    return Solid(inside, height, 0.95 + 0.08 * puff)


def chocolate(dice: Dice, plane: Plane) -> Solid:
    """A bar parted into bevelled pieces."""
    rows, columns = dice.whole(2, 4), dice.whole(4, 6)
    high = dice.uniform(0.5, 0.7)
    inside = box(plane, high, 0.93, 0.04)
    fold = tiled(plane, rows, columns, 2 * high / rows, 1.86 / columns).plane
    piece = box(fold, high / rows, 0.93 / columns, 0.02)
    mark = box(fold, 0.35 * high / rows, 0.4 / columns, 0.02)
    bevel = dice.uniform(0.05, 0.1)
    height = 0.05 + rim(piece, bevel, 0.1) + rim(mark, 0.03, 0.03) * dice.chance(0.5)
    return Solid(inside, height, 1 - 0.15 * edge(0.02 - piece))


FOOD: dict[str, Thing] = {
    "biscuit": Thing(biscuit, ("biscuit", "cracker"), GROWN, 0.0),
    "cookie": Thing(cookie, ("cookie", "chocolate chip cookie"), GROWN, 0.0),
    "bun": Thing(bun, ("bread bun", "bread roll", "bun"), GROWN, 0.15),
    "macaroni": Thing(macaroni, ("macaroni", "pasta tube"), GROWN, 0.15),
    "fusilli": Thing(fusilli, ("pasta spiral", "pasta twist"), GROWN, 0.1),
    "sweet": Thing(sweet, ("wrapped sweet", "sweet", "toffee"), PLASTIC + PAPER, 0.6),
    "drop": Thing(drop, ("hard sweet", "boiled sweet", "bonbon"), GLASS + PLASTIC, 0.8),
    "gum": Thing(gum, ("chewing gum piece", "gum pillow"), GROWN, 0.2),
    "snack": Thing(ring_snack, ("fryum", "puffed snack", "snack ring"), GROWN, 0.1),
    "chocolate": Thing(chocolate, ("chocolate bar", "candy bar"), GROWN, 0.3),
}
