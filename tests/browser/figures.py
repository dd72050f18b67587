"""What the tests measure: kept, reported, and judged only where the machine was quiet."""

import os
from collections.abc import Sequence
from math import ceil
from typing import Any, ClassVar

import pytest


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

    def times(self, name: str, milliseconds: Sequence[float]) -> float:
        """Keep median and 95th percentile of some times; return the latter."""
        ordered = sorted(milliseconds)
        middle, high = (ordered[ceil(part * len(ordered)) - 1] for part in (0.5, 0.95))
        self.keep(name, count=len(ordered), median_ms=round(middle, 1), p95_ms=round(high, 1))
        return high


def judge(measured: dict[str, float], aim: float, load: float) -> None:
    """Hold 95th percentiles against an aim, in milliseconds.

    Skips, saying what was measured, where the load average `load` from before the measurement is
    above the number of cores: others' work would be judged along.
    """
    told = ", ".join(f"{name} {value:.0f} ms" for name, value in measured.items())
    cores = os.cpu_count() or 1
    if load > cores:
        pytest.skip(f"not judged (load average {load:.1f} on {cores} cores): {told}")
    assert max(measured.values()) < aim, told
