"""Work beside the kernel: the kernel goes on answering, and what comes of the work is shown from its event loop."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from toolkit.errors import exception_of

T = TypeVar("T")


class Background:
    """Does work in a thread, and brings what comes of it back to the event loop that asked for it.

    Widgets are changed by one thread only: the one of the kernel's loop. Where no loop runs, as in a plain Python
    process, the thread that worked changes them itself.
    """

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def start(
        self,
        work: Callable[["Deliver"], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Begin ``work``, which is given a way to show something while it goes on; return at once.

        ``done`` is called with what it returns, or ``failed`` with what it raises.
        """
        deliver = _delivery()

        def act() -> None:
            try:
                result = work(deliver)
            except BaseException as problem:  # noqa: BLE001  # whatever it is, a person is told
                _call(deliver, failed, exception_of(problem))
            else:
                _call(deliver, done, result)

        self._threads = [it for it in self._threads if it.is_alive()]
        thread = threading.Thread(target=act, name="form", daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self) -> None:
        """Wait until all that was begun, also by other work, is over. What it shows comes when the loop goes on."""
        while running := [it for it in self._threads if it.is_alive()]:
            for thread in running:
                thread.join()


Deliver = Callable[[Callable[[], None]], None]
"""Hands an action to the thread that changes widgets."""


class Newest:
    """Does the newest of what is asked for, once nothing newer came for a moment; what is older is dropped."""

    def __init__(self, background: Background, *, pause_seconds: float) -> None:
        self._background = background
        self._pause_seconds = pause_seconds
        self._asked = threading.Condition()
        self._one_at_a_time = threading.Lock()
        self._number = 0

    def forget(self) -> None:
        """Drop what was asked for."""
        with self._asked:
            self._number += 1
            self._asked.notify_all()

    def ask(self, work: Callable[[], T], *, done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Ask for ``work``; of several that are asked for in quick succession, the last is done."""
        self.forget()
        number = self._number

        def in_its_turn(_: Deliver) -> T | None:
            with self._asked:
                if self._asked.wait_for(lambda: self._number != number, timeout=self._pause_seconds):
                    return None
            with self._one_at_a_time:
                return work() if self._number == number else None

        def if_newest(result: T | None) -> None:
            if result is not None and self._number == number:
                done(result)

        def failed_if_newest(problem: Exception) -> None:
            if self._number == number:
                failed(problem)

        self._background.start(in_its_turn, done=if_newest, failed=failed_if_newest)


def _call(deliver: Deliver, act: Callable[[T], None], value: T) -> None:
    deliver(lambda: act(value))


def _delivery() -> Deliver:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda action: action()
    # In the context of the cell or the click that asked, so that what is shown belongs to it.
    context = contextvars.copy_context()
    return lambda action: _hand_over(loop, action, context)


def _hand_over(loop: asyncio.AbstractEventLoop, action: Callable[[], None], context: contextvars.Context) -> None:
    try:
        loop.call_soon_threadsafe(action, context=context)
    except RuntimeError:
        if not loop.is_closed():
            raise
