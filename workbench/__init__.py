"""LAKE Workbench: look inside CLIP to see how it knows that something is wrong in a picture.

    import workbench as wb

    model = wb.load_model("demo")                       # a CLIP whose inside has names
    excavation = wb.excavate("my_bolts/", model)        # a few normal images are enough
    for detection in excavation.score("new_photos/"):   # nothing is trained
        detection.score, detection.map(), detection.strongest()

Everything here is loaded when it is first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.errors import (
    DataError,
    ModelError,
    RunError,
    SettingError,
    SiteError,
    WorkbenchError,
)

if TYPE_CHECKING:
    from workbench.cards.gather import cards_of_run
    from workbench.cards.recorded import cards_of_store
    from workbench.clip.hooked import HookedCLIP
    from workbench.clip.loading import load_model
    from workbench.clip.neuron_set import NeuronSet
    from workbench.clip.parity import Parity, parity
    from workbench.clip.prompts import PromptEnsemble, text_directions, winclip_prompts
    from workbench.clip.registry import available_models
    from workbench.evaluation.compare import Comparison, compare
    from workbench.evaluation.evaluate import evaluate
    from workbench.excavation.detection import Detection
    from workbench.excavation.detector import Excavation
    from workbench.excavation.excavate import excavate
    from workbench.excavation.settings import Settings
    from workbench.images.decode import open_image, open_mask
    from workbench.images.layouts import read_dataset
    from workbench.images.preprocess import to_batch
    from workbench.images.samples import Dataset, Sample
    from workbench.images.stream import prepare
    from workbench.images.support import support
    from workbench.neurons.labels import label
    from workbench.paths import demo_images
    from workbench.recording.record import record
    from workbench.recording.store import ActivationStore, open_store
    from workbench.widgets.browse import browse
    from workbench.widgets.explorer.comparing import CompareView
    from workbench.widgets.explorer.sweeping import SweepView
    from workbench.widgets.explorer.threshold import ThresholdView
    from workbench.widgets.explorer.widget import NeuronExplorer, explore

__version__ = "0.1.0"

_HOMES = {
    "cards.gather": ["cards_of_run"],
    "cards.recorded": ["cards_of_store"],
    "clip.hooked": ["HookedCLIP"],
    "clip.loading": ["load_model"],
    "clip.neuron_set": ["NeuronSet"],
    "clip.parity": ["Parity", "parity"],
    "clip.prompts": ["PromptEnsemble", "text_directions", "winclip_prompts"],
    "clip.registry": ["available_models"],
    "evaluation.compare": ["Comparison", "compare"],
    "evaluation.evaluate": ["evaluate"],
    "excavation.detection": ["Detection"],
    "excavation.detector": ["Excavation"],
    "excavation.excavate": ["excavate"],
    "excavation.settings": ["Settings"],
    "images.decode": ["open_image", "open_mask"],
    "images.layouts": ["read_dataset"],
    "images.preprocess": ["to_batch"],
    "images.samples": ["Dataset", "Sample"],
    "images.stream": ["prepare"],
    "images.support": ["support"],
    "neurons.labels": ["label"],
    "paths": ["demo_images"],
    "recording.record": ["record"],
    "recording.store": ["ActivationStore", "open_store"],
    "widgets.browse": ["browse"],
    "widgets.explorer.comparing": ["CompareView"],
    "widgets.explorer.sweeping": ["SweepView"],
    "widgets.explorer.threshold": ["ThresholdView"],
    "widgets.explorer.widget": ["NeuronExplorer", "explore"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ActivationStore",
    "CompareView",
    "Comparison",
    "DataError",
    "Dataset",
    "Detection",
    "Excavation",
    "HookedCLIP",
    "ModelError",
    "NeuronExplorer",
    "NeuronSet",
    "Parity",
    "PromptEnsemble",
    "RunError",
    "Sample",
    "SettingError",
    "Settings",
    "SiteError",
    "SweepView",
    "ThresholdView",
    "WorkbenchError",
    "available_models",
    "browse",
    "cards_of_run",
    "cards_of_store",
    "compare",
    "demo_images",
    "evaluate",
    "excavate",
    "explore",
    "label",
    "load_model",
    "open_image",
    "open_mask",
    "open_store",
    "parity",
    "prepare",
    "read_dataset",
    "record",
    "support",
    "text_directions",
    "to_batch",
    "winclip_prompts",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    value = getattr(import_module(f"workbench.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
