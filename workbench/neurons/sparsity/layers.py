"""Over which layers the most sensitive neurons spread, when all sites' neurons are ranked as one.

Sites differ in scale: a residual stream grows with depth, and with it its variances. So a spread
of raw sensitivities says where activations are loud; divide each site's by its sum or its median
before to ask something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Float
from scipy import stats

from workbench.errors import DataError, SettingError
from workbench.neurons.chance import corrected
from workbench.recording.statistics import NeuronStatistics


@dataclass(frozen=True)
class SiteShare:
    """One site: how many of the chosen are its, how many chance gives, and how unusual that is.

    `p_value` is hypergeometric and two-sided (twice the smaller tail), `q_value` corrected over
    the sites.
    """

    site: str
    neurons: int
    chosen: int
    expected: float
    p_value: float
    q_value: float


@dataclass(frozen=True)
class Spread:
    """The sites in the order given; `effective_sites` is exp of the entropy of the chosen's shares.

    1 if all lie at one site, the number of sites if they are spread evenly.
    """

    sites: tuple[SiteShare, ...]
    effective_sites: float

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(one.site)}</th><td>{one.chosen} of {one.neurons}</td>"
            f"<td>{one.expected:.3g}</td><td>{one.p_value:.3g}</td><td>{one.q_value:.3g}</td></tr>"
            for one in self.sites
        )
        return (
            f"<table><caption>{self.effective_sites:.3g} effective sites</caption><thead><tr>"
            "<th>site</th><th>chosen</th><th>by chance</th><th>p</th><th>q</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def spread(
    sensitivities: Mapping[str, Float[np.ndarray, "_neuron"] | NeuronStatistics], k: int
) -> Spread:
    """Take the `k` most sensitive neurons of all sites together, and count them by site.

    A store's `statistics[site]` stands for its variances. The null draws `k` of all neurons; of
    equals the earlier comes first. Raises `DataError` for no site or sensitivities that are not
    finite, `SettingError` for a `k` out of range.
    """
    values = {
        site: one.variance if isinstance(one, NeuronStatistics) else one
        for site, one in sensitivities.items()
    }
    if not values:
        raise DataError("a spread over layers needs the sensitivities of some sites.")
    for site, one in values.items():
        if not np.isfinite(one).all():
            raise DataError(f"the sensitivities of {site} hold NaN or infinity.")
    together = np.concatenate(list(values.values()))
    widths = np.array([len(one) for one in values.values()])
    total = len(together)
    if not 1 <= k <= total:
        raise SettingError(f"k is {k}, but the sites have {total} neurons; choose 1 to {total}.")
    top = np.argsort(-together, kind="stable")[:k]
    owner = np.repeat(np.arange(len(widths)), widths)
    chosen = np.bincount(owner[top], minlength=len(widths))
    low = stats.hypergeom.cdf(chosen, total, widths, k)
    high = stats.hypergeom.sf(chosen - 1, total, widths, k)
    p_values = np.clip(2 * np.minimum(low, high), 0.0, 1.0)
    rows = zip(values, widths, chosen, p_values, corrected(p_values), strict=True)
    return Spread(
        sites=tuple(
            SiteShare(site, int(width), int(number), k * int(width) / total, float(p), float(q))
            for site, width, number, p, q in rows
        ),
        effective_sites=float(np.exp(stats.entropy(chosen))),
    )
