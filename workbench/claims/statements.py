"""The six claims: what is said, who says it, what is compared, and what would settle it.

The rules were written down before any figure was looked at. An *effect* is a difference of macro
mean image AUROC in points (hundredths), with a 95 % interval (see `effects.py`).
"""

from dataclasses import dataclass
from typing import Literal

from workbench.errors import SettingError

MARGIN = 1.0
"""Points of image AUROC within which accuracy counts as kept."""


@dataclass(frozen=True)
class Rule:
    """On which side of a limit (in points) a claim wants the whole interval to be.

    >>> print(Rule("above", -1.0))
    the whole interval above -1 point
    """

    side: Literal["above", "below"]
    limit: float = 0.0

    def __str__(self) -> str:
        limit = f"{self.limit:+g} point{'' if abs(self.limit) == 1 else 's'}" if self.limit else "0"
        return f"the whole interval {self.side} {limit}"


MORE, LESS, KEPT = Rule("above"), Rule("below"), Rule("above", -MARGIN)


@dataclass(frozen=True)
class Statement:
    """A claim of the paper, or of one who reports on it.

    `standing` is `stated` (by the paper, or two independent summaries) or `reported` (by one
    secondary source). `compared` and `rule` say how it is put to the test here, which is chosen.
    """

    number: int
    title: str
    sentence: str
    standing: Literal["stated", "reported"]
    compared: str
    rule: str


STATEMENTS: dict[int, Statement] = {
    one.number: one
    for one in (
        Statement(
            1,
            "These neurons, not any",
            "The top K neurons beat K random ones, by far.",
            "reported",
            "LAKE's visual branch with the K most sensitive neurons against the same with K random "
            "ones of the same site (several draws). Bottom K, PCA to K and a random projection to "
            "K stand beside it and do not decide.",
            "Holds if the whole interval of (top K - random K) is above 0.",
        ),
        Statement(
            2,
            "Sparse",
            "K = 100 neurons keep the accuracy of all channels.",
            "reported",
            "LAKE's visual branch with the K most sensitive neurons against the same with every "
            "channel of the site. K as a share of all channels stands beside it.",
            "Non-inferiority: holds if the whole interval of (top K - all) is above -1 point, does "
            "not hold if it is wholly below. A K of all channels can show nothing.",
        ),
        Statement(
            3,
            "A little text",
            "A little text helps (weight 0.3 is best), much text hurts (from 0.5).",
            "reported",
            "LAKE with text weight 0.3 against 0, 0.5 against 0.3, and 1 (text alone) against 0.3, "
            "in the fusion that is the default (standardised). Raw fusion stands beside it.",
            "Holds if (0.3 - 0) is wholly above 0 and both (0.5 - 0.3) and (1 - 0.3) are wholly "
            "below; does not hold if one of the three is wholly on the other side.",
        ),
        Statement(
            4,
            "A few shots",
            "More normal images help, and a few are enough.",
            "stated",
            "LAKE with 4 normal images against 1, and with 4 against twice as many (as far as the "
            "data have them: the largest number of shots that has its double).",
            "Holds if (4 shots - 1 shot) is wholly above 0 and (4 shots - 8 shots) is wholly above "
            "-1 point; does not hold if one of them is wholly on the other side.",
        ),
        Statement(
            5,
            "Contamination",
            "A few contaminated normal images do little harm.",
            "reported",
            "LAKE with 1 of 4 support images replaced by a test anomaly against the clean support; "
            "images that contaminate leave the test set of both. 2 of 4 stand beside it.",
            "Non-inferiority: holds if the whole interval of (1 of 4 contaminated - clean) is "
            "above -1 point, does not hold if it is wholly below.",
        ),
        Statement(
            6,
            "Elicits",
            "Amplifying the selected neurons in the forward pass makes the model's own zero-shot "
            "text detection better, and silencing them makes it worse, compared with random sets "
            "of equal size.",
            "stated",
            "Image AUROC of the largest anomalous-prompt probability over last-layer patches, "
            "with the selected neurons amplified (their deviation from the support's mean, per "
            "neuron, times 2) or silenced (times 0), against the unchanged model and against the "
            "same done to random sets. Matched random sets (as large a change) stand beside it.",
            "Holds if amplifying is wholly above 0 and silencing wholly below, each both against "
            "the unchanged model and against random sets; does not hold if one of the four is "
            "wholly on the other side.",
        ),
    )
}


def chosen(numbers: tuple[int, ...]) -> tuple[Statement, ...]:
    """Return claims by number, in order; raises `SettingError` for a number without a claim."""
    unknown = [number for number in numbers if number not in STATEMENTS]
    if unknown or not numbers:
        raise SettingError(
            f"no claim {', '.join(map(str, unknown)) or 'asked for'}; there are: "
            + "; ".join(f"{one.number} ({one.title.lower()})" for one in STATEMENTS.values())
        )
    return tuple(STATEMENTS[number] for number in sorted(set(numbers)))
