"""Errors have codes of their own, and stay what they are when they are stored and raised again."""

import errno
import pickle

import pytest

import toolkit
from toolkit.errors import (
    ErrorCode,
    ErrorInfo,
    RunInterruptedError,
    ToolkitError,
    UnavailableError,
    UnforeseenError,
    family,
    going_on,
    translated,
)

FAMILY = list(family())


def test_each_class_has_a_code_of_its_own() -> None:
    codes = [it.code for it in FAMILY]
    assert sorted(codes) == sorted(ErrorCode)


def test_the_whole_family_is_public() -> None:
    assert {it.__name__ for it in FAMILY} <= set(toolkit.__all__)


@pytest.mark.parametrize("kind", FAMILY, ids=lambda it: it.__name__)
def test_stored_and_raised_again(kind: type[ToolkitError]) -> None:
    info = kind("What.", "Remedy.").info
    again = ErrorInfo.from_json(info.to_json())
    assert again == info
    assert type(again.error()) is kind
    assert again.error().info == info
    assert type(pickle.loads(pickle.dumps(again.error()))) is kind


def test_what_may_pass() -> None:
    assert {it.code for it in FAMILY if it.is_transient} == {
        ErrorCode.BUSY,
        ErrorCode.UNAVAILABLE,
        ErrorCode.CHANGING_INPUT,
        ErrorCode.OUTDATED_INPUT,
        ErrorCode.LEASE_LOST,
        ErrorCode.PROCESS_ENDED,
    }


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), UnavailableError),
        (KeyboardInterrupt(), RunInterruptedError),
        (ValueError("anna@mail.example"), UnforeseenError),
    ],
)
def test_other_exceptions_are_translated(raised: BaseException, kind: type[ToolkitError]) -> None:
    error = translated(raised)
    assert type(error) is kind
    assert "anna" not in str(error)


def test_one_of_the_family_stays_itself() -> None:
    error = UnavailableError("What.", "Remedy.")
    assert translated(error) is error


def test_an_interrupt_ends_all() -> None:
    failed: list[ToolkitError] = []
    with pytest.raises(KeyboardInterrupt), going_on(failed.append):
        raise KeyboardInterrupt
    assert failed == []
