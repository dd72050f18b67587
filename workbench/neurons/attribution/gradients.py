"""Attribution by gradients: at a point, along a line at a site, along a line of images.

Each runs chunk by chunk: never are more than `chunk` images (or points of a path) in memory with
their graphs, however many neurons the site has, for one backward pass serves them all.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.clip.sites import EMBEDDING_SITES, FINAL_SITES, kind_of
from workbench.neurons.attribution.normal import STREAMS, checked_baseline
from workbench.neurons.attribution.paths import (
    CHUNK,
    STEPS,
    Points,
    at_least_one,
    gauss_legendre,
    image_baseline,
    line_integral,
    slopes,
)
from workbench.neurons.attribution.result import Attribution, on_cpu
from workbench.neurons.attribution.tail import Tail
from workbench.neurons.attribution.targets import Target

_MLP = ("ln2.hook_normalized", "mlp.hook_pre", "mlp.hook_post", "hook_mlp_out")
_QKV = ("attn.hook_q", "attn.hook_k", "attn.hook_v")


def gradient_times_activation(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    site: str,
    target: Target,
    *,
    baseline: Float[Tensor, "*token neuron"] | None = None,
    chunk: int = CHUNK,
) -> Attribution:
    """Return the gradient of the target at a site times the activation's step from a baseline.

    The first-order effect of setting a neuron to its baseline (Shrikumar et al. 2016; attribution
    patching, Nanda 2023). It adds up only as far as the target is linear; the completeness error
    says how far that is. Arguments and errors as for `integrated_gradients`.
    """
    one = torch.ones(1, dtype=torch.float64)
    return _along_a_line(
        "gradient x activation", (model, pixels, site, target), baseline, (one, one), chunk
    )


def integrated_gradients(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    site: str,
    target: Target,
    *,
    baseline: Float[Tensor, "*token neuron"] | None = None,
    steps: int = STEPS,
    chunk: int = CHUNK,
) -> Attribution:
    """Return integrated gradients at a site (Sundararajan et al. 2017), by Gauss-Legendre.

    What comes before the site stays as the image made it; the activation at the site moves on a
    straight line from the baseline. The values sum to the target less the target at the baseline.

    Args:
        model: the model.
        pixels: prepared images.
        site: any site that the target's own do not precede.
        target: what to attribute.
        baseline: the activation of one image to start from. `None` is zero, which a residual
            stream refuses: see `normal_baseline`.
        steps: points of the quadrature.
        chunk: how many points are in memory at once.

    Raises `SettingError` for a zero baseline on a residual stream, one of the wrong shape, or a
    target that the site cannot reach.
    """
    points = gauss_legendre(steps)
    return _along_a_line(
        "integrated gradients", (model, pixels, site, target), baseline, points, chunk
    )


def conductance(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    site: str,
    target: Target,
    *,
    baseline: Float[Tensor, "3 _height _width"] | None = None,
    steps: int = STEPS,
    chunk: int = CHUNK,
) -> Attribution:
    """Return every neuron's conductance (Dhamdhere et al. 2019): what of the target flows through.

    The image moves on a straight line from a baseline image (`None`: all zero, the mean colour),
    and with each neuron's own change its effect on the target is summed up, by the trapezoid rule
    over an even number of steps and over every second one, extrapolated (Romberg).
    A branch of a block lets part of the target pass around it; that part is measured too
    (`Attribution.around`), so that all of it can be held against the target's change.

    Arguments and errors otherwise as for `integrated_gradients`, but `baseline` is of pixels.
    """
    at_least_one(steps, "steps")
    at_least_one(chunk, "chunk")
    model.check_site(site)
    tail = Tail(model, site, target)
    start = image_baseline(pixels, baseline)
    found = [_conducted(tail, image, start, steps, chunk) for image in pixels]
    values, around, effect = (torch.stack(part) for part in zip(*found, strict=True))
    return _attribution("conductance", tail, values, effect, around)


def _conducted(
    tail: Tail, image: Tensor, start: Tensor, steps: int, chunk: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return one image's conductance, what went around the site, and the target's change."""
    here = (tail.site, tail.site)
    ways = (here, *_bypass(tail.model, tail.site))
    sites = sorted({site for way in ways for site in way})
    points = torch.linspace(0, 1, steps + steps % 2 + 1, dtype=torch.float64)
    # One point, then even numbers of them, so that every second point can be left out.
    blocks = points[1:].split(max(2, chunk - chunk % 2))

    def measure(at: Tensor) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
        pixels = start + at.to(image).view(-1, 1, 1, 1) * (image - start)
        value, seen = tail.watched(tail.entering(pixels).detach().requires_grad_(), sites)
        found = slopes(value, [seen[site] for site in sites])
        gradients = dict(zip(sites, map(on_cpu, found), strict=True))
        return on_cpu(value), gradients, {site: on_cpu(seen[site]) for site in sites}

    begin, *before = measure(points[:1])
    end, flows = begin, dict.fromkeys(ways, torch.zeros((), dtype=torch.float64))
    for block in blocks:
        end, *now = measure(block)
        for way in ways:
            gradient, activation = (
                torch.cat([old[site][-1:], new[site]])
                for old, new, site in zip(before, now, way, strict=True)
            )
            flows[way] = flows[way] + _extrapolated(gradient, activation)
        before = now
    around = sum((flows[way].sum() for way in ways[1:]), torch.zeros((), dtype=torch.float64))
    return flows[here], around, end[-1] - begin[0]


def _extrapolated(
    gradient: Float[Tensor, "point *shape"], activation: Float[Tensor, "point *shape"]
) -> Float[Tensor, "*shape"]:
    """Return the integral of gradient d(activation) over an odd number of points (Romberg)."""
    coarse, fine = (
        ((slope[1:] + slope[:-1]) / 2 * moved.diff(dim=0)).sum(0)
        for slope, moved in ((gradient[::2], activation[::2]), (gradient, activation))
    )
    return (4 * fine - coarse) / 3


def _bypass(model: HookedCLIP, site: str) -> list[tuple[str, str]]:
    """Return the ways around a site, each as where its gradient is read and what moves.

    With the site they make a cut: everything that reaches the target passes exactly one of them.
    """
    kind = kind_of(site)
    if kind in (*STREAMS, *EMBEDDING_SITES, *FINAL_SITES):
        return []
    prefix = site.removesuffix(kind)
    if kind in _MLP:
        return [(f"{prefix}hook_resid_post", f"{prefix}hook_resid_mid")]
    model.site_width(site)
    skip = (f"{prefix}hook_resid_mid", f"{prefix}hook_resid_pre")
    beside = [f"{prefix}{other}" for other in _QKV if kind in _QKV and other != kind]
    return [skip, *((other, other) for other in beside)]


def _along_a_line(
    method: str,
    what: tuple[HookedCLIP, Tensor, str, Target],
    baseline: Tensor | None,
    points: Points,
    chunk: int,
) -> Attribution:
    """Sum gradients at points of the line from the baseline, by their weights."""
    model, pixels, site, target = what
    at_least_one(chunk, "chunk")
    tail = Tail(model, site, target)
    per_image = max(1, chunk // len(points[0]))
    parts = [_line(tail, images, baseline, points, chunk) for images in pixels.split(per_image)]
    values, effect = (torch.cat(part) for part in zip(*parts, strict=True))
    return _attribution(method, tail, values, effect, torch.zeros_like(effect))


def _line(
    tail: Tail, images: Tensor, baseline: Tensor | None, points: Points, chunk: int
) -> tuple[Tensor, Tensor]:
    entering = tail.entering(images)
    here = tail.here(entering)
    start = checked_baseline(tail.model, tail.site, baseline, here.shape[1:]).expand_as(here)

    def run(values: Tensor) -> Tensor:
        copies = len(values) // len(entering)
        return tail(entering.repeat(copies, *[1] * (entering.ndim - 1)), values)

    return line_integral(run, here, start, points, chunk)


def _attribution(
    method: str, tail: Tail, values: Tensor, effect: Tensor, around: Tensor
) -> Attribution:
    """Lay heads side by side, and give a pooled site one token."""
    rows = values[:, None] if values.ndim == 2 else values.flatten(2)
    return Attribution(
        method=method,
        target=tail.target.name,
        neurons=NeuronSet(tail.site, tuple(range(rows.shape[2]))),
        tokens=tuple(range(rows.shape[1])),
        values=rows,
        effect=effect,
        around=around,
    )
