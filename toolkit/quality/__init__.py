"""What a profile table holds, told by its content: how well it is filled, and which columns people can be sent by."""

from toolkit.quality.candidates import Candidate, find_candidates
from toolkit.quality.holding import Holds
from toolkit.quality.quality import ProfileQuality, quality_of

__all__ = ["Candidate", "Holds", "ProfileQuality", "find_candidates", "quality_of"]
