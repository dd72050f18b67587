"""From an interval to a word."""

from collections.abc import Sequence
from typing import Literal

from workbench.claims.effects import Effect
from workbench.claims.statements import Rule

Verdict = Literal["holds", "does not hold", "undecided"]


def verdict(effect: Effect, rule: Rule) -> Verdict:
    """Return whether the whole interval is on the claimed side of the limit, on the other, or not.

    Two arms that no resample tells apart (both perfect, or the same by construction) are
    undecided: such data cannot say no, so they cannot say yes.

    >>> verdict(Effect(2.0, low=0.5, high=3.0), Rule("above"))
    'holds'
    >>> verdict(Effect(2.0, low=-0.5, high=3.0), Rule("above"))
    'undecided'
    >>> verdict(Effect(2.0, low=0.5, high=3.0), Rule("below"))
    'does not hold'
    """
    if effect.value is None or effect.low is None or effect.high is None:
        return "undecided"
    if effect.constant and abs(effect.value) < 1e-9:
        return "undecided"
    above, below = effect.low > rule.limit, effect.high < rule.limit
    claimed, opposite = (above, below) if rule.side == "above" else (below, above)
    if claimed:
        return "holds"
    return "does not hold" if opposite else "undecided"


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict of a claim with several parts: all must hold, one can refute it.

    >>> together(["holds", "undecided"]), together(["undecided", "does not hold"])
    ('undecided', 'does not hold')
    """
    if "does not hold" in verdicts:
        return "does not hold"
    return "holds" if verdicts and set(verdicts) == {"holds"} else "undecided"
