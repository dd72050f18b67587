"""From the ledger to its page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.claims.effects import Effect
from workbench.claims.ledger import EFFECT, Comparison, Entry, Ledger, Sweep
from workbench.claims.plan import Plan
from workbench.evaluation.measure import Measure
from workbench.pages.claims import write_claims
from workbench.pages.inputs import Claim, ClaimsReport, SweepFigure


def write_page(path: Path, ledger: Ledger, content: Mapping[str, Any], command: str) -> None:
    """Write `claims.html`; `content` is what the folder says of itself."""
    plan = Plan.from_dict(ledger.plan)
    protocol = {
        "support": f"{plan.protocol}, shots {_list(plan.shots)}, seeds {_list(plan.seeds)}",
        "neurons": f"K = {plan.k}" + (f" of {plan.width}" if plan.width else ""),
        "random draws": plan.draws,
        "effect": EFFECT,
        **{key: v for key, v in content["identity"]["protocol"].items() if key == "maps"},
    }
    write_claims(
        path,
        ClaimsReport(
            title="Claims",
            command=command,
            model=ledger.model,
            data=[*content.get("data", ledger.data)],
            claims=[_claim(entry) for entry in ledger.entries],
            protocol=protocol,
            versions=content.get("versions", {}),
        ),
    )


def _claim(entry: Entry) -> Claim:
    telling = _telling(entry)
    notes = [f"Not measured: {entry.missing}"] if entry.missing else []
    figures = [figure for figure in (_sweep(entry.sweep), _effects(entry)) if figure]
    return Claim(
        number=entry.statement.number,
        statement=f"{entry.statement.sentence} ({entry.statement.standing})",
        verdict=entry.verdict,
        effect=_measure(telling),
        compared=entry.statement.compared,
        rule=entry.statement.rule,
        figures=figures,
        rows=[_row(one) for one in entry.comparisons],
        note=" ".join((*notes, *entry.notes)),
    )


def _telling(entry: Entry) -> Comparison | None:
    """Return the comparison that made the verdict: of several parts the first that says so."""
    parts = entry.deciding
    return next((one for one in parts if one.verdict == entry.verdict), parts[0] if parts else None)


def _measure(one: Comparison | None) -> Measure:
    if one is None:
        return Measure("effect", None, EFFECT, undefined="not measured")
    effect = one.effect
    return Measure(
        one.name,
        _fraction(effect.value),
        f"{one.name}: {EFFECT}",
        undefined=effect.undefined,
        low=_fraction(effect.low),
        high=_fraction(effect.high),
    )


def _row(one: Comparison) -> dict[str, Any]:
    effect: Effect = one.effect
    return {
        "comparison": one.name,
        "decides": "yes" if one.decides else "no",
        "points": _rounded(effect.value),
        "low": _rounded(effect.low),
        "high": _rounded(effect.high),
        "claimed": one.rule,
        "verdict": one.verdict,
    }


def _sweep(found: Sweep) -> SweepFigure | None:
    if not found.points:
        return None
    xs = sorted({point.x for point in found.points})
    series = {}
    for name in dict.fromkeys(point.series for point in found.points):
        at = {point.x: point for point in found.points if point.series == name}
        series[name] = (
            [_fraction(at[x].value) if x in at else None for x in xs],
            [_fraction(at[x].low) if x in at else None for x in xs],
            [_fraction(at[x].high) if x in at else None for x in xs],
        )
    return SweepFigure(found.x_name, xs, series, "macro mean image AUROC")


def _effects(entry: Entry) -> SweepFigure | None:
    """Return the effects of all comparisons side by side, where there are several."""
    measured = [one for one in entry.comparisons if one.effect.value is not None]
    if len(measured) < 2:
        return None
    series = {
        name: (
            [_fraction(one.effect.value) if one.decides == decides else None for one in measured],
            [_fraction(one.effect.low) if one.decides == decides else None for one in measured],
            [_fraction(one.effect.high) if one.decides == decides else None for one in measured],
        )
        for name, decides in (("decides", True), ("stands beside it", False))
        if any(one.decides == decides for one in measured)
    }
    return SweepFigure(
        "comparison",
        [one.name for one in measured],
        series,
        "difference of image AUROC",
        reference=0.0,
    )


def _fraction(points: float | None) -> float | None:
    return None if points is None else points / 100


def _rounded(points: float | None) -> float | None:
    return None if points is None else round(points, 2)


def _list(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
