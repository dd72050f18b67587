"""Medicines and what things are packed in."""

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Field, Plane, step
from workbench.demo.world.objects.made_of import GLASS, METAL, PAPER, PLASTIC, STONE
from workbench.demo.world.objects.thing import (
    Thing,
    around,
    bar,
    box,
    direction,
    dome,
    edge,
    lettering,
    rim,
    tiled,
    wave,
)


def capsule(dice: Dice, plane: Plane) -> Solid:
    """A capsule of two halves, the cap a little wider than the body."""
    half = dice.uniform(0.32, 0.45)
    joint = dice.uniform(-0.15, 0.15)
    cap = edge(plane.x - joint, 0.03)
    wide = half * (0.94 + 0.06 * cap)
    far = bar(plane, 1 - half) / wide
    ink = lettering(dice, plane.moved(0.09, 0.5), 0.1) * edge(0.1 - torch.abs(plane.y))
    ink = ink * edge(0.45 - torch.abs(plane.x + 0.45)) * dice.chance(0.4)
    height = dome(far, wide) * 0.8
    groove = edge(0.02 - torch.abs(torch.abs(plane.x) - 0.4)) * dice.chance(0.3)
    return Solid((1 - far) * half, height - 0.02 * groove, 1 - 0.7 * ink, cap * dice.chance(0.8))


def tablet(dice: Dice, plane: Plane) -> Solid:
    """A pressed tablet, round or oblong, with a bevel, most with a score line."""
    long = torch.where(dice.chance(0.4), dice.uniform(0.35, 0.55), 0.0)
    half = 1 - long
    inside = half - bar(plane, long)
    bevel = dice.uniform(0.08, 0.3)
    height = rim(inside, bevel, 0.14) + 0.18 * (inside / half).clamp_min(0)
    score = 0.05 - torch.abs(plane.x)
    cross = torch.maximum(score, 0.05 - torch.abs(plane.y))
    score = torch.where(dice.chance(0.25), cross, score)
    score = edge(score, 0.05) * dice.chance(0.75)
    ink = lettering(dice, plane.moved(0.1, 0.0), 0.2) * edge(0.1 - torch.abs(plane.y))
    ink = ink * edge(0.3 * half - torch.abs(torch.abs(plane.x) - 0.45 * half)) * dice.chance(0.4)
    return Solid(inside, height - 0.09 * score - 0.04 * ink, 1 - 0.2 * score - 0.15 * ink)


def blister(dice: Dice, plane: Plane) -> Solid:
    """A sheet of pockets, a pill in each."""
    rows, columns = dice.whole(2, 3), dice.whole(3, 5)
    high = dice.uniform(0.5, 0.66)
    inside = box(plane, high, 0.95, 0.08)
    tall, wide = 2 * (high - 0.06) / rows, 1.8 / columns
    fold = tiled(plane, rows, columns, tall, wide).plane
    least = torch.minimum(tall, wide)
    long = torch.where(dice.chance(0.5), 0.5 * (torch.maximum(tall, wide) - least), 0.0)
    upright = tall > wide
    fold = Plane(torch.where(upright, fold.x, fold.y), torch.where(upright, fold.y, fold.x))
    half = 0.4 * least
    far = bar(fold, long) / half
    pill = step(-far, -0.8, 0.12)
    flange = edge(1.0 - far, 0.12)
    foil = wave(plane.x * 24) * wave(plane.y * 24) * (1 - flange)
    height = 0.05 * flange + dome(far, half) * 0.8 + 0.006 * foil
    tear = edge(0.012 - torch.abs(fold.x.abs() - wide / 2), 0.02) * dice.chance(0.3)
    return Solid(inside, height, 1 + 0.1 * foil - 0.15 * (flange - pill) - 0.3 * tear, pill)


def bottle_top(dice: Dice, plane: Plane) -> Solid:
    """An open bottle from above: shoulder, rings of the neck, dark mouth."""
    r = plane.radius()
    neck, mouth = dice.uniform(0.5, 0.68), dice.uniform(0.3, 0.42)
    inside = 1 - r
    shoulder = 0.5 * dome(r)
    lip = (neck + mouth) / 2
    half = (neck - mouth) / 2
    ring = dome((r - lip) / half, half)
    thread = edge(0.03 - torch.abs(r - neck - 0.08), 0.05) * dice.chance(0.6)
    hollow = edge(mouth - r, 0.05)
    depth = (1 - r / mouth).clamp(0, 1)
    glass = 0.15 * edge(0.05 - torch.abs(r - 0.9), 0.06)
    tone = 0.95 - 0.12 * thread + glass - hollow * (0.4 + 0.4 * depth)
    return Solid(inside, shoulder + ring + 0.05 * thread - 0.2 * hollow, tone, 0.0)


def _profile(plane: Plane, body: Number, neck: Number, shoulder: Number, soft: Number) -> Field:
    """Return half the width of a bottle along x: body, shoulder, neck."""
    along = ((plane.x - shoulder) / soft).clamp(0, 1)
    return body + (neck - body) * along * along * (3 - 2 * along)


def bottle(dice: Dice, plane: Plane) -> Solid:
    """A bottle lying: body with a label, shoulder, neck, cap."""
    body, shoulder = dice.uniform(0.32, 0.48), dice.uniform(-0.1, 0.3)
    neck = body * dice.uniform(0.35, 0.6)
    half = _profile(plane, body, neck, shoulder, dice.uniform(0.15, 0.4))
    cap = torch.minimum(plane.x - dice.uniform(0.72, 0.85), 0.98 - plane.x)
    cap_half = neck * 1.15
    cap_there = edge(cap, 0.03)
    half = half + (cap_half - half) * cap_there
    inside = torch.minimum(torch.minimum(half - torch.abs(plane.y), 0.98 - plane.x), plane.x + 0.97)
    inside = torch.minimum(inside, box(plane.moved(0.0, 0.0), body + 0.01, 0.98, 0.12))
    middle = (shoulder - 0.95) / 2
    long = (shoulder + 0.95) / 2 - dice.uniform(0.06, 0.15)
    label = edge(long - torch.abs(plane.x - middle), 0.03) * dice.chance(0.7)
    ink = lettering(dice, plane.moved(0.0, 4.0), dice.uniform(0.07, 0.12)) * label
    ink = (
        ink
        * edge(long - 0.05 - torch.abs(plane.x - middle))
        * edge(body * 0.75 - torch.abs(plane.y))
    )
    knurl = wave(torch.asin((plane.y / cap_half).clamp(-1, 1)) * 6) * cap_there
    height = dome(plane.y / half, half) - 0.05 * (1 - knurl) * cap_there * 0.6
    tone = 1 - 0.2 * ink
    return Solid(
        inside, height, tone, torch.maximum(cap_there * dice.chance(0.6), label * (1 - ink))
    )


def vial(dice: Dice, plane: Plane) -> Solid:
    """A glass vial with something in it, a collar and a crimped cap."""
    body = dice.uniform(0.3, 0.45)
    neck = body * dice.uniform(0.55, 0.7)
    shoulder = dice.uniform(0.35, 0.5)
    half = _profile(plane, body, neck, shoulder, 0.14 + 0 * body)
    cap = edge(torch.minimum(plane.x - 0.7, 0.98 - plane.x), 0.02)
    half = half + (neck * 1.25 - half) * cap
    inside = torch.minimum(half - torch.abs(plane.y), box(plane, body + 0.01, 0.98, 0.07))
    level = dice.uniform(-0.5, 0.3)
    wall = half - torch.abs(plane.y) - 0.05
    filled = edge(torch.minimum(torch.minimum(wall, level - plane.x), plane.x + 0.9))
    crimp = edge(0.015 - torch.abs(plane.x - 0.78), 0.02) * cap
    streak = edge(0.06 - torch.abs(plane.y / body + 0.55), 0.08) * (1 - cap)
    tone = 1.05 - 0.3 * edge(0.03 - wall.abs(), 0.06) * (1 - cap) - 0.4 * crimp + 0.4 * streak
    return Solid(inside, dome(plane.y / half, half) * 0.7 - 0.02 * crimp, tone, filled)


def lid(dice: Dice, plane: Plane) -> Solid:
    """A screw cap from above: knurled edge, level or sunk middle, some with print."""
    r, turn = plane.radius(), direction(plane)
    knurl = torch.cos(dice.whole(24, 60) * turn)
    inside = 0.975 + 0.02 * knurl - r
    top = dice.uniform(0.72, 0.88)
    skirt = edge(r - top, 0.05)
    rounded = 0.3 * (1 - ((r - top).clamp_min(0) / (1 - top)) ** 2).clamp_min(0)
    panel = edge(top * dice.uniform(0.75, 0.9) - r, 0.08) * (dice.whole(-1, 1) * 0.06)
    ink = lettering(dice, Plane(r + 2.0, turn * 0.5), dice.uniform(0.09, 0.13))
    ink = ink * edge(0.07 - torch.abs(r - top * 0.6), 0.02) * dice.chance(0.5)
    height = rounded + 0.02 * knurl * skirt + panel
    return Solid(inside, height, 1 - 0.12 * (1 - knurl) * skirt, ink)


def cup(dice: Dice, plane: Plane) -> Solid:
    """A cup from above, with a handle, something in it, some on a saucer."""
    saucer = dice.chance(0.4)
    size = torch.where(saucer, 0.58, 0.74)
    near = plane.moved(0.0, torch.where(saucer, 0.0, 0.24))
    r = near.radius()
    wall = size * dice.uniform(0.86, 0.93)
    level = size * dice.uniform(0.65, 0.8)
    bar_grip = torch.minimum(0.07 - torch.abs(near.y), size + 0.28 - near.x)
    loop = 0.05 - torch.abs(near.moved(0.0, -size - 0.05).scaled(1.3, 1.0).radius() - 0.2)
    grip = torch.minimum(torch.where(dice.chance(0.5), loop, bar_grip), near.x)
    grip = torch.minimum(grip, r - wall)
    plate = 1 - plane.radius()
    inside = torch.where(saucer, plate, torch.maximum(size - r, grip))
    hollow = edge(wall - r)
    depth = ((wall - r) / (wall - level)).clamp(0, 1)
    drink = edge(level - r) * dice.chance(0.7)
    well = 0.08 * edge(0.03 - torch.abs(plane.radius() - 0.9), 0.08)
    dish = torch.where(saucer, 0.15 * plane.radius() ** 2 + well, 0.0)
    body = rim(size - r, 0.04, 0.3) - 0.3 * hollow * depth
    height = dish + torch.maximum(body, rim(grip, 0.05, 0.2))
    return Solid(inside, height, 1 - 0.3 * hollow * depth * (1 - drink), drink)


def carton(dice: Dice, plane: Plane) -> Solid:
    """A closed box from above: flaps, tape along the seam, print."""
    high = dice.uniform(0.5, 0.85)
    half = torch.sqrt(1.08 - high * high).clamp_max(0.95)
    inside = box(plane, high, half, 0.02)
    seam = edge(0.012 - torch.abs(plane.y), 0.02)
    tape = edge(dice.uniform(0.07, 0.13) - torch.abs(plane.y), 0.02) * dice.chance(0.6)
    size = dice.uniform(0.05, 0.12)
    spot = plane.moved(dice.uniform(-0.3, 0.3), dice.uniform(-0.4, 0.4))
    ink = lettering(dice, spot, size) * edge(box(spot, 0.2, 0.4, 0.02))
    ink = ink * dice.chance(0.7) * (1 - tape)
    height = rim(inside, 0.03, 0.1) - 0.03 * seam + 0.02 * tape + 0.06 * (plane.y * plane.y).neg()
    tone = 1 - 0.35 * seam * (1 - tape) - 0.05 * torch.sign(plane.y)
    return Solid(inside, height, tone, torch.maximum(ink, 0.7 * tape))


def label(dice: Dice, plane: Plane) -> Solid:
    """A printed label: a heading, lines of text, a bar code."""
    high = dice.uniform(0.4, 0.75)
    inside = box(plane, high, 0.92, dice.uniform(0.01, 0.12))
    heading = lettering(dice, plane.moved(high * 0.8, 3.0), high * 0.32) * edge(
        -0.35 * high - plane.y
    )
    text = lettering(dice, plane.moved(2.0, 2.0), high * 0.11) * edge(plane.y + 0.3 * high)
    text = text * edge(0.25 - 0.5 * dice.chance(0.5) - plane.x)
    column = torch.floor(plane.x * dice.uniform(22, 30))
    bars = (
        dice.grid(128).gather(1, (column.long() % 128).flatten(1)).view_as(column) < 0.5
    ).float()
    code = box(plane.moved(-0.35 * high, -0.55), 0.35 * high, 0.28, 0.0)
    text = text * (1 - edge(code + 0.06))
    ink = (heading + text) * edge(inside - 0.08) + bars * edge(code, 0.02)
    frame = edge(0.015 - torch.abs(inside - 0.05), 0.02) * dice.chance(0.5)
    return Solid(inside, rim(inside, 0.03, 0.01), 1.0, (ink + frame).clamp(0, 1))


def sticker(dice: Dice, plane: Plane) -> Solid:
    """A round seal of paper: rings, a word or a star, some with a scalloped edge."""
    r, turn = plane.radius(), direction(plane)
    scallop = dice.chance(0.4) * 0.04 * torch.cos(dice.whole(16, 30) * turn)
    inside = 0.96 + scallop - r
    ring = edge(0.025 - torch.abs(r - dice.uniform(0.78, 0.88)), 0.03)
    star_at = around(plane, 5)
    star = 0.33 * (dice.uniform(0.3, 0.55) - star_at.x) - 0.94 * torch.abs(star_at.y)
    word = lettering(dice, plane.moved(0.15, 3.0), 0.3)
    word = word * edge(0.15 - torch.abs(plane.y), 0.02) * edge(0.6 - torch.abs(plane.x))
    middle = torch.where(dice.chance(0.5), word, edge(star))
    text = lettering(dice, Plane(r + 3.0, turn * 0.6), 0.11) * edge(
        0.06 - torch.abs(r - 0.66), 0.01
    )
    filled = dice.chance(0.3)
    ink = torch.maximum(torch.maximum(ring, middle), text * dice.chance(0.6))
    return Solid(inside, rim(inside, 0.03, 0.01), 1.0, torch.where(filled, 1 - ink, ink))


PACKAGING: dict[str, Thing] = {
    "capsule": Thing(capsule, ("capsule", "medicine capsule"), PLASTIC, 0.6),
    "tablet": Thing(tablet, ("tablet", "pill"), STONE + PLASTIC, 0.1),
    "blister": Thing(blister, ("blister pack", "pill pack"), METAL + PLASTIC, 0.5),
    "bottle top": Thing(
        bottle_top, ("open bottle", "bottle mouth", "bottle neck"), GLASS + PLASTIC, 0.6
    ),
    "bottle": Thing(bottle, ("bottle", "flask"), GLASS + PLASTIC, 0.6),
    "vial": Thing(vial, ("vial", "ampoule"), GLASS, 0.7),
    "lid": Thing(lid, ("jar lid", "bottle cap", "screw cap"), METAL + PLASTIC, 0.4),
    "cup": Thing(cup, ("cup", "mug", "teacup"), STONE + METAL, 0.6),
    "carton": Thing(carton, ("carton", "cardboard package", "parcel"), PAPER, 0.05),
    "label": Thing(label, ("printed label", "label"), PAPER, 0.1),
    "sticker": Thing(sticker, ("round sticker", "sticker"), PAPER, 0.2),
}
