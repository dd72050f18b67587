"""What is compared with what: arms, and the contrasts between two of them, for every claim."""

from dataclasses import dataclass
from typing import Literal

from workbench.claims.plan import Plan
from workbench.claims.statements import KEPT, LESS, MORE, Rule

Pool = Literal["detection", "contamination", "elicitation"]
POOLS: dict[Pool, str] = {
    "detection": ".",
    "contamination": "contamination",
    "elicitation": "elicitation",
}
"""Sets of cells that share their test images, and where they lie in a folder of claims."""


@dataclass(frozen=True, order=True)
class Arm:
    """One side of a comparison: a method with so many shots, over all categories and seeds."""

    method: str
    shots: int
    contaminated: int = 0
    pool: Pool = "detection"


@dataclass(frozen=True)
class Contrast:
    """`plus - minus`, and what is claimed of it; without `minus`, plus against chance (50).

    Those that do not `decide` stand beside the claim.
    """

    name: str
    plus: Arm
    minus: Arm | None
    rule: Rule
    decides: bool = True


def contrasts(number: int, plan: Plan) -> tuple[Contrast, ...]:
    """Return the contrasts of a claim. The first ones decide."""
    return _CONTRASTS[number](plan)


def _random(plan: Plan) -> tuple[Contrast, ...]:
    top, k = Arm("lake_visual", plan.central), plan.k
    others = (
        ("random_k", f"{k} random"),
        ("bottom_k", f"bottom {k}"),
        ("pca_k", f"PCA to {k}"),
        ("projection_k", f"random projection to {k}"),
    )
    return tuple(
        Contrast(f"top {k} - {name}", top, Arm(method, plan.central), MORE, method == "random_k")
        for method, name in others
    )


def _sparse(plan: Plan) -> tuple[Contrast, ...]:
    everything = Arm("all_channels", plan.central)
    found = [
        Contrast(f"top {plan.k} - all", Arm("lake_visual", plan.central), everything, KEPT),
    ]
    for k in plan.ks:
        arm = Arm(f"lake_visual_k-{k}", plan.central)
        name = f"top {k} ({k / plan.width:.0%} of all) - all"
        found.append(Contrast(name, arm, everything, KEPT, decides=False))
    return tuple(found)


def _text(plan: Plan) -> tuple[Contrast, ...]:
    def arm(weight: float, raw: bool = False) -> Arm:
        return Arm(weighted(weight, raw), plan.central)

    def hurts(weight: float, *, raw: bool = False, decides: bool = True) -> Contrast:
        name = f"text weight {weight:g} - 0.3{', raw fusion' if raw else ''}"
        return Contrast(name, arm(weight, raw), arm(0.3, raw), LESS, decides)

    return (
        Contrast("text weight 0.3 - 0", arm(0.3), arm(0), MORE),
        hurts(0.5),
        hurts(1.0),
        hurts(0.7, decides=False),
        Contrast("text weight 0.3 - 0, raw fusion", arm(0.3, raw=True), arm(0), MORE, False),
        hurts(0.5, raw=True, decides=False),
        Contrast(SIGN, arm(1.0), None, MORE, False),
    )


SIGN = "text alone - chance"
"""The contrast that says whether patches and prompts are aligned or anti-aligned."""


def weighted(weight: float, raw: bool = False) -> str:
    """Return the method that is LAKE with a text weight.

    With weight 0 or 1 one branch is alone, and both fusions rank images alike.

    >>> weighted(0.3), weighted(0.0, raw=True), weighted(0.5, raw=True)
    ('lake', 'lake_visual', 'lake_raw_w-0.5')
    """
    if weight == 0:
        return "lake_visual"
    if weight == 1:
        return "lake_w-1"
    name = "lake_raw" if raw else "lake"
    return name if weight == 0.3 else f"{name}_w-{weight:g}"


def _shots(plan: Plan) -> tuple[Contrast, ...]:
    few, most = plan.shots[0], plan.central
    if few >= most:  # nothing to compare: name what is missing
        few, most = 1, 4
    enough = max((n for n in plan.shots if 2 * n in plan.shots), default=plan.central)
    found: list[Contrast] = []
    for method, what in (("lake", ""), ("lake_visual", ", visual branch alone")):
        decides = method == "lake"
        arms = {shots: Arm(method, shots) for shots in (few, most, enough, 2 * enough)}
        name = f"{most} shots - {few}{what}"
        found.append(Contrast(name, arms[most], arms[few], MORE, decides))
        name = f"{enough} shots - {2 * enough}{what}"
        found.append(Contrast(name, arms[enough], arms[2 * enough], KEPT, decides))
    return tuple(found)


def _contaminated(plan: Plan) -> tuple[Contrast, ...]:
    def arm(method: str, replaced: int) -> Arm:
        return Arm(method, plan.central, replaced, "contamination")

    of = plan.central
    return tuple(
        Contrast(
            f"{replaced} of {of} contaminated - none{what}",
            arm(method, replaced),
            arm(method, 0),
            KEPT,
            decides=replaced == 1 and method == "lake",
        )
        for method, what in (("lake", ""), ("lake_visual", ", visual branch alone"))
        for replaced in (1, 2)
        if replaced <= of
    )


def _elicits(plan: Plan) -> tuple[Contrast, ...]:
    def arm(what: str, factor: float | None = None) -> Arm:
        return Arm(altered(what, factor), plan.central, pool="elicitation")

    unchanged = arm("unchanged")
    up, down = arm("top", 2), arm("top", 0)
    return (
        Contrast("amplified - unchanged", up, unchanged, MORE),
        Contrast("amplified - random sets amplified", up, arm("random", 2), MORE),
        Contrast("silenced - unchanged", down, unchanged, LESS),
        Contrast("silenced - random sets silenced", down, arm("random", 0), LESS),
        Contrast("amplified - matched random sets", up, arm("matched", 2), MORE, False),
        Contrast("silenced - matched random sets", down, arm("matched", 0), LESS, False),
        Contrast(SIGN, unchanged, None, MORE, False),
    )


def altered(what: str, factor: float | None = None) -> str:
    """Return the name of a changed forward pass.

    >>> altered("top", 2), altered("random", 0.5), altered("unchanged")
    ('top_x2', 'random_x0.5', 'unchanged')
    """
    return what if factor is None else f"{what}_x{factor:g}"


_CONTRASTS = {1: _random, 2: _sparse, 3: _text, 4: _shots, 5: _contaminated, 6: _elicits}
