"""Sentences that describe a flawless and a flawed object, and their directions in CLIP's space.

The ensemble is that of Jeong et al., "WinCLIP: Zero-/Few-Shot Anomaly Classification and
Segmentation", CVPR 2023, there called the compositional prompt ensemble: every state of the object
is put into every template of a caption.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from workbench.clip.hooked import HookedCLIP
from workbench.errors import SettingError

NORMAL_STATES = (
    "{}",
    "flawless {}",
    "perfect {}",
    "unblemished {}",
    "{} without flaw",
    "{} without defect",
    "{} without damage",
)
ANOMALOUS_STATES = ("damaged {}", "{} with flaw", "{} with defect", "{} with damage")
_PHOTOS = (
    "a cropped photo of {}.",
    "a close-up photo of {}.",
    "a bright photo of {}.",
    "a dark photo of {}.",
    "a jpeg corrupted photo of {}.",
    "a blurry photo of {}.",
    "a photo of {}.",
    "a photo of {} for visual inspection.",
    "a photo of {} for anomaly detection.",
)
_ARTICLES = ("a {}", "the {}")
TEMPLATES = (
    *(photo.replace("{}", article) for photo in _PHOTOS for article in _ARTICLES),
    *(
        f"a photo of {article} {size} {{}}."
        for size in ("small", "large")
        for article in ("a", "the")
    ),
)


@dataclass(frozen=True)
class PromptEnsemble:
    """Texts for the normal and for the anomalous state of an object.

    `{}` in a text stands for the object; `for_object` fills it in.

    >>> PromptEnsemble(("a clean {}",), ("a dirty {}",)).for_object("metal_nut")
    PromptEnsemble(normal=('a clean metal nut',), anomalous=('a dirty metal nut',))

    Raises `SettingError` if either side is empty or holds anything but non-empty strings.
    """

    normal: tuple[str, ...]
    anomalous: tuple[str, ...]

    def __post_init__(self) -> None:
        for side in ("normal", "anomalous"):
            given = getattr(self, side)
            if isinstance(given, str) or not given:
                raise SettingError(f"the {side} prompts must be a list of at least one text.")
            if not all(isinstance(text, str) and text.strip() for text in given):
                raise SettingError(f"every one of the {side} prompts must be a text, none empty.")
            object.__setattr__(self, side, tuple(given))

    def for_object(self, name: str) -> "PromptEnsemble":
        """Return the prompts with `{}` replaced by the object's name, underscores by spaces."""
        spoken = " ".join(name.replace("_", " ").split())
        if not spoken:
            raise SettingError("the object in the prompts has no name.")
        normal, anomalous = (
            tuple(text.replace("{}", spoken) for text in texts)
            for texts in (self.normal, self.anomalous)
        )
        return PromptEnsemble(normal, anomalous)


def winclip_prompts(object_name: str) -> PromptEnsemble:
    """Return WinCLIP's ensemble for an object: 7 and 4 states in 22 templates.

    >>> prompts = winclip_prompts("metal_nut")
    >>> len(prompts.normal), len(prompts.anomalous), prompts.anomalous[0]
    (154, 88, 'a cropped photo of a damaged metal nut.')

    Raises `SettingError` for an empty name.
    """
    normal, anomalous = (
        tuple(template.replace("{}", state) for state in states for template in TEMPLATES)
        for states in (NORMAL_STATES, ANOMALOUS_STATES)
    )
    return PromptEnsemble(normal, anomalous).for_object(object_name)


@torch.no_grad()
def text_directions(model: HookedCLIP, prompts: PromptEnsemble) -> Float[Tensor, "2 d_embed"]:
    """Return the unit directions of the normal (row 0) and the anomalous prompts (row 1).

    Each row is the mean of the prompts' unit embeddings, made unit again, computed in fp32 and
    given in the model's dtype on its device.
    """
    rows = []
    for texts in (prompts.normal, prompts.anomalous):
        units = F.normalize(model.encode_text(list(texts)).float(), dim=-1)
        rows.append(F.normalize(units.mean(dim=0), dim=-1))
    return torch.stack(rows).to(model.dtype)
