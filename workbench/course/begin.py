"""What every notebook of the course does first."""

from importlib.util import find_spec

from workbench.errors import RunError
from workbench.paths import demo_images

NEEDED = ("plotly", "ipywidgets", "anywidget")
"""What a kernel must have besides the workbench itself."""


def begin() -> None:
    """Look whether the notebook can run here, and give its charts one look.

    Raises `RunError` for a kernel that lacks the libraries for charts and widgets, `DataError` if
    the embedded data is missing; a notebook shows either as one message.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise RunError(
            f"this kernel lacks {', '.join(missing)}: its Python is not the one that the workbench "
            "was installed into. Start the notebook with `make lab` or `workbench lab`."
        )
    demo_images()
    import plotly.io

    from workbench.figures.curves import TEMPLATE

    plotly.io.renderers.default = "plotly_mimetype"
    plotly.io.templates.default = TEMPLATE
