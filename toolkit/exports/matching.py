"""By which profile columns people are known: the data matching of all exports."""

from collections.abc import Iterable

from toolkit.audience import Excluded, IdentityColumn, excluded_of
from toolkit.exports.saved_exports import exports
from toolkit.exports.suppressions import suppression_of
from toolkit.state.folder import WorkspaceFolder


def identity_columns(folder: WorkspaceFolder, sent: Iterable[IdentityColumn] = ()) -> list[IdentityColumn]:
    """Return the columns by which people are known: those that are ``sent`` now, and those that any export sends.

    One that another export names and the profile table no longer has takes no part.
    """
    columns = folder.profiles.columns
    others = [it for export in exports(folder) for it in export.identity_columns if it.name in columns]
    return list({it.key: it for it in [*sent, *others]}.values())


def excluded_for(folder: WorkspaceFolder, sent: Iterable[IdentityColumn], *, exclude: Iterable[str] = ()) -> Excluded:
    """Find who is sent under no identifier by an export that sends these columns and excludes these segments."""
    suppression = suppression_of(folder)
    exclude = list(exclude)
    return excluded_of(
        folder.profiles,
        folder.segments if exclude else None,
        columns=identity_columns(folder, sent),
        exclude=exclude,
        suppression=suppression,
    )
