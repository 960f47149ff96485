"""The declared Criteo audiences of a workspace."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import polars as pl

from toolkit.campaigns.declared import CriteoAudience, make_audience
from toolkit.campaigns.expression import Combinable
from toolkit.campaigns.saved_audiences import (
    audience_of,
    audiences,
    audiences_frame,
    remove_audience,
    save_audience,
)
from toolkit.campaigns.yaml_files import read_audiences, write_audiences
from toolkit.collections.collection import Collection
from toolkit.spreadsheets import FrameForPeople
from toolkit.translatable import _, mark


class Audiences(Collection[str, CriteoAudience]):
    """The declared Criteo audiences, by name. Nothing changes at Criteo before ``apply``.

    Examples:
        >>> audience = workspace.audiences.save("Best customers", '"High value"', connection="Criteo")
        >>> list(workspace.audiences)
        ['Best customers']
    """

    _title: ClassVar[str] = _("Criteo audiences")
    _kind: ClassVar[str] = mark("Criteo audience")
    _if_empty: ClassVar[str] = _("Save one with workspace.audiences.save(…).")

    def _load(self) -> Mapping[str, CriteoAudience]:
        return {it.name: it for it in audiences(self._folder)}

    def __getitem__(self, name: str) -> CriteoAudience:
        return audience_of(self._folder, name)

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each audience: its definition, connection, advertiser and version.

        Examples:
            >>> workspace.audiences.frame.height
            0
        """
        return FrameForPeople(audiences_frame(self._folder))

    def save(
        self,
        name: str,
        definition: str | Combinable,
        *,
        connection: str,
        advertiser_id: str | int = "",
        adopts: str | int = "",
        based_on: int | None = None,
    ) -> CriteoAudience:
        """Save a Criteo audience, in the place of one of that name. Nothing changes at Criteo before ``apply``.

        Args:
            name: What the audience is called, here and at Criteo.
            definition: Who is in it: text such as ``"High value" and not "Bought last week"``, or an expression of
                ``toolkit.campaigns``.
            connection: Name of the connection.
            advertiser_id: One of the connection's advertisers; not needed if there is only one.
            adopts: The id of an audience that is at Criteo already, and that ``apply`` turns into this one.
            based_on: The version that you edited: if somebody saved another meanwhile, theirs stays.

        Returns:
            The audience as it was saved.

        Raises:
            ConfigurationError: The definition can't be read, or names what is not there; or the connection or the
                advertiser is not there.
            AccessError: You are a viewer, or may not use the connection.

        Examples:
            >>> from toolkit.campaigns import segment
            >>> audience = workspace.audiences.save(
            ...     "Best customers",
            ...     segment("High value") - segment("Lapsed 12 months"),
            ...     connection="Criteo",
            ... )
            >>> audience.definition
            '"High value" and not "Lapsed 12 months"'
        """
        options = {
            "definition": definition,
            "connection": connection,
            "advertiser_id": advertiser_id,
            "adopts": adopts,
        }
        return save_audience(self._folder, make_audience(name, options), based_on=based_on)

    def remove(self, name: str) -> None:
        """Remove a declared audience. The audience at Criteo stays; ``plan`` shows it as left behind.

        Args:
            name: Name of the audience.

        Raises:
            ConfigurationError: There is no audience of that name.
            AccessError: You are a viewer, or may not use its connection.

        Examples:
            >>> audience = workspace.audiences.save("Best customers", '"High value"', connection="Criteo")
            >>> workspace.audiences.remove("Best customers")
            >>> len(workspace.audiences)
            0
        """
        remove_audience(self._folder, name)

    def write(self, path: str | Path) -> None:
        """Write all declared audiences to a YAML file, for version control.

        Args:
            path: The file to write.

        Examples:
            >>> workspace.audiences.write("audiences.yml")
        """
        write_audiences(self._folder, Path(path))

    def read(self, path: str | Path) -> dict[str, CriteoAudience]:
        """Save the audiences of a YAML file. Audiences that are not in the file stay as they are.

        Args:
            path: A file in the form that ``audiences.write`` writes; it may hold exports too.

        Returns:
            The audiences that changed, by name.

        Raises:
            ConfigurationError: The file can't be read or holds no audiences, or an option is wrong.
            AccessError: An audience that changes uses a connection that is not shared with you.

        Examples:
            >>> workspace.audiences.write("audiences.yml")
            >>> workspace.audiences.read("audiences.yml")
            {}
        """
        return read_audiences(self._folder, Path(path))
