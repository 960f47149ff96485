"""What not everybody needs is an extra of the package: where one is missing, an error says which one."""

from enum import StrEnum
from importlib.util import find_spec

from toolkit.errors import MissingExtraError
from toolkit.translatable import _

DISTRIBUTION = "criteo-segment-toolkit"


class Extra(StrEnum):
    """The optional parts of the package, by the names that ``pip`` takes."""

    APP = "app"
    DELTA = "delta"
    DUCKDB = "duckdb"
    IBIS = "ibis"
    ICEBERG = "iceberg"
    NOTIFY = "notify"
    POSTGRESQL = "postgresql"
    SANDBOX = "sandbox"
    SCHEDULE = "schedule"
    SPARK = "spark"


MODULES = {
    Extra.APP: ("voila",),
    Extra.DELTA: ("deltalake",),
    Extra.DUCKDB: ("duckdb",),
    Extra.IBIS: ("ibis",),
    Extra.ICEBERG: ("pyiceberg",),
    Extra.NOTIFY: ("apprise",),
    Extra.POSTGRESQL: ("psycopg",),
    Extra.SANDBOX: ("fastapi", "uvicorn"),
    Extra.SCHEDULE: ("papermill", "nbclient"),
    Extra.SPARK: ("pyspark",),
}
"""What each extra installs, by the names that are imported."""


WRITE_AS_PARQUET = _("write its current rows as Parquet to another folder")


def is_installed(extra: Extra) -> bool:
    """Return whether all that an extra installs is there. Nothing is imported."""
    return all(find_spec(name) is not None for name in MODULES[extra])


def require(extra: Extra, what: str, *, otherwise: str = "") -> None:
    """Raise MissingExtraError when an extra is not installed. Nothing is imported.

    Args:
        extra: The extra.
        what: What needs it, as the subject of a sentence.
        otherwise: What can be done instead of installing it, as a part of the sentence.
    """
    if is_installed(extra):
        return
    instead = f", or {otherwise}" if otherwise else ""
    raise MissingExtraError(
        _(
            "{what} needs the extra {extra!r} of {distribution}, which is not installed.",
            what=what,
            extra=extra.value,
            distribution=DISTRIBUTION,
        ),
        _(
            "Run pip install '{distribution}[{extra}]'{instead}.",
            distribution=DISTRIBUTION,
            extra=extra.value,
            instead=instead,
        ),
    )
