"""Lists of whole numbers on the command line."""

from workbench.errors import SettingError

MOST = 10_000
"""More in one range is a slip of the finger."""


def numbers(text: str, what: str) -> tuple[int, ...]:
    """Return the numbers of a list such as `1,2,4` or `0-4`, in order.

    >>> numbers("0-2,8", "--seeds")
    (0, 1, 2, 8)

    Raises `SettingError` for anything else.
    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise SettingError(f"{what} {text!r} is no list of whole numbers such as 1,2,4 or 0-4.")
        begin, end = int(first), int(last if dash else first)
        if not begin <= end < begin + MOST:
            raise SettingError(
                f"{what} {text!r}: {part.strip()} goes from {begin} to {end}; "
                f"a range goes upwards, over at most {MOST} numbers."
            )
        found += range(begin, end + 1)
    return tuple(dict.fromkeys(found))


def check_positive(number: int | None, what: str) -> None:
    """Raise `SettingError` for a number below 1; `None` is for the default."""
    if number is not None and number < 1:
        raise SettingError(f"{what} is {number}; it must be at least 1.")
