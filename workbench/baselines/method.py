"""What every method of detection is asked for, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from workbench.images.stream import Picture, Shown

if TYPE_CHECKING:
    from workbench.baselines.backbone import Backbone
    from workbench.baselines.views import Views
    from workbench.clip.hooked import HookedCLIP


@dataclass(frozen=True)
class Needs:
    """What a method has to see of a picture: patches at sites, and views of the whole tower.

    Views are `embedding` (the image's own), `windows` (an embedding per window of patches) and
    `value_path` (every patch through the last block's values).

    >>> (Needs(frozenset({"a"})) | Needs(views=frozenset({"windows"}))).sites
    frozenset({'a'})
    """

    sites: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()

    def __or__(self, other: "Needs") -> "Needs":
        """Return what either needs."""
        return Needs(self.sites | other.sites, self.views | other.views)

    def __bool__(self) -> bool:
        return bool(self.sites or self.views)


@dataclass(frozen=True, eq=False)
class Scored:
    """Raw scores of some pictures: one each, and one for every patch of the grid."""

    image: Float[np.ndarray, "image"]
    maps: Float[np.ndarray, "image row column"]


@runtime_checkable
class Fitted(Protocol):
    """A method that has seen its normal images.

    Attributes:
        held_out: image scores of normal images that took no part: each support image judged by
            the others (at most 32 of them), or mirrored copies of a single one. `None` for a
            method without support.
        gallery_bytes: what is kept of the support to judge with.
    """

    @property
    def held_out(self) -> Float[np.ndarray, "normal"] | None: ...  # noqa: D102
    @property
    def gallery_bytes(self) -> int: ...  # noqa: D102

    def judge(self, batch: Shown, seen: "Views") -> Scored:
        """Score pictures of which everything in `Needs` is at hand."""
        ...


@runtime_checkable
class Method(Protocol):
    """A way to detect.

    Attributes:
        name: what it is called in tables and on the command line.
        title: what it is called in prose.
        recipe: whose recipe it follows, and what differs.
        uses_support: whether it looks at normal images at all.
        draws: how many random draws make up its result; 1 where nothing is random.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def recipe(self) -> str: ...  # noqa: D102
    @property
    def uses_support(self) -> bool: ...  # noqa: D102
    @property
    def draws(self) -> int: ...  # noqa: D102

    def needs(self, model: "HookedCLIP") -> Needs:
        """Return what it has to see of pictures, normal ones and others."""
        ...

    def fit(
        self,
        backbone: "Backbone",
        category: str,
        support: Sequence[Picture],
        *,
        seed: int = 0,
        draw: int = 0,
    ) -> Fitted:
        """Look at the normal images (if it does); `seed` and `draw` decide all that is random."""
        ...
