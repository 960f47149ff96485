"""The declared Criteo audiences of a workspace."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from toolkit.campaigns.applying import apply_audiences, delete_audience, delete_unused_segments, plan_audiences
from toolkit.campaigns.declared import DeclaredAudience, make_audience
from toolkit.campaigns.estimating import estimate_audience
from toolkit.campaigns.expression import Expression
from toolkit.campaigns.plan import AppliedAudiences, AudiencePlan
from toolkit.campaigns.saved_audiences import (
    audience_of,
    audiences,
    audiences_frame,
    remove_audience,
    save_audience,
)
from toolkit.campaigns.sizes import sizes_frame
from toolkit.campaigns.yaml_files import AUDIENCES_YAML
from toolkit.collections.collection import Collection
from toolkit.names import listed
from toolkit.spreadsheets import FrameForPeople
from toolkit.translatable import _, mark


class Audiences(Collection[str, DeclaredAudience]):
    """The declared Criteo audiences, by name. Nothing changes at Criteo before ``apply``.

    Examples:
        >>> audience = workspace.audiences.save(
        ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
        ... )
        >>> list(workspace.audiences)
        ['Best customers']
    """

    _title: ClassVar[str] = _("Criteo audiences")
    _kind: ClassVar[str] = mark("Criteo audience")
    _if_empty: ClassVar[str] = _("Save one with workspace.audiences.save(…).")

    def _load(self) -> Mapping[str, DeclaredAudience]:
        return {it.name: it for it in audiences(self._folder)}

    def __getitem__(self, name: str) -> DeclaredAudience:
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
        definition: str | Expression,
        *,
        connection: str,
        advertiser_id: str | int = "",
        adopts: str | int = "",
        based_on: int | None = None,
    ) -> DeclaredAudience:
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
            ...     connection="Criteo", advertiser_id="2711",
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
            >>> audience = workspace.audiences.save(
            ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
            ... )
            >>> workspace.audiences.remove("Best customers")
            >>> len(workspace.audiences)
            0
        """
        remove_audience(self._folder, name)

    def plan(self, names: str | Sequence[str] = ()) -> AudiencePlan:
        """Compare declared audiences with what is at Criteo. Nothing is changed.

        Args:
            names: Which; all of them by default, with those that are left behind or not yours.

        Returns:
            What ``apply`` would create and change, what somebody changed at Criteo, what can't be applied and why, and
            which ad sets target it.

        Raises:
            ConfigurationError: There is no audience of one of the names.
            AccessError: You may not use the connection of one that is named.

        Examples:
            >>> audience = workspace.audiences.save(
            ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
            ... )
            >>> [(it.name, it.step.value) for it in workspace.audiences.plan()]
            [('Best customers', 'create')]
        """
        return plan_audiences(self._folder, listed(names, what=_("names")))

    def apply(self, names: str | Sequence[str] = (), *, overwrite: bool = False) -> AppliedAudiences:
        """Bring Criteo to what is declared: create and change audiences, and the segments that they need.

        Ad sets are not touched: see ``workspace.ad_sets``. A second time changes nothing. After an interruption, the
        next time goes on. What this workspace did not make is never changed and never deleted.

        Args:
            names: Which; all of them by default.
            overwrite: Whether audiences that somebody changed at Criteo are changed back.

        Returns:
            What was done with each, and its size. One that can't be applied doesn't keep the others from it.

        Raises:
            ConfigurationError: There is no audience of one of the names.
            AccessError: You are a viewer, or may not use the connection of one that is named.

        Examples:
            >>> audience = workspace.audiences.save(
            ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
            ... )
            >>> [it.step.value for it in workspace.audiences.apply().raise_for_status()]
            ['create']
            >>> workspace.audiences.plan().is_up_to_date
            True
        """
        return apply_audiences(self._folder, listed(names, what=_("names")), overwrite=overwrite)

    def estimate(
        self, definition: str | Expression, *, connection: str = "", advertiser_id: str | int = ""
    ) -> int | None:
        """Ask Criteo how many people an audience would reach. Nothing is made.

        Args:
            definition: Who is in it, as in ``save``; or the name of a declared audience.
            connection: Name of the connection; not needed for a declared audience.
            advertiser_id: Id of the advertiser; not needed if there is only one.

        Returns:
            How many people; None where Criteo does not say.

        Raises:
            ConfigurationError: The definition can't be read, or a segment of it is not at Criteo yet.
            AccessError: You are a viewer, or may not use the connection.

        Examples:
            >>> size = workspace.audiences.estimate('"High value"', connection="Criteo", advertiser_id="2711")
            >>> size is None or size > 0
            True
        """
        return estimate_audience(self._folder, definition, connection=connection, advertiser_id=str(advertiser_id))

    @property
    def sizes(self) -> pl.DataFrame:
        """How many people each audience reached, each time that it was applied or refreshed: a row each.

        Examples:
            >>> workspace.audiences.sizes.columns
            ['audience', 'at', 'audience_id', 'size']
        """
        return FrameForPeople(sizes_frame(self._folder))

    @property
    def sizes_chart(self) -> Any:
        """The sizes over time as an Altair chart, a line for each of the largest audiences.

        Examples:
            >>> workspace.audiences.sizes_chart.to_dict()["height"]
            180
        """
        from toolkit.campaigns.charts import sizes_chart

        return sizes_chart(sizes_frame(self._folder))

    def delete(self, audience_id: str | int, *, connection: str, advertiser_id: str | int) -> None:
        """Delete an audience at Criteo that is left behind: this workspace made it, and its declaration was removed.

        Args:
            audience_id: Id of the audience at Criteo, as ``plan`` shows it.
            connection: Name of the connection.
            advertiser_id: Id of the advertiser.

        Raises:
            ConfigurationError: It is not left behind, somebody changed it at Criteo, or an ad set targets it.
            AccessError: You are a viewer, or may not use the connection.

        Examples:
            >>> audience = workspace.audiences.save(
            ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
            ... )
            >>> (applied,) = workspace.audiences.apply()
            >>> workspace.audiences.remove("Best customers")
            >>> workspace.audiences.delete(
            ...     applied.audience_id, connection="Criteo", advertiser_id=audience.advertiser_id
            ... )
        """
        delete_audience(self._folder, str(audience_id), connection=connection, advertiser_id=str(advertiser_id))

    def delete_unused_segments(self, *, connection: str, advertiser_id: str | int) -> pl.DataFrame:
        """Delete the lookalikes and other segments at Criteo that ``apply`` made, and that no audience uses any more.

        What somebody else made, or gave another name, stays.

        Args:
            connection: Name of the connection.
            advertiser_id: Id of the advertiser.

        Returns:
            A row for each that was deleted: ``segment_id`` and ``segment``, its name at Criteo.

        Raises:
            ConfigurationError: What a declared audience needs can't be known, such as a list that was never sent.
            AccessError: You are a viewer, or may not use the connection.

        Examples:
            >>> workspace.audiences.delete_unused_segments(connection="Criteo", advertiser_id="2711").height
            0
        """
        deleted = delete_unused_segments(self._folder, connection=connection, advertiser_id=str(advertiser_id))
        return FrameForPeople(deleted)

    def write(self, path: str | Path) -> None:
        """Write all declared audiences to a YAML file, for version control.

        Args:
            path: The file to write.

        Examples:
            >>> workspace.audiences.write("audiences.yml")
        """
        AUDIENCES_YAML.write(self._folder, Path(path))

    def read(self, path: str | Path) -> dict[str, DeclaredAudience]:
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
        return AUDIENCES_YAML.read(self._folder, Path(path))
