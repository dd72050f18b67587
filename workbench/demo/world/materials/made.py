"""Paper, plastic, rubber, glass and other made surfaces."""

import torch

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, cells, fractal, noise, step
from workbench.demo.world.materials.material import Material
from workbench.demo.world.materials.patterns import (
    NORMAL_SIZE,
    bump,
    centred,
    hexagons,
    round_of,
    tiles,
)


def paper(dice: Dice, plane: Plane) -> Surface:
    """Matte paper with faint fibres and a cloudy density."""
    curled = plane.moved(*(0.03 * noise(dice, plane, 5.0) for _ in range(2)))
    way, fibres = dice.angle(), torch.zeros_like(plane.y)
    for turn in (0.0, 1.3):
        line = 1 - 6 * noise(dice, curled.turned(way + turn), 24.0, 5.0).abs()
        window = step(noise(dice, plane, 8.0), 0.5, 0.6)
        fibres = torch.maximum(fibres, line * window)
    tooth, cloud = noise(dice, plane, 75.0), fractal(dice, plane, 6.0, 2)
    tint = torch.where(dice.chance(0.5), -0.25, 0.2)
    tone = 0.6 + 0.05 * cloud + 0.05 * tooth + tint * fibres
    return Surface(tone.clamp(0, 1), 0.16 * tooth + 0.25 * fibres, 0.0)


def corrugated(dice: Dice, plane: Plane) -> Surface:
    """Even waves of stiff paper."""
    count = dice.uniform(8, 18)
    y = plane.y * count + 0.08 * noise(dice, plane, 2.0)
    wave = 0.5 + 0.5 * torch.cos(2 * torch.pi * y)
    tooth = noise(dice, plane, 70.0)
    fibres = noise(dice, plane, 12.0, 40.0)
    tone = (0.2 + 0.5 * wave + 0.06 * tooth + 0.05 * fibres).clamp(0, 1)
    return Surface(tone, (0.24 * bump(count)) * wave + 0.25 * tooth, 0.02)


def speckled(dice: Dice, plane: Plane) -> Surface:
    """Smooth plastic strewn with specks of another colour."""
    tone = 0.6 + 0.04 * noise(dice, plane, 2.0)
    share = dice.uniform(0.3, 0.65)
    count = dice.uniform(12, 32)
    speck = cells(dice, plane, count)
    radius = 0.36 * ((speck.shade - share) / (1 - share)).clamp_min(0)
    accent = step(radius - speck.centre, 0.04, count * (1.4 / NORMAL_SIZE))
    tone = tone - 0.35 * accent * ((speck.shade * 13.7) % 1)
    grain = noise(dice, plane, 60.0)
    return Surface(tone.clamp(0, 1), 0.025 * grain, dice.uniform(0.3, 0.7), accent)


def carbon(dice: Dice, plane: Plane) -> Surface:
    """Flat tows in a twill under clear resin: squares that shine one way or the other."""
    count = dice.uniform(9, 18)
    y, x = plane.y * count, plane.x * count
    row, column = torch.floor(y), torch.floor(x)
    over = (row + column) % 4 < 1.5
    fine = torch.where(over, noise(dice, plane, 90.0, 5.0), noise(dice, plane, 5.0, 90.0))
    off = torch.where(over, centred(y), centred(x)) * 2
    bow = 1 - off * off
    side = dice.chance(0.5)
    bright = torch.where(over == side, 0.68, 0.25)
    tone = bright * (0.7 + 0.4 * bow) + 0.08 * fine + 0.04 * noise(dice, plane, 2.0)
    return Surface(tone.clamp(0, 1), (0.06 * bump(count)) * bow + 0.1 * fine, 0.8)


def ribbed(dice: Dice, plane: Plane) -> Surface:
    """Straight ribs with grooves between, moulded in rubber."""
    count = dice.uniform(6, 16)
    across = centred(plane.y * count).abs()
    wide = dice.uniform(0.22, 0.36)
    rib = step(-across, -wide, dice.uniform(0.12, 0.3))
    skin, cloud = noise(dice, plane, 70.0), noise(dice, plane, 3.0)
    tone = (0.2 + 0.4 * rib + 0.05 * skin + 0.05 * cloud).clamp(0, 1)
    return Surface(tone, (0.2 * bump(count)) * rib + 0.2 * skin, 0.25)


def knobbed(dice: Dice, plane: Plane) -> Surface:
    """Round studs in even rows, moulded in rubber."""
    count = dice.uniform(6, 14)
    stud = tiles(dice, plane, count)
    beside = tiles(dice, plane, count, 1.0, 0.5)
    x = torch.where(dice.chance(0.5), stud.x, beside.x)
    far = torch.sqrt(stud.y * stud.y + x * x) / dice.uniform(0.3, 0.44)
    dome = round_of(far)
    flat = dome.clamp(max=0.7) / 0.7
    knob = torch.where(dice.chance(0.5), dome, flat)
    skin = noise(dice, plane, 70.0)
    tone = (0.35 + 0.3 * knob + 0.05 * skin + 0.05 * noise(dice, plane, 3.0)).clamp(0, 1)
    return Surface(tone, (0.2 * bump(count)) * knob + 0.2 * skin, 0.35)


def rippled(dice: Dice, plane: Plane) -> Surface:
    """Frosted glass: smooth ripples with bright rims."""
    count = dice.uniform(6, 16)
    bent = plane.moved(*(0.15 / count * noise(dice, plane, 0.6 * count) for _ in range(2)))
    ripple = noise(dice, bent, count)
    rim = (1 - 1.4 * ripple.abs()).clamp_min(0)
    behind = noise(dice, plane, 1.2)
    frost = noise(dice, plane, 80.0)
    tone = (0.3 + 0.12 * ripple + 0.45 * rim * rim + 0.15 * behind + 0.03 * frost).clamp(0, 1)
    return Surface(tone, (0.07 * bump(count)) * ripple + 0.015 * frost, 0.6)


def honeycomb(dice: Dice, plane: Plane) -> Surface:
    """Six-sided cells with thin walls, dark inside."""
    count = dice.uniform(6, 14)
    shaky = 0.1 / count
    bent = plane.moved(*(shaky * noise(dice, plane, 0.5 * count) for _ in range(2)))
    edge = hexagons(bent, count)
    wall = 1 - step(edge, dice.uniform(0.06, 0.1), 0.07)
    depth = (edge / 0.22).clamp(0, 1)
    wax = noise(dice, plane, 30.0)
    tone = (0.75 * wall + (1 - wall) * (0.4 - 0.3 * depth) + 0.05 * wax).clamp(0, 1)
    return Surface(tone, (0.13 * bump(count)) * (wall - depth) + 0.2 * wax, 0.2)


MADE: dict[str, Material] = {
    "paper": Material(paper, ("paper", "cardboard", "paperboard"), ("paper", "cardboard"), 0.35),
    "corrugated": Material(
        corrugated,
        ("corrugated cardboard", "corrugated board", "fluted paper"),
        (),
        0.6,
        ("brown", "beige", "white", "grey", "orange"),
    ),
    "speckled": Material(
        speckled, ("speckled plastic", "plastic", "speckled resin"), ("plastic",), 0.4
    ),
    "carbon": Material(
        carbon,
        ("carbon fibre", "carbon fiber"),
        ("carbon fibre",),
        0.8,
        ("black", "grey", "silver", "blue", "red"),
    ),
    "ribbed": Material(
        ribbed, ("ribbed rubber", "grooved mat", "rubber ribs"), ("ribbed rubber",), 0.6
    ),
    "knobbed": Material(
        knobbed, ("studded rubber", "rubber mat", "knobbed rubber"), ("rubber",), 0.6
    ),
    "rippled": Material(rippled, ("frosted glass", "rippled glass", "glass"), ("glass",), 0.5),
    "honeycomb": Material(
        honeycomb, ("honeycomb", "hexagonal cells"), ("honeycomb",), 0.75, heldout=True
    ),
}
