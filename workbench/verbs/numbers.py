"""Lists of whole numbers on the command line."""

from workbench.errors import SettingError


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
        found += range(int(first), int(last if dash else first) + 1)
    return tuple(dict.fromkeys(found))
