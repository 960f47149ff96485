"""What a person's disclosure can't tell, and why."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from toolkit.translatable import _, ngettext


class GapCode(StrEnum):
    """Why a disclosure may not tell everything; stays the same when its words change.

    Examples:
        >>> toolkit.GapCode("ledger_lost")
        <GapCode.LEDGER_LOST: 'ledger_lost'>
    """

    OTHER_RECORDS = "other_records"
    """What Criteo and other workspaces keep."""
    SHARED = "shared"
    """The identifier belongs to several customers, who need not be one person."""
    HISTORY_INCOMPLETE = "history_incomplete"
    LEDGER_LOST = "ledger_lost"
    UNKNOWN_MEMBERS = "unknown_members"
    """A list held members before this workspace filled it."""
    RUN_UNKNOWN = "run_unknown"
    CONSENT_UNPROVED = "consent_unproved"
    """The evidence of consent of a run is missing or was altered."""
    PROFILES_UNREADABLE = "profiles_unreadable"
    SUPPRESSIONS_LOST = "suppressions_lost"
    LIFTED = "lifted"
    """Entries of the suppression list were lifted, and their people dropped."""


class Gap(BaseModel):
    """Something that a disclosure can't tell.

    Examples:
        >>> gap = toolkit.Gap(code=toolkit.GapCode.LIFTED, count=1)
        >>> gap.name
        ''
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: GapCode
    name: str = ""
    """The list or run that it is about."""
    count: int = 0

    def __str__(self) -> str:
        match self.code:
            case GapCode.OTHER_RECORDS:
                text = _(
                    "This is what this workspace recorded. Other workspaces have records of their own, and only Criteo "
                    "knows whom it matched and what it showed them."
                )
            case GapCode.SHARED:
                text = ngettext(
                    "The identifier belongs to {count:,} customer.",
                    "The identifier belongs to {count:,} customers, and this is about all of them. Before you hand it "
                    "over, check that they are one person.",
                    self.count,
                )
            case GapCode.HISTORY_INCOMPLETE:
                text = ngettext(
                    "{count:,} file with the history of list {name!r} is missing or damaged.",
                    "{count:,} files with the history of list {name!r} are missing or damaged.",
                    self.count,
                    name=self.name,
                )
            case GapCode.LEDGER_LOST:
                text = _(
                    "The record of what list {name!r} holds is lost or damaged: it isn't known whether the list holds "
                    "the person now.",
                    name=self.name,
                )
            case GapCode.UNKNOWN_MEMBERS:
                text = _("List {name!r} held members before this workspace filled it.", name=self.name)
            case GapCode.RUN_UNKNOWN:
                text = _("The record of run {name} was removed.", name=self.name)
            case GapCode.CONSENT_UNPROVED:
                text = _(
                    "The evidence of consent of run {name} is missing or was altered: on what basis it sent the person "
                    "isn't known.",
                    name=self.name,
                )
            case GapCode.PROFILES_UNREADABLE:
                text = _(
                    "The profile table can't be read: what was sent under an identifier that only a profile links to "
                    "this person was not looked for."
                )
            case GapCode.SUPPRESSIONS_LOST:
                text = ngettext(
                    "{count:,} entry of the suppression list is lost: it isn't known whom it named.",
                    "{count:,} entries of the suppression list are lost: it isn't known whom they named.",
                    self.count,
                )
            case GapCode.LIFTED:
                text = ngettext(
                    "{count:,} entry of the suppression list was lifted: whom it named was not kept.",
                    "{count:,} entries of the suppression list were lifted: whom they named was not kept.",
                    self.count,
                )
        return text
