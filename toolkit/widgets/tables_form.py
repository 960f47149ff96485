"""Say where one's own tables are: point at them, see their columns, take the key that is proposed, save."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import polars as pl

from toolkit.access.people import Role
from toolkit.display import table_of_texts
from toolkit.identifiers import first_type, identifier_types
from toolkit.markup import joined, markup
from toolkit.profiling import KeyProposal, ProfileProposal, propose_key, propose_profiles
from toolkit.profiling.proposal import known_share
from toolkit.sources import Profiles, SegmentFolder, SegmentTable
from toolkit.widgets.code import call_of
from toolkit.widgets.components import button, buttons, heading, paragraph, show
from toolkit.widgets.form import Form
from toolkit.widgets.next_step import CodeLine
from toolkit.workspace import Workspace

_MOST_SEGMENTS_SHOWN = 20
_MOST_SEGMENTS_TRIED = 3


class TablesForm(Form):
    """``workspace.read_from`` in two steps: look at the tables, then save where they are."""

    in_python = "workspace.read_from(profiles=toolkit.Profiles(…), segments=toolkit.SegmentFolder(…))"

    def __init__(self, workspace: Workspace, *, language: str | None = None) -> None:
        super().__init__(workspace, language=language)
        self.proposal: ProfileProposal | None = None
        """What was found at the location of the profiles."""
        self._how_key_was_found = ""
        self.draw(self.words.say("Your tables"), self._parts)

    def _parts(self) -> Sequence[Any]:
        say = self.words.say
        if self.workspace.people.me.role is Role.VIEWER:
            return [paragraph(say("You are a viewer: a contributor can say where the tables are."))]
        overview = self.workspace.overview.tables
        there = [it or "" for it in (_location(overview, "profiles"), _location(overview, "segments"))]
        self.profiles = self.field(
            ipywidgets.Text(value=there[0], description=say("Profiles"), continuous_update=False),
            help_text=say(
                "A file or a folder: Parquet, CSV, Delta or Iceberg; a path on this machine, or a URL of your storage."
            ),
        )
        self.segments = self.field(
            ipywidgets.Text(value=there[1], description=say("Segments"), continuous_update=False),
            help_text=say("A folder with a file or folder for each segment, or one table of all memberships."),
        )
        self.look = button(say("Look at the tables"), style="primary")
        self.key = self.field(ipywidgets.Dropdown(description=say("Customer key in the profiles")))
        self.segments_key = self.field(ipywidgets.Dropdown(description=say("Customer key in the segments")))
        self.segment_column = self.field(
            ipywidgets.Dropdown(description=say("Column with the segment's name")),
            help_text=say("Only where one table holds all memberships."),
        )
        self.save = button(say("Save"), style="primary")
        self.found = ipywidgets.HTML()
        self.code = CodeLine(self)
        self._proposed = ipywidgets.VBox(
            [
                heading(say("What was found")),
                self.found,
                self.key.widget,
                self.segments_key.widget,
                self.segment_column.widget,
                buttons(self.save),
            ]
        )
        show(self._proposed, when=False)
        self.on_click(self.look, self._look)
        self.on_change(self.key.control, self._explain_key)
        self.on_click(self.save, self._save)
        return [
            paragraph(say("Nothing is copied or changed: the toolkit reads your tables where they are.")),
            self.profiles.widget,
            self.segments.widget,
            buttons(self.look),
            self._proposed,
            self.message.widget,
            self.code.widget,
        ]

    def _look(self) -> None:
        say = self.words.say
        self.message.clear()
        self.code.clear()
        show(self._proposed, when=False)
        if self.missing(self.profiles, self.segments):
            return
        locations = [_absolute(it.value) for it in (self.profiles, self.segments)]
        self.say_busy(say("The tables are looked at. A large one takes a moment."))

        def look(_: object) -> tuple[ProfileProposal, _Segments | Exception]:
            profiles = propose_profiles(locations[0])
            try:
                return profiles, _segments_at(locations[1], profiles, locations[0])
            except Exception as problem:  # noqa: BLE001  # told at its field, beside what was found of the profiles
                return profiles, problem

        self.in_background(
            look,
            done=lambda it: self._show(*it),
            busy=(self.look, self.save),
            failed=lambda: self.tell_at(self.profiles),
        )

    def _show(self, proposal: ProfileProposal, segments: "_Segments | Exception") -> None:
        say = self.words.say
        self.message.clear()
        self.proposal = proposal
        if isinstance(segments, Exception):
            self.tell(segments)
            self.tell_at(self.segments)
            self.found.value = _columns_html(self, proposal)
            show(self._proposed, when=True)
            show(self.save, when=False)
            return
        show(self.save, when=True)
        best = segments.key
        profile_columns = proposal.quality.frame["column"].to_list()
        self.key.control.options = [*proposal.keys, *(it for it in profile_columns if it not in proposal.keys)]
        self.key.control.value = best.profiles_key if best else next(iter(proposal.keys), profile_columns[0])
        self.segments_key.control.options = segments.columns
        wanted = best.segments_key if best else self.key.value
        self.segments_key.control.value = wanted if wanted in segments.columns else segments.columns[0]
        self.segment_column.control.options = [(say("None"), ""), *((it, it) for it in segments.columns)]
        show(self.segment_column.widget, when=len(segments.columns) > 1)
        self._how_key_was_found = (
            say("{share} of the first segment's members are in the profiles.", share=self.words.share(best.share))
            if best
            else say("No column of the profiles holds the keys of the segments. Choose the two that belong together.")
        )
        self._explain_key()
        self.found.value = joined([_columns_html(self, proposal), _segments_html(self, segments)])
        show(self._proposed, when=True)
        self.say_done(
            say(
                "{profiles} and {segments} are found. See that the key is right, then save.",
                profiles=self.words.some("{count} profile", "{count} profiles", proposal.quality.rows),
                segments=self.words.some("{count} segment", "{count} segments", len(segments.names)),
            )
        )

    def _explain_key(self) -> None:
        """Say how the chosen key was found, and at its field what is wrong with it."""
        self.key.explain(self._how_key_was_found)
        flaw = self.proposal.flaw_of_key(self.key.value) if self.proposal and self.key.value else ""
        self.key.problem = self.words.read(flaw)

    def _save(self) -> None:
        say = self.words.say
        profiles = Profiles(location=_absolute(self.profiles.value), key=self.key.value)
        place, column = _absolute(self.segments.value), self.segment_column.value
        segments: SegmentFolder | SegmentTable = (
            SegmentTable(location=place, key=self.segments_key.value, segment=column)
            if column
            else SegmentFolder(location=place, key=self.segments_key.value)
        )
        self.say_busy(say("The tables are checked."))

        def check_and_save(_: object) -> tuple[int, bool]:
            profiles.check_keys()
            found = segments.names()
            belong_together = not isinstance(segments, SegmentFolder) or any(
                known_share(profiles, segments, it) for it in found[:_MOST_SEGMENTS_TRIED]
            )
            self.workspace.read_from(profiles=profiles, segments=segments)
            return len(found), belong_together

        def done(saved: tuple[int, bool]) -> None:
            count, belong_together = saved
            self.code.show(_code(profiles, segments))
            self.announce_change()
            if not belong_together:
                self.message.show(
                    say("Warning"),
                    say("The tables are saved, but the profiles have no member of the first segments."),
                    say("Choose the two columns that belong together, then save again."),
                    kind="warning",
                )
                return
            self.say_done(
                self.words.some(
                    "The workspace reads your tables now: {count} segment.",
                    "The workspace reads your tables now: {count} segments.",
                    count,
                ),
                say("Next, add a connection, or choose segments for an export."),
            )

        self.in_background(
            check_and_save, done=done, busy=(self.look, self.save), failed=lambda: self.tell_at(self.key)
        )


class _Segments:
    """What was found at the location of the segments."""

    def __init__(self, names: list[str], columns: list[str], key: KeyProposal | None) -> None:
        self.names = names
        self.columns = columns
        self.key = key


def _segments_at(location: str, proposal: ProfileProposal, profiles: str) -> _Segments:
    folder = SegmentFolder(location=location, key="")
    names = folder.names()
    (files,) = folder.found(names[:1]).values()
    key = propose_key(location, Profiles(location=profiles, key=""), proposal.keys)
    return _Segments(names, files.schema().names(), key)


def _columns_html(form: TablesForm, proposal: ProfileProposal) -> Any:
    """Return the columns of the profiles: what each holds, and whether it could be the key or an identifier."""
    words = form.words
    labels = {it.content: words.say(it.label) for it in identifier_types() if it != first_type()}
    held = proposal.quality.frame.select("column", "holds").iter_rows()
    by_content = {column: labels[holds] for column, holds in held if holds in labels}
    uses = {
        **by_content,
        **dict.fromkeys(proposal.emails[:1], words.say("Email")),
        **dict.fromkeys(proposal.keys, words.say("Key")),
    }
    rows = [
        (
            row["column"],
            uses.get(row["column"], ""),
            str(row["holds"]),
            "" if row["filled"] is None else words.share(row["filled"]),
            ", ".join(row["examples"]),
        )
        for row in proposal.quality.frame.iter_rows(named=True)
    ]
    head = [
        words.say("Column"),
        words.say("Proposed as"),
        words.say("Holds"),
        words.say("Filled"),
        words.say("Examples"),
    ]
    return table_of_texts(head, rows, title=words.say("Columns of the profiles"), numbers=(3,))


def _segments_html(form: TablesForm, segments: _Segments) -> Any:
    more = len(segments.names) - _MOST_SEGMENTS_SHOWN
    listed = ", ".join(segments.names[:_MOST_SEGMENTS_SHOWN]) + (" …" if more > 0 else "")
    return markup(
        "<p><strong>{title}:</strong> {listed}</p>", title=form.words.say("Segments that are found"), listed=listed
    )


def _code(profiles: Profiles, segments: SegmentFolder | SegmentTable) -> str:
    def written(kind: str, source: Profiles | SegmentFolder | SegmentTable) -> str:
        given = {name: getattr(source, name) for name in ("location", "key", "segment") if hasattr(source, name)}
        return call_of(f"toolkit.{kind}", **given)

    kind = type(segments).__name__
    return (
        f"workspace.read_from(\n    profiles={written('Profiles', profiles)},\n"
        f"    segments={written(kind, segments)},\n)"
    )


def _location(tables: pl.DataFrame, name: str) -> str:
    """Return where a table is read from; empty where nobody said."""
    found: str = tables.filter(table=name)["location"][0]
    return "" if found == "not set" else found


def _absolute(location: str) -> str:
    return Profiles(location=location.strip(), key="").resolved(Path.cwd()).location
