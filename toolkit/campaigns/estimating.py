"""How many people a Criteo audience would reach, before it is made."""

from toolkit.access.people import Role, require_actor
from toolkit.campaigns.applying import planner
from toolkit.campaigns.declared import make_audience
from toolkit.campaigns.expression import Expression
from toolkit.campaigns.saved_audiences import advertiser_of, audience_of, audiences
from toolkit.errors import ConfigurationError
from toolkit.exports.connections import connection as connection_of
from toolkit.state.folder import WorkspaceFolder
from toolkit.translatable import _


def estimate_audience(
    folder: WorkspaceFolder, definition: str | Expression, *, connection: str = "", advertiser_id: str = ""
) -> int | None:
    """Ask Criteo how many people an audience would reach. Nothing is made.

    Args:
        folder: The workspace.
        definition: Who is in it; or the name of a declared audience.
        connection: Name of the connection; not needed for a declared audience.
        advertiser_id: Id of the advertiser; not needed if there is only one.

    Returns:
        How many people; None where Criteo does not say.

    Raises:
        ConfigurationError: The definition can't be read, a segment was never sent, or one is to be made first.
        AccessError: You are a viewer, or may not use the connection.
    """
    with folder.reading() as session:
        require_actor(session, folder, least=Role.CONTRIBUTOR)
    if isinstance(definition, str) and not connection and definition in {it.name for it in audiences(folder)}:
        declared = audience_of(folder, definition)
        connection, advertiser_id = declared.connection, declared.advertiser_id
        expression = declared.expression
    else:
        options = {"definition": definition, "connection": connection, "advertiser_id": advertiser_id}
        expression = make_audience(_ESTIMATE, options).expression
    used = connection_of(folder, connection)
    advertiser = advertiser_of(used, advertiser_id, what=_("The estimate"))
    with planner(folder, connection, advertiser) as here:
        resolved = here.resolve(expression)
        if resolved.missing:
            raise ConfigurationError(
                _("The segment {name!r} is not at Criteo yet.", name=resolved.missing[0].name),
                _("Apply the audience: it makes the segment. Or estimate it without that part."),
            )
        return here.side.estimate(resolved.expression)


_ESTIMATE = "Estimate"
