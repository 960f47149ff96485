"""Configure an export; saving does not run it."""

import csv
from collections.abc import Sequence
from typing import Any

import ipywidgets

from toolkit.errors import ConfigurationError
from toolkit.exports.export import Export, Mode
from toolkit.exports.schedule import Schedule
from toolkit.identifiers import HashFormat, first_type, identifier_types
from toolkit.preview import Preview
from toolkit.profiling import Candidate, find_candidates
from toolkit.pydantic_errors import fields_of
from toolkit.validation import Thresholds
from toolkit.widgets.background import Deliver
from toolkit.widgets.code import code_of_export
from toolkit.widgets.components import Field, Folded, Step, Steps, button, buttons, columns, paragraph
from toolkit.widgets.form import Form
from toolkit.widgets.labels import term
from toolkit.widgets.next_step import CodeLine, NextStep
from toolkit.widgets.preview_view import PreviewView
from toolkit.widgets.schedule_field import ScheduleField
from toolkit.widgets.segment_picker import SegmentPicker
from toolkit.workspace import Workspace

_HUNDRED = 100
_ROWS_OF_COLUMNS = 4
_NEEDS_QUOTES = frozenset(",\n\r")
_HOLD_TEXT = ("String", "List(String)")


class ExportForm(Form):
    """The options of ``workspace.exports.save``, with a preview of what a run would send beside them."""

    in_python = "workspace.exports.save(name, connection=…, email_column=…, segments=[…])"

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        *,
        segments: Sequence[str] = (),
        language: str | None = None,
    ) -> None:
        """Draw the form for an export that is there, or for a new one, with these segments chosen."""
        super().__init__(workspace, language=language)
        self.saved: Export | None = None
        """The export as it was last saved."""
        title = self.words.say("Add export") if name is None else self.words.say("Export {name}", name=name)
        self.draw(title, lambda: self._parts(name, segments))

    def _parts(self, name: str | None, segments: Sequence[str]) -> Sequence[Any]:
        say = self.words.say
        edited = None if name is None else self.workspace.exports[name]
        self._version = 0 if edited is None else edited.version
        given = edited or Export.model_construct(name="", connection="", segments=tuple(segments))
        self._kept = {} if edited is None else edited.model_dump(exclude={"name", "version"})
        self._draw_destination(given)
        self._draw_matching(given)
        self._draw_segments(given)
        self._draw_options(given)
        self.save = button(say("Save"), style="primary")
        self.preview = PreviewView(self)
        self.next = NextStep(self)
        self.code = CodeLine(self)
        self.steps = self._draw_steps()
        self.steps.open_first_problem()
        self.on_click(self.save, self._save)
        self.on_change(self._first.control, self._take_first_column)
        of_first = (self.further[self._first_type.column_option], self.separator)
        of_consent = (self.consent_column, self.consent_values)
        for field in (self.form, self.limit, self.contract_limit, self.patterns, *of_first, *of_consent):
            self.on_change(field.control, self._refresh_preview)
        self.on_change(self.connection.control, self._offer_advertisers)
        self._tell_sizes()
        self._rank_columns()
        self._refresh_preview()
        left = ipywidgets.VBox(
            [
                self.steps.widget,
                buttons(self.steps.back, self.steps.onward, self.save),
                self.message.widget,
                self.next.widget,
                self.code.widget,
            ]
        )
        return [
            paragraph(say("Saving does not run the export.")),
            self.preview.headline,
            self.steps.bar,
            columns(left, self.preview.picture),
            self.preview.figures,
        ]

    def _draw_steps(self) -> Steps:
        say = self.words.say
        guards = (self.coverage, self.validity, self.most_change, self.limit, self.contract_limit)
        self.guards = Folded(self.accessible, say("Checks and guards"), [it.widget for it in guards])
        several = (*self.further.values(), self.separator)
        self.several = Folded(self.accessible, say("Several identifiers a customer"), [it.widget for it in several])
        self.several.open(is_open=any(it.value for it in several))
        consent = (self.consent_column, self.consent_values, self.consent_basis, self.consent_basis_column)
        self.consent = Folded(self.accessible, say("Consent of each person"), [it.widget for it in consent])
        self.consent.open(is_open=bool(self.consent_column.value))
        matching = (*self._matching_fields, self.list_name)
        steps = (
            (say("Connection"), (self.name, self.connection, self.advertiser), ()),
            (say("Data matching"), matching, (self.several.widget, self.consent.widget)),
            (say("Segments"), (), (self.segments.widget, self.patterns.widget, self.exclude.widget)),
            (say("Options"), (self.mode, self.form), (self.guards.widget,)),
            (say("Schedule"), (self.active,), (self.schedule.widget,)),
        )
        others = {1: (*several, *consent), 2: (self.patterns,), 3: guards, 4: self.schedule.fields}
        return Steps(
            self.accessible,
            [
                Step(title, [*(it.widget for it in fields), *further], [*fields, *others.get(place, ())])
                for place, (title, fields, further) in enumerate(steps)
            ],
            label=say("Steps"),
            back=say("Back"),
            onward=say("Next step"),
            problem=say("to mend"),
        )

    def _draw_destination(self, given: Export) -> None:
        say = self.words.say
        connections = list(self.workspace.connections)
        self.name = self.field(
            ipywidgets.Text(value=given.name, description=say("Display name"), continuous_update=False)
        )
        self.name.control.disabled = bool(given.name)
        self.connection = self.field(
            ipywidgets.Dropdown(
                options=connections,
                value=given.connection if given.connection in connections else next(iter(connections), None),
                description=say("Connection for export"),
            ),
            help_text="" if connections else say("No connection is shared with you: ask an administrator for one."),
        )

    def _draw_matching(self, given: Export) -> None:
        say = self.words.say
        known = self._candidates()
        self._ranked: dict[str, Candidate] | None = None
        self._is_offering = False
        self.matching: dict[str, Field] = {}
        """The column of each type of identifier, by its option."""
        self.further: dict[str, Field] = {}
        """Further columns of each type, by the same option."""
        self.settings: dict[str, Field] = {}
        """What types take beside their columns, by the name of the setting."""
        self._matching_fields: list[Field] = []
        for it in identifier_types():
            column, *beside = given.columns_of(it) or ("",)
            none = [] if it.is_required else [(say("None"), "")]
            self.matching[it.column_option] = self.field(
                ipywidgets.Dropdown(
                    options=[*none, *((name, name) for name in known)],
                    value=column if column in known else None if it.is_required else "",
                    description=say(it.label),
                ),
                help_text=say(it.help_text),
            )
            self._matching_fields.append(self.matching[it.column_option])
            self.further[it.column_option] = self.field(
                ipywidgets.SelectMultiple(
                    options=known,
                    value=[name for name in beside if name in known],
                    rows=min(len(known), _ROWS_OF_COLUMNS) or 1,
                    description=say("More columns: {label}", label=say(it.label)),
                )
            )
            gone = [name for name in beside if name not in known]
            if gone:
                self.further[it.column_option].problem = say("The profiles have no column {column}.", column=gone[0])
            for setting in it.settings:
                value = getattr(given, setting.name, None)
                self.settings[setting.name] = self.field(
                    ipywidgets.Text(
                        value="" if value is None else str(value),
                        description=say(setting.label),
                        continuous_update=False,
                    ),
                    help_text=say(setting.help_text),
                )
                self._matching_fields.append(self.settings[setting.name])
        self.separator = self._draw_separator(given.separator)
        self._draw_consent(given)
        self._first_type = first_type()
        self._first = self.matching[self._first_type.column_option]
        column = next(iter(given.columns_of(self._first_type)), "")
        self._column_is_gone = bool(column) and column not in known
        if self._column_is_gone:
            self._first.problem = say("The profiles have no column {column}.", column=column)
        self.advertiser = self.field(ipywidgets.Dropdown(description=say("Advertiser ID")))
        self._offer_advertisers()
        asked = ("column", given.advertiser_column) if given.advertiser_column else ("id", given.advertiser_id)
        if asked in [value for _, value in self.advertiser.control.options]:
            self.advertiser.control.value = asked
        self.list_name = self.field(
            ipywidgets.Text(value=given.list_name, description=say("Name"), continuous_update=False),
            help_text=say(
                "How the lists at Criteo are called; {fields} are filled in.",
                fields="{segment}, {export}, {date}, {type}",
            ),
        )

    def _draw_consent(self, given: Export) -> None:
        say = self.words.say
        columns = [it for it in self.workspace.profiles.schema_ if it != self.workspace.profiles.key]

        def column(chosen: str, label: str, help_text: str) -> Field:
            # One that is gone stays chosen: to save without it would send those who do not consent.
            gone = [chosen] if chosen and chosen not in columns else []
            field = self.field(
                ipywidgets.Dropdown(
                    options=[(say("None"), ""), *((it, it) for it in (*gone, *columns))],
                    value=chosen,
                    description=label,
                ),
                help_text=help_text,
            )

            self.on_change(field.control, self._judge_consent)
            return field

        def text(value: str, label: str, help_text: str) -> Field:
            control = ipywidgets.Text(value=value, description=label, continuous_update=False)
            return self.field(control, help_text=help_text)

        self.consent_column = column(
            given.consent_column,
            say("Column that says who consents"),
            say("True or false, a date until when, or a value that means consent. Who does not consent is not sent."),
        )
        self.consent_values = text(
            _listed(given.consent_values),
            say("Values that mean consent"),
            say("For a column of text or numbers, such as yes, opt-in."),
        )
        self.consent_basis = text(
            given.consent_basis, say("Basis of consent"), say("In words, for the evidence; the same for everybody.")
        )
        self.consent_basis_column = column(
            given.consent_basis_column, say("Column with the basis"), say("Where it differs from person to person.")
        )
        self._judge_consent()

    def _judge_consent(self) -> None:
        """Say at the columns of consent whether the profiles have them."""
        known = ("", *self.workspace.profiles.schema_)
        for field in (self.consent_column, self.consent_basis_column):
            is_gone = field.value not in known
            said = self.words.say("The profiles have no column {column}.", column=field.value) if is_gone else ""
            field.problem = said

    @property
    def _values_of_consent(self) -> tuple[str, ...]:
        rows = csv.reader([self.consent_values.value], skipinitialspace=True)
        return tuple(filter(None, (it.strip() for row in rows for it in row)))

    def _draw_separator(self, given: str) -> Field:
        say = self.words.say
        usual = [(say("None: a field holds one"), ""), (";", ";"), (",", ","), ("|", "|"), (say("A line end"), "\n")]
        own = [] if given in {value for _, value in usual} else [(repr(given), given)]
        return self.field(
            ipywidgets.Dropdown(options=[*usual, *own], value=given, description=say("Separator in a field")),
            help_text=say("What stands between several identifiers in one field. A column of lists needs none."),
        )

    def _columns(self, option: str) -> tuple[str, ...]:
        """Return the columns that are chosen for a type, each once; more without a first one are columns too."""
        return tuple(dict.fromkeys(filter(None, (self.matching[option].value, *self.further[option].value))))

    def _draw_segments(self, given: Export) -> None:
        say = self.words.say
        names = list(self.workspace.segments)
        self.segments = SegmentPicker(
            self, names, label=say("Select the segments you want to export"), on_change=self._refresh_preview
        )
        self.exclude = SegmentPicker(
            self, names, label=say("Never send members of these segments"), on_change=self._refresh_preview
        )
        patterns = [it for it in given.segments if it not in names and _is_pattern(it)]
        self._excluded_patterns = tuple(it for it in given.exclude if it not in names and _is_pattern(it))
        self.patterns = self.field(
            ipywidgets.Text(value=", ".join(patterns), description=say("Segments by pattern"), continuous_update=False),
            help_text=say("Optional, such as VIP*: a segment that is made later joins by its name."),
        )
        self.segments.start_with(it for it in given.segments if it not in patterns)
        self.exclude.start_with(it for it in given.exclude if it not in self._excluded_patterns)

    def _draw_options(self, given: Export) -> None:
        say, thresholds = self.words.say, given.thresholds
        self.mode = self.field(
            ipywidgets.RadioButtons(
                options=[(term(self.words, it), it) for it in Mode], value=given.mode, description=say("Mode")
            )
        )
        self.form = self.field(
            ipywidgets.Dropdown(
                options=[(term(self.words, it), it) for it in HashFormat],
                value=given.form,
                description=say("Sent as"),
            )
        )
        self.coverage = self._percentage(say("Least share of members with an e-mail, in %"), thresholds.email_coverage)
        self.validity = self._percentage(say("Least share of valid e-mails, in %"), thresholds.email_validity)
        self.most_change = self._percentage(
            say("Most of a list that a run may add or remove, in %"), thresholds.most_change
        )
        self.limit = self.field(
            ipywidgets.BoundedIntText(
                value=thresholds.limit_profiles,
                min=1,
                max=Thresholds().limit_profiles,
                description=say("Most identifiers of the export"),
            )
        )
        contract = thresholds.contract_limit_profiles
        self.contract_limit = self.field(
            ipywidgets.Text(
                value="" if contract is None else str(contract),
                description=say("Limit of the contract with Criteo"),
                continuous_update=False,
            ),
            help_text=say("Where it allows fewer; else leave it empty."),
        )
        self.active = self.field(
            ipywidgets.Checkbox(value=given.active, description=say("Active: the scheduled refresh runs it"))
        )
        self.schedule = ScheduleField(self, given.schedule)

    def _percentage(self, label: str, share: float) -> Field:
        return self.field(
            ipywidgets.BoundedFloatText(
                value=round(share * _HUNDRED, 1), min=0, max=_HUNDRED, step=1, description=label
            )
        )

    def _candidates(self) -> list[str]:
        """Return the profile columns that hold text, or lists of it, the key aside."""
        profiles = self.workspace.profiles
        return [name for name, kind in profiles.schema_.items() if str(kind) in _HOLD_TEXT and name != profiles.key]

    def _rank_columns(self) -> None:
        """Find out which columns people can be counted by: propose the best, and say how good the chosen one is."""

        def rank(deliver: Deliver) -> list[Candidate]:
            return find_candidates(
                self.workspace.profiles,
                self._first_type,
                by_sample=lambda ranked: deliver(lambda: self.attempt(lambda: self._offer_columns(ranked))),
            )

        self.in_background(rank, done=self._offer_columns, busy=())

    def _offer_columns(self, ranked: Sequence[Candidate]) -> None:
        self._ranked = {it.column: it for it in ranked}
        fit = [it.column for it in ranked if it.is_fit]
        others = [it for it in self._candidates() if it not in fit]
        control = self._first.control
        # In the place of a column that is gone, which is told, a person chooses another.
        proposed = None if self._column_is_gone else next(iter(fit), None)
        chosen = control.value or proposed
        is_new = chosen != control.value
        self._is_offering = True
        try:
            control.options = [(self._with_example(it), it) for it in [*fit, *others]]
            control.value = chosen
        finally:
            self._is_offering = False
        self._tell_first_column()
        if is_new:
            self._refresh_preview()

    def _take_first_column(self) -> None:
        if not self._is_offering:
            self._tell_first_column()
            self._refresh_preview()

    def _tell_first_column(self) -> None:
        column, say, share = self._first.value, self.words.say, self.words.share
        if self._ranked is None or column is None:
            return
        found = self._ranked.get(column)
        if found is None or not found.is_fit:
            self._first.problem = say(self._first_type.misfit, column=column)
            self._first.explain(say(self._first_type.help_text))
            return
        self._first.problem = ""
        self._first.explain(
            say(
                "{coverage} of the profiles have something there, of which {validity} can be sent: {example}.",
                coverage=share(found.coverage),
                validity=share(found.validity),
                example=found.example,
            )
        )

    def _with_example(self, column: str) -> str:
        found = (self._ranked or {}).get(column)
        return column if found is None or not found.is_fit else f"{column}: {found.example}"

    def _offer_advertisers(self) -> None:
        connection = self.connection.value
        found = self.workspace.connections[connection].advertisers if connection else {}
        chosen = self.advertiser.value
        say = self.words.say
        ids = [(f"{name} ({number})", ("id", number)) for number, name in found.items()]
        by_column = [
            (say("By column {column}: lists for each advertiser", column=column), ("column", column))
            for column in self._candidates()
        ]
        # Where there are several, nobody's data goes to one that was not chosen.
        nobody = [] if len(ids) == 1 else [(say("Choose an advertiser"), "")]
        options = [*nobody, *ids, *by_column]
        self.advertiser.control.options = options
        self.advertiser.control.value = chosen if chosen in [value for _, value in options] else options[0][1]

    def _tell_sizes(self) -> None:
        def show(sizes: dict[str, int]) -> None:
            self.segments.tell_sizes(sizes, limit=self._least_limit)
            self.exclude.tell_sizes(sizes, limit=None)

        self.in_background(
            lambda _: dict(self.workspace.segments.source.summary().select("segment", "rows").iter_rows()),
            done=show,
            busy=(),
        )

    @property
    def _contract(self) -> int | None:
        text = "".join(it for it in self.contract_limit.value if it.isalnum())
        self.contract_limit.problem = (
            "" if not text or (text.isdecimal() and int(text)) else self.words.say("This must be a number, or empty.")
        )
        return int(text) if text.isdecimal() and int(text) else None

    @property
    def _least_limit(self) -> int:
        limit: int = self.limit.value
        return min(limit, self._contract or limit)

    def _refresh_preview(self) -> None:
        columns, form = self._columns(self._first_type.column_option), self.form.value
        separator = self.separator.value
        consent_column = self.consent_column.value
        consent_values = self._values_of_consent if consent_column else ()
        asked = Export.model_construct(
            name="", connection="", segments=self._asked_segments, exclude=self._asked_exclude
        )

        limits = {"limit_profiles": self.limit.value, "contract_limit_profiles": self._contract}
        thresholds = Thresholds.model_validate(self._kept.get("thresholds", {}) | limits)

        def prepare() -> Preview:
            chosen = asked.chosen(list(self.workspace.segments))
            return self.workspace.preview(
                list(chosen.segments),
                exclude=chosen.exclude,
                form=form,
                thresholds=thresholds,
                members=0,
                consent_column=consent_column,
                consent_values=consent_values,
                **{self._first_type.column_option: columns, "separator": separator},
            )

        self.preview.ask(
            prepare if asked.segments and columns else None,
            hint=self.words.say(
                "Choose a column for {label} and a segment to see who would be sent.",
                label=self.words.say(self._first_type.label),
            ),
        )

    @property
    def _asked_segments(self) -> tuple[str, ...]:
        patterns = (it.strip() for it in self.patterns.value.split(","))
        return (*self.segments.value, *filter(None, patterns))

    @property
    def _asked_exclude(self) -> tuple[str, ...]:
        return (*self.exclude.value, *self._excluded_patterns)

    def _save(self) -> None:
        say = self.words.say
        self.message.clear()
        self.next.clear()
        self.code.clear()
        name, limit, schedule = self.name.value.strip(), self._contract, self.schedule.value
        required = [self.matching[it.column_option] for it in identifier_types() if it.is_required]
        lacking = self.missing(self.name, self.connection, *required, self.advertiser)
        self.list_name.problem = ""
        self.patterns.problem = "" if self._asked_segments else say("Choose at least one segment.")
        if self._version == 0 and name in self.workspace.exports:
            self.name.problem = say("There is an export {name} already. Choose another name.", name=name)
        self._judge_settings()
        self._judge_consent()
        of_consent = (self.consent_column, self.consent_basis_column)
        wrong = (self.name, self.patterns, self.contract_limit, *of_consent, *self.settings.values())
        if lacking or schedule is None or any(it.problem for it in wrong):
            self._tell_problems()
            return
        options = self._kept | self._options_given(limit, schedule)
        try:
            self.saved = self.workspace.exports.save(name, based_on=self._version, **options)
        except ConfigurationError as problem:
            self._tell_at_fields(problem)
            raise
        finally:
            self.steps.mark()
        self._version = self.saved.version
        self.name.control.disabled = True
        self.say_done(
            say("Export {name} is saved, version {version}.", name=self.saved.name, version=self.saved.version),
            say("It did not run."),
        )
        self.code.show(code_of_export(self.saved))
        self.next.offer(
            say("See first what a run would send: a dry run does everything except send."),
            say("Dry run of {name}", name=name),
            lambda: self._run_panel(name),
        )
        self.announce_change()

    def _judge_settings(self) -> None:
        """Say at each setting of a type what is wrong with it."""
        given = {name: field.value.strip() for name, field in self.settings.items()}
        for it in identifier_types():
            for setting in it.settings:
                is_lacking = setting.is_required and self._columns(it.column_option) and not given[setting.name]
                self.settings[setting.name].problem = self.words.say("This must be filled in.") if is_lacking else ""
                try:
                    it.configured({setting.name: given[setting.name]})
                except ValueError as problem:
                    self.settings[setting.name].problem = str(problem)

    def _run_panel(self, name: str) -> Form:
        # It offers this form in turn.
        from toolkit.widgets.run_panel import RunPanel

        panel = RunPanel(self.workspace, name, language=self.words.language)
        panel.dry.click()
        return panel

    def _tell_problems(self) -> None:
        """Show the step in which something is missing."""
        say = self.words.say
        self.guards.open(is_open=self.guards.is_open or bool(self.contract_limit.problem))
        self.steps.open_first_problem()
        self.message.show(say("Error"), say("It is not saved: something is missing or wrong above."), kind="problem")

    def _tell_at_fields(self, problem: ConfigurationError) -> None:
        """Say what is wrong at the field that it is about, as far as the error tells which."""
        fields = {
            "name": self.name,
            "list_name": self.list_name,
            "segments": self.patterns,
            "separator": self.separator,
            "consent_column": self.consent_column,
            "consent_values": self.consent_values,
            **self.settings,
        }
        for it in fields_of(problem):
            if it in fields:
                fields[it].problem = self.words.read(problem.what)
        self.steps.open_first_problem()

    def _options_given(self, contract_limit: int | None, schedule: Schedule) -> dict[str, Any]:
        thresholds = {
            "email_coverage": self.coverage.value / _HUNDRED,
            "email_validity": self.validity.value / _HUNDRED,
            "most_change": self.most_change.value / _HUNDRED,
            "limit_profiles": self.limit.value,
            "contract_limit_profiles": contract_limit,
        }
        kind, advertiser = self.advertiser.value
        return {
            "connection": self.connection.value,
            **{option: self._columns(option) for option in self.matching},
            **{name: field.value.strip() or None for name, field in self.settings.items()},
            "separator": self.separator.value,
            "advertiser_id": advertiser if kind == "id" else "",
            "advertiser_column": advertiser if kind == "column" else "",
            "consent_column": self.consent_column.value,
            "consent_values": self._values_of_consent,
            "consent_basis": self.consent_basis.value.strip(),
            "consent_basis_column": self.consent_basis_column.value,
            "list_name": self.list_name.value,
            "segments": self._asked_segments,
            "exclude": self._asked_exclude,
            "active": self.active.value,
            "schedule": schedule,
            "mode": self.mode.value,
            "form": self.form.value,
            "thresholds": self._kept.get("thresholds", {}) | thresholds,
        }


def _listed(values: Sequence[str]) -> str:
    """Return values with commas between them; one that holds a comma itself stands in quotes."""
    doubled = ((it, it.replace('"', '""')) for it in values)
    return ", ".join(f'"{its}"' if its != it or _NEEDS_QUOTES.intersection(it) else it for it, its in doubled)


def _is_pattern(entry: str) -> bool:
    return "*" in entry or "?" in entry
