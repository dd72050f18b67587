"""Sets of neurons: the currency of everything that selects, compares, silences or draws them."""

from dataclasses import dataclass
from typing import overload

from workbench.errors import SettingError


@dataclass(frozen=True)
class NeuronSet:
    """Channels at one site, in rank order (most sensitive first where they were ranked).

    >>> chosen = NeuronSet("blocks.2.hook_resid_post", (7, 3))
    >>> len(chosen), 3 in chosen, chosen.names[0]
    (2, True, 'blocks.2.hook_resid_post:7')

    Raises `SettingError` for a negative or repeated index.
    """

    site: str
    indices: tuple[int, ...]

    def __post_init__(self) -> None:
        if any(index < 0 for index in self.indices):
            raise SettingError(f"negative neuron index at {self.site}: {min(self.indices)}")
        if len(set(self.indices)) != len(self.indices):
            raise SettingError(f"the same neuron twice in a set at {self.site}")

    def __len__(self) -> int:
        return len(self.indices)

    def __contains__(self, index: object) -> bool:
        return index in self.indices

    @overload
    def __getitem__(self, item: int) -> int: ...
    @overload
    def __getitem__(self, item: slice) -> "NeuronSet": ...
    def __getitem__(self, item: int | slice) -> "int | NeuronSet":
        if isinstance(item, slice):
            return NeuronSet(self.site, self.indices[item])
        return self.indices[item]

    @classmethod
    def parse(cls, name: str) -> "NeuronSet":
        """Return the one neuron spelled `site:index`; raises `SettingError` for another spelling.

        >>> NeuronSet.parse("blocks.2.mlp.hook_post:17").indices
        (17,)
        """
        site, _, index = name.rpartition(":")
        if not site or not index.isdecimal():
            raise SettingError(
                f"{name!r} does not name a neuron: write SITE:INDEX, such as "
                "blocks.2.mlp.hook_post:17."
            )
        return cls(site, (int(index),))

    @property
    def names(self) -> tuple[str, ...]:
        """Each neuron spelled `site:index`."""
        return tuple(f"{self.site}:{index}" for index in self.indices)

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self.indices[:6])) + (", ..." if len(self) > 6 else "")
        return f"NeuronSet({self.site!r}, {len(self)} neurons: {shown})"
