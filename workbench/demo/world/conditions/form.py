"""Damage to the form: dents, blisters, bends and breaks."""

from dataclasses import replace

import torch

from workbench.demo.world.canvas import Canvas
from workbench.demo.world.conditions.condition import Blow, Condition
from workbench.demo.world.conditions.kin import HARD, LIMBER, METAL, MOULDED
from workbench.demo.world.conditions.local import (
    around,
    between,
    blended,
    brightness_at,
    direction_to,
    edge_near,
    glossed,
    moved,
    pixels,
    settled,
    shaded,
)
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Colours, noise, soften, step


def dented(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A smooth hollow, as from a knock."""
    squeeze = torch.exp(dice.normal(0.25))
    near = around(canvas, blow, dice.angle()).scaled(squeeze, 1 / squeeze)
    far = near.radius() + 0.1 * noise(dice, canvas.plane, 1.5 / blow.reach)
    hollow = (1 - far * far).clamp_min(0)
    deep = blow.reach * canvas.size * (0.25 + 0.5 * blow.strength)
    shade = shaded(canvas, (0.1 + 0.25 * blow.strength) * hollow)
    return shade.raised(-deep * hollow).marked(step(1.05 - far, 0.1, 0.2))


def blistered(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """One to four round bumps, as of air under a coating."""
    bumps = torch.zeros_like(canvas.height)
    places, sizes = dice.normal_grid(2, 4), dice.grid(4)
    for number in range(4):
        size = (0.75 if number == 0 else 0.25) + 0.3 * sizes[:, number, None, None]
        off = 0.0 if number == 0 else 0.8
        spot = [blow.spot[k] + off * blow.reach * places[:, k, number, None, None] for k in (0, 1)]
        near = canvas.plane.moved(-spot[0], -spot[1]).scaled(1 / (blow.reach * size)).radius()
        there = 1.0 if number == 0 else dice.chance(0.5)
        bumps = torch.maximum(bumps, there * size * (1 - near * near).clamp_min(0).sqrt())
    share = step(bumps, 0.08, 0.15)
    high = blow.reach * canvas.size * (0.25 + 0.6 * blow.strength)
    pale = shaded(canvas, -(0.06 + 0.2 * blow.strength) * share)
    return glossed(pale, 0.6, share).raised(high * bumps).marked(share)


def bent(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """One side of an object bent out of line and up."""
    way = direction_to(blow.middle, blow.spot)
    hinge = between(blow.middle, blow.spot, 0.5)
    y, x = canvas.plane.y - hinge[0], canvas.plane.x - hinge[1]
    c, s = torch.cos(way), torch.sin(way)
    reach = torch.maximum(blow.reach, 0.5 * blow.radius)
    along, across = (c * x + s * y) / reach, (c * y - s * x) / reach
    window = step(1.9 - across.abs(), 0.0, 1.0) * step(2.6 - along, 0.0, 1.0)
    beyond = along.clamp_min(0) * window
    bow = torch.where(dice.chance(0.5), 1.0, -1.0) * (0.15 + 0.3 * blow.strength)
    shift = bow * beyond * beyond.clamp_max(1.0) * reach
    after = moved(canvas, c * shift - 0.2 * s * shift.abs(), -s * shift - 0.2 * c * shift.abs())
    lift = (0.15 + 0.35 * blow.strength) * reach * canvas.size
    after = after.raised(lift * beyond * torch.where(dice.chance(0.5), 1.0, -1.0))
    after = shaded(after, 0.2 * blow.strength * step(along, 0.05, 0.1) * window)
    return settled(canvas, after, step(along, 0.1, 0.2) * step(window, 0.15, 0.2))


def warped(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """Outline and surface drawn out of shape in waves."""
    reach = 1.5 * blow.reach
    near = around(canvas, blow).scaled(1 / 1.5)
    r2 = near.y * near.y + near.x * near.x
    window = (1 - r2).clamp_min(0)
    window = window * window * (3 - 2 * window)
    size = (0.12 + 0.2 * blow.strength) * reach * window
    waves = [noise(dice, canvas.plane, 0.8 / reach) for _ in range(3)]
    after = moved(canvas, size * waves[0], size * waves[1])
    after = after.raised(1.4 * size * canvas.size * waves[2])
    return settled(canvas, after)


def snapped(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """An object in two pieces: a ragged gap, and one half shifted."""
    way = direction_to(blow.middle, blow.spot) + dice.normal(0.3)
    place = between(blow.middle, blow.spot, dice.uniform(0.5, 0.9))
    y, x = canvas.plane.y - place[0], canvas.plane.x - place[1]
    c, s = torch.cos(way), torch.sin(way)
    ragged = 0.03 * noise(dice, canvas.plane, 9.0) + 0.012 * noise(dice, canvas.plane, 36.0)
    side = c * x + s * y + ragged
    own = step(2.1 * blow.radius - (y * y + x * x).sqrt(), 0.0, 2.0 / canvas.size)
    gap = (0.05 + 0.13 * blow.strength) * blow.radius
    slide = dice.normal(0.12) * blow.radius * blow.strength
    turn = dice.normal(0.12) * blow.strength
    ahead = c * x + s * y
    aside = c * y - s * x
    dy = -s * (gap + turn * aside) - c * (slide - turn * ahead)
    dx = -c * (gap + turn * aside) + s * (slide - turn * ahead)
    half = moved(canvas, dy, dx)
    width = 1.4 / canvas.size
    taken = step(side - gap, 0.0, width)
    split = canvas.without(step(side, 0.0, width) * own)
    after = blended(split, half, taken * own)
    rough = step(pixels(canvas, 2.5) / canvas.size - side.abs(), 0.0, width)
    rough = rough + step(pixels(canvas, 2.5) / canvas.size - (side - gap).abs(), 0.0, width)
    rough = (rough.clamp(0, 1) * own) * (0.3 + 0.5 * blow.strength)
    after = after.painted(dice.uniform(0.15, 0.8)[..., None], rough)
    torn = step(side + pixels(canvas, 2.5) / canvas.size, 0.0, width)
    torn = torn * step(gap + pixels(canvas, 4.0) / canvas.size - side, 0.0, width)
    return settled(canvas, after, torn * own)


def chipped(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A bite out of the edge, with a rough bright facet."""
    edge = edge_near(canvas, blow.spot)
    near = around(canvas, replace(blow, spot=edge))
    far = near.radius() + 0.22 * noise(dice, canvas.plane, 1.4 / blow.reach)
    far = far + 0.07 * noise(dice, canvas.plane, 6 / blow.reach)
    width = 1.4 / (canvas.size * blow.reach)
    facet = step(1.0 - far, 0.0, width)
    gone = step(0.35 + 0.4 * blow.strength - far, 0.0, width)
    rough = 1 + 0.15 * noise(dice, canvas.plane, 8 / blow.reach)
    tone = torch.where(dice.chance(0.6), dice.uniform(0.7, 0.95), dice.uniform(0.1, 0.3))
    after = canvas.painted((tone * rough)[:, None], facet * (0.35 + 0.5 * blow.strength))
    sunk = -0.35 * canvas.size * blow.reach * (1 - far).clamp(0, 1)
    after = glossed(after.raised(sunk), 0.05, facet)
    return after.marked(facet).without(gone)


def clipped(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A whole corner or end gone, off along a nearly straight line."""
    way = direction_to(blow.middle, blow.spot) + dice.normal(0.2)
    y, x = canvas.plane.y - blow.spot[0], canvas.plane.x - blow.spot[1]
    c, s = torch.cos(way), torch.sin(way)
    ahead = c * x + s * y + 0.2 * blow.reach + 0.006 * noise(dice, canvas.plane, 20.0)
    y, x = canvas.plane.y - blow.middle[0], canvas.plane.x - blow.middle[1]
    width = 1.4 / canvas.size
    own = step(1.18 * blow.radius - (y * y + x * x).sqrt(), 0.0, width)
    return canvas.without(step(ahead, 0.0, width) * own)


def burred(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """Ragged tongues of surplus material along the edge."""
    edge = edge_near(canvas, blow.spot)
    near = around(canvas, replace(blow, spot=edge))
    window = step(1.8 - near.radius(), 0.0, 0.8)
    grown = soften(canvas.alpha, canvas.size * 0.06)
    ragged = (0.6 + 0.5 * noise(dice, canvas.plane, 26.0)).clamp(0, 1)
    flash = step(grown, 0.55 - (0.25 + 0.25 * blow.strength) * ragged * window, 0.12)
    flash = flash * (window > 0)
    extra = (flash - canvas.alpha).clamp(0, 1)
    inner = torch.where((canvas.alpha > 0.9)[:, None], canvas.rgb, 0.0)
    weight = soften((canvas.alpha > 0.9).float(), canvas.size * 0.12).clamp_min(0.02)
    spread = (soften(inner, canvas.size * 0.12) / weight[:, None]).clamp(0, 1)
    after = canvas.painted(spread * dice.uniform(0.95, 1.3)[..., None], extra)
    alpha = torch.maximum(canvas.alpha, flash)
    after = replace(after, alpha=alpha)
    after = after.raised(pixels(canvas, 1.5) * ragged * extra)
    return settled(canvas, after, extra)


def punctured(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A hole with a raised rim, dark inside."""
    squeeze = torch.exp(dice.normal(0.15))
    near = around(canvas, blow, dice.angle()).scaled(1.7 * squeeze, 1.7 / squeeze)
    far = near.radius() + 0.12 * noise(dice, canvas.plane, 2.5 / blow.reach)
    width = 2.0 / (canvas.size * blow.reach)
    hole = step(1 - far, 0.0, width)
    rim = (1 - ((far - 1.15) / 0.3).abs()).clamp(0, 1)
    deep = _depths(dice, canvas, blow)
    after = canvas.raised(blow.reach * canvas.size * blow.strength * (0.15 * rim - 0.3 * hole))
    after = shaded(after, -0.25 * blow.strength * rim)
    after = after.painted(deep, hole * (0.5 + 0.5 * blow.strength))
    return glossed(after, 0.0, hole).marked(torch.maximum(hole, step(rim, 0.4, 0.2)))


def _depths(dice: Dice, canvas: Canvas, blow: Blow) -> Colours:
    """Return what shows through an opening: the ground in shadow, or lit where all is dark."""
    dim = canvas.ground * dice.uniform(0.05, 0.35)[..., None]
    clear = 0.45 + 0.4 * canvas.ground
    return torch.where(brightness_at(canvas, blow)[..., None] > 0.24, dim, clear)


def cut(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A slit that gapes a little in its middle, its lips raised."""
    near = around(canvas, blow, dice.angle())
    bow = dice.normal(0.1)
    x, y = near.x / 1.3, near.y - bow * near.x * near.x
    y = y + 0.015 * noise(dice, canvas.plane, 4 / blow.reach)
    gape = (1 - x * x).clamp_min(0) * (0.05 + 0.12 * blow.strength * dice.uniform(0.5, 1.3))
    width = 1.4 / (canvas.size * blow.reach)
    slit = step(gape - y.abs(), 0.0, width) * (x.abs() < 1)
    lips = (1 - ((y.abs() - gape) / 0.16)).clamp(0, 1) * step(1 - x.abs(), 0.1, 0.2) * (1 - slit)
    deep = _depths(dice, canvas, blow)
    after = canvas.raised(blow.reach * canvas.size * blow.strength * (0.12 * lips - 0.2 * slit))
    after = after.painted(deep, slit * (0.5 + 0.5 * blow.strength))
    after = shaded(after, -0.15 * blow.strength * lips)
    return after.marked(torch.maximum(slit, step(lips, 0.3, 0.2)))


FORM: dict[str, Condition] = {
    "dented": Condition(dented, ("dented",), ("a dent", "dents")),
    "blistered": Condition(blistered, ("blistered", "bulging"), ("a bubble", "bubbles", "a bulge")),
    "bent": Condition(bent, ("bent", "crooked"), ("a bend", "a kink"), "object", LIMBER),
    "warped": Condition(warped, ("warped", "deformed"), ("a deformation", "a distortion")),
    "snapped": Condition(snapped, ("snapped", "fractured"), ("a fracture", "a break"), "object"),
    "chipped": Condition(chipped, ("chipped",), ("a chipped edge", "a nick"), "object", HARD),
    "clipped": Condition(
        clipped, ("truncated",), ("a piece broken off", "a lost corner"), "object"
    ),
    "burred": Condition(
        burred, ("burred",), ("a burr", "burrs", "flash"), "object", (*METAL, *MOULDED)
    ),
    "punctured": Condition(punctured, ("punctured", "pierced"), ("a hole", "a puncture")),
    "cut": Condition(cut, ("cut", "slit"), ("a cut", "a slit", "an incision")),
}
