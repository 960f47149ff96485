"""Ad sets: which there are, what they target, and linking an audience to one: an act of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from toolkit import criteo as api
from toolkit.access.people import Role, require_actor
from toolkit.campaigns.applying import planner
from toolkit.campaigns.plan import AudienceStep
from toolkit.campaigns.planning import Planner
from toolkit.campaigns.saved_audiences import advertiser_of, require_appliable
from toolkit.display import html_table, text_table
from toolkit.errors import ConfigurationError
from toolkit.exports.connections import connection as connection_of
from toolkit.names import unknown_name
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import Text, _, mark


@dataclass(frozen=True)
class AdSet:
    """An ad set at Criteo, and the audience that it targets.

    Examples:
        >>> ad_set = workspace.ad_sets.find(connection="Criteo", advertiser_id="2711")[0]
        >>> ad_set.audience_id
        ''
    """

    id: str
    name: str
    advertiser_id: str
    campaign_id: str
    campaign: str
    """The name of the campaign; empty where Criteo does not tell."""
    status: str
    """How it delivers, in Criteo's words, such as ``live`` or ``paused``."""
    is_live: bool
    audience_id: str = ""
    """Empty if it targets none."""
    audience: str = ""
    """The name of the audience."""


_SCHEMA = {
    "ad_set": pl.String,
    "name": pl.String,
    "campaign": pl.String,
    "status": pl.String,
    "audience": pl.String,
    "audience_id": pl.String,
}


@dataclass(frozen=True, repr=False)
class AdSets:
    """The ad sets of an advertiser.

    Examples:
        >>> workspace.ad_sets.find(connection="Criteo", advertiser_id="2711").frame.columns
        ['ad_set', 'name', 'campaign', 'status', 'audience', 'audience_id']
    """

    ad_sets: tuple[AdSet, ...]

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each."""
        rows = [
            (it.id, it.name, it.campaign or it.campaign_id, it.status, it.audience, it.audience_id)
            for it in self.ad_sets
        ]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def __len__(self) -> int:
        return len(self.ad_sets)

    def __getitem__(self, place: int) -> AdSet:
        return self.ad_sets[place]

    def __repr__(self) -> str:
        return text_table(self.frame) if self.ad_sets else _("There is no ad set.")

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=_("Ad sets"), subtitle="" if self.ad_sets else _("There is no ad set."))


@dataclass(frozen=True)
class AdSetLink:
    """What an ad set targeted, and what it targets now.

    Examples:
        >>> audience = workspace.audiences.save(
        ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
        ... )
        >>> applied = workspace.audiences.apply().raise_for_status()
        >>> ad_set = workspace.ad_sets.find(connection="Criteo", advertiser_id="2711")[0]
        >>> workspace.ad_sets.link(ad_set.id, "Best customers").after
        'Best customers'
    """

    ad_set: str
    """Its id."""
    name: str
    before: str
    """The audience that it targeted; empty if none."""
    after: str
    """The audience that it targets now; empty if none."""

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def sentence(self) -> Text:
        """What was done."""
        if self.before == self.after and self.after:
            return _("Ad set {name!r} targets {after!r} already.", name=self.name, after=self.after)
        if not self.after and not self.before:
            return _("Ad set {name!r} targets no audience.", name=self.name)
        if not self.after:
            return _(
                "Ad set {name!r} targets no audience any more; it targeted {before!r}.",
                name=self.name,
                before=self.before,
            )
        if not self.before:
            return _(
                "Ad set {name!r} targets {after!r} now; it targeted no audience.", name=self.name, after=self.after
            )
        return _(
            "Ad set {name!r} targets {after!r} now; it targeted {before!r}.",
            name=self.name,
            after=self.after,
            before=self.before,
        )


def find_ad_sets(folder: WorkspaceFolder, *, connection: str, advertiser_id: str = "", campaign_id: str = "") -> AdSets:
    """Return the ad sets of an advertiser, with what they target.

    Raises:
        AccessError: The app may not read campaigns, or you may not use the connection.
        ConfigurationError: The connection or the advertiser is not there.
    """
    used = connection_of(folder, connection)
    advertiser = advertiser_of(used, advertiser_id, what=_("The search"))
    with planner(folder, connection, advertiser) as here:
        found = _with_audiences(here, here.side.ad_sets(campaign_id=campaign_id))
        if any(not it.names_ad_sets for it in here.side.audiences):
            found = [it if it.audience_id else _asked(here, it) for it in found]
        return AdSets(tuple(found))


def link_ad_set(folder: WorkspaceFolder, ad_set_id: str, audience: str, *, replaces: str = "") -> AdSetLink:
    """Let an ad set target a declared audience.

    Args:
        folder: The workspace.
        ad_set_id: Id of the ad set.
        audience: Name of the declared audience.
        replaces: The audience that the ad set targets now, by name or id, if it targets one: that it may be replaced.

    Raises:
        ConfigurationError: The audience is not at Criteo as it is declared; there is no such ad set; or it targets
            another audience than the one that may be replaced.
        AccessError: You are no administrator, or the app may not manage campaigns.
    """
    _require_administrator(folder)
    saved = require_appliable(folder, audience)
    declared = saved.audience
    with planner(folder, declared.connection, declared.advertiser_id) as here:
        planned = here.plan(saved)
        if planned.step is not AudienceStep.UNCHANGED:
            raise ConfigurationError(
                _("Criteo audience {name!r} is not at Criteo as it is declared.", name=audience),
                _("Apply it with workspace.audiences.apply({name!r}), then link the ad set.", name=audience),
            )
        now = _ad_set(here, ad_set_id)
        if now.audience_id == planned.audience_id:
            return AdSetLink(now.id, now.name, audience, audience)
        _require_agreed(
            now, replaces, _("To replace that one, name it: replaces={audience_id!r}.", audience_id=now.audience_id)
        )
        _audit(folder, Action.LINK_AD_SET, now, audience=planned.audience_id, name=audience)
        here.side.link(now.id, planned.audience_id)
        return AdSetLink(now.id, now.name, now.audience or now.audience_id, audience)


def unlink_ad_set(
    folder: WorkspaceFolder, ad_set_id: str, audience: str, *, connection: str, advertiser_id: str = ""
) -> AdSetLink:
    """Let an ad set target no audience any more.

    Args:
        folder: The workspace.
        ad_set_id: Id of the ad set.
        audience: The audience that the ad set targets now, by name or id: that it may be taken away.
        connection: Name of the connection.
        advertiser_id: Id of the advertiser.

    Raises:
        ConfigurationError: There is no such ad set, or it targets another audience.
        AccessError: You are no administrator, or the app may not manage campaigns.
    """
    _require_administrator(folder)
    used = connection_of(folder, connection)
    advertiser = advertiser_of(used, advertiser_id, what=_("The ad set"))
    with planner(folder, connection, advertiser) as here:
        now = _ad_set(here, ad_set_id)
        if not now.audience_id:
            return AdSetLink(now.id, now.name, "", "")
        _require_agreed(now, audience, _("To unlink that one, name it: {audience_id!r}.", audience_id=now.audience_id))
        _audit(folder, Action.UNLINK_AD_SET, now, audience="", name="")
        here.side.link(now.id, None)
        return AdSetLink(now.id, now.name, now.audience or now.audience_id, "")


def _with_audiences(here: Planner, ad_sets: Sequence[api.AdSet]) -> list[AdSet]:
    campaigns = here.side.campaign_names
    by_ad_set = {it: audience for audience in here.side.audiences for it in audience.ad_set_ids}
    return [
        AdSet(
            it.id,
            it.name,
            it.advertiser_id,
            it.campaign_id,
            campaigns.get(it.campaign_id, ""),
            it.delivery_status.value,
            it.is_live,
            by_ad_set[it.id].id if it.id in by_ad_set else "",
            by_ad_set[it.id].name if it.id in by_ad_set else "",
        )
        for it in ad_sets
    ]


def _ad_set(here: Planner, ad_set_id: str) -> AdSet:
    found = _with_audiences(here, here.side.ad_sets())
    for it in found:
        if it.id == ad_set_id:
            return it if it.audience_id else _asked(here, it)
    raise unknown_name(mark("ad set"), ad_set_id, [it.id for it in found])


def _asked(here: Planner, ad_set: AdSet) -> AdSet:
    """Return an ad set that no audience names with what Criteo says when it is asked by the ad set."""
    for audience_id, name in here.side.targeted_by(ad_set.id).items():
        return replace(ad_set, audience_id=audience_id, audience=name)
    return ad_set


def _require_agreed(now: AdSet, agreed: str, remedy: Text) -> None:
    """Raise ConfigurationError unless what the ad set targets now is what may be taken away."""
    # Nothing agrees to nothing, also where Criteo leaves out the name.
    if not now.audience_id or (agreed and agreed in (now.audience_id, now.audience)):
        return
    raise ConfigurationError(
        _(
            "Ad set {name!r} ({id}), which is {status}, targets audience {audience!r} ({audience_id}).",
            name=now.name,
            id=now.id,
            status=now.status,
            audience=now.audience,
            audience_id=now.audience_id,
        ),
        remedy,
    )


def _require_administrator(folder: WorkspaceFolder) -> None:
    with folder.reading() as session:
        require_actor(session, folder, least=Role.ADMINISTRATOR)


def _audit(folder: WorkspaceFolder, action: Action, now: AdSet, *, audience: str, name: str) -> None:
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder, least=Role.ADMINISTRATOR)
        audit.record(
            session,
            folder,
            actor,
            action,
            now.name,
            ad_set=now.id,
            advertiser=now.advertiser_id,
            status=now.status,
            before=now.audience_id,
            name_before=now.audience,
            after=audience,
            name_after=name,
        )
