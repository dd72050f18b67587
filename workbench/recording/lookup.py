"""Finding a recorded site or neuron by its name; what was not recorded is said by name."""

from collections.abc import Iterable

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError, SiteError


def check_site(site: str, recorded: Iterable[str]) -> str:
    """Return `site`; raises `SiteError`, listing the recorded ones, if it is not among them."""
    known = list(recorded)
    if site not in known:
        shown = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
        raise SiteError(f"{site} was not recorded. Recorded: {shown or 'nothing'}.")
    return site


def one_neuron(neuron: str | NeuronSet) -> tuple[str, int]:
    """Return site and index of a neuron, given as `site:index` or as a set of one.

    >>> one_neuron("blocks.2.mlp.hook_post:17")
    ('blocks.2.mlp.hook_post', 17)

    Raises `SettingError` for another spelling or a set of more or fewer than one.
    """
    chosen = NeuronSet.parse(neuron) if isinstance(neuron, str) else neuron
    if len(chosen) != 1:
        raise SettingError(
            f"one neuron is asked for here, and {chosen.site} comes with {len(chosen)}."
        )
    return chosen.site, chosen[0]


def check_index(site: str, index: int, width: int) -> int:
    """Return `index`; raises `SettingError` if the site has no such neuron."""
    if not 0 <= index < width:
        raise SettingError(f"{site} has {width} neurons, 0 to {width - 1}; there is no {index}.")
    return index
