"""Moments, extremes and the share above zero of every neuron, over any number of pictures.

Sums are in double precision and relative to the first value a neuron showed (its pivot), so that
a neuron that varies little around a large mean loses nothing. Two passes inside a block of rows;
blocks and shards are joined by the pairwise formula of Chan, Golub and LeVeque (1983).
"""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from workbench.errors import DataError
from workbench.recording.lookup import check_site
from workbench.recording.seen import Seen

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = {"cpu": 2**15}
"""Values in double at a time. On a CPU they fit its cache, and are just too few for torch to share
an operation among threads: sharing ones this short costs more than it gains, fifty times as much
where another program has a core, and the sums would depend on the number of threads."""
_LARGE_BLOCK = 2**23  # 64 MiB; elsewhere fewer and larger pieces of work are quicker
_FIELDS = ("count", "pivot", "offset", "squares", "minimum", "maximum", "positive")


@dataclass(frozen=True, eq=False)
class NeuronStatistics:
    """What each neuron of a site did over all recorded patches (CLS not among them).

    `variance` is the population's; `positive_share` is the share of values above zero.
    """

    site: str
    count: int
    mean: Float[np.ndarray, "neuron"]
    variance: Float[np.ndarray, "neuron"]
    minimum: Float[np.ndarray, "neuron"]
    maximum: Float[np.ndarray, "neuron"]
    positive_share: Float[np.ndarray, "neuron"]

    @property
    def std(self) -> Float[np.ndarray, "neuron"]:
        """The population's standard deviation."""
        return np.asarray(np.sqrt(self.variance))

    def table(self) -> "pd.DataFrame":
        """Return one row per neuron, one column per statistic."""
        import pandas as pd

        columns = ("mean", "std", "variance", "minimum", "maximum", "positive_share")
        frame = pd.DataFrame({name: getattr(self, name) for name in columns})
        return frame.rename_axis("neuron")

    def _repr_html_(self) -> str:
        title = f"{html.escape(self.site)}: {len(self.mean)} neurons over {self.count:,} patches"
        return f"<p>{title}</p>{self.table().to_html(max_rows=12, float_format='{:.4g}'.format)}"


@dataclass(frozen=True, eq=False)
class _Moments:
    """Running sums of one site: the mean is `pivot + offset`, the variance `squares / count`."""

    count: int
    pivot: Float[Tensor, "neuron"]
    offset: Float[Tensor, "neuron"]
    squares: Float[Tensor, "neuron"]
    minimum: Float[Tensor, "neuron"]
    maximum: Float[Tensor, "neuron"]
    positive: Int64[Tensor, "neuron"]

    @classmethod
    def none(cls, width: int, device: torch.device) -> "_Moments":
        zero = torch.zeros(width, dtype=torch.float64, device=device)
        high = torch.full_like(zero, torch.inf)
        return cls(0, zero, zero, zero, high, -high, zero.long())

    def merge(self, other: "_Moments") -> "_Moments":
        if not (self.count and other.count):
            return self if self.count else other
        count = self.count + other.count
        # Pivots are values as the model gave them, so their difference is (nearly) exact.
        delta = (other.pivot - self.pivot) + (other.offset - self.offset)
        return _Moments(
            count,
            self.pivot,
            self.offset + delta * (other.count / count),
            self.squares + other.squares + delta.square() * (self.count * other.count / count),
            torch.minimum(self.minimum, other.minimum),
            torch.maximum(self.maximum, other.maximum),
            self.positive + other.positive,
        )


class Statistics:
    """Collects the statistics of every neuron of some sites; `statistics[site]` reads them.

    >>> statistics = Statistics({"blocks.0.hook_resid_post": 2})
    >>> shown = torch.tensor([[[9.0, 9.0], [1.0, -3.0], [3.0, -3.0]]])  # the first token is CLS
    >>> statistics.update(Seen("blocks.0.hook_resid_post", (0,), shown))
    >>> found = statistics["blocks.0.hook_resid_post"]
    >>> found.mean.tolist(), found.variance.tolist(), found.positive_share.tolist()
    ([2.0, -3.0], [1.0, 0.0], [1.0, 0.0])
    """

    def __init__(self, widths: Mapping[str, int], device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)
        if self._device.type == "mps":  # it has no double precision
            self._device = torch.device("cpu")
        self._moments = {site: _Moments.none(n, self._device) for site, n in widths.items()}

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites, in the order in which they were asked for."""
        return tuple(self._moments)

    def update(self, seen: Seen) -> None:
        """Add the patches of a batch; on an exception nothing of it was added."""
        patches = seen.patches.detach().to(self._device)
        if patches.numel() == 0:
            return
        held = self._moments[seen.site]
        pivot = held.pivot if held.count else patches[0, 0].double() + 0.0
        found = _Moments.none(patches.shape[2], self._device)
        for rows in _blocks(patches, _BLOCK.get(self._device.type, _LARGE_BLOCK)):
            found = found.merge(_moments(rows, pivot))
        # Adding a zero makes a negative one positive: which of the two is the lower is up to the
        # device.
        low, high = (
            extreme.detach().to(self._device).double() + 0.0
            for extreme in (seen.lowest.amin(0), seen.highest.amax(0))
        )
        found = _Moments(
            found.count, found.pivot, found.offset, found.squares, low, high, found.positive
        )
        self._moments[seen.site] = held.merge(found)

    def merge(self, later: "Statistics") -> None:
        """Add what another collector saw of the same sites."""
        self._moments = {
            site: held.merge(later._moments[site]) for site, held in self._moments.items()
        }

    def state(self) -> dict[str, Tensor]:
        """Return all that was collected as tensors named `site/field`."""
        found = {}
        for site, held in self._moments.items():
            for field in _FIELDS:
                value = torch.as_tensor(getattr(held, field))
                found[f"{site}/{field}"] = value.detach().cpu().contiguous().clone()
        return found

    @classmethod
    def from_state(
        cls, state: Mapping[str, Tensor], device: torch.device | str = "cpu"
    ) -> "Statistics":
        """Return the collector that `state` describes."""
        sites = [key.removesuffix("/count") for key in state if key.endswith("/count")]
        made = cls({site: len(state[f"{site}/pivot"]) for site in sites}, device)
        for site in sites:
            tensors = [state[f"{site}/{field}"].to(made._device) for field in _FIELDS[1:]]
            made._moments[site] = _Moments(int(state[f"{site}/count"]), *tensors)
        return made

    def __getitem__(self, site: str) -> NeuronStatistics:
        """Return a site's statistics. Raises `SiteError`, or `DataError` if no picture was seen."""
        held = self._moments[check_site(site, self._moments)]
        if not held.count:
            raise DataError(f"no picture was recorded at {site}, so it has no statistics.")
        return NeuronStatistics(
            site=site,
            count=held.count,
            mean=(held.pivot + held.offset).cpu().numpy(),
            variance=(held.squares / held.count).cpu().numpy(),
            minimum=held.minimum.cpu().numpy(),
            maximum=held.maximum.cpu().numpy(),
            positive_share=(held.positive.double() / held.count).cpu().numpy(),
        )

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{site}: {len(held.pivot)} neurons over {held.count:,} patches"
            for site, held in list(self._moments.items())[:4]
        )
        return f"Statistics({shown}{', ...' if len(self._moments) > 4 else ''})"


def _blocks(
    patches: Float[Tensor, "image patch neuron"], values: int
) -> Iterator[Float[Tensor, "row neuron"]]:
    """Cut the patches into rows of about `values` values; nothing larger is copied at once."""
    _, count, width = patches.shape
    for some in patches.split(max(1, values // (count * width))):
        yield from some.flatten(0, 1).split(max(1, values // width))


def _moments(rows: Float[Tensor, "row neuron"], pivot: Float[Tensor, "neuron"]) -> _Moments:
    """Return the sums of some rows in two passes; the extremes are left open."""
    shifted = rows.double().sub_(pivot)
    offset = shifted.mean(0)
    shifted.sub_(offset)
    squares = shifted.square_().sum(0)
    none = torch.full_like(offset, torch.inf)
    return _Moments(len(rows), pivot, offset, squares, none, -none, (rows > 0).sum(0))
