"""Notification: people are told once when something goes wrong, and once when it is well again."""

from toolkit.notify.addresses import ADDRESSES_VARIABLE, FILE_VARIABLE, Address, addresses
from toolkit.notify.matters import GOOD, Matter, Subject, Trouble, matters_frame, note, tell
from toolkit.notify.of_runs import tell_of_run, trouble_of, trouble_of_error, trouble_of_run

__all__ = [
    "ADDRESSES_VARIABLE",
    "FILE_VARIABLE",
    "GOOD",
    "Address",
    "Matter",
    "Subject",
    "Trouble",
    "addresses",
    "matters_frame",
    "note",
    "tell",
    "tell_of_run",
    "trouble_of",
    "trouble_of_error",
    "trouble_of_run",
]
