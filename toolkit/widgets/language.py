"""The language of the forms: texts from the catalogs in ``toolkit/locale``, numbers and moments as it writes them."""

import os
from datetime import datetime

from toolkit.errors import ConfigurationError
from toolkit.translatable import (
    ENGLISH,
    VARIABLE,
    _,
    catalog_of,
    jupyterlab_language,
    languages,
    listed,
    nearest_language,
    share_text,
    shown,
)
from toolkit.widgets.wording import in_form

__all__ = ["VARIABLE", "Words", "languages", "local_zone", "words_for"]


class Words:
    """Texts, numbers and moments in one language. The English text is the key of its translation."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalog = catalog_of(language)

    def say(self, text: str, **values: object) -> str:
        """Return the text in this language, with the values in the places of their names in braces."""
        return self._catalog.gettext(text).format(**values)

    def some(self, one: str, many: str, count: int, **values: object) -> str:
        """Return the text for one or for many; ``{count}`` is filled in."""
        return self._catalog.ngettext(one, many, count).format(count=self.number(count), **values)

    def read(self, text: str) -> str:
        """Return what an error or a notice says, as somebody in a form reads it: with buttons and boxes for Python."""
        return shown(in_form(text), self.language)

    def number(self, number: float) -> str:
        """Return the number with the marks for thousands and decimals that are usual."""
        from babel.numbers import format_decimal

        return format_decimal(number, locale=self.language)

    @property
    def thousands(self) -> str:
        """The mark between thousands."""
        from babel import Locale

        return str(Locale.parse(self.language).number_symbols["latn"]["group"])

    @property
    def decimal(self) -> str:
        """The mark before decimals."""
        from babel import Locale

        return str(Locale.parse(self.language).number_symbols["latn"]["decimal"])

    def share(self, share: float) -> str:
        """Return a share from 0 to 1 in per cent."""
        return share_text(share, language=self.language)

    def moment(self, moment: datetime) -> str:
        """Return the moment to the minute, in the time zone of this machine."""
        from babel.dates import format_datetime

        return format_datetime(moment.astimezone(), "d MMM yyyy HH:mm", locale=self.language)

    def short_moment(self, moment: datetime) -> str:
        """Return the moment to the minute, without its year where that is this one."""
        from babel.dates import format_datetime

        here = moment.astimezone()
        if here.year != datetime.now().astimezone().year:
            return self.moment(moment)
        return format_datetime(here, "d MMM HH:mm", locale=self.language)


def local_zone() -> str:
    """Return the name of this machine's time zone; UTC where it has none that is known by name."""
    from zoneinfo import available_timezones

    from babel.dates import LOCALTZ

    return str(LOCALTZ) if str(LOCALTZ) in available_timezones() else "UTC"


def words_for(language: str | None) -> Words:
    """Return the words of a language; None takes TOOLKIT_LANGUAGE, then JupyterLab's language, then English.

    Raises ConfigurationError for a language that was named and has no catalog.
    """
    named = language or os.environ.get(VARIABLE)
    if not named:
        return Words(nearest_language(jupyterlab_language()) or ENGLISH)
    found = nearest_language(named)
    if found is None:
        raise ConfigurationError(
            _("The forms do not speak {language!r}.", language=named),
            _(
                "Choose one of {languages}, or add a catalog: docs/forms.md tells how.",
                languages=listed(languages()),
            ),
        )
    return Words(found)
