"""One family of errors, by what the reader can do about it.

    ToolkitError
      +-- DataError                 fix the data
      |     +-- UnusableRowsError
      |     +-- SuppressionsLostError
      |     +-- TooLargeError
      |     +-- InputNotReadyError
      |     +-- OutdatedInputError
      |     +-- GuardError
      |           +-- ChangingInputError
      +-- ConfigurationError        fix the configuration
      |     +-- PortTakenError
      +-- AccessError               ask an administrator
      |     +-- SignatureError
      |     +-- TrustError
      +-- BusyError                 wait
      +-- UnavailableError          try again later
      +-- ListGoneError             choose what becomes of the list
      +-- LedgerDivergedError       choose which workspace goes on
      +-- LeaseLostError            another took over
      +-- ProcessEndedError         what ran it is gone
      +-- RunFailedError            see the run
      +-- RunCanceledError          somebody asked for it
      |     +-- RunInterruptedError
      +-- UnforeseenError           report it

Every message is one sentence on what happened and one on what to do next. No message holds an e-mail address or a
secret. What is stored, compared and shown of an error is its ``ErrorInfo``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from traceback import extract_tb
from typing import Any, ClassVar, Self

from toolkit.translatable import Text, _, json_of, sentences, shown, text_of


class ErrorCode(StrEnum):
    """What kind of error it is: stays the same when its words change. Each class of the family has one of its own.

    Examples:
        >>> toolkit.ListGoneError.code
        <ErrorCode.LIST_GONE: 'list_gone'>
    """

    ERROR = "error"
    DATA = "data"
    UNUSABLE_ROWS = "unusable_rows"
    SUPPRESSIONS_LOST = "suppressions_lost"
    TOO_LARGE = "too_large"
    INPUT_NOT_READY = "input_not_ready"
    GUARD = "guard"
    CHANGING_INPUT = "changing_input"
    OUTDATED_INPUT = "outdated_input"
    CONFIGURATION = "configuration"
    UNKNOWN_NAME = "unknown_name"
    MISSING_EXTRA = "missing_extra"
    PORT_TAKEN = "port_taken"
    ACCESS = "access"
    SIGNATURE = "signature"
    TRUST = "trust"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    LIST_GONE = "list_gone"
    LEDGER_DIVERGED = "ledger_diverged"
    LEASE_LOST = "lease_lost"
    PROCESS_ENDED = "process_ended"
    RUN_FAILED = "run_failed"
    CANCELED = "canceled"
    INTERRUPTED = "interrupted"
    UNFORESEEN = "unforeseen"


@dataclass(frozen=True)
class ErrorInfo:
    """An error as it is stored, compared, sent to people and shown.

    Examples:
        >>> try:
        ...     workspace.runs.start("Nihgtly")
        ... except toolkit.ToolkitError as error:
        ...     print(error.info.code, error.info.is_transient)
        unknown_name False
    """

    code: ErrorCode
    what: str
    """What happened, to what."""
    remedy: str
    """What to do next."""
    is_transient: bool = False
    """Whether it may be gone when the same is tried again, with nothing changed."""

    @property
    def sentences(self) -> Text:
        """What happened and what to do, one after the other."""
        return sentences((self.what, self.remedy))

    def __text__(self) -> Text:
        return self.sentences

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}"

    def to_plain(self) -> dict[str, Any]:
        """Return the fields as JSON for other programs: the sentences in English, and nothing beside them."""
        return {
            "code": self.code.value,
            "what": str(self.what),
            "remedy": str(self.remedy),
            "is_transient": self.is_transient,
        }

    def error(self) -> "ToolkitError":
        """Return the error itself, to raise it here."""
        return _CLASSES[self.code](self.what, self.remedy)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON has them: the sentences in English, and beside them what translations need."""
        texts = {
            name: json_of(text)
            for name, text in (("what", self.what), ("remedy", self.remedy))
            if isinstance(text, Text)
        }
        return {**self.to_plain(), **({"translatable": texts} if texts else {})}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return what was written as JSON."""
        texts = stored.get("translatable", {})
        what, remedy = (text_of(texts.get(name, str(stored[name]))) for name in ("what", "remedy"))
        return cls(ErrorCode(str(stored["code"])), what, remedy, bool(stored["is_transient"]))


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

    code: ClassVar[ErrorCode] = ErrorCode.ERROR
    """What kind of error it is."""
    is_transient: ClassVar[bool] = False
    """Whether it may be gone when the same is tried again, with nothing changed."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy

    @property
    def info(self) -> ErrorInfo:
        """The error as a value."""
        return ErrorInfo(self.code, self.what, self.remedy, self.is_transient)

    def __text__(self) -> Text:
        return self.info.sentences

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in the place of a traceback: the two sentences."""
        return [f"{type(self).__name__}: {shown(self.what)}", shown(self.remedy)]

    def __reduce__(self) -> tuple[type["ToolkitError"], tuple[str, str]]:
        return type(self), (self.what, self.remedy)


class DataError(ToolkitError):
    """Fix the data: a table, a column or a row is not as it must be.

    Examples:
        >>> workspace.preview("High value", email_column="Mail")
        Traceback (most recent call last):
        toolkit.errors.DataError: ...
    """

    code = ErrorCode.DATA


class UnusableRowsError(DataError):
    """Fix the rows, or take the others knowingly: some rows of a table name nobody.

    Examples:
        >>> workspace.suppressions.add(pl.DataFrame({"EMail": ["no address"]}), email_column="EMail")
        Traceback (most recent call last):
        toolkit.errors.UnusableRowsError: 1 of 1 rows can't be used: ...
    """

    code = ErrorCode.UNUSABLE_ROWS


class SuppressionsLostError(DataError):
    """Bring the suppression list back, or confirm its loss: entries that were made are not there.

    Examples:
        >>> try:
        ...     preview = workspace.preview("High value", email_column="EMail")
        ... except toolkit.SuppressionsLostError as error:
        ...     print(error.remedy)
    """

    code = ErrorCode.SUPPRESSIONS_LOST


class TooLargeError(DataError):
    """Send less at a time: the body of a call is larger than Criteo takes.

    Examples:
        >>> issubclass(toolkit.TooLargeError, toolkit.DataError)
        True
    """

    code = ErrorCode.TOO_LARGE


class InputNotReadyError(DataError):
    """Wait for the table, or see what writes it: it is not there in time.

    Examples:
        >>> toolkit.InputNotReadyError.code
        <ErrorCode.INPUT_NOT_READY: 'input_not_ready'>
    """

    code = ErrorCode.INPUT_NOT_READY


class OutdatedInputError(DataError):
    """Run the export again: so long ago did the run read the tables that people may have withdrawn since.

    Examples:
        >>> toolkit.OutdatedInputError.is_transient
        True
    """

    code = ErrorCode.OUTDATED_INPUT
    is_transient = True


class GuardError(DataError):
    """Look at the data, or pass the guard knowingly: it looks like a mistake, and nothing was sent.

    Examples:
        >>> run = workspace.runs.start("Nightly", allow=["large change"])
        >>> run.outcome
        'successful'
    """

    code = ErrorCode.GUARD


class ChangingInputError(GuardError):
    """Nothing but that files were written while the run read them: when they are done, it goes well.

    Examples:
        >>> toolkit.ChangingInputError.is_transient
        True
    """

    code = ErrorCode.CHANGING_INPUT
    is_transient = True


class ConfigurationError(ToolkitError):
    """Fix the configuration: a name, a location or an option is wrong.

    Examples:
        >>> toolkit.open_workspace("no such folder")
        Traceback (most recent call last):
        toolkit.errors.ConfigurationError: ...
    """

    code = ErrorCode.CONFIGURATION


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

    code = ErrorCode.UNKNOWN_NAME
    # KeyError shows its message as a literal.
    __str__ = Exception.__str__


class MissingExtraError(ConfigurationError):
    """Install an extra of the package: what you asked for needs it.

    Examples:
        >>> toolkit.MissingExtraError.code
        <ErrorCode.MISSING_EXTRA: 'missing_extra'>
    """

    code = ErrorCode.MISSING_EXTRA


class PortTakenError(ConfigurationError):
    """Choose another port: another program listens on this one.

    Examples:
        >>> issubclass(toolkit.PortTakenError, toolkit.ConfigurationError)
        True
    """

    code = ErrorCode.PORT_TAKEN


class AccessError(ToolkitError):
    """Ask an administrator: consent, a permission or a key is missing.

    Examples:
        >>> credentials = toolkit.Credentials.from_environment(host=host)
        >>> workspace.connections.connect("Spare", credentials=credentials)
        Traceback (most recent call last):
        toolkit.errors.AccessError: Connection 'Spare' was not authenticated: ...
    """

    code = ErrorCode.ACCESS


class SignatureError(AccessError):
    """Find out who changed the database: a row is not as somebody entitled signed it, or is not signed.

    Examples:
        >>> try:
        ...     people = list(workspace.people)
        ... except toolkit.SignatureError as error:
        ...     print(error.remedy)
    """

    code = ErrorCode.SIGNATURE


class TrustError(AccessError):
    """Compare and confirm: the workspace differs from what this machine remembers of it.

    Examples:
        >>> workspace.trust(root="another workspace")
        Traceback (most recent call last):
        toolkit.errors.TrustError: The root of the workspace ...
    """

    code = ErrorCode.TRUST


class ListGoneError(ToolkitError):
    """A contact list was deleted at Criteo: choose to make it anew, or stop.

    Examples:
        >>> run = workspace.runs.start("Nightly", if_list_gone="remake")
        >>> run.outcome
        'successful'
    """

    code = ErrorCode.LIST_GONE


class LedgerDivergedError(ToolkitError):
    """Another workspace, or a copy of this one, changed a contact list: choose which of them goes on.

    Examples:
        >>> (left_behind,) = workspace.exports.remove("Nightly").lists
        >>> try:
        ...     remaining = workspace.lists.empty(left_behind.list_id)
        ... except toolkit.LedgerDivergedError as error:
        ...     print(error.remedy)
    """

    code = ErrorCode.LEDGER_DIVERGED


class BusyError(ToolkitError):
    """Wait: something else holds what this needs, or a rate limit is reached.

    Examples:
        >>> try:
        ...     refresh = workspace.refreshes.start()
        ... except toolkit.BusyError as error:
        ...     print(error.remedy)
    """

    code = ErrorCode.BUSY
    is_transient = True


class UnforeseenError(ToolkitError):
    """Something that nobody thought of happened; its words are left out, because they may quote the data.

    Examples:
        >>> print(toolkit.UnforeseenError.of(ValueError("'anna@mail.example' is wrong")).what)
        Something unforeseen happened (ValueError): .
    """

    code = ErrorCode.UNFORESEEN

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """Return what may be told of an exception: its kind, and the places in the code, the innermost first."""
        places = [f"{Path(it.filename).name}:{it.lineno} ({it.name})" for it in extract_tb(error.__traceback__)]
        return cls(
            _(
                "Something unforeseen happened ({kind}): {places}.",
                kind=type(error).__name__,
                places=", in ".join(reversed(places)),
            ),
            _("Nothing is lost: run the export again. If it happens again, report it with these places in the code."),
        )


class UnavailableError(ToolkitError):
    """The service does not answer: try again later; nothing is lost.

    Examples:
        >>> try:
        ...     connection = workspace.connections.test("Criteo")
        ... except toolkit.UnavailableError as error:
        ...     print(error.remedy)
    """

    code = ErrorCode.UNAVAILABLE
    is_transient = True


class LeaseLostError(ToolkitError):
    """Another took over: this one was silent for too long, and changes nothing any more.

    Examples:
        >>> issubclass(toolkit.LeaseLostError, toolkit.ToolkitError)
        True
    """

    code = ErrorCode.LEASE_LOST
    is_transient = True


class ProcessEndedError(ToolkitError):
    """Resume: the process that ran it is gone.

    Examples:
        >>> toolkit.ProcessEndedError.is_transient
        True
    """

    code = ErrorCode.PROCESS_ENDED
    is_transient = True


class RunFailedError(ToolkitError):
    """See the run: it did not end successfully; the message is the run's.

    Examples:
        >>> run = workspace.runs.start("Nightly").raise_for_status()
        >>> run.status is toolkit.RunStatus.SUCCESSFUL
        True
    """

    code = ErrorCode.RUN_FAILED


class RunCanceledError(ToolkitError):
    """Nothing, or resume: somebody asked the run to end.

    Examples:
        >>> issubclass(toolkit.RunCanceledError, toolkit.ToolkitError)
        True
    """

    code = ErrorCode.CANCELED

    @classmethod
    def by(cls, person: str) -> Self:
        """Return the error that says who asked."""
        return cls(
            _("The run was canceled by {person!r}.", person=person),
            _("What was sent stays; resume the export to send what is missing."),
        )


class RunInterruptedError(RunCanceledError):
    """Nothing, or run it again: somebody interrupted the run where it ran.

    Examples:
        >>> issubclass(toolkit.RunInterruptedError, toolkit.RunCanceledError)
        True
    """

    code = ErrorCode.INTERRUPTED


def family(kind: type[ToolkitError] = ToolkitError) -> Iterator[type[ToolkitError]]:
    """Yield a class of the family and all below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from family(below)


_CLASSES: Mapping[ErrorCode, type[ToolkitError]] = {it.code: it for it in family()}


ENDS_ALL = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""What no work may survive: a person, or whoever started it, ends it."""


def translated(error: BaseException) -> ToolkitError:
    """Return the error of the family that stands for any exception.

    Args:
        error: What was raised. Of what nobody foresaw the words are left out, because they may quote the data.

    Returns:
        The error itself when it is of the family. An ``OSError``, such as of a full disk, is an ``UnavailableError``:
        the machine's matter. An interrupt is a ``RunInterruptedError``, all else an ``UnforeseenError``.
    """
    match error:
        case ToolkitError():
            return error
        case OSError():
            return UnavailableError(
                _(
                    "This machine could not do what the run needs: {reason}.",
                    reason=error.strerror or type(error).__name__,
                ),
                _("See that its disks have room, that of temporary files too, and resume the export."),
            )
        case KeyboardInterrupt():
            return RunInterruptedError(
                _("The run was interrupted by a person."), _("Run the export again: it sends what is missing.")
            )
        case _:
            return UnforeseenError.of(error)


def exception_of(error: BaseException) -> Exception:
    """Return the error as an Exception: native code may end with what is none, such as the panic of one in Rust."""
    return error if isinstance(error, Exception) else UnforeseenError.of(error)


@contextmanager
def going_on(failed: Callable[[ToolkitError], object]) -> Iterator[None]:
    """Hand whatever ends the work to ``failed``, so that what comes after it is done; but for what ``ENDS_ALL``."""
    try:
        yield
    except ENDS_ALL:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever it is, what comes after is done
        failed(translated(error))
