"""What goes wrong among several objects: one gone, moved, recoloured, or something too many."""

from dataclasses import replace

import torch

from workbench.demo.world.canvas import Canvas
from workbench.demo.world.conditions.condition import Blow, Condition
from workbench.demo.world.conditions.local import (
    around,
    blended,
    brightness_at,
    colour_at,
    moved,
    pixels,
    settled,
)
from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Field, mix, step


def _disc(canvas: Canvas, blow: Blow, y: Number | float, x: Number | float) -> Field:
    """Return the disc that the struck object fills, moved by (y, x)."""
    near = canvas.plane.moved(-blow.spot[0] - y, -blow.spot[1] - x).radius()
    return step(1.18 * blow.radius - near, 0.0, 1.4 / canvas.size)


def missing(_: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """One object of the set is not there."""
    return canvas.without(_disc(canvas, blow, 0.0, 0.0))


def displaced(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """One object of the set lies beside its place, turned."""
    way = dice.angle()
    far = blow.radius * (0.25 + 0.3 * blow.strength) * dice.uniform(0.8, 1.2)
    dy, dx = torch.sin(way) * far, torch.cos(way) * far
    turn = torch.where(dice.chance(0.5), 1.0, -1.0) * (0.2 + 0.6 * blow.strength)
    at = canvas.plane.moved(-blow.spot[0] - dy, -blow.spot[1] - dx)
    back = at.turned(turn)
    taken = moved(canvas, back.y - at.y - dy, back.x - at.x - dx)
    gone = canvas.without(_disc(canvas, blow, 0.0, 0.0))
    there = _disc(canvas, blow, dy, dx) * taken.alpha
    after = blended(gone, replace(taken, alpha=torch.ones_like(there)), there)
    was = _disc(canvas, blow, 0.0, 0.0) * canvas.alpha
    return replace(after, mark=torch.maximum(canvas.mark, torch.maximum(there, was)))


def recoloured(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """One object of the set has another colour."""
    disc = _disc(canvas, blow, 0.0, 0.0)
    own = colour_at(canvas, replace(blow, reach=0.7 * blow.radius))
    grey = canvas.rgb.mean(1, keepdim=True) / own.mean(1, keepdim=True).clamp_min(0.05)
    hue = dice.angle()
    thirds = torch.tensor([0.0, 2.1, 4.2], device=hue.device)[:, None, None]
    other = 0.45 + 0.35 * torch.cos(hue[..., None] + thirds)
    near = ((other - own) ** 2).sum(1, keepdim=True) < 0.12
    other = torch.where(near, (1 - own).clamp(0.1, 0.9), other)
    grown = (other * grey).clamp(0, 1)
    share = disc * (0.4 + 0.6 * blow.strength)
    return replace(canvas, rgb=mix(canvas.rgb, grown, share)).marked(disc)


def littered(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A small thing lies on it that does not belong there: a ring, a ball, a rod or a scrap."""
    near = around(canvas, blow, dice.angle())
    kind = dice.choice(4)[:, None, None]
    r = near.radius()
    ring = 0.22 - (r - 0.55).abs()
    ball = 0.7 - r
    rod = torch.minimum(0.2 - near.y.abs(), 1.1 - near.x.abs())
    lobes = torch.cos(torch.atan2(near.y, near.x) * 3 + dice.angle())
    scrap = 0.65 + 0.2 * lobes - torch.maximum(near.y.abs(), near.x.abs())
    inside = torch.where(kind == 0, ring, torch.where(kind == 1, ball, scrap))
    inside = torch.where(kind == 2, rod, inside)
    cover = step(inside * blow.reach * canvas.size, 0.0, 1.4)
    hue = dice.angle()
    thirds = torch.tensor([0.0, 2.1, 4.2], device=hue.device)[:, None, None]
    vivid = 0.45 + dice.uniform(0, 0.4)[..., None] * torch.cos(hue[..., None] + thirds)
    own = colour_at(canvas, blow)
    close = ((vivid - own) ** 2).sum(1, keepdim=True) < 0.1
    dark = (brightness_at(canvas, blow) > 0.5)[..., None]
    tone = torch.where(close, torch.where(dark, 0.12, 0.88), vivid)
    after = canvas.painted(tone, cover * (0.6 + 0.4 * blow.strength))
    round_top = (inside.clamp_min(0) * (0.5 - inside.clamp(0, 0.5)) * 4).clamp(0, 1).sqrt()
    flat = torch.where(kind == 3, 0.1 * step(inside, 0.05, 0.1), 0.5 * round_top)
    top = canvas.height.flatten(1).mean(1)[:, None, None] + flat * blow.reach * canvas.size
    after = replace(after, height=mix(canvas.height, top + pixels(canvas, 2.0), cover))
    after = replace(after, gloss=mix(canvas.gloss, dice.uniform(0, 0.9), cover))
    after = replace(after, alpha=torch.maximum(canvas.alpha, cover))
    return settled(canvas, after, cover)


ASSEMBLY: dict[str, Condition] = {
    "missing": Condition(missing, ("incomplete",), ("one missing", "an empty spot"), "set"),
    "displaced": Condition(
        displaced, ("displaced", "misaligned"), ("one out of place", "one askew"), "set"
    ),
    "recoloured": Condition(recoloured, ("mismatched",), ("one of the wrong colour",), "set"),
    "littered": Condition(littered, ("littered",), ("a foreign object", "a foreign body")),
}
