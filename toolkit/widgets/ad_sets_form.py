"""Ad sets: which audience each targets, and linking another: an act of its own, that asks first."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from toolkit.access.people import Role
from toolkit.campaigns import AdSet, AdSetLink, AdSets
from toolkit.widgets.advertiser_choice import AdvertiserChoice
from toolkit.widgets.code import call_of
from toolkit.widgets.components import button, buttons, heading, paragraph, show
from toolkit.widgets.form import Form
from toolkit.widgets.next_step import CodeLine
from toolkit.widgets.table_view import TableView
from toolkit.workspace import Workspace


class AdSetsForm(Form):
    """``workspace.ad_sets``: find ad sets, link an audience to one, or unlink it."""

    in_python = "workspace.ad_sets.link(ad_set_id, audience)"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self._found: dict[str, AdSet] = {}
        self.draw(self.words.say("Ad sets"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        role = self.workspace.people.me.role
        if role is Role.VIEWER:
            return [paragraph(say("You are a viewer: a contributor can look at ad sets."))]
        self._links = role is Role.ADMINISTRATOR
        self.advertiser = AdvertiserChoice(self)
        self.find = button(say("Find ad sets"), style="primary")
        self.ad_sets = TableView(
            self,
            what=say("Ad set"),
            key="ad_set",
            called="name",
            headings={
                "name": say("Ad set"),
                "campaign": say("Campaign"),
                "status": say("Status"),
                "audience": say("Targets"),
            },
            on_choose=self._choose,
        )
        self.audience = self.field(ipywidgets.Dropdown(options=[], description=say("Audience")))
        self.link = button(say("Link this audience"))
        self.unlink = button(say("Unlink"), style="danger")
        self.actions = ipywidgets.VBox([self.audience.widget, buttons(self.link, self.unlink)])
        self._area = ipywidgets.VBox()
        self._not_linking = paragraph(say("Linking takes an administrator."), kind="toolkit-help")
        self.code = CodeLine(self)
        self.on_click(self.find, self._find)
        self.on_click(self.link, self._ask_to_link)
        self.on_click(self.unlink, self._ask_to_unlink)
        show(self._not_linking, when=not self._links)
        show(self.ad_sets.widget, when=False)
        self.look_again()
        self._choose()
        self.watch()
        return [
            *self.advertiser.widgets,
            buttons(self.find),
            self.ad_sets.widget,
            self.actions,
            self._not_linking,
            self._area,
            self.message.widget,
            self.code.widget,
        ]

    def look_again(self) -> None:
        """Offer the audiences that are declared now."""
        chosen = self.audience.value
        names = list(self.workspace.audiences)
        self.audience.control.options = names
        self.audience.control.value = chosen if chosen in names else next(iter(names), None)

    def _find(self) -> None:
        self.message.clear()
        self.code.clear()
        if self.missing(*self.advertiser.fields):
            return
        options = {"connection": self.advertiser.connection, "advertiser_id": self.advertiser.advertiser_id}
        self.say_busy(self.words.say("Criteo is asked."))

        def done(found: AdSets) -> None:
            self.message.clear()
            self._fill(found)
            self.code.show(call_of("workspace.ad_sets.find", **options))

        self.in_background(lambda _: self.workspace.ad_sets.find(**options), done=done, busy=(self.find,))

    def _fill(self, found: AdSets) -> None:
        self._found = {it.id: it for it in found.ad_sets}
        self.ad_sets.fill(found.frame)
        show(self.ad_sets.widget, when=True)
        self._choose()

    def _choose(self) -> None:
        now = self._found.get(self.ad_sets.chosen or "")
        self._area.children = []
        show(self.actions, when=now is not None and self._links)
        show(self.unlink, when=now is not None and bool(now.audience_id))

    def _chosen(self) -> AdSet:
        return self._found[self.ad_sets.chosen]

    def _ask_to_link(self) -> None:
        say, now, audience = self.words.say, self._chosen(), self.audience.value
        if self.missing(self.audience):
            return
        self._ask(
            now,
            say("It will target {audience}.", audience=audience),
            say("Link this audience"),
            lambda: self.workspace.ad_sets.link(now.id, audience, replaces=now.audience_id),
            call_of(
                "workspace.ad_sets.link",
                now.id,
                audience,
                **({"replaces": now.audience_id} if now.audience_id else {}),
            ),
        )

    def _ask_to_unlink(self) -> None:
        say, now = self.words.say, self._chosen()
        options = {"connection": self.advertiser.connection, "advertiser_id": now.advertiser_id}
        self._ask(
            now,
            say("It will target no audience any more."),
            say("Unlink"),
            lambda: self.workspace.ad_sets.unlink(now.id, now.audience_id, **options),
            call_of("workspace.ad_sets.unlink", now.id, now.audience_id, **options),
        )

    def _ask(self, now: AdSet, then: str, act: str, do: Callable[[], AdSetLink], line: str) -> None:
        say = self.words.say
        self.message.clear()
        self.confirm = button(act, style="danger")
        leave = button(say("Leave as it is"))
        targets = say("It targets {audience} now.", audience=now.audience) if now.audience_id else ""
        told = say("Ad set {name} is {status}.", name=now.name, status=now.status)

        def confirmed() -> None:
            self.say_busy(say("Criteo is asked."))

            def done(link: tuple[AdSetLink, AdSets]) -> None:
                self._fill(link[1])
                self.say_done(self.words.read(link[0].sentence))
                self.code.show(line)

            options = {"connection": self.advertiser.connection, "advertiser_id": now.advertiser_id}
            self.in_background(
                lambda _: (do(), self.workspace.ad_sets.find(**options)), done=done, busy=(self.confirm, leave)
            )

        self.on_click(self.confirm, confirmed)
        self.on_click(leave, self._choose)
        sentences = " ".join(it for it in (told, targets, then) if it)
        self._area.children = [heading(act), paragraph(sentences), buttons(self.confirm, leave)]
