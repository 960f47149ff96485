"""All that one sandbox knows at a moment."""

from toolkit.sandbox.access import Pace, Tokens
from toolkit.sandbox.algebra import People
from toolkit.sandbox.answers import audience_not_found, consent_missing
from toolkit.sandbox.audiences import Audience, AudienceDeleted, Audiences
from toolkit.sandbox.campaigns import Campaigns, Delivering, Linked
from toolkit.sandbox.changes import Change
from toolkit.sandbox.faults import FaultPlan
from toolkit.sandbox.journal import Journal
from toolkit.sandbox.lists import ContactList, Lists
from toolkit.sandbox.options import Advertiser, SandboxOptions
from toolkit.sandbox.other_segments import OtherSegment, OtherSegments, SegmentDeleted, people_of
from toolkit.sandbox.request_log import RequestLog


class World:
    """What is held, tokens, pace, consents, planned faults and the log; what is held alone outlives a restart."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.log = RequestLog()
        self.faults = FaultPlan(options.faults)
        self._journal = Journal(options.keep) if options.keep is not None else None
        self._begin_afresh()
        if self._journal is not None:
            for change in self._journal.changes():
                self._apply(change)

    def _begin_afresh(self) -> None:
        self.lists = Lists(self.options.match_rate)
        self.other_segments = OtherSegments()
        self.audiences = Audiences()
        self.campaigns = Campaigns(advertiser.id for advertiser in self.options.advertisers)
        self.permissions = set(self.options.permissions)
        self.tokens = Tokens(self.options.token_life_seconds)
        self.pace = Pace(self.options.calls_per_minute, self.options.minute_seconds)
        self.consents = {advertiser.id for advertiser in self.options.advertisers if advertiser.consents}

    @property
    def keeps(self) -> bool:
        """Whether lists survive a restart, and nothing readable may be held."""
        return self._journal is not None

    def change(self, change: Change) -> None:
        """Write a change down, then let it take effect."""
        if self._journal is not None:
            self._journal.append(change)
        self._apply(change)

    def _apply(self, change: Change) -> None:
        match change:
            case OtherSegment() | SegmentDeleted():
                self.other_segments.apply(change)
            case Audience() | AudienceDeleted():
                self.audiences.apply(change)
            case Linked() | Delivering():
                self.campaigns.apply(change)
            case _:
                self.lists.apply(change)

    @property
    def next_segment_id(self) -> int:
        """The id of the next segment, of whatever kind."""
        return max(self.lists.next_id, self.other_segments.next_id)

    def segment(self, segment_id: str) -> ContactList | OtherSegment | None:
        """Return a segment of any kind."""
        return self.lists.find(segment_id) or self.other_segments.find(segment_id)

    def segments(self) -> list[ContactList | OtherSegment]:
        """Return all segments, oldest first."""
        return sorted([*self.lists, *self.other_segments], key=lambda it: it.id)

    def has_segment(self, name: str, *, advertiser_id: str, other_than: int | None = None) -> bool:
        """Tell whether an advertiser already has a segment of this name."""
        return any(
            it.name == name and it.advertiser_id == advertiser_id and it.id != other_than
            for some in (self.lists, self.other_segments)
            for it in some
        )

    def people(self, segment_id: str) -> People:
        """Return whom a segment reaches; nobody where there is none, for an audience may outlive its segments."""
        held = self.segment(segment_id)
        match held:
            case None:
                return People()
            case OtherSegment():
                return people_of(held)
            case _:
                return held.people(self.options.match_rate)

    def reset(self) -> None:
        """Forget what is held, tokens, calls, faults, withdrawn consents and permissions."""
        if self._journal is not None:
            self._journal.clear()
        self._begin_afresh()
        self.faults.clear()
        self.log.clear()

    def consenting_advertisers(self) -> list[Advertiser]:
        """Return the advertisers a client may see."""
        return [advertiser for advertiser in self.options.advertisers if advertiser.id in self.consents]

    def require_consent(self, advertiser_id: str) -> None:
        """Refuse with 403 what is asked for an advertiser that did not consent, or is not there."""
        if advertiser_id not in self.consents:
            raise consent_missing(advertiser_id)

    def takes_phones(self, advertiser_id: str) -> bool:
        """Tell whether telephone numbers are taken of an advertiser."""
        return any(it.takes_phones for it in self.options.advertisers if it.id == advertiser_id)

    def open_list(self, list_id: str) -> ContactList:
        """Return a list that may be worked on; refuse with 404 or 403 otherwise."""
        held = self.lists.find(list_id)
        if held is None:
            raise audience_not_found(list_id)
        self.require_consent(held.advertiser_id)
        return held
