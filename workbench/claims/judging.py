"""From what was measured to the ledger. Nothing here looks at a picture or a model."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.claims.axes import axis
from workbench.claims.contrasts import SIGN, Arm, Contrast, contrasts
from workbench.claims.effects import Bootstrap, Effect, spelled
from workbench.claims.evidence import OTHERS, Evidence
from workbench.claims.ledger import Comparison, Entry, Ledger, Point, Sweep
from workbench.claims.plan import Plan
from workbench.claims.statements import KEPT, Statement, chosen
from workbench.claims.verdict import together, verdict

TIED = 0.2
"""From which share of tied images on a note says so."""


def judge(
    evidence: Mapping[Arm, Evidence],
    plan: Plan,
    *,
    model: Mapping[str, Any],
    remedy: str = "workbench claims DATA --claims {} --out DIR",
    bootstrap: Bootstrap | None = None,
) -> Ledger:
    """Return the ledger of the claims in the plan.

    `remedy` is the command that measures a claim, `{}` standing for its number: claims of which
    nothing, or not all, is measured are undecided and say so.
    """
    boot = bootstrap or Bootstrap()
    places = sorted({place for found in evidence.values() for place in found.labels})
    return Ledger(
        model=model,
        data=tuple(spelled(places).values()),
        plan=plan.to_dict(),
        entries=tuple(_entry(claim, evidence, plan, remedy, boot) for claim in chosen(plan.claims)),
    )


def _entry(
    claim: Statement,
    evidence: Mapping[Arm, Evidence],
    plan: Plan,
    remedy: str,
    boot: Bootstrap,
) -> Entry:
    comparisons = []
    absent: list[str] = []
    for contrast in contrasts(claim.number, plan):
        missing = [
            arm
            for arm in (contrast.plus, contrast.minus)
            if arm is not None and arm not in evidence
        ]
        if missing and not contrast.decides:
            continue
        if missing:
            absent += [_spelled(arm) for arm in missing]
        comparisons.append(_compare(contrast, evidence, boot, missing))
    deciding = [one for one in comparisons if one.decides]
    undefined = [one.effect.undefined for one in deciding if one.effect.undefined]
    why = ""
    if absent:
        command = remedy.format(claim.number)
        why = f"no cells of {', '.join(dict.fromkeys(absent))}. Run: {command}"
    elif undefined:
        why = "; ".join(dict.fromkeys(undefined))
    return Entry(
        statement=claim,
        verdict=together([one.verdict for one in deciding]),
        comparisons=tuple(comparisons),
        sweep=_sweep(claim, evidence, plan, boot),
        notes=(*_notes(claim, evidence, plan, comparisons), *_chance(claim, evidence, plan, boot)),
        missing=why,
    )


def _compare(
    contrast: Contrast,
    evidence: Mapping[Arm, Evidence],
    boot: Bootstrap,
    missing: Sequence[Arm],
) -> Comparison:
    if missing:
        effect = Effect(None, undefined=f"no cells of {', '.join(map(_spelled, missing))}")
        others: dict[str, float | None] = dict.fromkeys(OTHERS)
    else:
        plus = evidence[contrast.plus]
        minus = None if contrast.minus is None else evidence[contrast.minus]
        effect = boot.difference(plus, minus)
        others = {name: _other(plus, minus, name) for name in OTHERS}
    found = verdict(effect, contrast.rule)
    rule = str(contrast.rule)
    return Comparison(contrast.name, rule, contrast.decides, effect, found, others)


def _other(plus: Evidence, minus: Evidence | None, metric: str) -> float | None:
    """Return the difference of another metric's macro mean in points, over the cells of both."""
    if minus is None:
        return None
    pairs: dict[tuple[str, str], list[float]] = {}
    for cell in sorted(set(plus.others) & set(minus.others)):
        one, other = plus.others[cell].get(metric), minus.others[cell].get(metric)
        if one is not None and other is not None:
            pairs.setdefault(cell[0], []).append(one - other)
    if not pairs:
        return None
    return 100 * statistics.fmean(statistics.fmean(values) for values in pairs.values())


def _sweep(
    claim: Statement, evidence: Mapping[Arm, Evidence], plan: Plan, boot: Bootstrap
) -> Sweep:
    shown = axis(claim.number, plan)
    points = []
    for spot in shown.spots:
        effect = boot.alone(evidence[spot.arm]) if spot.arm in evidence else Effect(None)
        if effect.value is not None and effect.low is not None and effect.high is not None:
            points.append(Point(spot.series, spot.x, effect.value, effect.low, effect.high))
    return Sweep(shown.x_name, tuple(points))


def _notes(
    claim: Statement,
    evidence: Mapping[Arm, Evidence],
    plan: Plan,
    comparisons: Sequence[Comparison],
) -> list[str]:
    """Return what a reader has to know beside the figures."""
    notes = []
    first = next((one for one in comparisons if one.decides and one.effect.value is not None), None)
    if first is None:
        return []
    effect = first.effect
    notes.append(
        f"Categories: {len(effect.categories)}; test images: {effect.images}; support seeds: "
        f"{effect.seeds}; shots: {plan.central} unless said otherwise."
    )
    if effect.seeds == 1:
        notes.append("One seed only: the interval knows nothing of other support sets.")
    if effect.constant and effect.value == 0:
        notes.append(
            "No resample tells the two apart: these data are too easy, or the two are the same."
        )
    places = {place for found in evidence.values() for place in found.labels}
    known = set(spelled(places).values())
    for name in sorted(known - set(effect.categories)):
        why = "it is not finished, or has not both normal and anomalous test images"
        if claim.number == 5:
            why = "it is not finished, or has too few anomalies to spare"
        notes.append(f"{name} is left out: {why}.")
    if claim.number == 2:
        if plan.width:
            notes.append(f"K = {plan.k} is {plan.k / plan.width:.0%} of {plan.width} channels.")
        if plan.width and 2 * plan.k > plan.width:
            notes.append("More than half of the channels is not sparse, whatever the verdict.")
    if claim.number == 1:
        notes += _rivals(comparisons, plan)
    both = (arm for one in contrasts(claim.number, plan) for arm in (one.plus, one.minus))
    for arm in dict.fromkeys(arm for arm in both if arm in evidence):
        if arm is not None and evidence[arm].tied > TIED:
            notes.append(
                f"{_spelled(arm)}: {evidence[arm].tied:.0%} of the images have the score of "
                "another one. Scores that saturate rank nothing."
            )
    notes += [
        _sign(one) for one in comparisons if one.name == SIGN and one.effect.value is not None
    ]
    return notes


def _chance(
    claim: Statement, evidence: Mapping[Arm, Evidence], plan: Plan, boot: Bootstrap
) -> list[str]:
    """Say which accuracy, of those that a claim wants kept, is not shown to be any."""
    notes = []
    for one in contrasts(claim.number, plan):
        arm = one.minus
        if not one.decides or one.rule != KEPT or arm is None or arm not in evidence:
            continue
        effect = boot.difference(evidence[arm], None)
        if effect.low is not None and effect.low <= 0:
            notes.append(
                f"{_spelled(arm)} is not shown to be better than chance ({effect} points from it): "
                "that nothing was lost of it says little."
            )
    return notes


def _rivals(comparisons: Sequence[Comparison], plan: Plan) -> list[str]:
    """Say which other K dimensions the selected neurons do not beat."""
    rivals = [
        one.name.split(" - ", 1)[1]
        for one in comparisons
        if not one.decides and one.verdict != "holds" and one.effect.value is not None
    ]
    if not rivals:
        return []
    return [
        f"The top {plan.k} are not shown to beat {', '.join(rivals)}: what they hold is not shown "
        "to be more than the energy of the activations."
    ]


def _sign(one: Comparison) -> str:
    words = {
        "holds": "aligned with the prompts",
        "does not hold": "anti-aligned: anomalies look more normal to the text than normals do",
        "undecided": "of undecided sign",
    }
    return f"Text alone is {words[one.verdict]} ({one.effect} points from chance)."


def _spelled(arm: Arm) -> str:
    replaced = f", {arm.contaminated} contaminated" if arm.contaminated else ""
    return f"{arm.method} ({arm.shots} shots{replaced})"
