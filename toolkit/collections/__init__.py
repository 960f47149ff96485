"""What a workspace holds, as collections: looked up by name, shown as tables, changed by their verbs."""

from toolkit.collections.ad_sets import AdSetLinks
from toolkit.collections.audiences import Audiences
from toolkit.collections.audit import Audit, AuditRow
from toolkit.collections.checks import Checks
from toolkit.collections.collection import Collection
from toolkit.collections.connections import Connections
from toolkit.collections.exports import Exports
from toolkit.collections.lists import Lists
from toolkit.collections.people import NewPerson, People
from toolkit.collections.refreshes import Refreshes
from toolkit.collections.runs import Runs
from toolkit.collections.segments import Segments
from toolkit.collections.suppressions import SuppressionEntry, Suppressions

__all__ = [
    "AdSetLinks",
    "Audiences",
    "Audit",
    "AuditRow",
    "Checks",
    "Collection",
    "Connections",
    "Exports",
    "Lists",
    "NewPerson",
    "People",
    "Refreshes",
    "Runs",
    "Segments",
    "SuppressionEntry",
    "Suppressions",
]
