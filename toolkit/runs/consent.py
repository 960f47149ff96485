"""What a run says of the consent of those whom it sends: the evidence, and who stays in a list for longer.

The evidence is a file beside the run, written before anything is sent. Its digest is in a row of the audit, which is
signed by who ran the export, so that a file that was altered, taken from another run or taken away is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from sqlalchemy import select

from toolkit.access.people import require_actor
from toolkit.audience import Audience
from toolkit.audience.consent import BASIS, UNTIL, UNTIL_TYPE, sent_by_any
from toolkit.display import html_table, text_table
from toolkit.errors import ConfigurationError, DataError, SignatureError
from toolkit.exports.export import Export
from toolkit.files import write_atomically
from toolkit.runs.diff import Plan
from toolkit.runs.ledger_reader import checksum
from toolkit.runs.run import run_of
from toolkit.runs.targets import Target
from toolkit.spreadsheets import FrameForPeople, write_csv
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import require_chain
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import AuditRecord, RunRecord
from toolkit.state.places import place_of_run
from toolkit.translatable import _, ngettext

FILE = "consent.parquet"
_MOST_LATE = timedelta(days=1)
"""So long may somebody stay in a list after consent ended before it is told: what runs daily is quick enough."""
_SCHEMA = pl.Schema(
    {
        "segment": pl.String(),
        "advertiser_id": pl.String(),
        "identifier_type": pl.String(),
        "identifier": pl.String(),
        "basis": pl.String(),
        "until": UNTIL_TYPE,
        "held_at": UNTIL_TYPE,
    }
)


@dataclass(frozen=True, repr=False, eq=False)
class ConsentProof:
    """That consent held for everybody whom a run was about to add to a list, as signed by who ran the export.

    ``frame`` has a row for each identifier that the run was about to send, also where it then failed: ``segment``,
    ``advertiser_id``, ``identifier_type``,
    ``identifier`` (hashed, never an address), ``basis``, ``until`` when consent was given (null where that is not
    known), and ``held_at``, the moment at which the profiles said so.

    Examples:
        >>> run = workspace.runs[workspace.runs.frame["run"][0]]
        >>> workspace.runs.consent(run.id)
        Traceback (most recent call last):
        toolkit.errors.ConfigurationError: Run ... asked nobody's consent. ...
    """

    run: str
    export: str
    person: str | None
    """Who ran the export, and signed; None when nobody was added, so that there is nothing to sign."""
    frame: pl.DataFrame

    def write(self, path: str | Path) -> Path:
        """Write the evidence for an auditor.

        Args:
            path: A file whose name ends in ``.csv`` or ``.parquet``.

        Returns:
            The file.

        Raises:
            ConfigurationError: The name of the file has another ending.
        """
        to = Path(path)
        if to.suffix.lower() not in {".csv", ".parquet"}:
            raise ConfigurationError(
                _("{to} has a name that tells no format to write.", to=to.name), _("Let it end in .csv or .parquet.")
            )
        is_csv = to.suffix.lower() == ".csv"
        write_atomically(
            to, lambda beside: write_csv(self.frame, beside) if is_csv else self.frame.write_parquet(beside)
        )
        return to

    @property
    def headline(self) -> str:
        """For how many identifiers that were about to be sent consent held, and who signed for it."""
        if self.person is None:
            return _("Run {run} of export {export!r} added nobody.", run=self.run, export=self.export)
        sent = ngettext(
            "Consent held for {count:,} identifier that run {run} of export {export!r} was about to send. {person!r} "
            "signed it.",
            "Consent held for {count:,} identifiers that run {run} of export {export!r} was about to send. {person!r} "
            "signed it.",
            self.frame.height,
            run=self.run,
            export=self.export,
            person=self.person,
        )
        return str(sent)

    def __repr__(self) -> str:
        return f"{self.headline}\n{text_table(self.frame)}" if self.frame.height else self.headline

    def _repr_html_(self) -> str:
        return html_table(self.frame, title=_("Consent of whom the run was about to send"), subtitle=self.headline)


def write_proof(folder: WorkspaceFolder, run_id: str, export: Export, plans: Mapping[Target, Plan]) -> None:
    """Write down, and sign, for everybody who is about to be added that consent held; nothing where it is not asked."""
    if not export.consent_column:
        return
    rows = [_rows(target, plan) for target, plan in plans.items() if not plan.add.is_empty()]
    if not rows:
        return
    proof = pl.concat(rows)
    if export.consent_basis:
        proof = proof.with_columns(basis=pl.lit(export.consent_basis))
    file = place_of_run(folder.path, run_id) / FILE
    write_atomically(file, lambda path: proof.write_parquet(path, compression="zstd", compression_level=1))
    with folder.session() as session, session.begin():
        actor = require_actor(session, folder)
        audit.record(
            session,
            folder,
            actor,
            Action.PROVE_CONSENT,
            export.name,
            run=run_id,
            identifiers=proof.height,
            sha256=checksum(file),
        )


def _rows(target: Target, plan: Plan) -> pl.DataFrame:
    audience = target.audience
    said = audience.frame.filter(pl.col("segment") == target.segment).select("customer", UNTIL, BASIS)
    added = plan.add.to_frame().join(target.wanted, on="identifier", how="left", maintain_order="left")
    return added.join(said, on="customer", how="left", maintain_order="left").select(
        pl.lit(target.segment).alias("segment"),
        pl.lit(target.advertiser_id).alias("advertiser_id"),
        pl.lit(target.identifier_type.name).alias("identifier_type"),
        "identifier",
        pl.col(BASIS).alias("basis"),
        pl.col(UNTIL).alias("until"),
        pl.lit(audience.consented_at, UNTIL_TYPE).alias("held_at"),
    )


def consent_proof(folder: WorkspaceFolder, run_id: str) -> ConsentProof:
    """Return the evidence of a run, after comparing it with what was signed.

    Args:
        folder: The workspace.
        run_id: Id of the run.

    Raises:
        ConfigurationError: There is no such run, or it asked for no consent.
        DataError: The file is not there.
        SignatureError: The file is not the one that was signed, or the audit was altered.
    """
    run = run_of(folder, run_id)
    evidence = consent_evidence(folder, run_id)
    if evidence is not None:
        return evidence
    with folder.reading() as session:
        settings = session.get_one(RunRecord, run_id).settings
    if settings.get("consent_column"):
        added = 0 if run.dry_run else sum(it.added for it in run.lists)
        if added:
            raise SignatureError(
                _(
                    "Run {run_id} added {added:,} identifiers, and no row of the audit says that consent held.",
                    run_id=run_id,
                    added=added,
                ),
                _("Rows were taken out of the database. Bring it back from a backup, and ask your administrator."),
            )
        return ConsentProof(run_id, run.export, None, FrameForPeople(pl.DataFrame(schema=_SCHEMA)))
    raise ConfigurationError(
        _("Run {run_id} asked nobody's consent.", run_id=run_id),
        _("Save the export with consent_column; later runs then ask and prove it."),
    )


def consent_evidence(folder: WorkspaceFolder, run_id: str) -> ConsentProof | None:
    """Return what was signed of a run, compared with the file; None where it signed nothing.

    Raises:
        DataError: The file is not there.
        SignatureError: The file is not the one that was signed, or the audit was altered.
    """
    with folder.reading() as session:
        require_actor(session, folder)
        require_chain(session)
        query = select(AuditRecord).where(AuditRecord.action == Action.PROVE_CONSENT.value).order_by(AuditRecord.id)
        signed = [it for it in session.scalars(query) if it.details.get("run") == run_id]
    if not signed:
        return None
    file = place_of_run(folder.path, run_id) / FILE
    if not file.exists():
        raise DataError(
            _("The evidence of consent of run {run_id} is missing: {file} is not there.", run_id=run_id, file=file),
            _("Bring the file back from a backup of the workspace."),
        )
    if checksum(file) != signed[-1].details.get("sha256"):
        raise SignatureError(
            _(
                "The evidence of consent of run {run_id} is not what {person!r} signed: somebody changed {file}.",
                run_id=run_id,
                person=signed[-1].person,
                file=file,
            ),
            _("Bring the file back from a backup of the workspace, and find out who changed it."),
        )
    return ConsentProof(run_id, signed[-1].name, signed[-1].person, FrameForPeople(pl.read_parquet(file)))


def ends_before_next_run(audiences: Sequence[Audience], export: Export) -> str | None:
    """Return of how many members consent ends more than a day before the export runs again by its schedule, if any.

    Args:
        audiences: The members, as each type of identifiers prepares them.
        export: The export, whose schedule has times of its own; of others nobody knows when they run next.

    Returns:
        A sentence; None when the schedule is quick enough, or nothing is known of it.
    """
    at = audiences[0].consented_at
    due = None if at is None else export.schedule.next(at)
    if due is None:
        return None
    sent = sent_by_any([it.frame for it in audiences])
    late = sent.filter(pl.col(UNTIL) < pl.lit(due - _MOST_LATE))["customer"].n_unique()
    if not late:
        return None
    return ngettext(
        "The consent of {count:,} member ends more than a day before the next run by schedule, {due:%Y-%m-%d %H:%M} "
        "UTC. Run the export more often, so that nobody stays in a list without consent.",
        "The consent of {count:,} members ends more than a day before the next run by schedule, {due:%Y-%m-%d %H:%M} "
        "UTC. Run the export more often, so that nobody stays in a list without consent.",
        late,
        due=_minute(due),
    )


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
