"""Changes to a model's forwards for the length of a `with` block."""

from contextlib import ExitStack
from types import TracebackType
from typing import Any

from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.neurons.intervention.changes import Change, apply


class Intervention:
    """While it is entered, every forward of the model is changed, in the order given.

        with Intervention(model, zero(neurons)):
            embedding = model(pixels)

    It may be nested, entered again (the change then acts twice), and left in any order; what one
    entry put on the model is gone when that entry ends, however it ends. Raises `SiteError` or
    `SettingError`, before anything is put on, for a site or neuron that the model does not have.
    """

    def __init__(self, model: HookedCLIP, *changes: Change) -> None:
        for change in changes:
            change.check(model)
        self.model, self.changes = model, changes
        self._entries: list[ExitStack] = []

    def __enter__(self) -> HookedCLIP:
        with ExitStack() as entry:  # an interrupt between two hooks takes the first off again
            for change in self.changes:
                # PyTorch's own handles: removing one never touches another's hooks.
                point = self.model.hook_dict[change.neurons.site]
                entry.callback(point.register_forward_hook(_hook(change)).remove)
            self._entries.append(entry.pop_all())
        return self.model

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._entries.pop().close()


def _hook(change: Change) -> Any:
    def hook(_module: Any, _inputs: Any, output: Tensor) -> Tensor:
        return apply(change, output)

    return hook
