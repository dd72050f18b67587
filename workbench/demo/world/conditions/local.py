"""What programs of damage ask of a canvas: what it is like where they strike, and what changed."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from workbench.demo.world.canvas import Canvas
from workbench.demo.world.conditions.condition import Blow
from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Colours, Field, Path, Plane, Spot, Tone, mix, soften, step

NORMAL_SIZE = 192  # the width that lengths in pixels are meant for


def pixels(canvas: Canvas, count: float) -> float:
    """Return a length in pixels of a picture of normal size, in those of this one."""
    return count * canvas.size / NORMAL_SIZE


def around(canvas: Canvas, blow: Blow, turn: Number | float = 0.0) -> Plane:
    """Return the plane with the spot as its origin and the reach as its unit."""
    moved = canvas.plane.moved(-blow.spot[0], -blow.spot[1])
    return moved.turned(turn).scaled(1 / blow.reach)


def colour_at(canvas: Canvas, blow: Blow) -> Tone:
    """Return the mean colour of the product about the spot."""
    near = around(canvas, blow)
    y, x = near.y[:, ::4, ::4], near.x[:, ::4, ::4]
    weight = torch.exp(-0.3 * (y * y + x * x)) * canvas.alpha[:, ::4, ::4] + 1e-6
    weight = (weight / weight.sum((1, 2), keepdim=True))[:, None]
    return (canvas.rgb[:, :, ::4, ::4] * weight).sum((2, 3), keepdim=True)


def brightness_at(canvas: Canvas, blow: Blow) -> Number:
    """Return the mean brightness (0..1) of the product about the spot."""
    return colour_at(canvas, blow).mean(1)


def standing_out(dice: Dice, canvas: Canvas, blow: Blow, bias: float = 0.0) -> Tone:
    """Return a dark grey where the product is light and a light one where it is dark.

    In between it is either; the larger `bias`, the more of them are dark.
    """
    dark = brightness_at(canvas, blow) + bias + dice.normal(0.15) > 0.45
    grey = torch.where(dark, dice.uniform(0.02, 0.18), dice.uniform(0.8, 1.0))
    return grey[..., None].expand(-1, 3, 1, 1)


def edge_near(canvas: Canvas, spot: Spot) -> Spot:
    """Return the place off the product that is nearest to a spot (junk if it is everywhere)."""
    y, x = canvas.plane.y[:, ::2, ::2], canvas.plane.x[:, ::2, ::2]
    far = (y - spot[0]) ** 2 + (x - spot[1]) ** 2 + 9 * (canvas.alpha[:, ::2, ::2] > 0.5)
    at = far.flatten(1).argmin(1, keepdim=True)
    return tuple(part.flatten(1).gather(1, at)[..., None] for part in (y, x))  # type: ignore[return-value]


def between(spot: Spot, other: Spot, share: float | Number) -> Spot:
    """Return the place at `share` of the way from one spot to another."""
    return spot[0] + (other[0] - spot[0]) * share, spot[1] + (other[1] - spot[1]) * share


def through(path: Path, spot: Spot) -> Path:
    """Return a path moved so that its middle place is the spot."""
    middle = path[len(path) // 2]
    return [(y + spot[0] - middle[0], x + spot[1] - middle[1]) for y, x in path]


def direction_to(spot: Spot, other: Spot) -> Number:
    """Return the direction in radians in which another spot lies."""
    return torch.atan2(other[0] - spot[0], other[1] - spot[1])


def moved(canvas: Canvas, y: Field | Number, x: Field | Number) -> Canvas:
    """Return the canvas with the product taken from (y, x) further on at each pixel."""
    parts = torch.cat(
        (canvas.rgb, canvas.height[:, None], canvas.gloss[:, None], canvas.alpha[:, None]), 1
    )
    at = torch.stack(torch.broadcast_tensors(canvas.plane.x + x, canvas.plane.y + y), -1)
    taken = F.grid_sample(parts, at * 2 - 1, padding_mode="border", align_corners=False)
    return replace(
        canvas, rgb=taken[:, :3], height=taken[:, 3], gloss=taken[:, 4], alpha=taken[:, 5]
    )


def blended(below: Canvas, above: Canvas, share: Field) -> Canvas:
    """Return one product with another laid over it where `share` is 1."""
    return replace(
        below,
        rgb=mix(below.rgb, above.rgb, share),
        height=mix(below.height, above.height, share),
        gloss=mix(below.gloss, above.gloss, share),
        alpha=mix(below.alpha, above.alpha, share),
    )


def _flat(canvas: Canvas) -> Colours:
    return mix(canvas.ground, canvas.rgb, canvas.alpha)


def changed(before: Canvas, after: Canvas) -> Field:
    """Return where (0..1) an eye sees a change of colour or of slope."""
    seen = (_flat(after) - _flat(before)).abs().amax(1)
    lift = after.height * after.alpha - before.height * before.alpha
    seen = seen + 0.4 * torch.diff(lift, dim=1, append=lift[:, -1:]).abs()
    seen = seen + 0.4 * torch.diff(lift, dim=2, append=lift[:, :, -1:]).abs()
    clear = step(seen, 0.09, 0.08)
    return (1.6 * soften(clear, pixels(before, 3.0)) - 0.2).clamp(0, 1)


def settled(before: Canvas, after: Canvas, share: Field | None = None) -> Canvas:
    """Return `after` with damage marked where `share` is 1 and the product is or was.

    Without a share, it is marked where the change is seen.
    """
    share = changed(before, after) if share is None else share
    was = torch.maximum(before.alpha, after.alpha)
    return replace(after, mark=torch.maximum(before.mark, share * was))


def shaded(canvas: Canvas, share: Field | Tensor) -> Canvas:
    """Return the canvas darkened by a share of its light (brightened where negative)."""
    return replace(canvas, rgb=canvas.rgb * (1 - share)[:, None])


def glossed(canvas: Canvas, gloss: float | Number, share: Field) -> Canvas:
    """Return the canvas with another gloss where `share` is 1."""
    return replace(canvas, gloss=canvas.gloss + (gloss - canvas.gloss) * share)
