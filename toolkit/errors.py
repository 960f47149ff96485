"""One family of errors, by what the reader can do about it.

Every message is one sentence on what happened and one on what to do next. No message holds an e-mail address or a
secret.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Self


class ToolkitError(Exception):
    """Whatever went wrong in a way a user can act on.

    ``what`` says what happened, to which table, column, row, segment or call; ``remedy`` says what to do next.

    Examples:
        >>> try:
        ...     workspace.runs.start("Nihgtly")
        ... except toolkit.ToolkitError as error:
        ...     print(error.what)
        There is no export 'Nihgtly'.
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
    """Fix the data: a table, a column or a row is not as it must be.

    Examples:
        >>> workspace.preview("High value", email_column="Mail")
        Traceback (most recent call last):
        toolkit.errors.DataError: ...
    """


class UnusableRowsError(DataError):
    """Fix the rows, or take the others knowingly: some rows of a table name nobody.

    Examples:
        >>> workspace.suppressions.add(pl.DataFrame({"EMail": ["no address"]}), email_column="EMail")
        Traceback (most recent call last):
        toolkit.errors.UnusableRowsError: 1 of 1 rows can't be used: ...
    """


class SuppressionsLostError(DataError):
    """Bring the suppression list back, or confirm its loss: entries that were made are not there.

    Examples:
        >>> try:
        ...     preview = workspace.preview("High value", email_column="EMail")
        ... except toolkit.SuppressionsLostError as error:
        ...     print(error.remedy)
    """


class ConfigurationError(ToolkitError):
    """Fix the configuration: a name, a location or an option is wrong.

    Examples:
        >>> toolkit.open_workspace("no such folder")
        Traceback (most recent call last):
        toolkit.errors.ConfigurationError: ...
    """


class UnknownNameError(ConfigurationError, KeyError):
    """Choose another name: nothing of that name is there. The error lists the nearest names.

    It is a ``KeyError`` too, so that a collection behaves like any mapping.

    Examples:
        >>> workspace.exports["Nihgtly"]
        Traceback (most recent call last):
        toolkit.errors.UnknownNameError: There is no export 'Nihgtly'. Choose one of 1, such as 'Nightly'.
        >>> workspace.exports.get("Nihgtly") is None
        True
    """

    # KeyError shows its message as a literal.
    __str__ = Exception.__str__


class AccessError(ToolkitError):
    """Ask an administrator: consent, a permission or a key is missing.

    Examples:
        >>> credentials = toolkit.Credentials.from_environment(host=host)
        >>> workspace.connections.connect("Spare", credentials=credentials)
        Traceback (most recent call last):
        toolkit.errors.AccessError: Connection 'Spare' was not authenticated: ...
    """


class SignatureError(AccessError):
    """Find out who changed the database: a row is not as somebody entitled signed it, or is not signed.

    Examples:
        >>> try:
        ...     people = list(workspace.people)
        ... except toolkit.SignatureError as error:
        ...     print(error.remedy)
    """


class TrustError(AccessError):
    """Compare and confirm: the workspace differs from what this machine remembers of it.

    Examples:
        >>> workspace.trust(root="another workspace")
        Traceback (most recent call last):
        toolkit.errors.TrustError: The root of the workspace ...
    """


class ListGoneError(ToolkitError):
    """A contact list was deleted at Criteo: choose to make it anew, or stop.

    Examples:
        >>> run = workspace.runs.start("Nightly", if_list_gone="remake")
        >>> run.outcome
        'successful'
    """


class LedgerDivergedError(ToolkitError):
    """Another workspace, or a copy of this one, changed a contact list: choose which of them goes on.

    Examples:
        >>> (left_behind,) = workspace.exports.remove("Nightly").lists
        >>> try:
        ...     remaining = workspace.lists.empty(left_behind.list_id)
        ... except toolkit.LedgerDivergedError as error:
        ...     print(error.remedy)
    """


class BusyError(ToolkitError):
    """Wait: something else holds what this needs, or a rate limit is reached.

    Examples:
        >>> try:
        ...     refresh = workspace.refreshes.start()
        ... except toolkit.BusyError as error:
        ...     print(error.remedy)
    """


class UnforeseenError(ToolkitError):
    """Something that nobody thought of happened; its words are left out, because they may quote the data.

    Examples:
        >>> print(toolkit.UnforeseenError.of(ValueError("'anna@mail.example' is wrong")).what)
        Something unforeseen happened (ValueError): .
    """

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """Return what may be told of an exception: its kind, and the places in the code, the innermost first."""
        places = [f"{Path(it.filename).name}:{it.lineno} ({it.name})" for it in extract_tb(error.__traceback__)]
        return cls(
            f"Something unforeseen happened ({type(error).__name__}): {', in '.join(reversed(places))}.",
            "Nothing is lost: run the export again. If it happens again, report it with these places in the code.",
        )


class UnavailableError(ToolkitError):
    """The service does not answer: try again later; nothing is lost.

    Examples:
        >>> try:
        ...     connection = workspace.connections.test("Criteo")
        ... except toolkit.UnavailableError as error:
        ...     print(error.remedy)
    """


class LeaseLostError(ToolkitError):
    """Another took over: this one was silent for too long, and changes nothing any more.

    Examples:
        >>> issubclass(toolkit.LeaseLostError, toolkit.ToolkitError)
        True
    """


ENDS_ALL = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""What no work may survive: a person, or whoever started it, ends it."""


def exception_of(error: BaseException) -> Exception:
    """Return the error as an Exception: native code may end with what is none, such as the panic of one in Rust."""
    return error if isinstance(error, Exception) else UnforeseenError.of(error)


@contextmanager
def going_on(failed: Callable[[ToolkitError], object]) -> Iterator[None]:
    """Hand whatever ends the work to ``failed``, so that what comes after it is done; but for what ``ENDS_ALL``."""
    try:
        yield
    except ToolkitError as error:
        failed(error)
    except ENDS_ALL:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever it is, what comes after is done
        failed(UnforeseenError.of(error))
