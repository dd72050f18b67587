"""From `notebooks/source/*.py` to the course's notebooks: `python -m workbench.course.building`."""
