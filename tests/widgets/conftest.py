import comm
import pytest

from tests.widgets.explorers import Line


@pytest.fixture
def lines(monkeypatch):
    """Let widgets talk to `Line`s."""
    made = []

    def create(*args, **options):
        made.append(Line(*args, **options))
        return made[-1]

    monkeypatch.setattr(comm, "create_comm", create)
    return made
