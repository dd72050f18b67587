"""The checks of notebook 01 tell right from wrong, and say in which way."""

import torch
from torch.nn.functional import normalize

from workbench.course import look_inside as checks


def said_of(check, answer):
    found = check(answer)
    assert not found.passed
    return found.message


def test_a_neurons_map_leaves_cls_out_and_goes_row_by_row():
    check = checks.neuron_as_picture
    assert check(lambda r, c, g: r[1:, c].reshape(*g)).passed
    assert check(lambda r, c, g: r[1:, c].reshape(*g).tolist()).passed
    for answer, said in (
        (lambda r, c, g: r[:, c], "one number too many"),
        (lambda r, c, g: r[:-1, c].reshape(*g), "begin at token 1"),
        (lambda r, c, g: r[1:, c + 1].reshape(*g), "another channel"),
        (lambda r, c, g: r[1:, c].reshape(g[1], g[0]).T, "row by row"),
        (lambda r, c, g: r[1:, c], "shape"),
        (lambda r, c, g: r[1:, c].reshape(2, 2), "RuntimeError"),
    ):
        assert said in said_of(check, answer)


def hook_that(change):
    def silence(channel):
        def hook(value, hook):
            return change(value, channel)

        return hook

    return silence


def right(value, channel):
    changed = value.clone()
    changed[:, 1:, channel] = 0
    return changed


def test_a_hook_silences_one_neuron_at_the_patches_and_touches_nothing_else():
    check = checks.silence_one_neuron
    assert check(hook_that(right)).passed

    def in_place(value, channel):
        value[:, 1:, channel] = 0
        return value

    def with_cls(value, channel):
        return value * (torch.arange(value.shape[2]) != channel)

    def first_image(value, channel):
        changed = value.clone()
        changed[0, 1:, channel] = 0
        return changed

    for change, said in (
        (in_place, "a clone"),
        (with_cls, "CLS"),
        (lambda v, c: torch.zeros_like(v), "other channels"),
        (first_image, "every image"),
        (lambda v, c: v[0], "shape"),
        (lambda v, c: None, "not yet"),
    ):
        assert said in said_of(check, hook_that(change))
    assert "a hook is expected" in said_of(check, lambda channel: channel)


def test_chances_are_a_softmax_of_cosines_over_the_temperature():
    check = checks.which_sentence

    def chances(image, texts, temperature):
        image, texts = normalize(image, dim=-1), normalize(texts, dim=-1)
        return (texts @ image / temperature).softmax(0)

    assert check(chances).passed
    for answer, said in (
        (lambda i, t, c: (t @ i / c).softmax(0), "scale both sides"),
        (lambda i, t, c: chances(i, t, 1.0), "temperature"),
        (lambda i, t, c: t @ i, "sum to 1"),
        (lambda i, t, c: chances(i, t, c)[:2], "shape"),
    ):
        assert said in said_of(check, answer)
