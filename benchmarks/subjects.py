"""What is measured: the toolkit, and what it is measured against."""

import hashlib
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import toolkit
    from toolkit.audience import Audience

KEY, EMAIL = "CustomerId", "EMail"
VALID = r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$"


def bare_query(profiles: Path, segments: Path) -> int:
    """The shortest Polars query: scan, semi join, normalise, check the syntax, hash, distinct."""
    import polars as pl
    import polars_hash as plh

    members = pl.scan_parquet(segments / "*.parquet").select(KEY)
    return (
        pl.scan_parquet(profiles / "*.parquet")
        .select(KEY, EMAIL)
        .join(members, on=KEY, how="semi")
        .with_columns(pl.col(EMAIL).str.strip_chars().str.to_lowercase())
        .filter(pl.col(EMAIL).str.contains(VALID))
        .select(KEY, identifier=plh.col(EMAIL).chash.sha2_256())
        .unique("identifier")
        .collect(engine="streaming")
        .height
    )


def prepare(profiles: Path, segments: Path) -> int:
    """The toolkit's audience: the same, with a status for every member."""
    from toolkit import Profiles, SegmentFolder
    from toolkit.audience import IdentityColumn, audience_of
    from toolkit.identifiers import first_type

    catalog = SegmentFolder(location=str(segments), key=KEY)
    table = Profiles(location=str(profiles), key=KEY)
    return audience_of(table, catalog, catalog.names(), column=IdentityColumn(EMAIL, first_type())).exportable


def checks(profiles: Path, segments: Path) -> int:
    """The built-in suite of checks, on an audience that is prepared already."""
    from toolkit.validation import Thresholds, check_audience

    return len(check_audience(_audience(profiles, segments), Thresholds()).results)


def many_checks(profiles: Path, segments: Path) -> int:
    """The built-in suite of checks of many segments, on an audience that is prepared already."""
    return checks(profiles, segments)


def own_checks(profiles: Path, segments: Path) -> int:
    """The same with a suite of one's own beside, for which a column of the profiles is read."""
    import great_expectations.expectations as gxe

    from toolkit import Profiles
    from toolkit.validation import Thresholds, check_audience, load_suite

    suite = load_suite("Own", gxe.ExpectColumnValuesToNotBeInSet(column="City", value_set=["City 1"], mostly=0.9))
    table = Profiles(location=str(profiles), key=KEY)
    return len(check_audience(_audience(profiles, segments), Thresholds(), own=[suite], profiles=table).results)


@cache
def _audience(profiles: Path, segments: Path) -> "Audience":
    from toolkit import Profiles, SegmentFolder
    from toolkit.audience import IdentityColumn, audience_of
    from toolkit.identifiers import first_type

    catalog = SegmentFolder(location=str(segments), key=KEY)
    return audience_of(
        Profiles(location=str(profiles), key=KEY), catalog, catalog.names(), column=IdentityColumn(EMAIL, first_type())
    )


def preview(profiles: Path, segments: Path) -> int:
    """The toolkit's preview: the audience, and all that is told of it before a run, the first members too."""
    opened = _workspace(profiles, segments)
    return opened.preview(list(opened.segments), email_column=EMAIL).distinct


@cache
def _workspace(profiles: Path, segments: Path) -> "toolkit.Workspace":
    import toolkit

    return toolkit.open_workspace(
        tempfile.mkdtemp(),
        profiles=toolkit.Profiles(location=str(profiles), key=KEY),
        segments=toolkit.SegmentFolder(location=str(segments), key=KEY),
        create=True,
    )


def quality(profiles: Path, _: Path) -> int:
    """What each column holds, and which ones hold addresses."""
    from toolkit import Profiles
    from toolkit.profiling import quality_of

    return quality_of(Profiles(location=str(profiles), key=KEY)).rows


def build(profiles: Path, _: Path) -> int:
    """A segment of one profile in ten, by a condition: found, compared with what it was, and written."""
    import toolkit

    with tempfile.TemporaryDirectory() as at:
        (Path(at) / "segments").mkdir()
        workspace = toolkit.open_workspace(
            Path(at) / "workspace",
            profiles=toolkit.Profiles(location=str(profiles), key=KEY),
            segments=toolkit.SegmentFolder(location=f"{at}/segments", key=KEY),
            create=True,
        )
        return workspace.segments.build("One in ten", where="City < 'City 18'").size


def pandas_sequential(profiles: Path, segments: Path, host: str) -> None:
    """What an analyst writes in an afternoon: pandas, hashlib, one call after the other."""
    import pandas as pd
    import requests

    table = pd.read_parquet(profiles, columns=[KEY, EMAIL])
    members = pd.read_parquet(segments, columns=[KEY])
    met = table[table[KEY].isin(members[KEY])]
    addresses = met[EMAIL].dropna().str.strip().str.lower()
    addresses = addresses[addresses.str.match(VALID)]
    identifiers = list(dict.fromkeys(hashlib.sha256(it.encode()).hexdigest() for it in addresses))
    from toolkit.sandbox import ADVERTISERS, CLIENT_ID, CLIENT_SECRET

    session = requests.Session()
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    token = session.post(f"{host}/oauth2/token", data=form, timeout=30).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    lists = f"{host}/2026-07/marketing-solutions/audience-segments"
    attributes = {"advertiserId": ADVERTISERS[0].id, "name": "One in ten", "contactList": {}}
    made = session.post(f"{lists}/create", json={"data": [{"attributes": attributes}]}, timeout=30).json()
    number = made["data"][0]["id"]
    for start in range(0, len(identifiers), 50_000):
        part = {"operation": "add", "identifierType": "email", "identifiers": identifiers[start : start + 50_000]}
        body = {"data": {"type": "ContactlistAmendment", "attributes": part}}
        session.patch(f"{lists}/{number}/contact-list", json=body, timeout=60).raise_for_status()


def official_sdk(profiles: Path, segments: Path, host: str) -> None:
    """The same with Criteo's official SDK in place of requests."""
    import pandas as pd
    from criteo_api_marketingsolutions_v2026_07.api.audience_api import AudienceApi
    from criteo_api_marketingsolutions_v2026_07.api_client_builder import ApiClientBuilder
    from criteo_api_marketingsolutions_v2026_07.models import (
        AudienceSegmentBulkCreateInputV1,
        AudienceSegmentCreateEntityV1,
        AudienceSegmentCreateEntityV1Resource,
        ContactlistAmendment,
        ContactlistAmendmentAttributes,
        ContactlistAmendmentRequest,
    )

    from toolkit.sandbox import ADVERTISERS, CLIENT_ID, CLIENT_SECRET

    table = pd.read_parquet(profiles, columns=[KEY, EMAIL])
    members = pd.read_parquet(segments, columns=[KEY])
    met = table[table[KEY].isin(members[KEY])]
    addresses = met[EMAIL].dropna().str.strip().str.lower()
    addresses = addresses[addresses.str.match(VALID)]
    identifiers = list(dict.fromkeys(hashlib.sha256(it.encode()).hexdigest() for it in addresses))
    api = AudienceApi(ApiClientBuilder.WithClientCredentials(CLIENT_ID, CLIENT_SECRET, host))
    entity = AudienceSegmentCreateEntityV1(advertiser_id=ADVERTISERS[0].id, name="One in ten", contact_list={})
    resource = AudienceSegmentCreateEntityV1Resource(attributes=entity, type="AudienceSegment")
    made = api.create_audience_segments(AudienceSegmentBulkCreateInputV1(data=[resource]))
    number = made.data[0].id
    for start in range(0, len(identifiers), 50_000):
        attributes = ContactlistAmendmentAttributes(
            operation="add", identifier_type="email", identifiers=identifiers[start : start + 50_000]
        )
        amendment = ContactlistAmendment(type="ContactlistAmendment", attributes=attributes)
        api.update_contact_list_by_audience_segment(
            number, contactlist_amendment_request=ContactlistAmendmentRequest(data=amendment)
        )


STEPS = {
    "bare_query": bare_query,
    "prepare": prepare,
    "preview": preview,
    "checks": checks,
    "own_checks": own_checks,
    "quality": quality,
    "build": build,
}


def set_up(profiles: Path, segments: Path, host: str, workspace: Path) -> None:
    """Make the workspace, the connection and the export that ``whole_run`` runs."""
    import toolkit
    from toolkit.sandbox import ADVERTISERS, CLIENT_ID, CLIENT_SECRET

    opened = toolkit.open_workspace(
        workspace,
        profiles=toolkit.Profiles(location=str(profiles), key=KEY),
        segments=toolkit.SegmentFolder(location=str(segments), key=KEY),
        create=True,
    )
    opened.connections.connect("Criteo", host=host, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, i_agree=True)
    opened.exports.save(
        "Whole",
        connection="Criteo",
        advertiser_id=ADVERTISERS[0].id,
        email_column=EMAIL,
        segments=list(opened.segments),
    )


def whole_run(workspace: Path) -> None:
    """The toolkit's whole run: prepared, checked, planned, pushed, recorded, reported."""
    import toolkit

    toolkit.open_workspace(workspace).runs.start("Whole").raise_for_status()


if __name__ == "__main__":
    name, profiles, segments, *rest = sys.argv[1:]
    match name:
        case "set_up":
            set_up(Path(profiles), Path(segments), rest[0], Path(rest[1]))
        case "whole_run":
            whole_run(Path(rest[1]))
        case "pandas_sequential":
            pandas_sequential(Path(profiles), Path(segments), rest[0])
        case "official_sdk":
            official_sdk(Path(profiles), Path(segments), rest[0])
        case _:
            STEPS[name](Path(profiles), Path(segments))
