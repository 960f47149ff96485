"""Trying again, as long as patience lasts."""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from toolkit.criteo.rate_limit import RetryPolicy, Wait
from toolkit.criteo.reachability import Reachability, Waiting
from toolkit.errors import ToolkitError
from toolkit.translatable import _

_log = logging.getLogger("toolkit.criteo")

T = TypeVar("T")


class RetryError(Exception):
    """A try failed in a way that may pass: ``error`` is what to raise when it does not."""

    def __init__(self, error: ToolkitError, *, seconds: float | None = None, is_unreached: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.is_unreached = is_unreached
        """Whether nothing answered: the host could not be reached, or broke off."""
        self.seconds = seconds
        """How long to wait before the next try; None when nobody said."""


@dataclass(frozen=True)
class Attempt:
    """One try of a call, and until when, on the monotonic clock, the call may take."""

    number: int
    deadline: float

    @property
    def seconds_left(self) -> float:
        """What is left of the patience."""
        return max(self.deadline - time.monotonic(), 0.0)


class Retrier:
    """Repeats what may pass. Setting ``ended`` ends all waiting."""

    def __init__(
        self,
        patience: RetryPolicy,
        observer: Callable[[Wait], None] | None,
        *,
        waiting: Waiting = Waiting.NOBODY,
        reachability: Reachability | None = None,
    ) -> None:
        self.patience = patience
        self.ended = threading.Event()
        self._observer = observer
        self._waiting = waiting
        self._reachability = reachability or Reachability()
        self._was_reached = False

    def note_answer(self) -> None:
        """Note that the host answered, whatever it said."""
        self._was_reached = True
        self._reachability.answered()

    def call(self, act: Callable[[Attempt], T]) -> T:
        """Return what ``act`` returns in the end; raises the error of its last try, and at once what cannot pass."""
        begun = time.monotonic()
        numbers = itertools.count(1)
        last = Attempt(0, begun + self.patience.seconds)

        patience_ends = tenacity.stop_before_delay(self.patience.seconds) | tenacity.stop_when_event_set(self.ended)

        def once_more() -> T:
            nonlocal last
            last = Attempt(next(numbers), last.deadline)
            return act(last)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryError),
            wait=self._seconds_before_next,
            stop=lambda state: patience_ends(state) or self._is_hopeless(state),
            sleep=tenacity.sleep_using_event(self.ended),
            before_sleep=lambda state: self.tell(
                state.upcoming_sleep,
                _failure(state).error.what,
                seconds_left=last.seconds_left - state.upcoming_sleep,
                repeats=True,
            ),
            reraise=True,
        )
        try:
            return retrying(once_more)
        except RetryError as failed:
            raise _tried_in_vain(failed.error, tries=last.number, seconds=time.monotonic() - begun) from None

    def tell(self, seconds: float, reason: str, *, seconds_left: float, repeats: bool = False) -> None:
        """Say that, and why, nothing happens for a while."""
        wait = Wait(seconds, reason, seconds_left, repeats)
        _log.warning("%s", wait)
        if self._observer:
            self._observer(wait)

    def _is_hopeless(self, state: tenacity.RetryCallState) -> bool:
        if not _failure(state).is_unreached:
            return False
        self._reachability.failed()
        return self._reachability.is_hopeless(
            self._waiting, next_try_in=state.upcoming_sleep, was_reached=self._was_reached
        )

    def _seconds_before_next(self, state: tenacity.RetryCallState) -> float:
        asked = _failure(state).seconds
        if asked is not None:
            return asked
        first = self.patience.first_wait_seconds
        backoff = tenacity.wait_exponential(multiplier=first, max=self.patience.longest_wait_seconds)
        return backoff(state) + tenacity.wait_random(0, first)(state)


def _failure(state: tenacity.RetryCallState) -> RetryError:
    failed = state.outcome.exception() if state.outcome else None
    assert isinstance(failed, RetryError)  # noqa: S101  # nothing else is retried
    return failed


def _tried_in_vain(error: ToolkitError, *, tries: int, seconds: float) -> ToolkitError:
    if tries == 1:
        return error
    return type(error)(
        _("{what} It was tried {tries} times in {seconds:.0f} s.", what=error.what, tries=tries, seconds=seconds),
        error.remedy,
    )
