"""The products of a recording, and which file of a shard each of them is written to."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from workbench.recording.activations import Activations, Buffers
from workbench.recording.exemplars import Exemplars
from workbench.recording.maxima import Maxima
from workbench.recording.plan import Plan, Shard
from workbench.recording.quantiles import Quantiles
from workbench.recording.seen import Seen
from workbench.recording.statistics import Statistics

MERGED: Mapping[str, Any] = {
    "statistics": Statistics,
    "quantiles": Quantiles,
    "exemplars": Exemplars,
}
"""Products of which a shard writes a part (`parts/`), and the parts are merged in index order."""

KEPT = ("maxima", "activations")
"""Products of which every shard keeps a file of its own, in a folder of that name."""


@runtime_checkable
class Collector(Protocol):
    """What gathers one product. An update is whole or, after an exception, has not happened."""

    def update(self, seen: Seen) -> None: ...  # noqa: D102
    def state(self) -> dict[str, Tensor]: ...  # noqa: D102


def kinds(plan: Plan) -> tuple[str, ...]:
    """Return the kinds of file that a shard of this plan writes."""
    merged = ("parts",) if merged_products(plan) else ()
    return (*merged, *(product for product in KEPT if product in plan.products))


def merged_products(plan: Plan) -> tuple[str, ...]:
    """Return those of the plan's products that are merged over all shards."""
    return tuple(product for product in plan.products if product in MERGED)


def empty(product: str, plan: Plan, device: torch.device | str = "cpu") -> Any:
    """Return a collector of a merged product that has seen nothing yet."""
    if product == "exemplars":
        return Exemplars(plan.widths, plan.patches_per_image, k=plan.k, device=device)
    if product == "statistics":
        return Statistics(plan.widths, device=device)
    return Quantiles(plan.widths)


def collectors(
    plan: Plan, shard: Shard, wanted: Collection[str], buffers: Buffers | None = None
) -> dict[str, Collector]:
    """Return new collectors, by product, for the kinds of file that are wanted of a shard."""
    found: dict[str, Collector] = {}
    if "parts" in wanted:
        device = torch.device(plan.device_type)
        found |= {product: empty(product, plan, device) for product in merged_products(plan)}
    if "maxima" in wanted:
        found["maxima"] = Maxima(plan.widths, shard.start, shard.stop)
    if "activations" in wanted:
        found["activations"] = Activations(
            plan.widths,
            tokens=plan.tokens,
            dtype=plan.dtype,
            start=shard.start,
            stop=shard.stop,
            tokens_per_image=plan.patches_per_image + 1,
            buffers=buffers,
        )
    return found


def by_file(found: Mapping[str, Collector]) -> dict[str, dict[str, Tensor]]:
    """Return the tensors of each kind of file; those of the parts are called `product:key`."""
    files: dict[str, dict[str, Tensor]] = {}
    for product, collector in found.items():
        if product in KEPT:
            files[product] = collector.state()
        else:
            part = files.setdefault("parts", {})
            part |= {f"{product}:{key}": value for key, value in collector.state().items()}
    return files


def from_part(plan: Plan, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the collectors of the merged products, by product, from a part's tensors."""
    states: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        product, _, key = name.partition(":")
        states.setdefault(product, {})[key] = value
    context = {"exemplars": {"patches_per_image": plan.patches_per_image}}
    return {
        product: MERGED[product].from_state(states[product], **context.get(product, {}))
        for product in merged_products(plan)
    }
