import comm
import pytest

from tests.widgets.explorers import PLACEHOLDER, Line
from workbench.widgets.explorer import widget


@pytest.fixture
def lines(monkeypatch, tmp_path_factory):
    """Let widgets talk to `Line`s; the front end is a placeholder where it is not built."""
    made = []

    def create(*args, **options):
        made.append(Line(*args, **options))
        return made[-1]

    monkeypatch.setattr(comm, "create_comm", create)
    if not widget.MODULE.is_file():
        placeholder = tmp_path_factory.mktemp("static") / "explorer.js"
        placeholder.write_text(PLACEHOLDER)
        monkeypatch.setattr(widget, "MODULE", placeholder)
    return made
