"""The client of a notebook's kernel: ready as soon as the kernel is.

Jupyter's own waits, after the kernel answered, until its outputs were silent for a fifth of a second: as long as a
tiny export sends.
"""

import time
from collections.abc import Mapping
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient.exceptions import DeadKernelError

_LONGEST_ANSWER_SECONDS = 1.0
"""After this a kernel that says nothing is asked again, if it is still there."""
_LONGEST_OUTPUT_SECONDS = 0.03
"""After this one that answered is asked again: what it said before its outputs were listened to is lost."""

_AS_MANY_AS_COME = 0
"""What a socket of ZeroMQ takes for no limit to the messages that wait to be read."""


class KernelClient(AsyncKernelClient):
    """Waits for a new kernel until it answers, and until the word that it is done with that arrives as outputs do."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until cells can be sent and all of their outputs will arrive.

        Raises DeadKernelError when the kernel ended or says nothing in that time.
        """
        until = float("inf") if timeout is None else time.monotonic() + timeout
        asked: set[str] = set()
        while (answer := await self._asked_again(self.shell_channel, asked, _LONGEST_ANSWER_SECONDS)) is None:
            await self._require_going_on(until)
        self._handle_kernel_info_reply({"content": answer})
        while await self._asked_again(self.iopub_channel, asked, _LONGEST_OUTPUT_SECONDS) is None:
            await self._require_going_on(until)

    def connect_iopub(self, identity: bytes | None = None) -> Any:
        """Return what outputs arrive at, however many they are: by default what comes after a thousand is dropped."""
        self.context.setsockopt(zmq.RCVHWM, _AS_MANY_AS_COME)
        return super().connect_iopub(identity)

    async def _asked_again(self, channel: Any, asked: set[str], seconds: float) -> Mapping[str, Any] | None:
        """Ask the kernel who it is, and return what a channel says to one of the questions; None if nothing in time."""
        asked.add(self.kernel_info())
        last = time.monotonic() + seconds
        try:
            while True:
                message = await channel.get_msg(timeout=max(0.0, last - time.monotonic()))
                if message["parent_header"].get("msg_id") in asked:
                    content: Mapping[str, Any] = message["content"]
                    return content
        except Empty:
            return None

    async def _require_going_on(self, until: float) -> None:
        if not await self.is_alive():
            raise DeadKernelError("the kernel ended before it was ready")
        if time.monotonic() > until:
            raise DeadKernelError("the kernel was not ready in time")
