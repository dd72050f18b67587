"""Settings refuse what cannot be, name what could, and survive a round trip."""

import json
import subprocess
import sys

import pytest

from workbench.clip.prompts import PromptEnsemble
from workbench.errors import SettingError, SiteError
from workbench.excavation.settings import Settings


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"statistic": "varianc"}, "no statistic 'varianc': there are variance, .*did you mean"),
        ({"selection": "best"}, "no selection 'best': there are top, bottom, random, all"),
        ({"normality": "bank"}, "no normality 'bank': there are gallery, moments"),
        ({"metric": "manhattan"}, "no metric 'manhattan': there are cosine, squared_euclidean"),
        ({"fusion": "sum"}, "no fusion 'sum': there are standardised, raw"),
        ({"k": 0}, "k is 0; it must be a whole number, at least 1"),
        ({"neighbours": 0}, "neighbours is 0"),
        ({"selection_seed": -1}, "selection_seed is -1"),
        ({"text_weight": 1.5}, "text_weight is 1.5; it goes from 0 to 1"),
        ({"text_weight": float("nan")}, "text_weight is nan"),
        ({"temperature": 0.0}, "temperature is 0.0; it must be above 0"),
        ({"top_k": 5}, "no setting 'top_k': there are site, statistic"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_valid_ones(choice, said) -> None:
    with pytest.raises(SettingError, match=said):
        Settings.from_dict(choice)


def test_defaults_are_filled_in_for_the_model(model) -> None:
    settings = Settings(k=8).resolved(model, "metal_nut")
    assert settings.places == ("blocks.1.hook_resid_post", "blocks.3.hook_resid_post")
    assert settings.prompts is not None
    assert "metal nut" in settings.prompts.normal[0]
    assert settings.resolved(model, "metal_nut") == settings


def test_prompts_may_speak_of_the_object(model) -> None:
    prompts = PromptEnsemble(("a {}",), ("a bad {}",))
    resolved = Settings(k=8, prompts=prompts).resolved(model, "nut").prompts
    assert resolved == PromptEnsemble(("a nut",), ("a bad nut",))


def test_more_neurons_than_the_site_has_are_refused(model) -> None:
    with pytest.raises(
        SettingError, match=r"k is 100, but blocks.1.hook_resid_post has 32 neurons"
    ):
        Settings().resolved(model, "nut")
    assert Settings(selection="all").resolved(model, "nut").k == 100
    assert Settings(site="blocks.0.mlp.hook_post").resolved(model, "nut").k == 100


def test_unknown_and_unfit_sites_are_refused(model) -> None:
    with pytest.raises(SiteError, match=r"no site 'blocks.9.hook_resid_post'"):
        Settings(site="blocks.9.hook_resid_post", k=8).resolved(model, "nut")
    with pytest.raises(SettingError, match="is no residual stream"):
        Settings(text_site="blocks.1.mlp.hook_post", k=8).resolved(model, "nut")


def test_unresolved_settings_have_no_places() -> None:
    with pytest.raises(SettingError, match="not resolved"):
        _ = Settings().places


def test_settings_survive_json(model) -> None:
    settings = Settings(k=8, metric="squared_euclidean").resolved(model, "nut")
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize("site", ["ln_post.hook_normalized", "blocks.0.attn.hook_q"])
def test_a_site_as_wide_as_the_residual_stream_is_not_taken_for_it(model, site) -> None:
    with pytest.raises(SettingError, match="is no residual stream"):
        Settings(text_site=site, k=8).resolved(model, "nut")


def test_a_value_of_the_wrong_kind_is_named() -> None:
    # In a process of its own, where signatures are not checked before the settings are.
    code = """
from workbench.excavation.settings import Settings
wrong = {"k": "3", "neighbours": 2.5, "statistic": 3, "text_weight": "much", "temperature": None,
         "site": 4}
for name, value in wrong.items():
    try:
        Settings.from_dict({name: value})
    except Exception as error:
        print(type(error).__name__, name in str(error), repr(value) in str(error))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["SettingError True True"] * 6
