"""What is asked: which claims, K, support sets and random draws; as plain data in the folder."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.errors import SettingError

SHARES = (0.05, 0.13, 0.25, 0.5)
"""K as a share of all channels."""
WEIGHTS = (0.1, 0.2, 0.5, 0.7, 1.0)
"""Text weights beside 0 and 0.3, which are methods of their own (`lake_visual`, `lake`)."""
REPLACED = (0, 1, 2)
"""How many support images are contaminated."""
FACTORS = (0.0, 0.5, 1.5, 2.0, 4.0)
"""What the selected neurons' deviations are multiplied by; 1 is the unchanged model."""
SWEEP_DRAWS = 5
"""Random draws of what stands beside a claim; those that decide it have all."""


@dataclass(frozen=True)
class Plan:
    """What the claims are put to.

    `width` and `layers` are the model's: channels at the site, and blocks; 0 where nobody knows,
    as in the folder of a benchmark. `shots` are ascending. Claims that need one number of shots
    take `central`.

    Raises `SettingError` for numbers out of range.
    """

    claims: tuple[int, ...]
    k: int
    width: int
    layers: int
    shots: tuple[int, ...] = (1, 2, 4, 8)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    draws: int = 20
    protocol: str = "nested"

    def __post_init__(self) -> None:
        object.__setattr__(self, "shots", tuple(sorted(self.shots)))
        if self.k < 1 or (self.width and self.k > self.width):
            raise SettingError(
                f"k is {self.k}, but the site has {self.width} channels; choose --k from 1 to "
                f"{self.width}, and below {self.width} to have anything to compare."
            )
        if not self.shots or not self.seeds or min(self.shots) < 1 or min(self.seeds) < 0:
            raise SettingError("give at least one number of shots and one seed.")
        if self.draws < 1:
            raise SettingError(f"draws is {self.draws}; random sets need at least one.")

    @property
    def central(self) -> int:
        """The number of shots of every claim but the fourth: 4, or what is nearest below."""
        return max((shots for shots in self.shots if shots <= 4), default=self.shots[0])

    @property
    def ks(self) -> tuple[int, ...]:
        """The K of the sweep beside K itself and all channels, ascending; none without a width."""
        if not self.width:
            return ()
        found = {max(1, round(share * self.width)) for share in SHARES}
        return tuple(sorted(found - {self.k, self.width}))

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        content = asdict(self)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in content.items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Plan":
        """Return a plan from plain data."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in content.items()
        }
        return cls(**given)
