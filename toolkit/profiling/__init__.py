"""What a profile table holds, told by its content: how well it is filled, and which columns people can be sent by."""

from toolkit.profiling.candidates import Candidate, find_candidates
from toolkit.profiling.column_content import ContentType
from toolkit.profiling.profile_quality import ProfileQuality, quality_of
from toolkit.profiling.proposal import KeyProposal, ProfileProposal, propose_key, propose_profiles

__all__ = [
    "Candidate",
    "ContentType",
    "KeyProposal",
    "ProfileProposal",
    "ProfileQuality",
    "find_candidates",
    "propose_key",
    "propose_profiles",
    "quality_of",
]
