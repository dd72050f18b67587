"""Random numbers of many pictures at once: each picture has a stream of its own.

Every number is a hash of (seed, picture, name of the drawing step, number of the call, position),
so that a picture comes out the same in whatever batch, order or process it is drawn.
"""

import zlib
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Number = Float[Tensor, "picture 1 1"]


def _mixed(x: Tensor) -> Tensor:
    """Return 32-bit words, each scattered over all 32-bit words (Wellons' lowbias32)."""
    x = (x ^ ((x >> 16) & 0xFFFF)) * 0x7FEB352D
    x = (x ^ ((x >> 15) & 0x1FFFF)) * -2073254261  # 0x846CA68B
    return x ^ ((x >> 16) & 0xFFFF)


def _word(name: str | int) -> int:
    """Return a name or number as a signed 32-bit word."""
    value = zlib.crc32(name.encode()) if isinstance(name, str) else name & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


@dataclass
class Dice:
    """The random numbers of a batch of pictures; each call draws new ones.

    Numbers of one a picture come as [picture, 1, 1], which broadcasts with fields.

    >>> dice = Dice.of(seed=0, pictures=torch.tensor([4, 5]))
    >>> first = dice.uniform(0, 1)
    >>> alone = Dice.of(seed=0, pictures=torch.tensor([5])).uniform(0, 1)
    >>> bool(first[1] == alone[0])
    True
    """

    keys: Int[Tensor, "picture"]
    calls: int = field(default=0)

    @classmethod
    def of(cls, seed: int, pictures: Int[Tensor, "picture"]) -> "Dice":
        """Return the dice of the pictures with these numbers in the world of `seed`."""
        low = (pictures & 0xFFFFFFFF).to(torch.int64)
        low = torch.where(low >= 1 << 31, low - (1 << 32), low).to(torch.int32)
        high = (pictures >> 32).to(torch.int32)
        seeded = torch.full_like(low, _word(seed))
        return cls(_mixed(_mixed(_mixed(seeded ^ 0x3C6EF372) ^ low) ^ high))

    def of_step(self, name: str | int) -> "Dice":
        """Return the dice of one named step of the drawing, independent of what else was drawn."""
        return Dice(_mixed(self.keys ^ _word(name)))

    def some(self, rows: Int[Tensor, "chosen"]) -> "Dice":
        """Return the dice of some of the pictures, which go on from here."""
        return Dice(self.keys[rows], self.calls)

    def __len__(self) -> int:
        return len(self.keys)

    def words(self, *shape: int) -> Int[Tensor, "picture ..."]:
        """Return fresh 32-bit words of the given shape for each picture."""
        self.calls += 1
        count = 1
        for extent in shape:
            count *= extent
        keys = _mixed(self.keys + _word(self.calls * 0x9E3779B9))
        place = torch.arange(count, dtype=torch.int32, device=self.keys.device)
        return _mixed(_mixed(keys[:, None] ^ place)).reshape(-1, *shape)

    def grid(self, *shape: int) -> Float[Tensor, "picture ..."]:
        """Return numbers in 0..1 of the given shape for each picture."""
        return (self.words(*shape).float() * 2.0**-32 + 0.5).clamp(0, 1 - 2.0**-24)

    def normal_grid(self, *shape: int) -> Float[Tensor, "picture ..."]:
        """Return numbers of a normal distribution, of the given shape for each picture."""
        return _normal(self.grid(*shape))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Number:
        """Return one number a picture, evenly between `low` and `high`."""
        return low + (high - low) * self.grid(1, 1)

    def normal(self, spread: float = 1.0) -> Number:
        """Return one normally distributed number a picture."""
        return spread * _normal(self.grid(1, 1))

    def log_uniform(self, low: float, high: float) -> Number:
        """Return one number a picture, evenly in its logarithm."""
        ratio = torch.tensor(high / low, device=self.keys.device)
        return low * ratio ** self.grid(1, 1)

    def whole(self, low: int, high: int) -> Number:
        """Return one whole number a picture (as a float), from `low` to `high`, both included."""
        return torch.floor(self.uniform(low, high + 1))

    def chance(self, share: float) -> Bool[Tensor, "picture 1 1"]:
        """Return whether, for each picture: true in `share` of them."""
        return self.grid(1, 1) < share

    def choice(self, count: int) -> Int[Tensor, "picture"]:
        """Return one of 0 .. count - 1 for each picture."""
        return (self.grid(1)[:, 0] * count).long()

    def angle(self) -> Number:
        """Return a direction in radians."""
        return self.uniform(0, 2 * torch.pi)


def _normal(uniform: Tensor) -> Tensor:
    return torch.erfinv((2 * uniform - 1).clamp(-0.999999, 0.999999)) * 2**0.5
