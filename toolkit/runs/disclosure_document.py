"""The document of a disclosure: what is signed, and how anybody verifies it by the audit.

It names the person by hashes, and by customer keys. A row of the audit, which holds nothing but the digest of the
document, says who made it and when; the same person's key signs the digest and the number of the row.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.errors import ConfigurationError, SignatureError
from toolkit.runs.disclosure_gaps import Gap
from toolkit.runs.holdings import Presence
from toolkit.state import audit
from toolkit.state.audit import Action
from toolkit.state.decisions import root_in
from toolkit.state.folder import WorkspaceFolder
from toolkit.state.models import AuditRecord
from toolkit.state.signing import JSON, Signature, SignedKind, digest, verify
from toolkit.state.states import Trigger
from toolkit.translatable import _, moment_text

FORMAT: TypeAlias = Literal["criteo-segment-toolkit/disclosure/1"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Holding(_Part):
    """A period in which a list held an identifier of the person."""

    export: str
    segment: str
    list: str
    list_id: str | None
    """The id at Criteo."""
    advertiser_id: str
    host: str
    identifier_type: str
    identifier: str
    """The hash by which the toolkit knows it."""
    customer: str | None
    """The customer key that it was sent for; None when that is not this person, who shares the identifier."""
    presence: Presence
    from_at: datetime | None
    from_run: str | None
    until_at: datetime | None
    until_run: str | None
    removed_by: Trigger | None
    """What started the run that removed it."""
    basis: str | None = None
    """On what basis it was sent, where that was recorded."""


class SuppressedEntry(_Part):
    """An entry of the suppression list that names the person."""

    entry: str
    at: datetime
    source: str


class Asked(_Part):
    """How the person was named."""

    known_by: str
    """``customer``, or the keyword of a type of identifiers."""
    sha256: str
    """The hash of the identifier or key that was given, as it is compared."""


class Statement(_Part):
    """What is disclosed, and signed."""

    format: FORMAT = "criteo-segment-toolkit/disclosure/1"
    id: str
    workspace: str
    """The fingerprint of the workspace."""
    made_at: datetime
    made_by: str
    asked: Asked
    customers: tuple[str, ...]
    lists: tuple[Holding, ...]
    suppressed: tuple[SuppressedEntry, ...]
    unknown: tuple[Gap, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of what is disclosed."""
        return digest(self.model_dump(mode="json"))


class Proof(_Part):
    """Who signed the disclosure, and where the audit tells of it."""

    row: Annotated[int, Field(ge=1, lt=2**31, strict=True)]
    sha256: str
    public_key: str
    signature: str


class Document(_Part):
    """A disclosure with its proof, as it is written."""

    disclosure: Statement
    proof: Proof


class DisclosureProblem(StrEnum):
    """Why a document is no disclosure of the workspace, as it was made.

    Examples:
        >>> toolkit.DisclosureProblem("altered")
        <DisclosureProblem.ALTERED: 'altered'>
    """

    OTHER_WORKSPACE = "other workspace"
    NOT_RECORDED = "not recorded"
    """The audit has no such disclosure: the document is forged, or the workspace is an older backup."""
    ALTERED = "altered"
    AUDIT_BROKEN = "audit broken"
    """The audit itself is not as it was written."""


@dataclass(frozen=True)
class DisclosureCheck:
    """What verifying a disclosure found.

    Examples:
        >>> path = workspace.disclose(customer="1001").to_json("disclosure.json")
        >>> workspace.verify_disclosure(path).is_genuine
        True
    """

    problem: DisclosureProblem | None
    what: str
    """What was found, in a sentence."""
    row: int
    """The row of the audit that the document names."""

    @property
    def is_genuine(self) -> bool:
        """Whether the document is as it was made here."""
        return self.problem is None

    def __str__(self) -> str:
        return self.what


def signed_payload(row: int, sha256: str) -> dict[str, JSON]:
    """Return what the maker's key signs."""
    return {"row": row, "sha256": sha256}


def verify_disclosure(folder: WorkspaceFolder, document: str | Path) -> DisclosureCheck:
    """Compare a document with the audit; neither holds the person's address.

    Args:
        folder: The workspace.
        document: The JSON file of a disclosure.

    Raises:
        ConfigurationError: There is no such file, or it holds no disclosure.
    """
    written, parsed = _read(Path(document))
    statement, proof = parsed.disclosure, parsed.proof
    found = _digest_of(written)
    with folder.reading() as session:
        # Not as somebody, as the audit itself may be verified by anybody.
        here = root_in(session)
        if statement.workspace != here:
            return _problem(
                DisclosureProblem.OTHER_WORKSPACE,
                _("This disclosure was made in another workspace, {root}…", root=statement.workspace[:12]),
                proof,
            )
        broken = audit.verify(session, root=folder.memory.root_at(folder.path) or "")
        if broken is not None:
            return _problem(DisclosureProblem.AUDIT_BROKEN, str(broken), proof)
        row = session.get(AuditRecord, proof.row)
        if row is None or row.action != Action.DISCLOSE or row.name != statement.id:
            return _problem(
                DisclosureProblem.NOT_RECORDED,
                _(
                    "Row {row} of the audit is not about this disclosure: the document is forged, or the workspace was "
                    "brought back from an older backup.",
                    row=proof.row,
                ),
                proof,
            )
        recorded = (row.details.get("sha256"), row.details.get("sha256"), row.public_key, row.person)
        if (found, proof.sha256, proof.public_key, statement.made_by) != recorded or not _is_signed(proof, here):
            return _problem(
                DisclosureProblem.ALTERED,
                _("The document is not as it was made: it was altered since, or its signature was."),
                proof,
            )
        return DisclosureCheck(
            None,
            _(
                "{person} made this disclosure on {moment}. It is as it was made: row {row} of the audit tells of it.",
                person=row.person,
                moment=moment_text(row.at),
                row=row.id,
            ),
            row.id,
        )


def _is_signed(proof: Proof, root: str) -> bool:
    try:
        verify(
            SignedKind.DISCLOSURE,
            signed_payload(proof.row, proof.sha256),
            Signature(proof.public_key, proof.signature),
            root=root,
        )
    except SignatureError:
        return False
    return True


def _problem(problem: DisclosureProblem, what: str, proof: Proof) -> DisclosureCheck:
    return DisclosureCheck(problem, what, proof.row)


def _digest_of(written: JSON) -> str | None:
    """Return the digest of what is disclosed, as it is written; None of what nobody could have signed."""
    try:
        return digest(written)
    except (TypeError, ValueError):
        return None


def _read(path: Path) -> tuple[JSON, Document]:
    try:
        content = json.loads(path.read_bytes(), object_pairs_hook=_each_once)
        # As it is written: what would be read as the same in two ways was not signed in both.
        return content["disclosure"], Document.model_validate(content)
    except OSError:
        raise ConfigurationError(
            _("The file {path} can't be read.", path=path), _("Give the location of a disclosure as JSON.")
        ) from None
    except (ValueError, TypeError, KeyError, RecursionError, ValidationError):
        raise ConfigurationError(
            _("The file {path} is no disclosure.", path=path),
            _("Give the JSON file of a disclosure. Its page, which people read, can't be verified."),
        ) from None


def _each_once(pairs: Sequence[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice, and readers differ in which of them they show")
    return found
