"""What each claim's figure shows: which arms stand where along which axis."""

from dataclasses import dataclass

from workbench.claims.contrasts import Arm, altered, weighted
from workbench.claims.plan import FACTORS, REPLACED, WEIGHTS, Plan


@dataclass(frozen=True)
class Spot:
    """Where an arm stands in a figure."""

    series: str
    x: float
    arm: Arm


@dataclass(frozen=True)
class Axis:
    """A claim's figure: what runs along it, and which arms stand where."""

    x_name: str
    spots: tuple[Spot, ...]


def axis(number: int, plan: Plan) -> Axis:
    """Return what a claim's figure shows."""
    return _AXES[number](plan)


_BRANCHES = (("LAKE", "lake"), ("visual branch alone", "lake_visual"))


def _layers(plan: Plan) -> Axis:
    k, middle = plan.k, max(plan.layers // 2, 1) - 1
    swept = [
        Spot(series, layer, Arm(f"{method}_layer-{layer}", plan.central))
        for series, method in ((f"top {k}", "lake_visual"), ("all channels", "all_channels"))
        for layer in range(plan.layers)
    ]
    here = [
        Spot(series, middle, Arm(method, plan.central))
        for series, method in (
            (f"{k} random", "random_k"),
            (f"bottom {k}", "bottom_k"),
            (f"PCA to {k}", "pca_k"),
            (f"random projection to {k}", "projection_k"),
        )
    ]
    return Axis("layer (block whose output is read)", (*swept, *here) if plan.layers else ())


def _widths(plan: Plan) -> Axis:
    spots = []
    for series, method, chosen in (
        ("top K", "lake_visual", "lake_visual"),
        ("K random", "random_k", "random_k"),
    ):
        methods = {k: f"{method}_k-{k}" for k in plan.ks}
        methods |= {plan.k: chosen, plan.width: "all_channels"}
        spots += [
            Spot(series, round(100 * k / plan.width, 1), Arm(methods[k], plan.central))
            for k in sorted(methods)
            if plan.width
        ]
    return Axis("K, % of all channels", tuple(spots))


def _weights(plan: Plan) -> Axis:
    return Axis(
        "text weight",
        tuple(
            Spot(series, weight, Arm(weighted(weight, raw), plan.central))
            for series, raw in (("standardised fusion", False), ("raw fusion", True))
            for weight in sorted({0.0, 0.3, *WEIGHTS})
        ),
    )


def _shots(plan: Plan) -> Axis:
    return Axis(
        "shots",
        tuple(
            Spot(series, shots, Arm(method, shots))
            for series, method in _BRANCHES
            for shots in plan.shots
        ),
    )


def _replaced(plan: Plan) -> Axis:
    return Axis(
        f"contaminated images of {plan.central}",
        tuple(
            Spot(series, replaced, Arm(method, plan.central, replaced, "contamination"))
            for series, method in _BRANCHES
            for replaced in REPLACED
            if replaced <= plan.central
        ),
    )


def _factors(plan: Plan) -> Axis:
    return Axis(
        "factor on the neurons' deviation from normal",
        tuple(
            Spot(series, x, Arm(_altered(what, x), plan.central, 0, "elicitation"))
            for series, what, factors in (
                (f"top {plan.k}", "top", (1.0, *FACTORS)),
                ("random sets", "random", (1.0, *FACTORS)),
                ("matched random sets", "matched", (0.0, 1.0, 2.0)),
            )
            for x in sorted(factors)
        ),
    )


def _altered(what: str, factor: float) -> str:
    return altered("unchanged") if factor == 1 else altered(what, factor)


_AXES = {1: _layers, 2: _widths, 3: _weights, 4: _shots, 5: _replaced, 6: _factors}
