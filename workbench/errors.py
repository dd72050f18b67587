"""The errors a user can meet.

Every message says what is wrong, where, and what to do about it. Anything that is not a
`WorkbenchError` is a defect of the workbench itself.
"""


class WorkbenchError(Exception):
    """Base class of every error raised for something the user can put right."""


class ModelError(WorkbenchError):
    """A model that cannot be had: unknown name, missing or unfitting weights, unsupported tower."""


class SiteError(WorkbenchError):
    """A site that the model does not have, or a filter that matches none."""


class DataError(WorkbenchError):
    """Images, masks or folders that cannot be used as they are."""


class SettingError(WorkbenchError):
    """An option value out of its range."""


class RunError(WorkbenchError):
    """A run folder that is missing, half written, edited, or of another model or version."""
