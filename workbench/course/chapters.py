"""Which exercises each notebook of the course has, as its module of checks says."""

import importlib
import pkgutil

from workbench import course
from workbench.course.checked import Check


def checks() -> dict[str, Check]:
    """Return every check of the course by the number of its exercise, in order."""
    found: dict[str, Check] = {}
    for module in pkgutil.iter_modules(course.__path__, f"{course.__name__}."):
        if not module.ispkg:
            for one in vars(importlib.import_module(module.name)).values():
                if callable(one) and isinstance(getattr(one, "exercise", None), str):
                    found[one.exercise] = one
    return dict(sorted(found.items(), key=lambda pair: [int(part) for part in pair[0].split(".")]))


def of_chapter(chapter: int) -> dict[str, Check]:
    """Return the checks of one notebook: 2 for `02_excavation`."""
    return {number: one for number, one in checks().items() if int(number.split(".")[0]) == chapter}
