"""Segments of a catalog, met with the profile table."""

from collections.abc import Sequence

from toolkit.audience.audience import Audience
from toolkit.audience.identifiers import IdentifierForm
from toolkit.audience.prepare import ProfileKeyError, prepare
from toolkit.tables import Profiles, SegmentFolder, SegmentTable, reading


def audience_of(
    profiles: Profiles,
    catalog: SegmentFolder | SegmentTable,
    segments: Sequence[str],
    *,
    email_column: str,
    exclude: Sequence[str] = (),
    form: IdentifierForm = IdentifierForm.SHA256,
) -> Audience:
    """Prepare these segments of the catalog: scan, match, classify, hash.

    Members of the segments in ``exclude`` are suppressed. Raises DataError or ConfigurationError that names the
    table, the file and the column when one cannot be read, lacks a column, or its keys are null, repeated or of
    another type than the other table's.
    """
    members = catalog.scan([*segments, *(name for name in exclude if name not in segments)])
    with reading(profiles), reading(catalog):
        try:
            return prepare(
                members,
                profiles.scan([email_column]),
                key=catalog.key,
                profile_key=profiles.key,
                email_column=email_column,
                exclude=exclude,
                form=form,
            )
        except ProfileKeyError as error:
            raise profiles.key_error(error.keys) from None
