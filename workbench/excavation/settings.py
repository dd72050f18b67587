"""What an excavation may be asked to do, with the defaults and where each comes from."""

import difflib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from workbench.clip.prompts import PromptEnsemble, winclip_prompts
from workbench.clip.sites import kind_of
from workbench.errors import SettingError
from workbench.excavation.features import Tower

STATISTICS = ("variance", "mean_abs", "maximum")
SELECTIONS = ("top", "bottom", "random", "all")
NORMALITIES = ("gallery", "moments")
METRICS = ("cosine", "squared_euclidean")
FUSIONS = ("standardised", "raw")
RESIDUAL = ("hook_resid_pre", "hook_resid_mid", "hook_resid_post")


@dataclass(frozen=True)
class Settings:
    """Every choice of an excavation.

    Attributes:
        site: where the neurons are. `None`: the residual stream at half the tower's depth, which
            is after `n_layers // 2` blocks (chosen; one place for all data, never picked on
            test labels).
        statistic: what sensitivity is (see `sensitivity.py`); `variance` is stated.
        selection: which neurons are taken by it: `top` (stated), or a control.
        k: how many are taken; 100 is reported.
        normality: `gallery` keeps the normal patches (reported), `moments` only a mean and a
            variance per neuron (chosen, as the paper's abstract argues against memory banks).
        metric: the gallery's distance between patches; `cosine`, as (1 - cos) / 2, is chosen.
        neighbours: over how many nearest gallery patches the distance is averaged (chosen: 1).
        text_site: the deeper residual stream that is compared with text. `None`: the last.
        text_weight: the weight of the text score; 0.3 is reported. 0 leaves the text tower out.
        temperature: of the softmax over the two prompts' similarities (chosen: 0.01).
        prompts: the normal and anomalous prompts, `{}` standing for the category's name. `None`:
            WinCLIP's (chosen).
        fusion: `standardised` puts both scores on the scale of the held-out support before they
            are added (chosen); `raw` adds them as they are.
        selection_seed: the seed of `selection="random"`.
        layer_norm: whether each patch's channels are first brought to mean 0 and variance 1, so
            that sensitivity, selection and distance see no loudness (chosen: not). The shares
            are then of the normalised channels, and still sum to the score.

    Raises `SettingError`, naming the valid values, for a value out of its range.
    """

    site: str | None = None
    statistic: str = "variance"
    selection: str = "top"
    k: int = 100
    normality: str = "gallery"
    metric: str = "cosine"
    neighbours: int = 1
    text_site: str | None = None
    text_weight: float = 0.3
    temperature: float = 0.01
    prompts: PromptEnsemble | None = None
    fusion: str = "standardised"
    selection_seed: int = 0
    layer_norm: bool = False

    def __post_init__(self) -> None:
        for name, value, valid in (
            ("statistic", self.statistic, STATISTICS),
            ("selection", self.selection, SELECTIONS),
            ("normality", self.normality, NORMALITIES),
            ("metric", self.metric, METRICS),
            ("fusion", self.fusion, FUSIONS),
        ):
            if not isinstance(value, str) or value not in valid:
                near = difflib.get_close_matches(str(value), valid, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise SettingError(f"no {name} {value!r}: there are {', '.join(valid)}{hint}")
        for name, number, least in (
            ("k", self.k, 1),
            ("neighbours", self.neighbours, 1),
            ("selection_seed", self.selection_seed, 0),
        ):
            if not isinstance(number, int) or number < least:
                raise SettingError(
                    f"{name} is {number!r}; it must be a whole number, at least {least}."
                )
        if not isinstance(self.text_weight, int | float) or not 0 <= self.text_weight <= 1:
            raise SettingError(f"text_weight is {self.text_weight!r}; it goes from 0 to 1.")
        if not isinstance(self.temperature, int | float) or not 0 < self.temperature < math.inf:
            raise SettingError(f"temperature is {self.temperature!r}; it must be above 0.")
        if not isinstance(self.layer_norm, bool):
            raise SettingError(f"layer_norm is {self.layer_norm!r}; it must be true or false.")
        for name, site in (("site", self.site), ("text_site", self.text_site)):
            if not isinstance(site, str | None):
                raise SettingError(f"{name} is {site!r}; it must be the name of a site.")

    @property
    def uses_text(self) -> bool:
        """Whether the text branch takes part at all."""
        return self.text_weight > 0

    def resolved(self, model: Tower, category: str) -> "Settings":
        """Return these settings with every `None` filled in for a model and a category.

        Raises `SiteError` for a site the model does not have, `SettingError` if the site has
        fewer than `k` neurons or the text site is no residual stream.
        """
        middle = f"blocks.{max(model.n_layers // 2, 1) - 1}.hook_resid_post"
        settings = replace(
            self,
            site=self.site or middle,
            text_site=self.text_site or f"blocks.{model.n_layers - 1}.hook_resid_post",
            prompts=(
                self.prompts.for_object(category) if self.prompts else winclip_prompts(category)
            ),
        )
        width = model.site_width(settings.places[0])
        if self.selection != "all" and self.k > width:
            raise SettingError(
                f"k is {self.k}, but {settings.site} has {width} neurons; choose 1 to {width}."
            )
        model.check_site(settings.places[1])
        if self.uses_text and kind_of(settings.places[1]) not in RESIDUAL:
            raise SettingError(
                f"{settings.text_site} is no residual stream, so the final projection to the text "
                f"space does not apply to it; choose one such as "
                f"blocks.{model.n_layers - 1}.hook_resid_post."
            )
        return settings

    @property
    def places(self) -> tuple[str, str]:
        """The site and the text site, once they are resolved."""
        if self.site is None or self.text_site is None:
            raise SettingError("these settings are not resolved for a model yet.")
        return self.site, self.text_site

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        content = asdict(self)
        if self.prompts is not None:
            content["prompts"] = {
                "normal": list(self.prompts.normal),
                "anomalous": list(self.prompts.anomalous),
            }
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Settings":
        """Return settings from plain data; `SettingError` for a name that is no setting."""
        valid = [field.name for field in fields(cls)]
        for name in content:
            if name not in valid:
                raise SettingError(f"no setting {name!r}: there are {', '.join(valid)}")
        prompts = content.get("prompts")
        if isinstance(prompts, Mapping):
            prompts = PromptEnsemble(tuple(prompts["normal"]), tuple(prompts["anomalous"]))
        return cls(**{**content, "prompts": prompts})
