"""`workbench models --cost`: what a model takes, before it is loaded."""

import json

from tests.verbs.test_verbs import refused, run


def test_costs_are_listed_for_every_model(capsys):
    status, out, _ = run(capsys, "models", "--cost")
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert status == 0
    assert lines["ViT-B-32"][1:9] == ["224x224", "151", "M", "615", "MB", "644", "MB", "8.8"]
    assert lines["ViT-B-32"][9:] == ["154", "kB", "1.8", "MB", "7.4", "MB", "1.4", "MB"]
    assert "demo" in lines
    assert "all MLP: blocks.*.mlp.hook_post" in out


def test_another_input_size_leaves_out_models_whose_patches_do_not_fit_it(capsys):
    _, out, _ = run(capsys, "models", "--image-size", 336, "--name", "vit-l")
    assert "336x336" in out
    assert "224x224" not in out
    _, out, _ = run(capsys, "models", "--image-size", 224, "--name", "vit-l")
    assert "Not at 224 pixels, for their patches: " not in out
    _, out, _ = run(capsys, "models", "--image-size", 336, "--name", "vit-b")
    assert "Not at 336 pixels, for their patches: ViT-B-32" in out
    err = refused(capsys, "models", "--cost", "--image-size", 225, "--name", "B-32")
    assert "choose a multiple of 32" in err


def test_the_json_holds_every_kind_of_site(capsys):
    _, out, _ = run(capsys, "models", "--cost", "--name", "demo", "--json")
    (demo,) = json.loads(out)
    assert demo["bytes_per_image"]["attn.hook_pattern"] == 4 * 6 * 257**2
    assert demo["forward_bytes"]["16"] > demo["forward_bytes"]["1"] > 4 * demo["parameters"]
    assert demo["measured"] is None


def test_a_few_models_are_measured_and_many_are_refused(capsys):
    _, out, _ = run(capsys, "models", "--measure", "--name", "demo", "--json", "--device", "cpu")
    (demo,) = json.loads(out)
    assert demo["measured"]["images_per_second"] > 0
    assert demo["measured"]["device"] == "cpu"
    err = refused(capsys, "models", "--measure")
    assert "models would be measured" in err
    assert "at most 5 with --name" in err
