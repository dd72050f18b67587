"""The command line, verb by verb, on a tiny model and a small drawn data set."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.clip.models_on_disk import open_clip_folder
from tests.surfaces import draw_category
from workbench import cli
from workbench.verbs import Outcome

SMALL = ["--k", "8", "--shots", "2"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_clip_folder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "set"
    for category in ("bolt", "nut"):
        draw_category(root / category)
    return root


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, model: Path, data: Path) -> Path:
    """A run of both categories."""
    out = tmp_path_factory.mktemp("runs") / "both"
    arguments = ["excavate", data, "--model", model, "--activation", "gelu", *SMALL, "--out", out]
    assert cli.main([str(a) for a in arguments]) == 0
    return out


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one clear message of a user error."""
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("workbench: ")
    assert "Traceback" not in err
    return err


def test_without_a_verb_the_help_is_printed(capsys):
    status, out, _ = run(capsys)
    assert status == 0
    assert all(verb in out for verb in ("demo", "excavate", "detect", "evaluate", "parity", "lab"))


def test_excavate_writes_a_run_per_category(runs, capsys):
    assert sorted(path.name for path in runs.iterdir()) == ["bolt", "command.json", "nut"]
    recorded = json.loads((runs / "command.json").read_text("utf-8"))
    assert recorded["command"].startswith("workbench excavate")
    assert recorded["model"]["activation"] == "gelu"


def test_excavate_prints_json_on_request(capsys, model, data, tmp_path):
    status, out, _ = run(
        capsys,
        "excavate",
        data / "bolt",
        "--model",
        model,
        "--activation",
        "gelu",
        *SMALL,
        "--out",
        tmp_path / "run",
        "--json",
    )
    assert status == 0
    content = json.loads(out)
    assert content["categories"][0]["neurons"] == 8
    assert (tmp_path / "run" / "run.json").is_file()


def test_evaluate_writes_results_rows_and_a_report(capsys, runs, data, tmp_path):
    status, out, _ = run(capsys, "evaluate", runs, data, "--out", tmp_path / "out")
    assert status == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert set(results["categories"]) == {"bolt", "nut"}
    values = [results["categories"][name]["image_auroc"] for name in ("bolt", "nut")]
    assert results["mean"]["image_auroc"] == pytest.approx(sum(values) / 2)
    assert f"{values[0]:.3f}" in out
    with (tmp_path / "out" / "per_image.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tests = [path for path in data.rglob("test/*/*") if path.is_file()]
    assert len(rows) == len(tests)
    assert f"{100 * values[0]:.1f}" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_evaluate_judges_one_category_of_a_run_by_its_name(capsys, runs, data, tmp_path):
    status, out, _ = run(capsys, "evaluate", runs, data / "nut", "--out", tmp_path / "o", "--json")
    assert status == 0
    assert list(json.loads(out)["categories"]) == ["nut"]


def test_detect_scores_images_and_paints_maps(capsys, runs, data, tmp_path):
    images = data / "bolt" / "test" / "spot"
    status, out, _ = run(capsys, "detect", runs / "bolt", images, "--out", tmp_path / "o", "--json")
    assert status == 0
    content = json.loads(out)
    with (tmp_path / "o" / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [path.name for path in sorted(images.iterdir())]
    assert [float(row["score"]) for row in rows] == [row["score"] for row in content["images"]]
    for row in rows:
        with Image.open(tmp_path / "o" / row["map"]) as painted, Image.open(row["path"]) as own:
            assert painted.width >= own.width


def test_detect_gives_the_scores_that_evaluate_gives(capsys, runs, data, tmp_path):
    run(capsys, "evaluate", runs, data / "nut", "--out", tmp_path / "e")
    _, out, _ = run(
        capsys,
        "detect",
        runs,
        data / "nut/test/spot",
        "--category",
        "nut",
        "--out",
        tmp_path / "d",
        "--json",
    )
    with (tmp_path / "e" / "per_image.csv").open(encoding="utf-8") as file:
        expected = {row["path"]: float(row["score"]) for row in csv.DictReader(file)}
    for row in json.loads(out)["images"]:
        assert row["score"] == pytest.approx(expected[row["path"]], rel=1e-4, abs=1e-5)


def test_demo_writes_the_promised_results(capsys, model, tmp_path):
    status, out, _ = run(
        capsys, "demo", "--model", model, "--activation", "gelu", *SMALL, "--out", tmp_path / "o"
    )
    assert status == 0
    results = json.loads((tmp_path / "o" / "results.json").read_text("utf-8"))
    assert {"schema", "model", "settings", "support", "categories", "mean", "seconds"} <= set(
        results
    )
    assert results["model"]["fingerprint"].startswith("sha256:")
    figures = {"image_auroc", "image_ap", "image_f1_max", "pixel_auroc"}
    assert len(results["categories"]) >= 5
    for values in (*results["categories"].values(), results["mean"]):
        assert all(0 <= values[figure] <= 1 for figure in figures)
    assert set(results["controls"]) == {
        "top",
        "bottom",
        "random",
        "all",
        "visual_only",
        "text_only",
    }
    assert results["controls"]["random"]["image_auroc_sd"] >= 0
    assert all(len(names) == 2 for names in results["support"].values())
    assert "out/demo" not in out
    page = (tmp_path / "o" / "report.html").read_text("utf-8")
    assert "<script src" not in page
    assert (tmp_path / "o" / "runs" / "metal" / "run.json").is_file()


def test_a_run_of_the_demo_can_be_evaluated_again_with_the_same_figures(capsys, model, tmp_path):
    import workbench

    arguments = ["--model", model, "--activation", "gelu", *SMALL, "--out", tmp_path / "o"]
    run(capsys, "demo", *arguments)
    _, out, _ = run(
        capsys,
        "evaluate",
        tmp_path / "o" / "runs",
        workbench.demo_images() / "label",
        "--out",
        tmp_path / "e",
        "--json",
    )
    again = json.loads(out)["categories"]["label"]["image_auroc"]
    first = json.loads((tmp_path / "o" / "results.json").read_text("utf-8"))
    assert again == first["categories"]["label"]["image_auroc"]


def test_parity_certifies_and_says_so(capsys, model):
    status, out, _ = run(capsys, "parity", model, "--activation", "gelu")
    assert status == 0
    assert "passed" in out
    _, out, _ = run(capsys, "parity", model, "--activation", "gelu", "--json")
    assert json.loads(out)["passed"] is True


def test_models_are_listed(capsys):
    _, out, _ = run(capsys, "models")
    assert "ViT-L-14-336-quickgelu" in out
    _, out, _ = run(capsys, "models", "--name", "vit-b-32", "--json")
    assert {row["name"] for row in json.loads(out)} >= {"ViT-B-32", "ViT-B-32-quickgelu"}


# What bad input gets.


def test_a_taken_output_folder_is_refused_before_any_work(capsys, tmp_path):
    (tmp_path / "mine").write_text("keep")
    err = refused(capsys, "demo", "--out", tmp_path)
    assert "--overwrite" in err
    assert (tmp_path / "mine").read_text() == "keep"
    assert "is a file" in refused(capsys, "demo", "--out", tmp_path / "mine")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--shots", "99"], "99"),
        (["--shots", "0"], "Ask for 1 to"),
        (["--seed", "-1"], "seed is -1"),
        (["--k", "5000"], "k is 5000"),
        (["--k", "0"], "k is 0"),
        (["--site", "blocks.0.hook_resid_pots"], "blocks.0.hook_resid_post"),
        (["--statistic", "varience"], "variance"),
        (["--fusion", "loud"], "standardised"),
        (["--text-weight", "2"], "text_weight is 2"),
        (["--layout", "visa"], "mvtec"),
        (["--device", "cuda:77"], "cuda:77"),
        (["--image-size", "33"], "33"),
    ],
)
def test_an_option_out_of_range_is_refused_with_what_is_possible(
    capsys, model, data, tmp_path, arguments, says
):
    err = refused(
        capsys,
        "excavate",
        data,
        "--model",
        model,
        "--activation",
        "gelu",
        *SMALL,
        *arguments,
        "--out",
        tmp_path / "run",
    )
    assert says in err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["excavate", "evaluate", "detect"])
def test_an_output_folder_that_holds_an_input_is_refused(capsys, runs, data, tmp_path, verb):
    arguments = {
        "excavate": ["excavate", data, "--out", data],
        "evaluate": ["evaluate", runs, data, "--out", runs],
        "detect": ["detect", runs / "bolt", data / "bolt", "--out", runs.parent],
    }[verb]
    err = refused(capsys, *arguments, "--overwrite")
    assert "replace" in err
    assert (runs / "bolt" / "run.json").is_file()
    assert any(data.rglob("*.png"))


def test_a_folder_called_like_a_model_does_not_stand_in_its_way(capsys, tmp_path, monkeypatch):
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    status, out, _ = run(capsys, "parity", "demo", "--device", "cpu", "--json")
    assert status == 0
    assert json.loads(out)["source"] == "embedded weights"


def test_the_recorded_command_can_be_pasted_into_a_shell(capsys, model, tmp_path):
    import shlex

    draw_category(tmp_path / "my photos" / "gear")
    arguments = ["excavate", tmp_path / "my photos", "--model", model, "--activation", "gelu"]
    run(capsys, *arguments, *SMALL, "--out", tmp_path / "run")
    command = json.loads((tmp_path / "run" / "command.json").read_text("utf-8"))["command"]
    assert str(tmp_path / "my photos") in shlex.split(command)


def test_a_category_that_the_run_does_not_have_is_refused_even_if_it_has_only_one(
    capsys, runs, data, tmp_path
):
    err = refused(
        capsys,
        "detect",
        runs / "bolt",
        data / "nut" / "test" / "spot",
        "--category",
        "nut",
        "--out",
        tmp_path / "o",
    )
    assert "only bolt" in err


def test_judging_with_another_category_s_excavation_is_said(capsys, runs, data, tmp_path):
    _, out, _ = run(capsys, "evaluate", runs / "bolt", data / "nut", "--out", tmp_path / "o")
    assert "nut was judged with the excavation of bolt" in out


def test_an_unknown_model_is_refused_with_the_nearest(capsys, data, tmp_path):
    err = refused(capsys, "excavate", data, "--model", "ViT-B-23:openai", "--out", tmp_path / "r")
    assert "ViT-B-32" in err


@pytest.mark.parametrize("what", ["nowhere", "empty", "file", "scattered"])
def test_data_that_cannot_be_read_is_named(capsys, model, tmp_path, what):
    place = tmp_path / "data"
    if what == "file":
        place.write_text("x")
    elif what != "nowhere":
        place.mkdir()
    if what == "scattered":
        (place / "a" / "b").mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(place / "a" / "b" / "c.png")
    err = refused(capsys, "excavate", place, "--model", model, "--out", tmp_path / "run")
    assert str(place) in err
    assert not (tmp_path / "run").exists()


def test_detect_names_all_images_that_do_not_open_and_can_leave_them_out(
    capsys, runs, data, tmp_path
):
    images = tmp_path / "photos"
    images.mkdir()
    good = next((data / "bolt" / "test" / "spot").iterdir())
    (images / "good.png").write_bytes(good.read_bytes())
    (images / "short.png").write_bytes(good.read_bytes()[:90])
    (images / "text.jpg").write_text("no image")
    arguments = ["detect", runs / "bolt", images, "--out", tmp_path / "out"]
    err = refused(capsys, *arguments)
    assert "short.png" in err
    assert "text.jpg" in err
    assert "--skip" in err
    assert not (tmp_path / "out").exists()
    status, out, _ = run(capsys, *arguments, "--skip", "--json")
    assert status == 0
    assert len(json.loads(out)["images"]) == 1
    assert len(json.loads(out)["skipped"]) == 2


def test_a_run_of_several_categories_asks_which(capsys, runs, data, tmp_path):
    image = next((data / "bolt" / "test" / "spot").iterdir())
    err = refused(capsys, "detect", runs, image, "--out", tmp_path / "o")
    assert "--category" in err
    err = refused(capsys, "detect", runs, image, "--out", tmp_path / "o", "--category", "screw")
    assert "bolt, nut" in err


@pytest.mark.parametrize("damage", ["missing", "half", "edited", "cut"])
def test_a_damaged_run_is_refused(capsys, runs, data, tmp_path, damage):
    broken = tmp_path / "run"
    if damage != "missing":
        broken.mkdir()
        for file in (runs / "bolt").iterdir():
            (broken / file.name).write_bytes(file.read_bytes())
        (broken / "command.json").write_bytes((runs / "command.json").read_bytes())
    if damage == "half":
        (broken / "run.json").unlink()
    elif damage == "edited":
        text = (broken / "run.json").read_text("utf-8")
        (broken / "run.json").write_text(text.replace('"variance"', '"maximum"'), "utf-8")
    elif damage == "cut":
        content = (broken / "tensors.safetensors").read_bytes()
        (broken / "tensors.safetensors").write_bytes(content[:-7])
    err = refused(capsys, "evaluate", broken, data / "bolt", "--out", tmp_path / "o")
    assert str(broken) in err
    assert not (tmp_path / "o").exists()


def test_a_run_refuses_another_model(capsys, runs, data, tmp_path):
    from tests.clip.models_on_disk import clip

    other = open_clip_folder(tmp_path / "other", clip(seed=1))
    err = refused(
        capsys,
        "evaluate",
        runs,
        data,
        "--model",
        other,
        "--activation",
        "gelu",
        "--out",
        tmp_path / "o",
    )
    assert "weights" in err


def test_a_run_and_data_with_nothing_in_common_are_refused(capsys, runs, data, tmp_path):
    draw_category(tmp_path / "set" / "gear")
    draw_category(tmp_path / "set" / "bolt")
    err = refused(capsys, "evaluate", runs, tmp_path / "set", "--out", tmp_path / "o")
    assert "knows nothing of gear" in err


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(
    capsys, model, data, tmp_path, monkeypatch
):
    from tests.test_files import fill_the_disk

    fill_the_disk(monkeypatch)
    err = refused(
        capsys,
        "excavate",
        data,
        "--model",
        model,
        "--activation",
        "gelu",
        *SMALL,
        "--out",
        tmp_path / "run",
    )
    assert "No space left on device" in err
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_leaves_nothing(tmp_path, sent):
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench.cli", "demo", "--out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not _imported_torch(process.pid):
        time.sleep(0.1)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines()[-1].startswith("workbench: interrupted")
    assert "Traceback" not in err
    assert not any(tmp_path.iterdir())


def _imported_torch(pid: int) -> bool:
    """Whether a process has come as far as loading torch; its start-up cannot be interrupted."""
    maps = Path(f"/proc/{pid}/maps")
    if not maps.exists():
        time.sleep(5)
        return True
    return "libtorch_cpu" in maps.read_text()


def test_a_reader_that_leaves_early_does_no_harm():
    done = subprocess.run(
        f"{sys.executable} -m workbench.cli models | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("model")
    assert done.stderr == ""


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_that_the_terminal_cannot_show_are_escaped(as_json, encoding, monkeypatch):
    screen = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", screen)
    name = "caf\udce9 \u2212"
    assert cli._show(Outcome(name, {"image": name}), as_json=as_json) == 0
    shown = screen.buffer.getvalue().decode(encoding)
    assert "caf\\udce9" in shown
    if as_json:
        assert json.loads(shown) == {"image": name}
