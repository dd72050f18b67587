"""Every method by its name."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase

from workbench.baselines import (
    anomalydino,
    direct_effect,
    nearest,
    patchcore,
    text,
    winclip,
    winclip_lake,
)
from workbench.baselines.few_shot import SupportMethod
from workbench.baselines.lake import LakeMethod
from workbench.baselines.method import Method
from workbench.baselines.nearest import NearestPatch
from workbench.errors import SettingError
from workbench.excavation.settings import Settings

Factory = Callable[[Settings], Method]

RANDOM_DRAWS = 20


def _lake(name: str, title: str, what: str = "", **changes: object) -> Factory:
    def make(settings: Settings) -> Method:
        plain = LakeMethod()
        recipe = f"{plain.recipe} {what}".strip()
        return LakeMethod(replace(settings, **changes), name, title, recipe)  # type: ignore[arg-type]

    return make


def _nearest(name: str, title: str, recipe: str, reduce: nearest.Reduce, draws: int = 1) -> Factory:
    def make(settings: Settings) -> Method:
        return NearestPatch(name, title, recipe, settings, draws=draws, reduce=reduce)

    return make


def _few_shot(name: str, title: str, recipe: str, kind: type[SupportMethod]) -> Factory:
    return lambda settings: kind(name, title, recipe, settings)


def _text(name: str, title: str, how: str, read: text.Read, view: str | None) -> Factory:
    recipe = f"Text alone: {how}, against the prompts; an image's score is its largest patch's."
    return lambda settings: text.TextOnly(name, title, recipe, read, view, settings)


_CONTROL = "A control: LAKE's visual branch, same site and distance, with {} in the place of its K."

METHODS: dict[str, Factory] = {
    "lake": _lake("lake", "LAKE"),
    "lake_raw": _lake(
        "lake_raw", "LAKE, raw fusion", "Both branches are added as they are.", fusion="raw"
    ),
    "lake_moments": _lake(
        "lake_moments",
        "LAKE, moments",
        "A mean and a variance per neuron in the place of a gallery.",
        normality="moments",
    ),
    "lake_visual": _lake(
        "lake_visual", "LAKE, visual only", "Text takes no part.", text_weight=0.0
    ),
    "patch_knn": _nearest(
        "patch_knn",
        "Patch kNN",
        "The distance to the nearest normal patch in all channels of the site; no paper's, but "
        "what many of them share.",
        nearest.all_channels,
    ),
    "patchcore_recipe": _few_shot(
        "patchcore_recipe", "PatchCore recipe", patchcore.RECIPE, patchcore.PatchCore
    ),
    "anomalydino_recipe": _few_shot(
        "anomalydino_recipe",
        "AnomalyDINO recipe",
        anomalydino.RECIPE,
        anomalydino.AnomalyDino,
    ),
    "winclip_zero_shot": lambda settings: winclip.WinClipZeroShot(settings=settings),
    "winclip_few_shot": _few_shot(
        "winclip_few_shot", "WinCLIP recipe, few-shot", winclip.FEW_SHOT, winclip.WinClipFewShot
    ),
    "winclip_plus_lake": _few_shot(
        "winclip_plus_lake",
        "WinCLIP recipe with LAKE",
        winclip_lake.RECIPE,
        winclip_lake.WinClipPlusLake,
    ),
    "text_patches": _text(
        "text_patches",
        "Text, raw patches",
        "the last block's patches through the final LayerNorm and projection",
        text.read_patches,
        None,
    ),
    "text_value_path": _text(
        "text_value_path",
        "Text, value path",
        "the patches through the last block's values alone, attended to by values (V-V), without "
        "that block's skip path and MLP",
        text.read_value_path,
        "value_path",
    ),
    "text_windows": _text(
        "text_windows",
        "Text, windows",
        "windows of 2 x 2 and 3 x 3 patches, each alone through the tower with CLS, their harmonic "
        "mean at each patch",
        text.read_windows,
        "windows",
    ),
    "lake_text_through_neurons": _few_shot(
        "lake_text_through_neurons",
        "Text through LAKE's neurons",
        direct_effect.RECIPE,
        direct_effect.TextThroughNeurons,
    ),
    "random_k": _nearest(
        "random_k",
        "Random K",
        _CONTROL.format("K neurons drawn at random (the mean of several draws)"),
        nearest.random_k,
        RANDOM_DRAWS,
    ),
    "bottom_k": _nearest(
        "bottom_k",
        "Bottom K",
        _CONTROL.format("the K neurons that vary least"),
        nearest.bottom_k,
    ),
    "all_channels": _nearest(
        "all_channels",
        "All channels",
        _CONTROL.format("every neuron") + " The same as patch_knn.",
        nearest.all_channels,
    ),
    "pca_k": _nearest(
        "pca_k",
        "PCA to K",
        _CONTROL.format("the K principal directions of the normal patches, about their mean")
        + " With fewer normal patches than K there are fewer directions.",
        nearest.pca_k,
    ),
    "projection_k": _nearest(
        "projection_k",
        "Random projection to K",
        _CONTROL.format("K random Gaussian directions (the mean of several draws)"),
        nearest.projection_k,
        RANDOM_DRAWS,
    ),
}
"""From settings (site, K, distance, ...; the same for all methods of a comparison) to a method."""

_LN = "_ln"
WITH_LAYER_NORM = (
    "lake",
    "lake_raw",
    "lake_moments",
    "lake_visual",
    "patch_knn",
    "patchcore_recipe",
    "anomalydino_recipe",
    "winclip_plus_lake",
    "lake_text_through_neurons",
    "random_k",
    "bottom_k",
    "all_channels",
    "pca_k",
    "projection_k",
)


def _with_layer_norm(name: str) -> Factory:
    def make(settings: Settings) -> Method:
        method = METHODS[name](replace(settings, layer_norm=True))
        return replace(  # type: ignore[type-var]
            method,
            name=name + _LN,
            title=f"{method.title}, LayerNorm first",
            recipe=f"{method.recipe} Every patch's channels are first brought to mean 0 and "
            "variance 1.",
        )

    return make


METHODS |= {name + _LN: _with_layer_norm(name) for name in WITH_LAYER_NORM}

# As a control, all channels are what patch kNN is.
DEFAULT = tuple(name for name in METHODS if not name.endswith(_LN) and name != "all_channels")


def methods(
    names: str | Iterable[str] = "default", settings: Settings | None = None
) -> list[Method]:
    """Return methods by name or glob: one, several (or separated by commas), `default` or `all`.

    `default` is every method but the `_ln` ones and `all_channels`, which is `patch_knn`; `all` is
    with them. `settings` are LAKE's; site, K, distance and the like hold for every method that has
    them.

    >>> [method.name for method in methods("winclip_*_shot, patch_knn")]
    ['winclip_zero_shot', 'winclip_few_shot', 'patch_knn']

    Raises `SettingError`, with the nearest names, for one that picks nothing.
    """
    asked = names.split(",") if isinstance(names, str) else list(names)
    picked: list[str] = []
    for name in (one.strip() for one in asked):
        if name == "default":
            found = list(DEFAULT)
        elif name == "all":
            found = list(METHODS)
        else:
            found = [known for known in METHODS if fnmatchcase(known, name)]
        if not found:
            near = difflib.get_close_matches(name, METHODS, n=3, cutoff=0.4)
            hint = f"nearest are {', '.join(near)}" if near else f"there are {', '.join(METHODS)}"
            raise SettingError(f"no method {name!r}; {hint}.")
        picked += [one for one in found if one not in picked]
    return [METHODS[name](settings or Settings()) for name in picked]
