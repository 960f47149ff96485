"""Every way in which what a sandbox holds changes."""

from toolkit.sandbox import lists
from toolkit.sandbox.audiences import Audience, AudienceDeleted
from toolkit.sandbox.campaigns import Delivering, Linked
from toolkit.sandbox.other_segments import OtherSegment, SegmentDeleted

Change = lists.Change | OtherSegment | SegmentDeleted | Audience | AudienceDeleted | Linked | Delivering
