"""What a profile table holds, told by its content: how well it is filled, and which columns people can be sent by."""

from toolkit.profiling.candidates import Candidate, find_candidates
from toolkit.profiling.column_content import ContentType
from toolkit.profiling.profile_quality import ProfileQuality, quality_of

__all__ = ["Candidate", "ContentType", "ProfileQuality", "find_candidates", "quality_of"]
