"""Notification: people are told once when something goes wrong, and once when it is well again."""

from toolkit.notify.addresses import ADDRESSES_VARIABLE, FILE_VARIABLE, Address, addresses
from toolkit.notify.matters import Matter, MatterState, Subject, headline, matter_states, note, tell
from toolkit.notify.of_runs import tell_of_run, trouble_of_run

__all__ = [
    "ADDRESSES_VARIABLE",
    "FILE_VARIABLE",
    "Address",
    "Matter",
    "MatterState",
    "Subject",
    "addresses",
    "headline",
    "matter_states",
    "note",
    "tell",
    "tell_of_run",
    "trouble_of_run",
]
