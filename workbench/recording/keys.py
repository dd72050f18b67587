"""A value and where it was, as one integer: larger values first, of equal ones the earlier first.

The high 32 bits order as the value does in single precision, the low 32 bits fall with the
position `image * patches per image + patch`. Keys are unique, so picking the largest k has one
answer, on every device and in whatever order parts are joined.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

LAST_POSITION = 2**32 - 2
_LOW = 2**32 - 1
_MAGNITUDE = 2**31 - 1

NOTHING = (-0x7F800000 - 1) << 32
"""The smallest key: minus infinity (its bits, ordered), seen nowhere (position -1)."""


def keys_of(
    values: Float[Tensor, "*shape"], positions: Int64[Tensor, "*#shape"]
) -> Int64[Tensor, "*shape"]:
    """Return the key of each value; those of double precision are rounded to single.

    >>> low, high, early = keys_of(torch.tensor([-1.0, 2.0, 2.0]), torch.tensor([0, 9, 4])).tolist()
    >>> low < high < early
    True
    """
    # Adding a zero makes a negative one positive: the two are equal and must be one key.
    bits = values.float().add(0.0).contiguous().view(torch.int32)
    ordered = torch.where(bits < 0, bits ^ _MAGNITUDE, bits)
    return (ordered.long() << 32) + (_LOW - positions)


def read_keys(
    keys: Int64[Tensor, "*shape"],
) -> tuple[Float[Tensor, "*shape"], Int64[Tensor, "*shape"]]:
    """Return values and positions; where there is nothing, minus infinity and -1.

    >>> values, positions = read_keys(keys_of(torch.tensor([-1.5, 3.0]), torch.tensor([7, 8])))
    >>> values.tolist(), positions.tolist()
    ([-1.5, 3.0], [7, 8])
    """
    ordered = (keys >> 32).int()
    bits = torch.where(ordered < 0, ordered ^ _MAGNITUDE, ordered)
    positions = _LOW - (keys & _LOW)
    return bits.contiguous().view(torch.float32), positions.where(positions != _LOW, -1)
