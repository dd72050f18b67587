"""`workbench neurons`, on a run of two categories and on a recording."""

import json
import shutil

import pytest

from tests.pages.reading import Reader
from tests.verbs.test_verbs import SMALL, data, model, refused, run, runs

__all__ = ["SMALL", "data", "model", "runs"]

QUICK = ["--draws", "19", "--exemplars", "2"]


@pytest.fixture(scope="module")
def cards(runs, data, tmp_path_factory):
    from workbench import cli

    out = tmp_path_factory.mktemp("cards") / "both"
    arguments = ["neurons", runs, *QUICK, "--out", out]
    assert cli.main([str(each) for each in arguments]) == 0
    return out


def links(page) -> list[str]:
    return [attrs["href"] for attrs in Reader(page.read_text("utf-8")).named("a")]


def test_a_run_of_several_categories_gets_a_page_above_theirs(cards):
    assert [link for link in links(cards / "index.html") if "/" in link] == [
        "bolt/index.html",
        "nut/index.html",
    ]
    for category in ("bolt", "nut"):
        home = cards / category
        table = json.loads((home / "neurons.json").read_text("utf-8"))
        assert len(table["neurons"]) == 8
        assert table["command"].startswith("workbench neurons")
        assert len(list(home.glob("*.html"))) == 9


def test_every_link_leads_somewhere(cards):
    pages = list(cards.rglob("*.html"))
    assert len(pages) == 19
    for page in pages:
        for link in links(page):
            target = page if link.startswith("#") else page.parent / link
            assert target.resolve().is_file(), f"{page.name}: {link}"
            if link.startswith("#"):
                assert f'id="{link[1:]}"' in page.read_text("utf-8")


def test_a_card_is_json_too(cards, runs):
    indices = json.loads((runs / "bolt/run.json").read_text("utf-8"))["neurons"]
    name = f"{indices['site']}.{indices['indices'][0]}"
    card = json.loads((cards / "bolt" / f"{name}.json").read_text("utf-8"))
    assert card["rank"] == 1
    assert {group["group"] for group in card["histogram"]["groups"]} == {"normal", "defect"}
    assert set(card["labels"]) == {"dissect", "decoder", "sparse"}
    assert card["silenced"]["auroc"]["low"] is not None


def test_neurons_and_a_category_can_be_named(capsys, runs, tmp_path):
    neuron = "blocks.1.mlp.hook_post:3"
    status, out, _ = run(
        capsys,
        "neurons",
        runs,
        "--category",
        "nut",
        "--neuron",
        neuron,
        *QUICK,
        "--out",
        tmp_path / "o",
        "--json",
    )
    assert status == 0
    assert [row["neuron"] for row in json.loads(out)["neurons"]] == [neuron]
    assert (tmp_path / "o" / "blocks.1.mlp.hook_post.3.html").is_file()


def test_a_recording_gets_cards_of_the_neurons_that_stand_out(capsys, model, data, tmp_path):
    given = ["--model", model, "--activation", "gelu"]
    store, out = tmp_path / "store", tmp_path / "o"
    assert run(capsys, "record", data, *given, "--out", store)[0] == 0
    status, said, _ = run(capsys, "neurons", store, *given, *QUICK, "--out", out)
    assert status == 0
    assert "index.html" in said
    assert len(list(out.glob("*.json"))) == 11
    assert "no detector" in Reader((out / "index.html").read_text("utf-8")).words.lower()


def test_a_dry_run_writes_nothing(capsys, runs, tmp_path):
    status, out, _ = run(capsys, "neurons", runs, "--out", tmp_path / "o", "--dry-run")
    assert status == 0
    assert "16 cards" in out
    assert list(tmp_path.iterdir()) == []


def test_refusals_name_the_remedy(capsys, runs, data, model, tmp_path):
    out = ["--out", tmp_path / "o"]
    assert "no category 'bolts', only bolt, nut" in refused(
        capsys, "neurons", runs, "--category", "bolts", *out
    )
    assert "write SITE:INDEX" in refused(capsys, "neurons", runs, "--neuron", "seven", *out)
    assert "does not exist" in refused(capsys, "neurons", tmp_path / "nowhere", *out)
    moved = tmp_path / "moved"
    shutil.copytree(runs, moved)
    content = json.loads((moved / "command.json").read_text("utf-8"))
    content["read"]["data"] = str(tmp_path / "gone")
    (moved / "command.json").write_text(json.dumps(content), encoding="utf-8")
    assert "gone, which is gone. Say where: --data" in refused(capsys, "neurons", moved, *out)
    assert list(tmp_path.iterdir()) == [moved]


def test_an_interrupted_job_keeps_what_it_finished_and_goes_on(capsys, runs, tmp_path, monkeypatch):
    from workbench.cards import gather

    made = []
    whole = gather.cards_of_run

    def counted(excavation, *rest, **choices):
        made.append(excavation.category)
        if len(made) == 2:
            raise KeyboardInterrupt
        return whole(excavation, *rest, **choices)

    monkeypatch.setattr(gather, "cards_of_run", counted)
    asked = ["neurons", runs, *QUICK, "--out", tmp_path / "o"]
    assert run(capsys, *asked)[0] == 130
    assert (tmp_path / "o" / "bolt" / "index.html").is_file()
    assert not (tmp_path / "o" / "nut").exists()
    assert "exists already" in refused(capsys, *asked)
    assert "another command" in refused(capsys, *asked, "--seed", "3", "--resume")
    assert "say one" in refused(capsys, *asked, "--resume", "--overwrite")
    before = (tmp_path / "o" / "bolt" / "neurons.json").stat().st_mtime_ns
    assert run(capsys, *asked, "--resume")[0] == 0
    assert made == ["bolt", "nut", "nut"]
    assert (tmp_path / "o" / "bolt" / "neurons.json").stat().st_mtime_ns == before
    content = json.loads((tmp_path / "o" / "neurons.json").read_text("utf-8"))
    assert list(content["neurons"]) == ["bolt", "nut"]
    assert run(capsys, *asked, "--overwrite")[0] == 0
    assert made == ["bolt", "nut", "nut", "bolt", "nut"]
    assert (tmp_path / "o" / "nut" / "index.html").is_file()


def test_one_category_that_is_finished_is_not_made_again(capsys, runs, tmp_path, monkeypatch):
    from workbench.cards import gather

    asked = ["neurons", runs / "nut", *QUICK, "--neuron", "blocks.1.mlp.hook_post:3"]
    asked += ["--out", tmp_path / "o"]
    assert run(capsys, *asked)[0] == 0
    monkeypatch.setattr(gather, "cards_of_run", lambda *_, **__: pytest.fail("made again"))
    status, out, _ = run(capsys, *asked, "--resume")
    assert status == 0
    assert "blocks.1.mlp.hook_post:3" in out
