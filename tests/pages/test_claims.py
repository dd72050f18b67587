import pytest

from tests.pages.benchmarks import claim, ledger, sweep_figure
from tests.pages.reading import Reader
from workbench.errors import DataError
from workbench.evaluation.measure import Measure
from workbench.pages.claims import claims_html, write_claims


def words(*claims):
    return Reader(claims_html(ledger(*claims))).words


def test_each_claim_says_its_verdict_its_effect_and_its_rule():
    said = words()
    assert "+0.4 points −2.1 to +3.0" in said
    assert "Holds if the whole interval is above 0" in said
    assert said.count("undecided") >= 3  # headline, ledger, article


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["holds", "does not hold", "undecided"], "1 holds, 1 does not hold and 1 is undecided"),
        (["holds", "holds"], "Of 2 claims, 2 hold on this"),
        (["does not hold"] * 3, "Of 3 claims, 3 do not hold on this"),
        (["undecided", "undecided"], "2 are undecided on this"),
    ],
)
def test_the_headline_counts_the_verdicts(verdicts, said):
    claims = [claim(number, verdict=verdict) for number, verdict in enumerate(verdicts, 1)]
    assert said in words(*claims)


def test_a_claim_that_was_not_measured_says_why():
    reason = "the data have no second support image"
    missing = Measure("4 shots - 1 shot", None, "paired", undefined=reason)
    said = words(claim(4, effect=missing, figures=[], rows=[]))
    assert f"undefined {reason}" in said


def test_a_margin_is_said_in_points():
    assert "(here: −1.0 points)" in words(claim(2, margin=-0.01))


def test_the_data_under_a_figure_are_folded_but_there():
    page = claims_html(ledger(claim(1)))
    assert "<summary>The figures behind it</summary>" in page
    assert "<td>0.58</td>" in page
    assert "The figures behind it" not in claims_html(ledger(claim(1, rows=[])))


def test_markup_in_claims_stays_text():
    evil = '<script>alert("x")</script>'
    figure = sweep_figure(
        x_name=evil, x=[evil, "b"], series={evil: ([0.5, 0.6],) * 3}, y_name=evil, caption=evil
    )
    page = claims_html(
        ledger(
            claim(
                1,
                statement=evil,
                compared=evil,
                rule=evil,
                note=evil,
                effect=Measure(evil, None, evil, undefined=evil),
                figures=[figure],
                rows=[{evil: evil}],
            ),
            title=evil,
            data=[evil],
            protocol={evil: evil},
        )
    )
    assert "<script" not in page
    assert evil in Reader(page).words


def test_a_ledger_without_claims_is_refused(tmp_path):
    with pytest.raises(DataError, match="no claim"):
        write_claims(tmp_path / "claims.html", ledger(claims=[]))
    assert list(tmp_path.iterdir()) == []
