"""Turned, milled and stamped parts."""

import torch

from workbench.demo.world.canvas import Solid
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, noise
from workbench.demo.world.objects.made_of import METAL, PLASTIC, RUBBER, STONE, WOOD
from workbench.demo.world.objects.thing import (
    Thing,
    around,
    at,
    bar,
    box,
    direction,
    dome,
    edge,
    rim,
    wave,
)


def washer(dice: Dice, plane: Plane) -> Solid:
    """A flat ring, in some pictures a split one."""
    r = plane.radius()
    inside = torch.minimum(1 - r, r - dice.uniform(0.35, 0.6))
    split = torch.where(plane.x > 0, torch.abs(plane.y + 0.25 * plane.x) - 0.04, 1.0)
    inside = torch.where(dice.chance(0.2), torch.minimum(inside, split), inside)
    return Solid(inside, rim(inside, 0.06, 0.06))


def gear(dice: Dice, plane: Plane) -> Solid:
    """A toothed wheel with a bore, a keyway or none, and a raised hub."""
    r, turn = plane.radius(), direction(plane)
    depth = dice.uniform(0.08, 0.13)
    out = (
        1
        - depth
        + depth * (dice.uniform(1.5, 3) * torch.cos(dice.whole(9, 22) * turn)).clamp(-1, 1)
    )
    bore = dice.uniform(0.15, 0.3)
    keyway = torch.maximum(torch.abs(plane.y) - 0.06, torch.abs(plane.x - bore) - 0.09)
    hole = torch.minimum(r - bore, torch.where(dice.chance(0.4), keyway, 1.0))
    sector = around(plane, dice.whole(3, 6))
    web = at(sector, 0.0, bore + 0.29) - dice.uniform(0.07, 0.12)
    hole = torch.minimum(hole, torch.where(dice.chance(0.35), web, 1.0))
    inside = torch.minimum(out - r, hole)
    hub = rim(bore + 0.15 - r, 0.04, 0.08) - dice.chance(0.5) * rim(0.8 - depth - r, 0.05, 0.06)
    return Solid(inside, rim(inside, 0.05, 0.06) + hub)


def plate(dice: Dice, plane: Plane) -> Solid:
    """A round plate with a raised rim, turned in fine grooves, some with a hole."""
    r = plane.radius()
    width = dice.uniform(0.08, 0.22)
    hole = torch.where(dice.chance(0.4), dice.uniform(0.1, 0.25), -1.0)
    inside = torch.minimum(1 - r, r - hole)
    floor = edge(1 - width - r, 0.06)
    grooves = torch.cos(r * dice.uniform(90, 140)) * floor
    boss = dice.chance(0.5) * rim(hole.abs().clamp_max(0.3) + 0.12 - r, 0.05, 0.08)
    height = rim(inside, 0.05, 0.1) - dice.uniform(0.06, 0.12) * floor + boss + 0.003 * grooves
    return Solid(inside, height, 1 - 0.12 * floor + 0.03 * grooves)


def bearing(dice: Dice, plane: Plane) -> Solid:
    """A ball bearing: two rings with balls between, or a shield over them."""
    r = plane.radius()
    bore = dice.uniform(0.35, 0.5)
    inner, outer = bore + dice.uniform(0.1, 0.16), 1 - dice.uniform(0.1, 0.16)
    inside = torch.minimum(1 - r, r - bore)
    middle, half = (inner + outer) / 2, (outer - inner) / 2
    between = half - torch.abs(r - middle)
    gap = edge(between)
    ball = 0.9 * half
    count = torch.floor(torch.pi / torch.asin((1.12 * ball / middle).clamp_max(0.9)))
    far = at(around(plane, count), 0.0, middle)
    shield = dice.chance(0.35)
    cage = edge(half * 0.35 - torch.abs(r - middle))
    pit = (gap * (0.55 - 0.25 * cage) - edge(ball - far) * 0.55).clamp_min(0)
    balls = dome(far / ball) * ball
    height = rim(inside, 0.04, 0.08) + torch.where(
        shield, -0.03 * gap, 0.9 * balls - 0.12 * gap * (1 - edge(ball - far))
    )
    return Solid(
        inside,
        height,
        torch.where(shield, 1.0, 1 - pit + 0.15 * edge(ball - far)),
        shield * 0.8 * gap,
    )


def pulley(dice: Dice, plane: Plane) -> Solid:
    """A wheel with a grooved rim, spokes or holes, and a hub."""
    r = plane.radius()
    bore = dice.uniform(0.1, 0.18)
    hub, felloe = bore + dice.uniform(0.1, 0.15), 1 - dice.uniform(0.18, 0.26)
    sector = around(plane, dice.whole(3, 6))
    window = torch.minimum(
        torch.abs(r - (hub + felloe) / 2).neg() + (felloe - hub) / 2 - 0.04,
        torch.abs(sector.y) - dice.uniform(0.05, 0.1),
    )
    round_hole = (felloe - hub) * 0.36 - at(sector, 0.0, (hub + felloe) / 2)
    window = torch.where(dice.chance(0.5), window, round_hole)
    inside = torch.minimum(torch.minimum(1 - r, r - bore), -window)
    rope = torch.abs(r - (1 + felloe) / 2) / (0.4 * (1 - felloe))
    height = rim(inside, 0.04, 0.06) + rim(hub - r, 0.05, 0.12) + rim(r - felloe, 0.05, 0.14)
    height = height - 0.16 * (1 - rope * rope).clamp_min(0)
    return Solid(inside, height, 1 - 0.25 * (1 - rope).clamp_min(0))


def flange(dice: Dice, plane: Plane) -> Solid:
    """A round plate with a circle of bolt holes and a raised face about its bore."""
    r = plane.radius()
    bore = dice.uniform(0.22, 0.4)
    hole, face = dice.uniform(0.06, 0.1), bore + dice.uniform(0.1, 0.17)
    pitch = (1 + face) / 2
    far = at(around(plane, dice.whole(4, 8)), 0.0, pitch)
    inside = torch.minimum(torch.minimum(1 - r, r - bore), far - hole)
    height = rim(inside, 0.04, 0.05) + rim(face - r, 0.06, dice.uniform(0.08, 0.2))
    seat = edge(hole * 1.6 - far) * dice.chance(0.5)
    return Solid(inside, height - 0.04 * seat, 1 + 0.08 * seat)


def bracket(dice: Dice, plane: Plane) -> Solid:
    """An L of sheet with holes in both legs."""
    wide = dice.uniform(0.2, 0.3)
    reach = 0.74
    corner = dice.uniform(0.05, 0.15)
    upright = plane.moved(0.0, reach - wide)
    lying = plane.moved(-(reach - wide), 0.0)
    inside = torch.maximum(box(upright, reach, wide, corner), box(lying, wide, reach, corner))
    web = torch.minimum(torch.minimum(reach - plane.y, reach + plane.x), plane.y - plane.x - 0.3)
    inside = torch.where(dice.chance(0.4), torch.maximum(inside, web), inside)
    size = wide * dice.uniform(0.3, 0.45)
    slot = dice.chance(0.3) * wide * 0.5
    near = torch.minimum(
        torch.minimum(
            bar(Plane(upright.x, upright.y + reach * 0.62), slot),
            bar(Plane(upright.x, upright.y + dice.uniform(-0.05, 0.1)), slot),
        ),
        torch.minimum(
            bar(lying.moved(0.0, -reach * 0.62), slot),
            bar(lying.moved(0.0, dice.uniform(-0.1, 0.05)), slot),
        ),
    )
    inside = torch.minimum(inside, near - size)
    return Solid(
        inside, rim(inside, 0.05, 0.06) - 0.04 * edge(1.5 * size - near) * dice.chance(0.5)
    )


def tube(dice: Dice, plane: Plane) -> Solid:
    """A pipe seen from its end: a wall, and the dark inside."""
    r = plane.radius()
    bore = 1 - dice.uniform(0.08, 0.25)
    far = bore * dice.uniform(0.5, 0.8)
    way = dice.angle()
    shift = 0.6 * (bore - far)
    end = far - at(plane, torch.sin(way) * shift, torch.cos(way) * shift)
    hollow, deep = edge(bore - r), edge(end, 0.06)
    inside = 1 - r
    height = rim(torch.minimum(inside, r - bore), 0.04, 0.05) - 0.3 * hollow * (1 - r / bore)
    shade = 0.55 * hollow * (0.6 + 0.4 * (1 - r / bore))
    return Solid(inside, height, 1 - shade - (0.9 - shade - 0.1) * deep * 0.8)


def rod(dice: Dice, plane: Plane) -> Solid:
    """A round bar with chamfered ends, some with turned grooves."""
    half = dice.uniform(0.12, 0.28)
    inside = box(plane, half, 0.97, 0.05)
    groove = edge(0.04 - torch.abs(torch.abs(plane.x) - dice.uniform(0.5, 0.85))) * dice.chance(0.5)
    knurl = wave(plane.x * 16 + plane.y * 9) * wave(plane.x * 16 - plane.y * 9)
    grip = edge(dice.uniform(0.2, 0.45) - torch.abs(plane.x)) * dice.chance(0.35)
    height = dome(plane.y / half, half) - 0.05 * groove + 0.05 * knurl * grip
    return Solid(inside - 0.03 * groove, height, 1 - 0.2 * groove)


def saw(dice: Dice, plane: Plane) -> Solid:
    """A saw blade: a thin disc with raked teeth, slots and a bore."""
    r, turn = plane.radius(), direction(plane) / (2 * torch.pi)
    count, depth = dice.whole(16, 40), dice.uniform(0.07, 0.14)
    ramp = turn * count
    ramp = ramp - torch.floor(ramp)
    bore = dice.uniform(0.1, 0.2)
    inside = torch.minimum(1 - depth + depth * torch.minimum(ramp, 6 * (1 - ramp)) - r, r - bore)
    sector = around(plane, dice.whole(3, 6))
    slot = bar(sector.moved(sector.x * 0.2 - 0.15, -0.85), 0.13) - 0.018
    inside = torch.where(dice.chance(0.6), torch.minimum(inside, slot), inside)
    collar = edge(bore + dice.uniform(0.15, 0.3) - r)
    ground = noise(dice, Plane(r, turn), 30.0, 3.0)
    return Solid(inside, rim(inside, 0.04, 0.03) + 0.03 * collar, 1 - 0.1 * collar + 0.03 * ground)


def seal(dice: Dice, plane: Plane) -> Solid:
    """A ring of round section."""
    half = dice.uniform(0.08, 0.2)
    off = (plane.radius() - (1 - half)).abs()
    return Solid(half - off, dome(off / half, half))


MACHINED: dict[str, Thing] = {
    "washer": Thing(washer, ("washer", "flat ring"), METAL + PLASTIC),
    "gear": Thing(gear, ("gear", "cogwheel"), METAL + PLASTIC + WOOD),
    "plate": Thing(plate, ("round plate", "disc", "disk"), METAL + STONE),
    "bearing": Thing(bearing, ("ball bearing", "bearing"), METAL, 0.6),
    "pulley": Thing(pulley, ("pulley wheel", "belt wheel"), METAL + PLASTIC + WOOD),
    "flange": Thing(flange, ("flange", "pipe flange"), METAL),
    "bracket": Thing(bracket, ("bracket", "angle bracket"), METAL),
    "tube": Thing(tube, ("pipe end", "tube", "pipe"), METAL + PLASTIC),
    "rod": Thing(rod, ("rod", "round bar", "pin"), METAL + WOOD, 0.5),
    "saw": Thing(saw, ("saw blade", "circular saw"), METAL, 0.5),
    "seal": Thing(seal, ("o-ring", "rubber ring", "seal"), RUBBER + PLASTIC, 0.4),
}
