"""What the tests measure: kept and reported, beside what is aimed at."""

import os
from collections.abc import Sequence
from math import ceil
from typing import Any, ClassVar


class Figures:
    """Measured figures of this session."""

    found: ClassVar[dict[str, dict[str, Any]]] = {}

    @classmethod
    def lines(cls) -> list[str]:
        """Return the figures as lines of words."""
        return [
            f"{name}: " + ", ".join(f"{what} {value}" for what, value in one.items())
            for name, one in cls.found.items()
        ]

    def keep(self, name: str, **values: Any) -> None:
        """Keep figures under a name."""
        self.found[name] = values

    def times(self, name: str, milliseconds: Sequence[float], **more: Any) -> None:
        """Keep median and 95th percentile of some times, and `more` beside them.

        They are reported and not judged: a test that fails because others were at work says
        nothing. The load average beside them tells how busy the machine was.
        """
        ordered = sorted(milliseconds)
        middle, high = (ordered[ceil(part * len(ordered)) - 1] for part in (0.5, 0.95))
        figures = {"median_ms": round(middle, 1), "p95_ms": round(high, 1)}
        self.keep(name, count=len(ordered), **figures, load=round(os.getloadavg()[0], 1), **more)
