"""What a person does in a form is taken in the order in which it was done, also while a cell runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from traitlets.config import Config

SECONDS = 60
A_FORM = """
import json, threading, time
import ipywidgets
import toolkit
from toolkit.widgets.components import button, with_class
from toolkit.widgets.form import Form

class Asked(Form):
    def __init__(self, workspace):
        super().__init__(workspace, language="en")
        self.heard = []
        self.draw("Asked", self._parts)

    def _parts(self):
        self.tick = self.field(ipywidgets.Checkbox(description="Dry run"))
        self.box = with_class(ipywidgets.Checkbox(description="Whole"), "toolkit-tick")
        self.save = button("Save")
        self.on_click(self.save, self._save)
        return [self.tick.widget, self.box, self.save]

    def _save(self):
        self.heard.append((self.tick.value, self.box.value))
        # The thread that takes clicks changes the button, as each form does while it works.
        self.save.disabled = True
        self.save.disabled = False

form = Asked(toolkit.open_workspace("workspace", create=True))
print(json.dumps([it.comm.comm_id for it in (form.tick.control, form.box, form.save)]))
"""

A_CELL = """
until = time.monotonic() + 60
while len(form.heard) < 4 and time.monotonic() < until:
    time.sleep(0.01)
heard = [*form.heard]
"""


class Page:
    """What a page of JupyterLab sends: all that is done with widgets goes to one subshell."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        asked = client.session.msg("create_subshell_request")
        client.control_channel.send(asked)
        self._subshell = client.control_channel.get_msg(timeout=SECONDS)["content"]["subshell_id"]

    def run(self, code: str) -> str:
        """Return what a cell prints."""
        printed: list[str] = []

        def note(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self._client.execute_interactive(code, timeout=SECONDS, output_hook=note)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed)

    def begin(self, code: str) -> None:
        """Let a cell run."""
        self._client.execute(code)

    def tick(self, box: str, *, value: bool) -> None:
        self._send(box, {"method": "update", "state": {"value": value}, "buffer_paths": []})

    def click(self, button: str) -> None:
        self._send(button, {"method": "custom", "content": {"event": "click"}})

    def _send(self, comm: str, data: dict[str, Any]) -> None:
        message = self._client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        message["header"]["subshell_id"] = self._subshell
        self._client.shell_channel.send(message)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    sockets = Config({"KernelManager": {"transport": "ipc", "ip": str(tmp_path / "kernel")}})
    manager = KernelManager(kernel_name="python3", config=sockets)
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Page(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_click_comes_after_what_was_ticked_before_it(page: Page) -> None:
    tick, box, save = json.loads(page.run(A_FORM).splitlines()[-1])
    page.click(save)
    page.begin(A_CELL)
    for value in (True, False, True):
        page.tick(tick, value=value)
        page.tick(box, value=not value)
        page.click(save)
    heard = json.loads(page.run("print(json.dumps(heard))"))
    assert heard == [[False, False], [True, False], [False, True], [True, False]]
