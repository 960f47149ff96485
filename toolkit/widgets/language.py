"""The language of the forms: texts from the catalogs in ``toolkit/locale``, numbers and moments as it writes them."""

import gettext
import io
import os
from datetime import datetime
from functools import cache
from pathlib import Path

from toolkit.errors import ConfigurationError

VARIABLE = "TOOLKIT_LANGUAGE"
ENGLISH = "en"

_CATALOGS = Path(__file__).parents[1] / "locale"
_JUPYTERLAB_SETTING = "@jupyterlab/translation-extension/plugin.jupyterlab-settings"


class Words:
    """Texts, numbers and moments in one language. The English text is the key of its translation."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalog = _catalog(language)

    def say(self, text: str, **values: object) -> str:
        """Return the text in this language, with the values in the places of their names in braces."""
        return self._catalog.gettext(text).format(**values)

    def some(self, one: str, many: str, count: int, **values: object) -> str:
        """Return the text for one or for many; ``{count}`` is filled in."""
        return self._catalog.ngettext(one, many, count).format(count=self.number(count), **values)

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
        from babel.numbers import format_percent

        return format_percent(share, format="#,##0.#%", locale=self.language)

    def moment(self, moment: datetime) -> str:
        """Return the moment to the minute, in the time zone of this machine."""
        from babel.dates import format_datetime

        return format_datetime(moment.astimezone(), "d MMM yyyy HH:mm", locale=self.language)


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
        return Words(_nearest(_jupyterlab_language()) or ENGLISH)
    found = _nearest(named)
    if found is None:
        raise ConfigurationError(
            f"The forms do not speak {named!r}.",
            f"Choose one of {', '.join(languages())}, or add a catalog: docs/forms.md tells how.",
        )
    return Words(found)


def languages() -> list[str]:
    """Return the languages that there are."""
    return sorted({ENGLISH, *(it.parent.parent.name for it in _CATALOGS.glob("*/LC_MESSAGES/toolkit.po"))})


def _nearest(language: str) -> str | None:
    """Return the language that there is for a name such as nl-NL or nl_BE.UTF-8."""
    short = language.replace("-", "_").partition("_")[0].lower()
    return short if short in languages() else None


def _jupyterlab_language() -> str:
    """Return what JupyterLab's user settings say, where the kernel can read them, or nothing.

    JupyterLab tells a kernel nothing of its language, but keeps the choice in a file of the user's configuration
    (https://jupyterlab.readthedocs.io/en/stable/user/directories.html).
    """
    import json5
    from jupyter_core.paths import jupyter_config_dir

    folder = os.environ.get("JUPYTERLAB_SETTINGS_DIR") or f"{jupyter_config_dir()}/lab/user-settings"
    try:
        setting = json5.loads((Path(folder) / _JUPYTERLAB_SETTING).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    chosen = setting.get("locale", "") if isinstance(setting, dict) else ""
    return chosen if isinstance(chosen, str) else ""


@cache
def _catalog(language: str) -> gettext.NullTranslations:
    """Return the catalog, made from its text: so that a further language is one file, and nothing is compiled."""
    if language == ENGLISH:
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with (_CATALOGS / language / "LC_MESSAGES" / "toolkit.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
