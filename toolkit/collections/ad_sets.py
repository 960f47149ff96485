"""The ad sets at Criteo, and which audience each targets."""

from toolkit.campaigns.ad_sets import AdSetLink, AdSets, find_ad_sets, link_ad_set, unlink_ad_set
from toolkit.state.folder import WorkspaceFolder


class AdSetLinks:
    """Find ad sets, and link Criteo audiences to them. Nothing else in the toolkit changes what an ad set targets.

    Examples:
        >>> workspace.ad_sets.find(connection="Criteo", advertiser_id="2711").frame.columns
        ['ad_set', 'name', 'campaign', 'status', 'audience', 'audience_id']
    """

    def __init__(self, folder: WorkspaceFolder) -> None:
        self._folder = folder

    def find(self, *, connection: str, advertiser_id: str | int = "", campaign_id: str | int = "") -> AdSets:
        """Find the ad sets of an advertiser, with their status and the audience that each targets.

        Args:
            connection: Name of the connection.
            advertiser_id: Id of the advertiser; not needed if there is only one.
            campaign_id: Only those of this campaign.

        Returns:
            The ad sets; ``frame`` has a row for each.

        Raises:
            AccessError: Your Criteo app may not read campaigns, or you may not use the connection.
            ConfigurationError: The connection or the advertiser is not there.

        Examples:
            >>> found = workspace.ad_sets.find(connection="Criteo", advertiser_id="2711")
            >>> found.frame.height == len(found)
            True
        """
        return find_ad_sets(
            self._folder, connection=connection, advertiser_id=str(advertiser_id), campaign_id=str(campaign_id)
        )

    def link(self, ad_set_id: str | int, audience: str, *, replaces: str | int = "") -> AdSetLink:
        """Let an ad set target a declared audience. Administrators only; the audit records it.

        Args:
            ad_set_id: Id of the ad set.
            audience: Name of the declared audience, which ``apply`` brought to Criteo.
            replaces: If the ad set targets another audience now: its id or name, which says that it may be replaced.

        Returns:
            What the ad set targeted, and what it targets now.

        Raises:
            ConfigurationError: The audience is not at Criteo as it is declared, there is no such ad set, or it targets
                another audience that ``replaces`` does not name.
            AccessError: You are no administrator, or your Criteo app may not manage campaigns.

        Examples:
            >>> audience = workspace.audiences.save(
            ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
            ... )
            >>> applied = workspace.audiences.apply().raise_for_status()
            >>> ad_set = workspace.ad_sets.find(connection="Criteo", advertiser_id="2711")[0]
            >>> workspace.ad_sets.link(ad_set.id, "Best customers").after
            'Best customers'
        """
        return link_ad_set(self._folder, str(ad_set_id), audience, replaces=str(replaces))

    def unlink(
        self, ad_set_id: str | int, audience: str | int, *, connection: str, advertiser_id: str | int = ""
    ) -> AdSetLink:
        """Let an ad set target no audience any more. Administrators only; the audit records it.

        Args:
            ad_set_id: Id of the ad set.
            audience: The audience that it targets now, by name or id, which says that it may be taken away.
            connection: Name of the connection.
            advertiser_id: Id of the advertiser; not needed if there is only one.

        Returns:
            What the ad set targeted.

        Raises:
            ConfigurationError: There is no such ad set, or it targets another audience.
            AccessError: You are no administrator, or your Criteo app may not manage campaigns.

        Examples:
            >>> audience = workspace.audiences.save(
            ...     "Best customers", '"High value"', connection="Criteo", advertiser_id="2711"
            ... )
            >>> applied = workspace.audiences.apply().raise_for_status()
            >>> ad_set = workspace.ad_sets.find(connection="Criteo", advertiser_id="2711")[0]
            >>> link = workspace.ad_sets.link(ad_set.id, "Best customers")
            >>> workspace.ad_sets.unlink(
            ...     ad_set.id, "Best customers", connection="Criteo", advertiser_id="2711"
            ... ).before
            'Best customers'
        """
        return unlink_ad_set(
            self._folder,
            str(ad_set_id),
            str(audience),
            connection=connection,
            advertiser_id=str(advertiser_id),
        )
