"""Nuts, bolts, screws and what else holds things together."""

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Field, Plane
from workbench.demo.world.objects.made_of import CLOTH, METAL
from workbench.demo.world.objects.thing import (
    Thing,
    at,
    bar,
    box,
    dome,
    edge,
    of_number,
    polygon,
    rim,
    tiled,
    wave,
)


def nut(dice: Dice, plane: Plane) -> Solid:
    """A hexagon with a threaded bore and chamfered corners."""
    r = plane.radius()
    bore = dice.uniform(0.36, 0.55)
    inside = torch.minimum(0.86 - polygon(plane, 6), r - bore)
    collar = dice.chance(0.3)
    inside = torch.where(collar, torch.minimum(0.98 - r, r - bore), inside)
    hexagon = rim(0.86 - 0.08 * collar - polygon(plane, 6), 0.04, 0.2)
    chamfer = 0.2 * ((1.0 - r) / 0.16).clamp(0, 1)
    thread = edge(bore + 0.09 - r)
    height = 0.04 + torch.minimum(hexagon, torch.where(collar, hexagon, chamfer))
    lead = wave(r * 28)
    return Solid(inside, height - thread * (0.1 - 0.03 * lead), 1 - thread * (0.25 + 0.25 * lead))


def screw(dice: Dice, plane: Plane) -> Solid:
    """A screw lying on its side: head, thread, point."""
    y, x = torch.abs(plane.y), plane.x
    shank, head = dice.uniform(0.11, 0.17), dice.uniform(0.26, 0.4)
    start, bare = -1 + dice.uniform(0.18, 0.3), dice.uniform(-0.7, 0.0)
    pointed = dice.chance(0.6)
    tip = torch.where(pointed, dice.uniform(0.25, 0.5), 0.06)
    taper = ((0.99 - x) / tip).clamp(0, 1)
    threaded = edge(x - torch.maximum(bare, start + 0.05), 0.1) * dice.uniform(0.7, 1.0)
    ridge = wave(x * dice.uniform(7, 13) + plane.y * 0.8)
    depth = 0.3 * shank * threaded * taper
    core = shank * taper - depth + depth * 1.6 * ridge
    body = torch.minimum(torch.minimum(core - y, 0.98 - x), x - start)
    along = ((x + 0.99) / (start + 0.99)).clamp(0, 1)
    kind = dice.whole(0, 2)
    round_head = head * torch.sqrt((along * (2 - along)).clamp_min(0))
    sunk = head + (shank - head) * along
    profile = torch.where(kind == 0, sunk, torch.where(kind == 1, round_head, head + 0 * along))
    top = torch.minimum(torch.minimum(profile - y, x + 0.99), start - x)
    facets = torch.where(kind == 2, (1.6 - 1.4 * y / head).clamp(0, 1), dome(y / (profile + 1e-3)))
    inside = torch.maximum(body, top)
    on_head = edge(top)
    core_height = dome(y / (shank + 0.01)) * shank * (0.3 + 0.7 * taper) + 0.35 * depth * ridge
    height = torch.maximum(on_head * facets * profile * 0.8, core_height * (1 - on_head))
    return Solid(inside, height, 1 - 0.3 * (1 - ridge) * threaded * (1 - on_head))


def _recess(dice: Dice, plane: Plane) -> Field:
    """Return the recess of a screw's head (positive in it): a cross, a hexagon, a slot, a star."""
    long, thick = dice.uniform(0.35, 0.5), dice.uniform(0.07, 0.12)
    lying = box(plane, thick, long, 0.03)
    cross = torch.maximum(lying, box(plane, long, thick, 0.03))
    slot = box(plane, thick, 1.2, 0.01)
    hexagon = long - 0.08 - polygon(plane, 6)
    star = long - plane.radius() * (1 + 0.13 * torch.cos(6 * torch.atan2(plane.y, plane.x)))
    kind = dice.whole(0, 4)
    found = torch.where(kind <= 1, cross, torch.where(kind == 2, hexagon, slot))
    return torch.where(kind == 4, star, found)


def bolt(dice: Dice, plane: Plane) -> Solid:
    """The head of a bolt or screw from above, round or six-sided, with a recess or a mark."""
    r = plane.radius()
    six = dice.chance(0.4)
    hexagon = 0.87 - polygon(plane.turned(dice.angle()), 6)
    inside = torch.where(six, hexagon, 1 - r)
    flat = rim(inside, dice.uniform(0.06, 0.2), 0.16)
    chamfer = 0.2 * ((1.0 - r) / 0.16).clamp(0, 1)
    pan = dome(r * 0.96, dice.uniform(0.25, 0.5))
    height = torch.where(
        six, torch.minimum(flat, chamfer), torch.where(dice.chance(0.6), pan, flat)
    )
    recess = _recess(dice, plane)
    there = edge(recess, 0.05) * (1.0 * ~(six & dice.chance(0.5)))
    return Solid(inside, height - 0.22 * there, 1 - there * (0.35 + 0.3 * edge(recess - 0.06, 0.1)))


def spring(dice: Dice, plane: Plane) -> Solid:
    """A coil spring from its side: slanted wires before darker ones."""
    half, count = dice.uniform(0.28, 0.42), dice.whole(5, 11)
    pitch = 1.9 / count
    wire = torch.minimum(pitch * dice.uniform(0.2, 0.34), 0.09 + 0 * pitch)
    fold = tiled(plane, 1.0, count, 9.0, pitch).plane

    def strand(lean: float) -> Field:
        """Return the distance to a wire from bottom to top that leans by half a pitch."""
        reach = half - wire
        along = (fold.y / reach).clamp(-1, 1)
        across = fold.x - along * (0.25 * pitch * lean)
        beyond = fold.y - along * reach
        return torch.sqrt(across * across + beyond * beyond)

    front, back = strand(1.0), strand(-1.0)
    inside = wire - torch.minimum(front, back)
    bow = (1 - (plane.y / half) ** 2).clamp_min(0)
    ahead = edge(wire - front)
    height = torch.maximum(
        dome(front / wire, wire) + 0.2 * bow * ahead, 0.5 * dome(back / wire, wire)
    )
    return Solid(inside, height, 0.55 + 0.45 * ahead)


def key(dice: Dice, plane: Plane) -> Solid:
    """A door key: a bow with a hole, a blade with cuts and a groove."""
    bow = dice.uniform(0.3, 0.4)
    middle = plane.moved(0.0, 1 - bow)
    square = box(middle, bow, bow, 0.12)
    inside = torch.where(dice.chance(0.4), square, bow - middle.radius())
    hole = at(middle, 0.0, -bow * dice.uniform(0.2, 0.55)) - bow * dice.uniform(0.2, 0.35)
    half = dice.uniform(0.12, 0.18)
    cell = torch.floor(plane.x * 8)
    fx = plane.x * 8 - cell
    low, high = (of_number(dice.of_step("cuts"), cell + k + 16, 64) for k in (0, 1))
    cut = (low + (high - low) * (2 * fx - 0.5).clamp(0, 1)) * half * edge(plane.x + 0.2)
    point = (0.98 - plane.x) * 0.9
    blade = torch.minimum(torch.minimum(half - plane.y, half - cut + plane.y), plane.x + 1 - bow)
    inside = torch.minimum(torch.maximum(inside, torch.minimum(blade, point)), hole)
    groove = (
        edge(0.03 - torch.abs(plane.y - 0.3 * half)) * edge(plane.x + 0.3) * edge(0.85 - plane.x)
    )
    return Solid(inside, rim(inside, 0.04, 0.06) - 0.03 * groove, 1 - 0.25 * groove)


def zipper(dice: Dice, plane: Plane) -> Solid:
    """Two tapes joined by rows of teeth, some with a slider."""
    tape = dice.uniform(0.3, 0.45)
    inside = box(plane, tape, 0.95, 0.03)
    count = dice.whole(12, 24)
    pitch, reach = 1.9 / count, dice.uniform(0.07, 0.12)
    upper = tiled(plane.moved(reach * 0.55, 0.0), 1.0, count, 9.0, pitch).plane
    lower = tiled(plane.moved(-reach * 0.55, pitch / 2), 1.0, count, 9.0, pitch).plane
    tooth = torch.maximum(
        box(upper, reach, pitch * 0.3, 0.02), box(lower, reach, pitch * 0.3, 0.02)
    )
    there = edge(tooth)
    seam = edge(0.02 - torch.abs(torch.abs(plane.y) - (reach * 2 + 0.05))) * wave(plane.x * 40)
    ribs = wave(plane.x * 30 + plane.y * 4) * (1 - there)
    place = dice.uniform(-0.6, 0.6)
    slider = torch.maximum(
        box(plane.moved(0.0, -place), 0.2, 0.14, 0.05),
        bar(plane.moved(0.0, -place - 0.25), 0.22).neg() + 0.07,
    )
    slider = torch.where(dice.chance(0.4), slider, -1.0)
    on = edge(slider)
    height = 0.04 * there + rim(tooth, 0.03, 0.07) + 0.008 * ribs - 0.02 * seam
    height = torch.maximum(height, rim(slider, 0.06, 0.2))
    tone = 1 - 0.12 * ribs - 0.25 * seam + 0.1 * there
    return Solid(inside, height, tone + on * (1.1 - tone), torch.maximum(there, on))


FASTENERS: dict[str, Thing] = {
    "nut": Thing(nut, ("hex nut", "metal nut", "nut"), METAL, 0.5),
    "screw": Thing(screw, ("screw", "wood screw"), METAL, 0.5),
    "bolt": Thing(bolt, ("bolt head", "screw head", "bolt"), METAL, 0.5),
    "spring": Thing(spring, ("coil spring", "spring"), METAL, 0.5),
    "key": Thing(key, ("key", "door key"), METAL, 0.5),
    "zipper": Thing(zipper, ("zipper", "zip"), CLOTH, 0.2),
}
