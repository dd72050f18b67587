"""Electronic parts, cables and connectors."""

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, noise
from workbench.demo.world.objects.made_of import METAL, PLASTIC, RUBBER, STONE
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


def cable(dice: Dice, plane: Plane) -> Solid:
    """A cable cut across: sheath, filler, insulated wires, their strands."""
    r = plane.radius()
    bore = 1 - dice.uniform(0.08, 0.16)
    count = dice.whole(2, 5)
    sine = torch.sin(torch.pi / count)
    wire = 0.97 * bore * sine / (1 + sine)
    spoke = plane.turned(dice.angle())
    near = around(spoke, count)
    near = near.moved(0.0, -(bore - wire))
    far = near.radius()
    copper = wire * dice.uniform(0.55, 0.75)
    fine = dice.uniform(0.85, 1.2) * 20 / copper
    strands = 0.5 + 0.5 * torch.cos(near.y * fine) * torch.cos(near.x * fine * 0.87)
    core, insulation, inner = edge(copper - far), edge(wire - far), edge(bore - r)
    sector = torch.round(direction(spoke) / (2 * torch.pi / count))
    marked = of_number(dice, sector % count, 8) < 0.5
    filler = inner * (1 - insulation)
    height = rim(1 - r, 0.03, 0.05) - 0.06 * filler + 0.04 * insulation + 0.04 * core * strands
    tone = 1 - 0.55 * filler - 0.1 * insulation + core * (0.2 + 0.5 * strands - 0.2)
    return Solid(1 - r, height, tone, insulation * (1 - core) * marked)


def coil(dice: Dice, plane: Plane) -> Solid:
    """A coil of wire: turns upon turns, held by straps."""
    r = plane.radius()
    bore = dice.uniform(0.4, 0.65)
    wire = (1 - bore) / dice.whole(4, 8)
    shaky = r + 0.015 * noise(dice, plane, 2.0) + 0.2 * wire * noise(dice, plane, 1.2)
    turns = (1 - shaky) / wire
    off = (turns - torch.floor(turns) - 0.5) * 2
    bow = 1 - ((r - (1 + bore) / 2) / ((1 - bore) / 2)) ** 2
    sector = around(plane, dice.whole(2, 4))
    strap = edge(dice.uniform(0.05, 0.09) - torch.abs(sector.y)) * edge(sector.x - 0.2)
    strap = strap * dice.chance(0.75)
    inside = torch.minimum(0.995 - shaky, shaky - bore)
    round_wire = torch.sqrt((1 - off * off).clamp_min(0))
    height = 0.2 * bow.clamp_min(0) + (0.5 * wire * round_wire) * (1 - strap) + 0.06 * strap
    return Solid(inside, height, 0.6 + 0.4 * round_wire + 0.4 * strap * (1 - round_wire), strap)


def plug(dice: Dice, plane: Plane) -> Solid:
    """A connector from the front: housing, dark well, rows of bright pins, a key."""
    rows, columns = dice.whole(1, 3), dice.whole(2, 6)
    pitch = 1.7 / (columns + 0.8)
    high = (rows + 0.8) * pitch / 2
    scale = torch.maximum(torch.ones_like(high), high / 0.8)
    near = plane.scaled(scale)
    outer = box(near, high, 0.95, dice.uniform(0.04, 0.2))
    well = outer - dice.uniform(0.07, 0.12)
    notch = box(near.moved(high, 0.0), 0.16, 0.16, 0.02)
    well = torch.maximum(well, torch.where(dice.chance(0.5), notch, -1.0))
    fold = tiled(near, rows, columns, pitch, pitch).plane
    size = 0.22 * pitch
    square = box(fold, size, size, 0.02)
    pin = torch.where(dice.chance(0.5), square, size - fold.radius())
    socket = dice.chance(0.4)
    hollow, there = edge(well), edge(pin)
    deep = torch.where(socket, 0.25 * hollow + 0.5 * there, 0.6 * hollow - 1.1 * there)
    height = rim(outer, 0.05, 0.2) - 0.15 * hollow + torch.where(socket, -0.1, 0.15) * there
    return Solid(outer / scale, height, 1 - deep, 0.0)


def board(dice: Dice, plane: Plane) -> Solid:
    """A circuit board: traces, rows of small parts, a chip or two, holes in the corners."""
    high = dice.uniform(0.55, 0.72)
    half = dice.uniform(0.72, 0.95)
    corner = at(Plane(plane.y.abs(), plane.x.abs()), high - 0.1, half - 0.1)
    inside = torch.minimum(box(plane, high, half, 0.04), corner - 0.045)
    pad = edge(0.075 - corner)
    rows, columns = dice.whole(5, 8), dice.whole(6, 10)
    grid = tiled(plane, rows, columns, 1.8 * high / rows, 1.8 * half / columns)
    number = grid.row * 16 + grid.column
    kind, way = of_number(dice, number), of_number(dice, number)
    upright = way < 0.5
    fold = Plane(
        torch.where(upright, grid.plane.x, grid.plane.y),
        torch.where(upright, grid.plane.y, grid.plane.x),
    )
    room = torch.minimum(0.9 * high / rows, 0.9 * half / columns)
    part = box(fold, 0.36 * room, 0.62 * room, 0.02)
    chips = [
        (dice.uniform(-0.25, 0.25), dice.uniform(-0.5, 0.0), dice.uniform(0.14, 0.26)),
        (dice.uniform(-0.25, 0.25), dice.uniform(0.3, 0.6), dice.uniform(0.08, 0.16)),
    ]
    chip, leg = torch.full_like(part, -1.0), torch.full_like(part, -1.0)
    for y, x, size in chips:
        near = plane.moved(-y * high, -x * half)
        body = box(near, size, size * 1.2, 0.02)
        chip = torch.maximum(chip, body)
        legs = torch.minimum(body + 0.07, size * 1.1 - near.x.abs())
        leg = torch.maximum(leg, torch.minimum(legs, (wave(near.x * 14) - 0.5) * 0.07))
    on_chip = edge(chip)
    pins = edge(leg, 0.03) * (1 - on_chip)
    free = (1 - edge(chip + 0.1)) * edge(inside - 0.08)
    here = edge(part) * (kind < 0.75) * free
    ends = here * edge(fold.x.abs() - 0.42 * room, 0.03)
    track = torch.minimum(
        torch.where(upright, grid.plane.x, grid.plane.y).abs(), (fold.x - fold.y).abs()
    )
    trace = edge(0.015 - track, 0.02) * free * (1 - here)
    via = edge(0.03 - (grid.plane.radius() - 0.0), 0.03) * (kind > 0.85) * free
    tone = (
        1
        + 0.14 * trace
        - 0.75 * on_chip
        + 0.8 * (pins + via + pad)
        - 0.65 * (here - ends)
        + 0.9 * ends
    )
    ink = lettering(dice, plane.moved(high, 3.0), 0.05) * on_chip * edge(chip - 0.05)
    height = rim(inside, 0.03, 0.05) + 0.01 * trace + 0.05 * here + 0.03 * pins
    height = height + rim(chip, 0.03, 0.08)
    accent = (here - ends) * (kind < 0.3)
    return Solid(inside, height, (tone + 0.5 * ink).clamp(0.15, 1.9), accent)


def chip(dice: Dice, plane: Plane) -> Solid:
    """An integrated circuit: a flat body with a dot, print, and legs on two or four sides."""
    half, four = dice.uniform(0.3, 0.5), dice.chance(0.4)
    high = torch.where(four, 0.76, half)
    wide = torch.where(four, 0.76, 0.93)
    body = box(plane, high, wide, 0.03)
    count = dice.whole(4, 9)
    leg_long = dice.uniform(0.14, 0.2)
    upper = tiled(plane, 1.0, count, 9.0, 2 * wide / (count + 0.3)).plane
    lower = tiled(Plane(plane.x, plane.y), 1.0, count, 9.0, 2 * wide / (count + 0.3)).plane
    thick = 0.42 * wide / count
    legs = torch.minimum(thick - upper.x.abs(), high + leg_long - plane.y.abs())
    sides = torch.minimum(thick - lower.x.abs(), wide + leg_long - plane.x.abs())
    legs = torch.maximum(legs, torch.where(four, sides, -1.0))
    on = edge(body)
    dot = at(plane, high - 0.16, 0.16 - wide) - dice.uniform(0.04, 0.07)
    notch = 0.1 - at(plane, 0.0, -wide)
    sunk = torch.where(dice.chance(0.5), edge(-dot), edge(notch))
    ink = lettering(dice, plane.moved(3.0, 3.0), dice.uniform(0.09, 0.13))
    ink = ink * edge(box(plane, 0.55 * high, 0.7 * wide, 0.02)) * dice.chance(0.8)
    bend = (plane.y.abs() - high).clamp_min(0) + (plane.x.abs() - wide).clamp_min(0) * four
    height = torch.maximum(rim(body, 0.06, 0.2), 0.1 - 0.4 * bend) - 0.04 * sunk
    tone = 1.45 + on * (0.75 - 1.45) - 0.15 * sunk + 0.6 * ink
    return Solid(torch.maximum(body, legs), height, tone)


def resistor(dice: Dice, plane: Plane) -> Solid:
    """A resistor: a body with swollen ends and coloured bands between two leads."""
    half, long = dice.uniform(0.22, 0.3), dice.uniform(0.45, 0.6)
    swell = (plane.x.abs() / long - 0.6).clamp_min(0)
    waist = half * (0.82 + 0.18 * (4 * swell).clamp(0, 1))
    body = torch.minimum(box(plane, half, long, 0.12), waist - plane.y.abs())
    lead = box(plane, 0.035, 0.99, 0.02)
    place = plane.x / (2 * long) + 0.5
    band = torch.zeros_like(place)
    light = torch.zeros_like(place)
    for k, where in enumerate((0.17, 0.35, 0.5, 0.8)):
        there = edge(0.035 - torch.abs(place - where), 0.02)
        kind = dice.whole(0, 2) if k else dice.whole(0, 0)
        band = band + there * (kind == 0)
        light = light + there * (kind - 1) * 0.6 * (kind > 0) - 0.6 * there * (kind == 1)
    on = edge(body)
    height = torch.maximum(dome(plane.y / waist, waist) * on, dome(plane.y / 0.035, 0.035))
    tone = 1.2 + on * (light - 0.2)
    return Solid(torch.maximum(body, lead), height, tone, band.clamp(0, 1) * on)


def transistor(dice: Dice, plane: Plane) -> Solid:
    """A transistor: a black-faced body on three legs."""
    half, top = dice.uniform(0.34, 0.48), dice.uniform(-0.1, 0.05)
    body = box(plane.moved(0.0, 0.5 - top / 2), half, 0.47 + top / 2, 0.06)
    spread = dice.uniform(0.6, 0.72) * half
    apart = spread * (0.6 + 0.4 * ((plane.x - top) / 0.3).clamp(0, 1))
    fold = tiled(plane, 3.0, 1.0, apart, 9.0).plane
    legs = torch.minimum(0.045 - fold.y.abs(), torch.minimum(plane.x + 0.2, 0.98 - plane.x))
    on = edge(body)
    tab = dice.chance(0.4) * edge(-0.6 - plane.x)
    hole = 0.13 - at(plane, 0.0, -0.76)
    body = torch.where(dice.chance(0.4), torch.minimum(body, -hole), body)
    ink = lettering(dice, Plane(plane.x + 2.0, plane.y + 2.0), 0.09)
    ink = ink * edge(box(plane.moved(0.0, 0.35), 0.7 * half, 0.2, 0.02))
    height = torch.maximum(rim(body, 0.08, 0.22) - 0.1 * tab, dome(fold.y / 0.045, 0.045))
    return Solid(torch.maximum(body, legs), height, 1.4 + on * (0.45 * ink - 0.65 + 0.6 * tab))


def battery(dice: Dice, plane: Plane) -> Solid:
    """A round cell lying: a nub, a coloured band, a plus sign."""
    half = dice.uniform(0.22, 0.36)
    body = box(plane.moved(0.0, 0.05), half, 0.9, 0.04)
    nub = box(plane.moved(0.0, -0.88), half * 0.4, 0.1, 0.02)
    inside = torch.maximum(body, nub)
    end = dice.uniform(0.2, 0.6)
    band = edge(plane.x - end) * edge(0.8 - plane.x)
    collar = edge(0.015 - torch.abs(plane.x - 0.8), 0.02) + edge(
        0.015 - torch.abs(plane.x + 0.8), 0.02
    )
    near = plane.moved(0.0, 0.5 - end + 0.3)
    plus = torch.maximum(box(near, 0.03, 0.1, 0.0), box(near, 0.1, 0.03, 0.0))
    ink = lettering(dice, plane.moved(0.1, 2.0), half * 0.5) * edge(0.25 * half - plane.y.abs())
    ink = ink * edge(torch.minimum(plane.x + 0.7, -plane.x))
    height = torch.where(
        body > 0, dome(plane.y / half, half), dome(plane.y / (0.4 * half), 0.4 * half)
    )
    ink = torch.maximum(edge(plus), ink)
    return Solid(inside, height - 0.03 * collar, 1 - 0.3 * collar, torch.maximum(band, ink))


def switch(dice: Dice, plane: Plane) -> Solid:
    """A square plate with one or two rockers, pressed on one side."""
    inside = box(plane, 0.8, 0.8, dice.uniform(0.04, 0.2))
    two = dice.chance(0.4)
    fold = Plane(plane.y, torch.where(two, plane.x.abs() - 0.27, plane.x))
    key = box(fold, dice.uniform(0.45, 0.6), torch.where(two, 0.25, dice.uniform(0.3, 0.5)), 0.03)
    way = torch.where(two & (plane.x > 0), dice.whole(0, 1), dice.whole(0, 1)) * 2 - 1
    on = edge(key)
    gap = edge(0.03 - key.abs())
    tilt = (plane.y * way).abs() * 0.12 + plane.y * way * 0.12
    lamp = edge(0.06 - at(fold, 0.3, 0.0)) * dice.chance(0.4)
    ring = edge(0.02 - (at(fold, -0.25, 0.0) - 0.08).abs(), 0.03) * dice.chance(0.4)
    height = rim(inside, 0.08, 0.08) + on * (0.06 + tilt)
    return Solid(inside, height, 1 - 0.4 * gap - 0.05 * on, torch.maximum(lamp, ring))


ELECTRICAL: dict[str, Thing] = {
    "cable": Thing(cable, ("cable", "cable end", "cut cable"), PLASTIC + RUBBER, 0.2),
    "coil": Thing(coil, ("wire coil", "cable coil"), PLASTIC + RUBBER, 0.4),
    "plug": Thing(plug, ("connector", "plug", "socket"), PLASTIC, 0.3),
    "board": Thing(board, ("circuit board", "printed circuit board", "pcb"), PLASTIC, 0.3),
    "chip": Thing(chip, ("microchip", "chip", "integrated circuit"), PLASTIC + STONE, 0.2),
    "resistor": Thing(resistor, ("resistor",), STONE + PLASTIC, 0.4),
    "transistor": Thing(transistor, ("transistor",), PLASTIC, 0.2),
    "battery": Thing(battery, ("battery cell", "round cell"), METAL + PLASTIC, 0.5),
    "switch": Thing(switch, ("switch plate", "rocker"), PLASTIC, 0.3),
}
