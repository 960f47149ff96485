"""All that one sandbox knows at a moment."""

from toolkit.sandbox.access import Pace, Tokens
from toolkit.sandbox.answers import audience_not_found, consent_missing
from toolkit.sandbox.faults import FaultPlan
from toolkit.sandbox.journal import Journal
from toolkit.sandbox.lists import Change, ContactList, Lists
from toolkit.sandbox.options import Advertiser, SandboxOptions
from toolkit.sandbox.request_log import RequestLog


class World:
    """Lists, tokens, pace, consents, planned faults and the log; lists alone outlive a restart."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.log = RequestLog()
        self.faults = FaultPlan(options.faults)
        self._journal = Journal(options.keep) if options.keep is not None else None
        self._begin_afresh()
        if self._journal is not None:
            for change in self._journal.changes():
                self.lists.apply(change)

    def _begin_afresh(self) -> None:
        self.lists = Lists(self.options.match_rate)
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
        self.lists.apply(change)

    def reset(self) -> None:
        """Forget lists, tokens, calls, faults and withdrawn consents."""
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
