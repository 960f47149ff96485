"""One family of errors, by what the reader can do about it.

Every message is one sentence on what happened and one on what to do next. No message holds an e-mail address or a
secret.
"""


class ToolkitError(Exception):
    """Whatever went wrong in a way a user can act on.

    ``what`` says what happened, to which table, column, row, segment or call; ``remedy`` says what to do next.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in the place of a traceback: the two sentences."""
        return [f"{type(self).__name__}: {self.what}", self.remedy]

    def __reduce__(self) -> tuple[type["ToolkitError"], tuple[str, str]]:
        return type(self), (self.what, self.remedy)


class DataError(ToolkitError):
    """Fix the data: a table, a column or a row is not as it must be."""


class ConfigurationError(ToolkitError):
    """Fix the configuration: a name, a location or an option is wrong."""


class AccessError(ToolkitError):
    """Ask an administrator: consent, a permission or a key is missing."""


class ListGoneError(ToolkitError):
    """A contact list was deleted at Criteo: choose to make it anew, or stop."""


class BusyError(ToolkitError):
    """Wait: something else holds what this needs, or a rate limit is reached."""


class UnavailableError(ToolkitError):
    """The service does not answer: try again later; nothing is lost."""


class LeaseLostError(ToolkitError):
    """Another took over: this one was silent for too long, and changes nothing any more."""
