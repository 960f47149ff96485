"""What Criteo answers is compared with what was asked, before it is called done."""

from typing import Any

import pytest

import toolkit
from tests.campaigns.test_applying import ADVERTISER
from tests.campaigns.test_applying import sent as sent  # noqa: PLC0414
from tests.campaigns.test_saved_audiences import save
from toolkit.criteo.http import Request
from toolkit.criteo.transport import Transport
from toolkit.errors import UnavailableError


def answer_links_with(monkeypatch: pytest.MonkeyPatch, audience_id: str | None) -> None:
    call = Transport.call

    def answered(self: Transport, request: Request) -> Any:
        if request.method != "PUT":
            return call(self, request)
        return {"data": {"type": "AdSetAudienceLink", "attributes": {"audienceId": audience_id}}}

    monkeypatch.setattr(Transport, "call", answered)


@pytest.mark.parametrize("answered", [None, "999"])
def test_a_link_that_criteo_did_not_make_is_no_link(
    sent: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch, answered: str | None
) -> None:
    save(sent, definition="All")
    sent.audiences.apply().raise_for_status()
    answer_links_with(monkeypatch, answered)
    with pytest.raises(UnavailableError):
        sent.ad_sets.link("610001", "Best")


def test_an_audience_that_stays_is_not_unlinked(sent: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    save(sent, definition="All")
    (applied,) = sent.audiences.apply().raise_for_status()
    sent.ad_sets.link("610001", "Best")
    answer_links_with(monkeypatch, applied.audience_id)
    with pytest.raises(UnavailableError):
        sent.ad_sets.unlink("610001", "Best", connection="Sandbox", advertiser_id=ADVERTISER)
