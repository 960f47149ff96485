"""What an analyst sees before anything is sent: who would be, who not and why, what would change, how long it takes.

Nothing here sends anything, nor imports Great Expectations. Criteo is asked only when that is asked for.
"""

from toolkit.preview.build import FIRST_MEMBERS, preview_of_export, preview_of_members, preview_of_segments
from toolkit.preview.preview import Preview

__all__ = ["FIRST_MEMBERS", "Preview", "preview_of_export", "preview_of_members", "preview_of_segments"]
