"""Texts in the reader's language: written in English where they are used, translated where they are read.

A ``Text`` is an English sentence, and keeps the template and the values that it was made of. Whatever treats it as
text (a log, a frame, ``str()``, a comparison) has the English; whatever shows it to a person has it in the reader's
language: HTML by itself, all else through ``shown``. Stored as JSON it keeps its template and values, so that what was
recorded by a run in one language is read in another.

The language belongs to whoever reads. It is chosen at the edge with ``reading_in``; where nobody chose, it is that of
``TOOLKIT_LANGUAGE``, then that of the JupyterLab that a kernel runs for, then English. It is kept in a context
variable, so that one thread does not change the language of another.
"""

import gettext
import io
import json
import math
import os
import re
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

VARIABLE = "TOOLKIT_LANGUAGE"
ENGLISH = "en"

CATALOGS = Path(__file__).with_name("locale")
_JUPYTERLAB_SETTING = "@jupyterlab/translation-extension/plugin.jupyterlab-settings"
_SPEC = re.compile(r"(?P<sign>\+?)(?P<comma>,?)(?:\.(?P<digits>\d+)(?P<kind>[f%]))?")

_NOTHING_OR_ALL = (-1, 0, 1)
_MOST_DIGITS = 4
"""A share in per cent is told with no more decimals."""

_EXACT = 1e-12
"""What is nearer to all than this is all: there are not so many people."""

_STORED_SPEC = re.compile(r"\+?,?(?:\.\d[f%])?|(?:%[YmdHMS]|[-: ])+")

_CANNOT_BE_FILLED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

Json = str | Mapping[str, Any]
"""A text as JSON has it: a plain one as it is, a ``Text`` with its English, its template and its values."""


def mark(text: str) -> str:
    """Return the text as it is: it is in the catalogs, and translated where it is shown."""
    return text


class Text(str):
    """English text that can be shown in other languages.

    Examples:
        >>> text = _("There is no export {name!r}.", name="Nihgtly")
        >>> str(text), shown(text, "nl")
        ("There is no export 'Nihgtly'.", "Er is geen export 'Nihgtly'.")
    """

    template: str
    """The English text with names in braces: the key of its translation."""
    many: str | None
    """The template for any number but one; None where no number is told."""
    amount: int
    """The number that chooses between the two."""
    values: Mapping[str, object]
    """What stands in the places of the names."""

    def __new__(cls, template: str, many: str | None = None, count: int = 1, /, **values: object) -> Self:
        """Return the text in English, with the values in the places of their names."""
        chosen = template if many is None or count == 1 else many
        text = super().__new__(cls, _filled(chosen, values, ENGLISH))
        text.template, text.many, text.amount = template, many, count
        text.values = {name: _plain(value) for name, value in values.items()}
        return text

    def in_language(self, language: str) -> str:
        """Return the text in a language; in English where there is no translation."""
        if language == ENGLISH:
            return str(self)
        catalog = catalog_of(language)
        if self.many is None:
            found = catalog.gettext(self.template)
        else:
            found = catalog.ngettext(self.template, self.many, self.amount)
        try:
            return _filled(found, self.values, language)
        except _CANNOT_BE_FILLED:
            # Its values are not those of the translation, as in what somebody else wrote: the English stands.
            return str(self)

    def mapped(self, change: Callable[[str], str]) -> str:
        """Return the text with each value changed, such as by a rule that hides addresses.

        Where that does not make of the English what the change makes of the whole, the changed English is returned,
        which has no translation: nothing that was to be hidden can come back with one.
        """
        made = type(self)(
            self.template,
            self.many,
            self.amount,
            **{name: _changed(value, change) for name, value in self.values.items()},
        )
        whole = change(str(self))
        return made if str(made) == whole else whole

    def __html__(self) -> str:
        from markupsafe import escape

        return escape(shown(self))

    def __reduce__(self) -> tuple[Callable[[Json], str], tuple[Json]]:
        return text_of, (json_of(self),)

    def __deepcopy__(self, _memo: object) -> Self:
        return self


def _(text: str, /, **values: object) -> Text:
    """Return a translatable text. The catalogs are made from the calls of this function.

    Args:
        text: The English text, a literal, with names in braces: ``{count:,}``, ``{share:.0%}`` and ``{name!r}`` are
            written as the language writes them.
        values: What stands in the places of the names: text, other translatable texts, numbers, moments.
    """
    return Text(text, **values)


def ngettext(one: str, many: str, count: int, /, **values: object) -> Text:
    """Return a translatable text for a number of things; ``{count}`` is filled in.

    Args:
        one: The English text for one.
        many: The English text for none or several.
        count: How many there are.
        values: What stands in the places of the other names.
    """
    return Text(one, many, count, count=count, **values)


def exact_share(share: float) -> Text:
    """Return a share in per cent with the decimals that it has, so that a bound of 99.5% is never told as 100%."""
    digits = next(
        (it for it in range(_MOST_DIGITS) if math.isclose(share, round(share, it + 2), abs_tol=1e-9)), _MOST_DIGITS
    )
    return Text(f"{{share:.{digits}%}}", share=share)


def sentences(texts: Iterable[str], *, between: str = " ") -> Text:
    """Return texts one after the other, as one that is translatable as far as they are."""
    parts = [it for it in texts if it]
    return Text(between.join(f"{{part{place}}}" for place in range(len(parts))), **_numbered(parts))


def listed(texts: Iterable[str]) -> Text:
    """Return texts with commas between them."""
    return sentences(texts, between=", ")


def all_of(texts: Iterable[str]) -> Text:
    """Return texts as a list that ends with ``and``."""
    parts = list(texts)
    return listed(parts) if len(parts) < _TWO else _("{first} and {last}", first=listed(parts[:-1]), last=parts[-1])


def one_of(texts: Iterable[str]) -> Text:
    """Return texts as a list that ends with ``or``."""
    parts = list(texts)
    return listed(parts) if len(parts) < _TWO else _("{first} or {last}", first=listed(parts[:-1]), last=parts[-1])


_TWO = 2


def shown(text: str, language: str | None = None) -> str:
    """Return a text as a person reads it: in the language, or that of whoever reads now; a plain one as it is."""
    return text.in_language(language or current_language()) if isinstance(text, Text) else str(text)


def current_language() -> str:
    """Return the language of whoever reads what is made now."""
    return _chosen.get() or default_language()


def default_language() -> str:
    """Return the language where nobody chose one: of the environment, then of the kernel's JupyterLab, then English."""
    named = os.environ.get(VARIABLE)
    if named:
        return nearest_language(named) or ENGLISH
    # Only a kernel runs for a JupyterLab.
    return (nearest_language(jupyterlab_language()) if "ipykernel" in sys.modules else None) or ENGLISH


@contextmanager
def reading_in(language: str | None) -> Iterator[None]:
    """Show texts in this language while the block lasts; None leaves the language as it is."""
    token = _chosen.set(language or _chosen.get())
    try:
        yield
    finally:
        _chosen.reset(token)


_chosen: ContextVar[str | None] = ContextVar("language", default=None)


def languages() -> list[str]:
    """Return the languages that there are."""
    return sorted({ENGLISH, *(it.parent.parent.name for it in CATALOGS.glob("*/LC_MESSAGES/toolkit.po"))})


def nearest_language(name: str) -> str | None:
    """Return the language that there is for a name such as nl-NL or nl_BE.UTF-8; None for a name of no catalog."""
    short = name.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return short if short in languages() else None


def jupyterlab_language() -> str:
    """Return what JupyterLab's user settings say, where the kernel can read them, or nothing.

    JupyterLab tells a kernel nothing of its language, but keeps the choice in a file of the user's configuration
    (https://jupyterlab.readthedocs.io/en/stable/user/directories.html).
    """
    from jupyter_core.paths import jupyter_config_dir

    folder = os.environ.get("JUPYTERLAB_SETTINGS_DIR") or f"{jupyter_config_dir()}/lab/user-settings"
    path = Path(folder) / _JUPYTERLAB_SETTING
    try:
        return _locale_in(path, path.stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=4)
def _locale_in(path: Path, _written_at: int) -> str:
    import json5

    try:
        setting = json5.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return ""
    chosen = setting.get("locale", "") if isinstance(setting, dict) else ""
    return chosen if isinstance(chosen, str) else ""


def catalog_of(language: str) -> gettext.NullTranslations:
    """Return the catalog of a language, made from its text: so that a further language is one file."""
    return _catalog(language, CATALOGS)


@cache
def _catalog(language: str, folder: Path) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with (folder / language / "LC_MESSAGES" / "toolkit.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def number_text(number: float, spec: str = ",", *, language: str | None = None) -> str:
    """Return a number as the language writes it.

    Args:
        number: The number.
        spec: How, in Python's words: ``,`` with marks between thousands, ``.1%`` as a share, ``,.2f`` with decimals,
            ``+,`` with its sign.
        language: The language; that of whoever reads now by default.
    """
    return _formatted(number, spec, language or current_language())


def share_text(share: float, *, language: str | None = None) -> str:
    """Return a share in per cent, with a decimal where it is not a whole number; never 100% of what is not all.

    Args:
        share: The share, from 0 to 1.
        language: The language; that of whoever reads now by default.
    """
    is_whole = math.isclose(share, round(share, 2), abs_tol=0.0005)
    return number_text(share, ".0%" if is_whole else ".1%", language=language)


def moment_text(moment: datetime, *, language: str | None = None) -> str:
    """Return a moment to the minute as the language writes it, in local time; one without a zone as it stands."""
    return _moment(moment if moment.tzinfo is None else moment.astimezone(), language or current_language())


def json_of(text: str) -> Json:
    """Return a text as JSON has it."""
    if not isinstance(text, Text):
        return text
    plural = {} if text.many is None else {"many": text.many, "count": text.amount}
    values = {"values": {name: _to_json(value) for name, value in text.values.items()}} if text.values else {}
    return {"text": str(text), "template": text.template, **plural, **values}


def text_of(stored: Json) -> str:
    """Return the text that was written as JSON.

    Raises ValueError for what is no such text.
    """
    if isinstance(stored, str):
        return stored
    if not isinstance(stored, Mapping) or not isinstance(stored.get("text"), str):
        raise ValueError("This is no text.")  # noqa: TRY004  # pydantic takes this for a wrong value
    try:
        written = json.dumps(stored)
    except TypeError:  # what no database holds
        return _text_in(stored)
    return _text_written(written)


@lru_cache(maxsize=4096)
def _text_written(written: str) -> str:
    """Return the text in JSON: the runs of an export say the same of hundreds of lists, night after night."""
    return _text_in(json.loads(written))


def _text_in(stored: Mapping[str, Any]) -> str:
    try:
        values = {str(name): _from_json(value) for name, value in stored.get("values", {}).items()}
        _require_plain(stored["template"], stored.get("many") or "")
        found = Text(stored["template"], stored.get("many"), int(stored.get("count", 1)), **values)
    except _CANNOT_BE_FILLED:
        return str(stored["text"])
    # What was recorded is what is shown, whatever became of the template since.
    return found if str(found) == stored["text"] else str(stored["text"])


def _require_plain(*templates: str) -> None:
    """Raise ValueError for a template that does more than fill in names: what is stored may be anybody's."""
    for template in templates:
        for _literal, name, spec, _conversion in string.Formatter().parse(template):
            if name is not None and not (name.isidentifier() and _STORED_SPEC.fullmatch(spec or "")):
                raise ValueError


PLAIN = {"plain": True}
"""The context in which a field that is ``Translatable`` is written as its English alone."""


class Translatable:
    """The mark of a field of text, ``Annotated[str, Translatable()]``: it is stored with what its translation needs."""

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            text_of, serialization=core_schema.plain_serializer_function_ser_schema(_stored, info_arg=True)
        )


def _stored(text: str, info: Any) -> Json:
    return str(text) if info.context == PLAIN else json_of(text)


class _Formatter(string.Formatter):
    """Fills in values as a language writes them."""

    def __init__(self, language: str) -> None:
        self._language = language

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        said = value.in_language(self._language) if isinstance(value, Text) else value
        return super().convert_field(said, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        return _formatted(value, format_spec, self._language)


def _filled(template: str, values: Mapping[str, object], language: str) -> str:
    # A text without values may hold braces as they are.
    return _Formatter(language).vformat(template, (), values) if values else template


def _formatted(value: object, spec: str, language: str) -> str:
    if spec.endswith("%") and isinstance(value, int | float) and (parts := _SPEC.fullmatch(spec)) is not None:
        value, digits = _not_quite(value, int(parts["digits"]))
        spec = f"{parts['sign']}{parts['comma']}.{digits}%"
    if language == ENGLISH:
        return format(value, spec)
    match value:
        case datetime():
            return _moment(value, language)
        case date():
            from babel.dates import format_date

            return format_date(value, "d MMM yyyy", locale=language)
        case int() | float() if spec and (parts := _SPEC.fullmatch(spec)) is not None:
            return _number(value, parts, language)
        case _:
            return format(value, spec)


def _not_quite(share: float, digits: int) -> tuple[float, int]:
    """Return the share, rounded, and with how many decimals it is told: never as nothing or all when it is not.

    What is nearer to it than the last decimal is told as the least that is not quite nothing, or all.
    """
    for more in range(digits, max(digits, _MOST_DIGITS) + 1):
        near = round(share, more + 2)
        # Polars divides a column by a number by way of the inverse, so that all of 1,871 is a bit less than 1.
        if near not in _NOTHING_OR_ALL or math.isclose(near, share, rel_tol=_EXACT):
            # As it is rounded here, because languages round halves in two ways.
            return near, more
    step = 10.0 ** -(max(digits, _MOST_DIGITS) + 2)
    return near + math.copysign(step, share - near), max(digits, _MOST_DIGITS)


def _number(number: float, spec: re.Match[str], language: str) -> str:
    from babel.numbers import format_decimal, format_percent

    digits = f".{'0' * int(spec['digits'])}" if spec["digits"] and spec["digits"] != "0" else ""
    whole = "#,##0" if spec["comma"] or spec["kind"] == "%" else "0"
    pattern = f"{whole}{digits or ('' if spec['kind'] or isinstance(number, int) else '.######')}"
    if spec["sign"]:
        pattern = f"+{pattern};-{pattern}"
    if spec["kind"] == "%":
        return str(format_percent(number, format=f"{pattern}%", locale=language))
    return str(format_decimal(number, format=pattern, locale=language))


def _moment(moment: datetime, language: str) -> str:
    if language == ENGLISH:
        return f"{moment:%Y-%m-%d %H:%M}"
    from babel.dates import format_datetime

    return str(format_datetime(moment, "d MMM yyyy HH:mm", tzinfo=moment.tzinfo, locale=language))


def _plain(value: object) -> object:
    """Return a value of a text as it is kept: what JSON can hold, texts and moments; all else by what it says.

    What says several sentences, such as an error, says them by ``__text__``, which keeps their translations.
    """
    match value:
        case Text() | bool() | date() | None:
            return value
        case str():
            return str(value)
        case int() | float():
            return value
        case list() | tuple():
            return [_plain(it) for it in value]
        case _:
            as_text = getattr(value, "__text__", None)
            return str(value) if as_text is None else as_text()


def _changed(value: object, change: Callable[[str], str]) -> object:
    match value:
        case Text():
            return value.mapped(change)
        case str():
            return change(value)
        case list():
            return [_changed(it, change) for it in value]
        case _:
            return value


def _to_json(value: object) -> object:
    match value:
        case str():
            return json_of(value)
        case date():
            return {"at": value.isoformat()}
        case list():
            return [_to_json(it) for it in value]
        case _:
            return value


def _from_json(value: Any) -> object:
    match value:
        case {"at": str(at)}:
            return date.fromisoformat(at) if len(at) == len("2026-01-01") else datetime.fromisoformat(at)
        case {"text": _text}:
            return text_of(value)
        case list():
            return [_from_json(it) for it in value]
        case _:
            return value


def _numbered(parts: Sequence[str]) -> dict[str, str]:
    return {f"part{place}": part for place, part in enumerate(parts)}
