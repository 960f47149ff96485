"""The calls on Criteo audiences: combinations of segments of one advertiser, which ad sets target."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, alias_generators, field_serializer

from toolkit.criteo.algebra import Algebra, UnknownNode, read_algebra, to_json
from toolkit.criteo.bulk import Bulk, Filters, ItemResult, by_id, each_hundred, id_of, search
from toolkit.criteo.envelope import only_item
from toolkit.criteo.errors import AUDIENCE_UNKNOWN, About
from toolkit.criteo.http import Request
from toolkit.criteo.models import Answered, Item, ListSize, Rows, Text, flattened, read
from toolkit.criteo.transport import Transport
from toolkit.translatable import _, ngettext


def _as_algebra(value: object) -> Algebra:
    return value if isinstance(value, Algebra) else read_algebra(value)


def _as_ids(value: object) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, list | tuple) else None


class CriteoAudience(Answered):
    """A combination of segments at Criteo.

    ``ad_set_ids`` are the ad sets that target it; None where Criteo does not say.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=alias_generators.to_camel,
        populate_by_name=True,
        arbitrary_types_allowed=True,
    )
    title: ClassVar[str] = "Criteo audiences"

    id: Text
    name: Text = ""
    description: Text = ""
    advertiser_id: Text = ""
    algebra: Annotated[Algebra, BeforeValidator(_as_algebra)] = UnknownNode("null")
    ad_set_ids: Annotated[tuple[str, ...] | None, BeforeValidator(_as_ids)] = None
    created_at: Text = Field(default="", repr=False)
    updated_at: Text = Field(default="", repr=False)

    @field_serializer("algebra")
    def _shown(self, algebra: Algebra) -> str:
        return str(algebra)

    @field_serializer("ad_set_ids")
    def _listed(self, ids: tuple[str, ...] | None) -> str | None:
        return None if ids is None else ", ".join(ids)


class AudienceId(Answered):
    """An audience that was deleted."""

    title: ClassVar[str] = "Deleted audiences"

    id: Text


@dataclass(frozen=True)
class NewAudience:
    """An audience that is to be made; its name is unique for the advertiser."""

    advertiser_id: str
    name: str
    algebra: Algebra
    description: str = ""


@dataclass(frozen=True)
class AudienceChange:
    """What is to change about an audience; what is None stays."""

    id: str
    name: str | None = None
    algebra: Algebra | None = None
    description: str | None = None


class AudienceCalls:
    """The calls on audiences, with the credentials of one client. Reached as ``client.audiences``."""

    def __init__(self, transport: Transport, version: str) -> None:
        self._transport = transport
        self._path = f"{version}/marketing-solutions/audiences"

    def search(
        self,
        *,
        advertiser_ids: Sequence[str] | None = None,
        audience_ids: Sequence[str] | None = None,
        segment_ids: Sequence[str] | None = None,
        ad_set_ids: Sequence[str] | None = None,
    ) -> Rows[CriteoAudience]:
        """Find audiences. All filters that are given must hold; of long lists of ids, a hundred are asked for a call.

        Args:
            advertiser_ids: Ids of advertisers.
            audience_ids: Ids of audiences.
            segment_ids: Ids of segments: audiences that name one of them, in whatever combination.
            ad_set_ids: Ids of ad sets: the audiences that they target.

        Returns:
            The audiences, each once. No id at all finds none; a filter that is left out finds all.

        Raises:
            AccessError: An advertiser did not consent, or the app may not read audiences.
        """
        filters = {
            "advertiserIds": advertiser_ids,
            "audienceIds": audience_ids,
            "audienceSegmentIds": segment_ids,
            "adSetIds": ad_set_ids,
        }
        found: dict[str, CriteoAudience] = {}
        for some in each_hundred(filters):
            found |= self._found(some)
        return Rows(CriteoAudience, found.values())

    def create(self, audiences: Sequence[NewAudience]) -> list[ItemResult[CriteoAudience]]:
        """Make audiences, a hundred in a call.

        Args:
            audiences: The audiences to make.

        Returns:
            The result of each, in their order: the audience, or the error. Its ``code`` is ``name-must-be-unique``
            where the advertiser has the name already, also after a first try whose answer was lost.

        Raises:
            AccessError: An advertiser did not consent, or the app may not manage audiences.
        """
        bulk = Bulk(
            CriteoAudience,
            lambda count: ngettext("make {count} audience", "make {count} audiences", count),
            "POST",
            f"{self._path}/create",
            About.AUDIENCES,
            matches=_is_made_of,
            name=lambda item: str(item["attributes"]["name"]),
        )
        return bulk.run(self._transport, [_new(it) for it in audiences])

    def change(self, changes: Sequence[AudienceChange]) -> list[ItemResult[CriteoAudience]]:
        """Change names, combinations and descriptions of audiences, a hundred in a call.

        Args:
            changes: What to change.

        Returns:
            The result of each, in their order: the audience as it is now, or the error.

        Raises:
            AccessError: An advertiser did not consent, or the app may not manage audiences.
        """
        bulk = Bulk(
            CriteoAudience,
            lambda count: ngettext("change {count} audience", "change {count} audiences", count),
            "PATCH",
            self._path,
            About.AUDIENCES,
            matches=by_id,
            name=id_of,
        )
        return bulk.run(self._transport, [_change(it) for it in changes])

    def delete(self, audience_ids: Sequence[str]) -> list[ItemResult[AudienceId]]:
        """Delete audiences, a hundred in a call. One that is gone already counts as deleted.

        Args:
            audience_ids: Ids of audiences.

        Returns:
            The result of each, in their order.

        Raises:
            AccessError: An advertiser did not consent, or the app may not manage audiences.
        """
        bulk = Bulk(
            AudienceId,
            lambda count: ngettext("delete {count} audience", "delete {count} audiences", count),
            "POST",
            f"{self._path}/delete",
            About.AUDIENCES,
            matches=by_id,
            name=id_of,
            silence=lambda item: AudienceId(id=id_of(item)),
        )
        results = bulk.run(self._transport, [{"id": it, "attributes": {}} for it in audience_ids])
        return [
            ItemResult(AudienceId(id=its_id)) if it.code == AUDIENCE_UNKNOWN else it
            for its_id, it in zip(audience_ids, results, strict=True)
        ]

    def compute_sizes(self, audience_ids: Sequence[str]) -> Rows[ListSize]:
        """Measure how many people audiences reach, a hundred in a call.

        Args:
            audience_ids: Ids of audiences.

        Returns:
            A size for each, in their order; None where Criteo does not say.

        Raises:
            AccessError: An advertiser did not consent, or the app may not manage audiences.
        """
        bulk = Bulk(
            ListSize,
            lambda count: ngettext("measure {count} audience", "measure {count} audiences", count),
            "POST",
            f"{self._path}/compute-sizes",
            About.AUDIENCES,
            matches=by_id,
            name=id_of,
            only_reads=True,
        )
        results = bulk.run(self._transport, [{"id": it, "attributes": {}} for it in audience_ids])
        return Rows(
            ListSize, (it.value or ListSize(id=its_id) for its_id, it in zip(audience_ids, results, strict=True))
        )

    def estimate_size(self, advertiser_id: str, algebra: Algebra) -> int | None:
        """Estimate how many people an audience would reach.

        Args:
            advertiser_id: Id of the advertiser.
            algebra: How it would combine segments.

        Returns:
            The number of people; None where Criteo does not say.

        Raises:
            AccessError: The advertiser did not consent, or the app may not manage audiences.
            ConfigurationError: A segment is not there.
        """
        attributes = {"advertiserId": advertiser_id, "algebra": to_json(algebra)}
        request = Request(
            _("estimate the size of an audience"),
            "POST",
            f"{self._path}/estimate-size",
            body={"data": {"attributes": attributes}},
            about=About.AUDIENCES,
            only_reads=True,
        )
        answer = only_item(request, self._transport.call(request))
        return read(ListSize, {**flattened(answer), "id": ""}).size

    def _found(self, filters: Filters) -> dict[str, CriteoAudience]:
        def page(params: dict[str, int]) -> Request:
            return Request(
                _("search the audiences"),
                "POST",
                f"{self._path}/search",
                body={"data": {"attributes": filters}},
                params=params,
                about=About.AUDIENCES,
                only_reads=True,
            )

        return dict(search(self._transport, CriteoAudience, page))


def _new(audience: NewAudience) -> Item:
    return {
        "attributes": {
            "advertiserId": audience.advertiser_id,
            "name": audience.name,
            "description": audience.description,
            "algebra": to_json(audience.algebra),
        }
    }


def _is_made_of(item: Item, audience: CriteoAudience) -> bool:
    attributes = item["attributes"]
    # An answer may leave out whose it is.
    return bool(attributes["name"] == audience.name and audience.advertiser_id in {attributes["advertiserId"], ""})


def _change(change: AudienceChange) -> Item:
    attributes: Item = {}
    if change.name is not None:
        attributes["name"] = change.name
    if change.algebra is not None:
        attributes["algebra"] = to_json(change.algebra)
    if change.description is not None:
        attributes["description"] = {"value": change.description}
    return {"id": change.id, "attributes": attributes}
