"""The checks of notebook 08: right answers pass, and each plausible mistake is named."""

import pytest

from workbench.course import own_model as checks


def architecture(tensors, *, first=1, cls=1, one_less=0, patches=False):
    position = tensors["visual.positional_embedding"]
    patch = tensors["visual.conv1.weight"].shape[-1]
    side = round((len(position) - cls) ** 0.5)
    blocks = {
        key.split(".")[3] for key in tensors if key.startswith("visual.transformer.resblocks.")
    }
    return {
        "image_size": side if patches else side * patch,
        "patch_size": patch,
        "width": position.shape[1],
        "layers": len(blocks) - one_less,
    }


def rows(names, *, all_train=False, label=None, kind=None, half=10):
    found = []
    for name in names:
        defect, number = name.removesuffix(".png").split("_")
        good = defect == "ok"
        train = all_train or (good and int(number) < half)
        found.append(
            {
                "path": name,
                "split": "train" if train else "test",
                "label": int(not good) if label is None else label,
                "defect": kind if kind is not None else ("" if good else defect),
            }
        )
    return found


def named_twice(names):
    return [row | {"defect": row["defect"] and "scratch"} for row in rows(names)]


def leaks(train, test):
    known = {path.read_bytes() for path in train.iterdir()}
    return [path.name for path in test.iterdir() if path.read_bytes() in known]


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.architecture_of_weights, architecture),
        (checks.rows_of_a_table, rows),
        (checks.leaks_found, leaks),
        (checks.leaks_found, lambda train, test: [test / name for name in leaks(train, test)]),
    ],
)
def test_right_answers_pass(check, answer):
    found = check(answer)
    assert found.passed, found.message


@pytest.mark.parametrize(
    ("check", "answer", "says"),
    [
        (checks.architecture_of_weights, lambda t: architecture(t, one_less=1), "from 0"),
        (checks.architecture_of_weights, lambda t: architecture(t) | {"layers": 5}, "resblocks"),
        (checks.architecture_of_weights, lambda t: architecture(t) | {"layers": 4}, "text tower"),
        (checks.architecture_of_weights, lambda t: architecture(t, patches=True), "a side"),
        (checks.architecture_of_weights, lambda t: architecture(t) | {"image_size": 40}, "CLS"),
        (
            checks.architecture_of_weights,
            lambda t: architecture(t) | {"patch_size": 3},
            "one patch",
        ),
        (checks.architecture_of_weights, lambda t: architecture(t) | {"width": 12}, "a token"),
        (checks.architecture_of_weights, lambda t: architecture(t) | {"width": "?"}, "whole"),
        (checks.architecture_of_weights, lambda t: {"width": 24}, "does not say image_size"),
        (checks.architecture_of_weights, lambda t: [24], "dictionary"),
        (checks.rows_of_a_table, lambda n: rows(n, all_train=True), "training split"),
        (checks.rows_of_a_table, lambda n: rows(n, label=0), "label"),
        (checks.rows_of_a_table, lambda n: rows(n[1:]), "every file"),
        (checks.rows_of_a_table, named_twice, "its name says"),
        (checks.rows_of_a_table, lambda n: rows(n, kind="ok"), "an empty text, and not 'ok'"),
        (checks.rows_of_a_table, lambda n: rows(n, half=9), "in the split"),
        (checks.rows_of_a_table, lambda n: rows(n, label="perhaps"), "cannot be read"),
        (checks.rows_of_a_table, lambda n: n, "dictionary"),
        (checks.rows_of_a_table, lambda n: [{"path": name} for name in n], "no split"),
        (
            checks.leaks_found,
            lambda train, test: (
                {p.name for p in train.iterdir()} & {p.name for p in test.iterdir()}
            ),
            "compares names",
        ),
        (checks.leaks_found, lambda train, test: leaks(test, train), "not that of the test"),
        (checks.leaks_found, lambda train, test: [], "not found"),
        (
            checks.leaks_found,
            lambda train, test: [p.name for p in test.iterdir()],
            "nothing at all",
        ),
    ],
)
def test_a_plausible_mistake_is_named(check, answer, says):
    found = check(answer)
    assert not found.passed
    assert says in found.message


@pytest.mark.parametrize(
    "check", [checks.architecture_of_weights, checks.rows_of_a_table, checks.leaks_found]
)
def test_what_is_not_filled_in_or_fails_gets_one_message(check):
    def fails(*_):
        raise KeyError("mine")

    for answer in (None, ..., lambda *_: None, lambda *_: ...):
        assert not check(answer).passed
        assert check(answer).message.startswith("not yet")
    assert "KeyError" in check(fails).message
