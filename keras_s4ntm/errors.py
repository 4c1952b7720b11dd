"""Failures that a user can do something about; the command line prints them as one sentence."""


class S4NTMError(Exception):
    """Something a user can mend. The message says what is wrong and what to do."""


class S4NTMWarning(UserWarning):
    """Something a user should know. The command line shows these, and those of no other library."""


class RunError(S4NTMError):
    """A run directory, or a file in it, cannot be used."""


class BackendError(S4NTMError):
    """A backend or an extra that is needed is not installed."""


class DataError(S4NTMError):
    """The data of a task is not there and cannot be fetched."""


class PluginError(S4NTMError):
    """A plugin of another package cannot be loaded."""


class TrainingDiverged(S4NTMError):
    """The loss or a weight stopped being a finite number."""
