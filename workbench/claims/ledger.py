"""The ledger: every claim with its verdict and what it rests on, as data, tables and Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.claims.effects import Effect
from workbench.claims.statements import Statement
from workbench.claims.verdict import Verdict


@dataclass(frozen=True)
class Comparison:
    """One contrast, measured: its effect, and what it says for itself.

    `others` are the same difference in further metrics, in points, without an interval.
    """

    name: str
    rule: str
    decides: bool
    effect: Effect
    verdict: Verdict
    others: Mapping[str, float | None]


@dataclass(frozen=True)
class Point:
    """A point of a figure: an arm's macro mean image AUROC in percent, with its interval."""

    series: str
    x: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Sweep:
    """What a claim's figure shows."""

    x_name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Entry:
    """A claim and what became of it. `missing` says what is not measured, and what to run."""

    statement: Statement
    verdict: Verdict
    comparisons: tuple[Comparison, ...]
    sweep: Sweep
    notes: tuple[str, ...] = ()
    missing: str = ""

    @property
    def deciding(self) -> tuple[Comparison, ...]:
        """The comparisons that the verdict rests on."""
        return tuple(one for one in self.comparisons if one.decides)

    @property
    def said(self) -> str:
        """The verdict in words. One part can refute a claim of which another is not measured."""
        if not self.missing or self.verdict != "undecided":
            return self.verdict
        some = any(one.effect.value is not None for one in self.deciding)
        return f"{self.verdict}: {'not all ' if some else 'not '}measured"

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as plain data."""
        return {
            **asdict(self.statement),
            "verdict": self.verdict,
            "missing": self.missing,
            "comparisons": [
                {**asdict(one), "effect": one.effect.to_dict(), "others": dict(one.others)}
                for one in self.comparisons
            ],
            "sweep": asdict(self.sweep),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Ledger:
    """All claims of one model on one lot of data."""

    model: Mapping[str, Any]
    data: tuple[str, ...]
    plan: Mapping[str, Any]
    entries: tuple[Entry, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the ledger as plain data."""
        return {
            "model": dict(self.model),
            "data": list(self.data),
            "plan": dict(self.plan),
            "effect": EFFECT,
            "claims": [entry.to_dict() for entry in self.entries],
        }

    def effect_rows(self) -> list[dict[str, Any]]:
        """Return the rows of `effects.csv`: one per comparison."""
        return [
            {
                "claim": entry.statement.number,
                "comparison": one.name,
                "decides": int(one.decides),
                "points": one.effect.value,
                "low": one.effect.low,
                "high": one.effect.high,
                "plus": one.effect.plus,
                "minus": one.effect.minus,
                "verdict": one.verdict,
                "rule": one.rule,
                "categories": len(one.effect.categories),
                "seeds": one.effect.seeds,
                "draws": one.effect.draws,
                "images": one.effect.images,
                **{f"{name}_points": value for name, value in one.others.items()},
                "undefined": one.effect.undefined,
            }
            for entry in self.entries
            for one in entry.comparisons
        ]

    def sweep_rows(self) -> list[dict[str, Any]]:
        """Return the rows of `sweep.csv`: one per point of a figure, in percent."""
        return [
            {
                "claim": entry.statement.number,
                "x_name": entry.sweep.x_name,
                "series": point.series,
                "x": point.x,
                "image_auroc": point.value,
                "low": point.low,
                "high": point.high,
            }
            for entry in self.entries
            for point in entry.sweep.points
        ]

    def brief(self) -> list[dict[str, str]]:
        """Return a row per claim, for the terminal."""
        rows = []
        for entry in self.entries:
            first = entry.deciding[0] if entry.deciding else None
            known = first is None or first.effect.value is not None
            rows.append(
                {
                    "claim": f"{entry.statement.number}  {entry.statement.title}",
                    "verdict": entry.said,
                    "points [95 %]": str(first.effect) if first and known else "-",
                    "of": first.name if first else "-",
                }
            )
        return rows


EFFECT = (
    "difference of macro mean image AUROC in points (hundredths), paired, with a 95 % bootstrap "
    "interval over test images within category and kind, support seeds, and random draws"
)


def markdown(ledger: Ledger) -> str:
    """Return the ledger as Markdown."""
    model = ledger.model.get("name", "a model")
    parts = [
        f"# Claims, put to {_plain(str(model))} on {_plain(', '.join(ledger.data))}",
        f"An effect is the {EFFECT}. Rules were fixed before anything was measured.",
        _table(
            ("claim", "verdict", "points [95 %]", "of"),
            [list(row.values()) for row in ledger.brief()],
        ),
    ]
    for entry in ledger.entries:
        claim = entry.statement
        parts += [
            f"## {claim.number}. {claim.title}: {entry.said}",
            f"> {claim.sentence} ({claim.standing})",
            f"Compared: {claim.compared}",
            f"Rule: {claim.rule}",
        ]
        if entry.missing:
            parts.append(f"Not measured: {_plain(entry.missing)}")
        parts.append(
            _table(
                ("comparison", "points [95 %]", "image AUROC", "claimed", "verdict"),
                [_row(one) for one in entry.comparisons],
            )
        )
        parts += [f"- {_plain(note)}" for note in entry.notes]
    return "\n\n".join(parts) + "\n"


def _row(one: Comparison) -> list[str]:
    effect = one.effect
    arms = "" if effect.plus is None else f"{effect.plus:.1f}"
    if effect.minus is not None:
        arms += f" - {effect.minus:.1f}"
    beside = "" if one.decides else " (beside it)"
    return [one.name, str(effect), arms, one.rule, f"{one.verdict}{beside}"]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_plain, line))} |" for line in lines)


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, in a table too."""
    escaped = text.replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())
