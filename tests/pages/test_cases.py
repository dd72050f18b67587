from hypothesis import given
from hypothesis import strategies as st

from workbench.pages.cases import Judged, choose

images = st.lists(
    st.builds(
        Judged,
        name=st.text("abcdef", min_size=3, max_size=6),
        label=st.sampled_from([0, 1]),
        score=st.floats(-5, 5),
        flagged=st.sampled_from([True, False]),
        aupimo=st.none() | st.floats(0, 1),
        hit=st.sampled_from([True, False, None]),
    ),
    max_size=30,
    unique_by=lambda image: image.name,
)


def kind(judged, name, most=6):
    return next((part for part in choose(judged, most) if part.kind == name), None)


def test_false_alarms_are_the_flagged_normals_highest_score_first():
    judged = [
        Judged("low", 0, 0.6, True),
        Judged("high", 0, 0.9, True),
        Judged("quiet", 0, 0.2, False),
        Judged("true", 1, 1.5, True),
    ]
    assert kind(judged, "false alarms").names == ("high", "low")
    assert kind(judged, "false alarms").found == 2


def test_misses_are_the_unflagged_anomalies_lowest_score_first():
    judged = [
        Judged("nearly", 1, 0.5, False),
        Judged("far", 1, 0.1, False),
        Judged("caught", 1, 0.9, True),
    ]
    assert kind(judged, "misses").names == ("far", "nearly")


def test_badly_placed_are_the_caught_ones_whose_strongest_patch_is_beside_the_truth():
    judged = [
        Judged("beside", 1, 0.9, True, aupimo=0.2, hit=False),
        Judged("far beside", 1, 0.8, True, aupimo=0.0, hit=False),
        Judged("on it", 1, 0.9, True, aupimo=0.0, hit=True),
        Judged("missed", 1, 0.1, False, aupimo=0.0, hit=False),
        Judged("unmasked", 1, 0.9, True),
    ]
    assert kind(judged, "badly placed").names == ("far beside", "beside")


def test_a_kind_that_did_not_occur_says_none_and_one_that_cannot_is_left_out():
    perfect = [Judged("a", 0, 0.1, False), Judged("b", 1, 0.9, True)]
    assert [(part.kind, part.found) for part in choose(perfect)] == [
        ("false alarms", 0),
        ("misses", 0),
    ]
    assert [part.kind for part in choose([Judged("a", 0, 0.1, False)])] == ["false alarms"]
    assert choose([]) == []


def test_without_a_threshold_the_rule_says_so():
    judged = [Judged("a", 0, 0.1), Judged("b", 0, 0.9), Judged("c", 1, 0.3)]
    found = kind(judged, "false alarms")
    assert found.names == ("b", "a")
    assert "No threshold was set" in found.rule


@given(images, st.integers(1, 5), st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_the_images(judged, most, random):
    shuffled = list(judged)
    random.shuffle(shuffled)
    assert choose(judged, most) == choose(shuffled, most)


@given(images, st.integers(1, 5))
def test_no_more_are_shown_than_asked_for_and_no_fewer_than_there_are(judged, most):
    for part in choose(judged, most):
        assert len(part.names) == min(most, part.found)
