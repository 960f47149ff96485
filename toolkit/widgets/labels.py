"""Closed sets of words, as a person reads them."""

from toolkit.access.people import Role
from toolkit.audience import HashFormat, Status
from toolkit.exports.export import Mode
from toolkit.exports.schedule import Every, Weekday
from toolkit.runs import Guard, RunStatus, Step, Trigger
from toolkit.translatable import mark
from toolkit.widgets.language import Words

_TERMS: dict[str, str] = {
    Status.EXPORTABLE: mark("Exportable"),
    Status.NOT_IN_PROFILES: mark("Not in the profiles"),
    Status.SUPPRESSED: mark("Excluded"),
    Status.NO_CONSENT: mark("No consent of the person"),
    Status.MISSING_IDENTIFIER: mark("No identifier"),
    Status.INVALID_IDENTIFIER: mark("Invalid identifier"),
    Status.DUPLICATE_IDENTIFIER: mark("Identifier of another member"),
    HashFormat.SHA256: mark("SHA-256 (recommended)"),
    HashFormat.MD5: mark("MD5"),
    HashFormat.SHA256_OF_MD5: mark("SHA-256 of the MD5"),
    HashFormat.PLAIN: mark("Plain, not hashed"),
    Mode.MIRROR: mark("Mirror: the list holds exactly the segment; only the difference is sent"),
    Mode.APPEND: mark("Append: new members are added, none is removed"),
    Mode.REPLACE: mark("Replace: the list is emptied, and the whole segment sent"),
    RunStatus.QUEUED: mark("Queued"),
    RunStatus.RUNNING: mark("Running"),
    RunStatus.SUCCESSFUL: mark("Successful"),
    RunStatus.FAILED: mark("Failed"),
    RunStatus.FAILED_RETRYING: mark("Failed, and tried again"),
    RunStatus.SKIPPED: mark("Skipped"),
    RunStatus.CANCELED: mark("Canceled"),
    "successful with warnings": mark("Successful, with warnings"),
    Step.PREPARE: mark("Preparing"),
    Step.CHECK: mark("Checking"),
    Step.PLAN: mark("Planning"),
    Step.PUSH: mark("Sending"),
    Step.DONE: mark("Ready"),
    Trigger.PERSON: mark("A person"),
    Trigger.SCHEDULE: mark("Its schedule"),
    Trigger.REFRESH: mark("Scheduled refresh"),
    Trigger.FORGET: mark("A data subject request"),
    Trigger.LISTS: mark("A list left behind"),
    Guard.EMPTIED: mark("Emptied segment: it has nobody to send, and had before"),
    Guard.LARGE_CHANGE: mark("Large change: more than the set share of a list"),
    Guard.OLDER_INPUT: mark("Older input: a file is older than at the last run"),
    Guard.CHANGING_INPUT: mark("Changing input: a file was written while it was read"),
    Guard.OVER_LIMIT: mark("Over the limit: more identifiers than one export may hold"),
    Guard.OVER_CONTRACT: mark("Over the contract: more identifiers than the contract with Criteo allows"),
    Guard.LOW_COVERAGE: mark("Low coverage: fewer members with an e-mail than the threshold"),
    Guard.LOW_VALIDITY: mark("Low validity: fewer valid e-mails than the threshold"),
    Guard.LIVE_CAMPAIGN: mark("Live campaign: a live ad set depends on a list that would be emptied"),
    Guard.OTHER_LEDGER: mark("Other workspace: take over a list that another one changed"),
    Every.REFRESH.name: mark("With every scheduled refresh"),
    Every.DAY.name: mark("Daily"),
    Every.WEEK.name: mark("Weekly"),
    Every.OFF.name: mark("Off: a person runs it, on demand"),
    Weekday.MONDAY: mark("Monday"),
    Weekday.TUESDAY: mark("Tuesday"),
    Weekday.WEDNESDAY: mark("Wednesday"),
    Weekday.THURSDAY: mark("Thursday"),
    Weekday.FRIDAY: mark("Friday"),
    Weekday.SATURDAY: mark("Saturday"),
    Weekday.SUNDAY: mark("Sunday"),
    Role.VIEWER: mark("Viewer"),
    Role.CONTRIBUTOR: mark("Contributor"),
    Role.ADMINISTRATOR: mark("Administrator"),
}


def term(words: Words, value: str) -> str:
    """Return the word for a value of a closed set; the value itself when none is known."""
    return words.say(_TERMS[value]) if value in _TERMS else value.replace("_", " ")
