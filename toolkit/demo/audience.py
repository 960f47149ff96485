"""The end of the demo: the lists reach an ad set, through an audience."""

import json

from toolkit.campaigns import AudienceStep, segment
from toolkit.demo.saying import Say
from toolkit.sandbox import Sandbox
from toolkit.workspace import Workspace

_NAME = "Best customers"
_INCLUDED, _EXCLUDED = "High value", "Lapsed 12 months"


def link_an_audience(
    workspace: Workspace, criteo: Sandbox, *, connection: str, advertiser_id: str, say: Say
) -> list[str]:
    """Declare an audience, apply it, link it to an ad set; return how Criteo differs from what it should have."""
    workspace.audiences.save(
        _NAME, segment(_INCLUDED) - segment(_EXCLUDED), connection=connection, advertiser_id=advertiser_id
    )
    (applied,) = workspace.audiences.apply().raise_for_status()
    ad_set = workspace.ad_sets.find(connection=connection, advertiser_id=advertiser_id)[0]
    link = workspace.ad_sets.link(ad_set.id, _NAME)
    say(f"\nAudience {_NAME!r}: {workspace.audiences[_NAME].definition}, {applied.size:,} people at Criteo\n{link}")
    (again,) = workspace.audiences.apply().raise_for_status()
    lists = {it.name: it.id for it in criteo.lists()}
    wanted = {
        "and": [{"audienceSegmentId": lists[_INCLUDED]}, {"not": {"audienceSegmentId": lists[_EXCLUDED]}}],
    }
    held = {it.name: (it.id, json.loads(it.algebra)) for it in criteo.audiences()}
    targeting = [it.id for it in criteo.ad_sets() if it.audience_id is not None]
    differences = []
    if held != {_NAME: (applied.audience_id, wanted)}:
        differences.append(f"audiences {held}, expected {_NAME!r} of {wanted}")
    if targeting != [ad_set.id]:
        differences.append(f"ad sets {targeting} target an audience, expected {ad_set.id}")
    if again.step is not AudienceStep.UNCHANGED:
        differences.append(f"applied twice, the audience is {again.step.value}, expected unchanged")
    return differences
