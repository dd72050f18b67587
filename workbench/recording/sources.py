"""Where a recording's activations come from: a model that looks at pictures, or another store."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.errors import ModelError
from workbench.images.ahead import Decoded, ReadAhead
from workbench.images.preprocess import to_pixels
from workbench.images.stream import Picture
from workbench.recording.plan import Plan, Shard

if TYPE_CHECKING:
    from workbench.recording.store import ActivationStore

Look = Callable[[str, Tensor], None]
"""Called with a site and its activations `[image, token, neuron]`, token 0 being CLS."""


@runtime_checkable
class Piece(Protocol):
    """Some pictures of a shard, ready to be looked at."""

    images: tuple[int, ...]

    def show(self, look: Look) -> None:
        """Call `look` at every site of the plan, in the order of the forward."""

    def halves(self) -> "Sequence[Piece]":
        """The same pictures as two pieces."""


@runtime_checkable
class Source(Protocol):
    """Yields the pictures of a shard piece by piece."""

    def begin(self, shard: Shard) -> None:
        """Start reading a shard's pictures; called for the next shard while one is at work."""

    def pieces(self, shard: Shard, unreadable: dict[int, str]) -> Iterator[Piece]:
        """Yield the shard's readable pictures in order; note the others in `unreadable`.

        Those that it holds before are left out.
        """


class ModelSource:
    """Pictures are decoded ahead of the model, and the model computes."""

    def __init__(
        self, model: HookedCLIP, plan: Plan, pictures: Sequence[Picture], reader: ReadAhead
    ) -> None:
        self.model, self.plan, self.pictures, self.reader = model, plan, pictures, reader
        self._reading: dict[int, Iterator[Decoded]] = {}

    def begin(self, shard: Shard) -> None:
        """Start decoding the shard's pictures."""
        if shard.index in self._reading:
            return
        images = slice(shard.start, shard.stop)
        self._reading[shard.index] = self.reader.read(
            self.pictures[images],
            first_index=shard.start,
            expected_xxh3=[entry.xxh3 for entry in self.plan.images[images]],
        )

    def pieces(self, shard: Shard, unreadable: dict[int, str]) -> Iterator[Piece]:
        """Yield batches of decoded pictures."""
        self.begin(shard)
        reading, size = self._reading.pop(shard.index), self.plan.batch_size
        for start in range(shard.start, shard.stop, size):
            decoded = [next(reading) for _ in range(start, min(start + size, shard.stop))]
            for one in decoded:
                if one.problem is not None:
                    unreadable.setdefault(one.index, one.problem)
            good = [
                (one.index, one.pixels)
                for one in decoded
                if one.pixels is not None and one.index not in unreadable
            ]
            if good:
                images, pixels = zip(*good, strict=True)
                yield _Pictures(self.model, self.plan, images, np.stack(pixels))


class _Pictures:
    def __init__(
        self, model: HookedCLIP, plan: Plan, images: tuple[int, ...], pixels: np.ndarray
    ) -> None:
        self.model, self.plan, self.images, self.pixels = model, plan, images, pixels

    def show(self, look: Look) -> None:
        model = self.model
        x = to_pixels(self.pixels, model.mean, model.std).to(model.device, model.dtype)

        def flat(site: str, value: Tensor) -> None:
            value = value.flatten(2)
            self._check(site, value)
            look(site, value)

        with torch.no_grad(), _threads(self.plan.threads):
            model.visit(x, list(self.plan.sites), flat)

    def halves(self) -> Sequence[Piece]:
        middle = len(self.images) // 2
        return [
            _Pictures(self.model, self.plan, self.images[part], self.pixels[part])
            for part in (slice(middle), slice(middle, None))
        ]

    def _check(self, site: str, value: Tensor) -> None:
        # The sum is infinite or NaN if anything is; a finite one proves all finite, in one pass.
        if bool(torch.isfinite(value.sum(dtype=torch.float32))) or bool(
            torch.isfinite(value).all()
        ):
            return
        bad = int((~torch.isfinite(value)).flatten(1).any(1).nonzero()[0])
        raise ModelError(
            f"activations of {self.model.name} at {site} are NaN or infinite for "
            f"{self.plan.images[self.images[bad]].name}. The weights are damaged, or "
            f"{str(self.model.dtype).removeprefix('torch.')} overflows: load sound weights, or ask "
            "for dtype fp32."
        )


class StoreSource:
    """Activations that another store holds; neither pictures nor a model are needed."""

    def __init__(self, store: "ActivationStore", plan: Plan) -> None:
        self.store, self.plan = store, plan

    def begin(self, shard: Shard) -> None:
        """Nothing to do: the store is read where it lies."""

    def pieces(self, shard: Shard, unreadable: dict[int, str]) -> Iterator[Piece]:
        """Yield batches of recorded pictures."""
        unreadable |= {
            index: why
            for index, why in self.store.unreadable.items()
            if shard.start <= index < shard.stop
        }
        for start in range(shard.start, shard.stop, self.plan.batch_size):
            images = range(start, min(start + self.plan.batch_size, shard.stop))
            good = tuple(index for index in images if index not in unreadable)
            if good:
                yield _Recorded(self.store, self.plan, good)


class _Recorded:
    def __init__(self, store: "ActivationStore", plan: Plan, images: tuple[int, ...]) -> None:
        self.store, self.plan, self.images = store, plan, images

    def show(self, look: Look) -> None:
        for site in self.plan.sites:
            tokens = self.store[site][list(self.images)].float()
            if self.store.plan.tokens == "patches":
                tokens = F.pad(tokens, (0, 0, 1, 0))  # no product of patches looks at CLS
            look(site, tokens)

    def halves(self) -> Sequence[Piece]:
        middle = len(self.images) // 2
        return [
            _Recorded(self.store, self.plan, part)
            for part in (self.images[:middle], self.images[middle:])
        ]


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Compute with this many CPU threads: how many there are can show in the last bit."""
    before = torch.get_num_threads()
    if before != number:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        if before != number:
            torch.set_num_threads(before)
