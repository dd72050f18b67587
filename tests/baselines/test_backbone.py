import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.surfaces import make_model
from workbench.baselines import archive as archive_file
from workbench.baselines import views as views_file
from workbench.baselines.backbone import Backbone
from workbench.baselines.method import Needs
from workbench.baselines.registry import methods
from workbench.baselines.views import forwards_per_image, numbers_per_image
from workbench.errors import DataError, ModelError, RunError, SettingError, SiteError
from workbench.excavation.fitting import mirrored
from workbench.excavation.settings import Settings
from workbench.images.stream import Picture
from workbench.recording import record as record_file

SITES = frozenset({"blocks.1.hook_resid_post", "blocks.3.hook_resid_post"})
ALL = Needs(SITES, frozenset({"embedding", "windows", "value_path"}))


@pytest.fixture
def forwards(monkeypatch):
    """Counts the pictures that pass the model, by what is asked of them."""
    seen = []
    plain = views_file.HookedCLIP.visit

    def counted(self, x, *args, **kwargs):
        seen.append(len(x))
        return plain(self, x, *args, **kwargs)

    monkeypatch.setattr(views_file.HookedCLIP, "visit", counted)
    return seen


def same(one, other):
    for name, values in one.items().items():
        torch.testing.assert_close(values, other.items()[name], rtol=1e-5, atol=1e-6)
    assert set(one.items()) == set(other.items())


def test_recorded_views_are_those_that_are_computed(model, tests, tmp_path) -> None:
    recorded = Backbone.recorded(model, tests, ALL, tmp_path / "features", batch_size=3)
    computed = Backbone(model)
    same(recorded.views(tests, ALL), computed.views(tests, ALL))
    same(recorded.views(tests[2:4], ALL), computed.views(tests[2:4], ALL))
    walked = list(recorded.walk(tests, ALL))
    assert [len(shown.pictures) for shown, _ in walked] == [3, 3, 2]
    assert walked[0][0].sizes == ((36, 44),) * 3
    assert walked[0][0].pictures == tuple(tests[:3])


def test_every_method_gives_the_same_scores_from_what_was_recorded(
    model, normals, tests, tmp_path, judged
) -> None:
    every = methods("all", Settings(k=8))
    needs = Needs()
    for method in every:
        needs |= method.needs(model)
    recorded = Backbone.recorded(model, [*normals, *tests], needs, tmp_path / "features")
    ((shown, seen),) = recorded.walk(tests, needs)
    for method in every:
        for shots in (1, 2):
            fitted = method.fit(recorded, "metal_sheet", normals[:shots])
            computed, scored = judged(method, shots)
            found = fitted.judge(shown, seen)
            assert found.image == pytest.approx(scored.image, rel=1e-4, abs=1e-5), method.name
            if method.uses_support:
                assert fitted.held_out == pytest.approx(computed.held_out, rel=1e-3, abs=1e-4)


def test_nothing_is_computed_twice(model, normals, tests, tmp_path, forwards) -> None:
    folder = tmp_path / "features"
    Backbone.recorded(model, [*tests, *tests[:2]], ALL, folder)
    assert sum(forwards) == 2 * len(tests)  # once for the sites, once for the views
    forwards.clear()
    again = Backbone.recorded(model, tests[::-1], ALL, folder)
    again.views(tests, ALL)
    assert forwards == []
    copies = mirrored(normals[0])
    again.views(copies, ALL)
    assert forwards == [3]
    Backbone.recorded(model, tests, ALL, folder).views(mirrored(normals[0]), ALL)
    assert forwards == [3]


def test_more_pictures_and_more_sites_add_to_what_is_there(
    model, normals, tests, tmp_path, forwards
) -> None:
    folder = tmp_path / "features"
    one = Needs(frozenset({"blocks.1.hook_resid_post"}))
    Backbone.recorded(model, tests, one, folder)
    forwards.clear()
    grown = Backbone.recorded(model, [*tests, *normals], Needs(SITES), folder)
    assert sum(forwards) == len(tests) + len(normals)
    same(grown.views(tests, Needs(SITES)), Backbone(model).views(tests, Needs(SITES)))
    mixed = [normals[0], tests[0]]
    same(grown.views(mixed, Needs(SITES)), Backbone(model).views(mixed, Needs(SITES)))


def test_pictures_are_known_by_their_content(model, tests, tmp_path, forwards) -> None:
    folder = tmp_path / "features"
    Backbone.recorded(model, tests, ALL, folder)
    moved = tmp_path / "moved.png"
    moved.write_bytes(tests[0].path.read_bytes())
    forwards.clear()
    backbone = Backbone.recorded(model, [], ALL, folder)
    backbone.views([Picture("moved", moved)], ALL)
    assert forwards == []
    Image.new("RGB", (30, 30)).save(moved)  # the same place, another picture
    changed = backbone.views([Picture("moved", moved)], ALL)
    assert forwards == [1]
    same(changed, Backbone(model).views([Picture("moved", moved)], ALL))


class Killed(BaseException):
    """Ends a recording as a signal would, wherever it is."""


@pytest.mark.parametrize("where", ["sites", 0, 3])
def test_after_an_end_anywhere_the_same_call_goes_on_and_gives_the_same_bytes(
    model, tests, tmp_path, monkeypatch, where
) -> None:
    needs = Needs(frozenset({"blocks.1.hook_resid_post"}), frozenset({"windows", "value_path"}))

    def run(folder):
        Backbone.recorded(model, tests, needs, folder, batch_size=3)

    def files(folder):
        return {f.relative_to(folder): f.read_bytes() for f in folder.rglob("*.safetensors")}

    def write(path, *args, **kwargs):
        if len(written) == where:
            raise Killed
        written.append(path)
        return plain_write(path, *args, **kwargs)

    def complete(*args, **kwargs):
        raise Killed

    run(tmp_path / "whole")
    written, plain_write = [], archive_file.write_tensors
    with monkeypatch.context() as patched:
        if where == "sites":  # everything is looked at, and the store not finished
            patched.setattr(record_file, "complete_recording", complete)
        else:
            patched.setattr(archive_file, "write_tensors", write)
        with pytest.raises(Killed):
            run(tmp_path / "ended")
    before = files(tmp_path / "ended")
    assert before != files(tmp_path / "whole")
    run(tmp_path / "ended")
    assert files(tmp_path / "ended") == files(tmp_path / "whole")
    assert len(files(tmp_path / "ended")) > 16


def test_a_folder_of_another_model_is_refused(model, tests, tmp_path) -> None:
    folder = tmp_path / "features"
    Backbone.recorded(model, tests[:1], Needs(SITES), folder)
    with pytest.raises(RunError, match="fingerprint"):
        Backbone.recorded(make_model(seed=1), tests[:1], Needs(SITES), folder)
    with pytest.raises(RunError, match="--resume"):
        Backbone.recorded(model, tests[:1], Needs(SITES), folder, resume=False)


def test_a_folder_of_something_else_is_left_alone(model, tests, tmp_path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="exists already"):
        Backbone.recorded(model, tests[:1], ALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "backbone.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(RunError, match=r"backbone\.json"):
        Backbone.recorded(model, tests[:1], ALL, tmp_path)


def test_a_damaged_view_is_named(model, tests, tmp_path) -> None:
    backbone = Backbone.recorded(model, tests[:1], ALL, tmp_path / "features")
    (file,) = (tmp_path / "features" / "views" / "windows").iterdir()
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(RunError, match=file.name):
        backbone.views(tests[:1], ALL)
    file.unlink()
    same(backbone.views(tests[:1], ALL), Backbone(model).views(tests[:1], ALL))


@pytest.mark.parametrize("recorded", [False, True])
def test_what_cannot_be_had_is_refused_by_name(model, tests, tmp_path, recorded) -> None:
    backbone = Backbone(model)
    if recorded:
        backbone = Backbone.recorded(model, tests[:1], ALL, tmp_path / "features")
    with pytest.raises(SettingError, match="no view 'window'"):
        backbone.views(tests[:1], Needs(views=frozenset({"window"})))
    with pytest.raises(SiteError, match=r"blocks\.9"):
        backbone.views(tests[:1], Needs(frozenset({"blocks.9.hook_resid_post"})))
    with pytest.raises(DataError, match=r"gone\.png"):
        backbone.views([Picture("gone", Path("gone.png"))], ALL)
    with pytest.raises(DataError, match="no pictures"):
        backbone.views([], ALL)


def test_pictures_that_do_not_open_stop_a_recording_by_name(model, tests, tmp_path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    for needs in (Needs(SITES), Needs(views=frozenset({"embedding"}))):
        with pytest.raises(DataError, match=r"broken\.png"):
            Backbone.recorded(model, [*tests[:2], Picture("b", broken)], needs, tmp_path / "new")


def test_values_that_are_not_finite_are_refused(tests) -> None:
    model = make_model()
    with torch.no_grad():
        model.visual.transformer.resblocks[-1].mlp.c_fc.weight[0, 0] = float("nan")
    with pytest.raises(ModelError, match="NaN"):
        Backbone(model).views(tests[:1], Needs(views=frozenset({"embedding"})))


def test_the_text_passes_the_tower_once(model, monkeypatch) -> None:
    from workbench.clip.prompts import winclip_prompts

    backbone, calls = Backbone(model), []
    plain = type(model).encode_text
    monkeypatch.setattr(
        type(model), "encode_text", lambda self, texts: calls.append(1) or plain(self, texts)
    )
    one = backbone.text(winclip_prompts("sheet"), 0.01)
    assert backbone.text(winclip_prompts("sheet"), 0.01) is one
    assert len(calls) == 2  # normal and anomalous
    assert backbone.text(winclip_prompts("bolt"), 0.01) is not one


def test_what_looking_costs_is_known_beforehand(model, backbone, tests) -> None:
    views = backbone.views(tests[:2], ALL)
    numbers = sum(values.numel() for values in views.items().values())
    assert numbers_per_image(model, ALL) == numbers / 2
    assert forwards_per_image(model, Needs(SITES)) == 1
    assert forwards_per_image(model, Needs()) == 0
    windows = Needs(views=frozenset({"windows"}))
    assert forwards_per_image(model, windows) == 1 + (9 * 5 + 4 * 10) / 17


def test_held_pictures_are_walked_over_without_looking_again(model, tests, forwards) -> None:
    backbone = Backbone(model)
    backbone.hold(tests[:2], ALL)
    forwards.clear()
    held = backbone.views(tests[:2], Needs(SITES))
    assert forwards == []
    assert not held.others  # no more than was asked for
    assert set(held.patches) == set(SITES)
    for site in SITES:
        assert torch.equal(held.patches[site], Backbone(model).views(tests[:2], ALL).patches[site])
    backbone.views(tests[:3], Needs(SITES))
    assert forwards != []


def test_a_store_that_was_not_finished_is_not_read(model, tests, tmp_path) -> None:
    folder = tmp_path / "features"
    Backbone.recorded(model, tests, Needs(SITES), folder)
    (manifest,) = (folder / "sites").glob("*/manifest.json")
    archive = archive_file.Archive(model, folder, batch_size=4)
    assert set(archive._places) == set(SITES)
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "status": "recording"}))
    assert archive_file.Archive(model, folder, batch_size=4)._places == {}
