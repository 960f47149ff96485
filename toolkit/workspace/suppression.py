"""The suppression list: people who asked not to be sent any more.

Each addition is a Parquet file of its own below ``suppression/``, so that two people can add at once and nothing is
ever rewritten. It holds customer keys and hashes of addresses, in all forms that can be sent.
"""

from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import narwhals as nw
import polars as pl

from toolkit.audience import Suppression
from toolkit.errors import ConfigurationError, DataError
from toolkit.files import write_atomically
from toolkit.names import unknown_name
from toolkit.workspace import audit
from toolkit.workspace.audit import Action
from toolkit.workspace.folder import WorkspaceFolder
from toolkit.workspace.people import Role, acting


def suppression_of(folder: WorkspaceFolder) -> Suppression:
    """Return everybody who is suppressed; raises DataError when a file of the list is damaged."""
    parts = [_read(it) for it in sorted((folder.path / "suppression").glob("*.parquet"))]
    nobody = Suppression.nobody()
    return Suppression(pl.concat([nobody.frame, *parts]).unique()) if parts else nobody


def add_suppression(folder: WorkspaceFolder, added: Suppression) -> str:
    """Keep these people out of all later runs; return the name of the entry."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(3)}"
    path = folder.path / "suppression" / f"{name}.parquet"
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, added.frame.write_parquet)
    return name


def suppress(
    folder: WorkspaceFolder,
    people: pl.DataFrame | str | Path,
    *,
    email_column: str | None = None,
    customer_column: str | None = None,
) -> str:
    """Put the people of a table, or of a Parquet or CSV file, on the suppression list; return the entry's name.

    The columns hold addresses, plain or hashed, and customer keys; at least one of the two is named. Raises
    ConfigurationError when neither is, or when the table lacks one, AccessError to viewers.
    """
    table = _as_table(people)
    added = Suppression.nobody()
    for column, made in ((email_column, Suppression.of_addresses), (customer_column, Suppression.of_customers)):
        if column is not None and column not in table.columns:
            raise unknown_name("column", column, table.columns)
        if column is not None:
            added += made(table[column])
    if email_column is None and customer_column is None:
        raise ConfigurationError("No column was named.", "Pass email_column, customer_column, or both.")
    with folder.session() as session, session.begin():
        actor = acting(session, folder, least=Role.CONTRIBUTOR)
        name = add_suppression(folder, added)
        audit.record(session, folder, actor, Action.SUPPRESS, name, rows=added.frame.height)
    return name


def suppression_frame(folder: WorkspaceFolder) -> pl.DataFrame:
    """Return a row an entry of the list: ``entry``, ``at``, ``customers``, ``addresses``."""
    rows = []
    for path in sorted((folder.path / "suppression").glob("*.parquet")):
        part = Suppression(_read(path))
        at = datetime.strptime(path.stem[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
        addresses = part.frame.filter(pl.col("customer").is_null()).height
        rows.append((path.stem, at, len(part.customers), addresses))
    schema = pl.Schema(
        {"entry": pl.String(), "at": pl.Datetime("us", "UTC"), "customers": pl.Int64(), "addresses": pl.Int64()}
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


def _as_table(people: object) -> pl.DataFrame:
    if isinstance(people, pl.DataFrame):
        return people
    if isinstance(people, str | Path):
        return _read_table(Path(people))
    try:
        return nw.from_native(people, eager_only=True).to_polars()  # type: ignore[call-overload, no-any-return]
    except TypeError:
        raise ConfigurationError(
            f"The people to suppress are no table but a {type(people).__name__}.",
            "Pass a frame of Polars, pandas or Arrow, or the path of a Parquet or CSV file.",
        ) from None


def _read_table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        # The reader's own words may quote what the file holds.
        raise DataError(
            f"{path} can't be read as a table ({type(error).__name__}).", "Give a Parquet file, or a CSV with a header."
        ) from None


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path).select(Suppression.nobody().frame.columns)
    except (OSError, pl.exceptions.PolarsError):
        raise DataError(
            f"A part of the suppression list is damaged: {path}.",
            "Bring it back from a backup: without it somebody who asked not to be sent would be.",
        ) from None
