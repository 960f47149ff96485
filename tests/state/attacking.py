"""What an attacker does: writes to the database past the toolkit, and signs with a key of their own."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text

import toolkit
from tests.folders import folder_of
from toolkit.state.decisions import row_digest
from toolkit.state.keys import Identity
from toolkit.state.models import AuditRecord
from toolkit.state.signing import SignedKind, sign

As = Callable[[str], toolkit.Workspace]


LetIn = Callable[[str, str], toolkit.Workspace]


def change(workspace: toolkit.Workspace, statement: str, **values: object) -> None:
    with folder_of(workspace).session() as session, session.begin():
        session.execute(text(statement), values)


def rows(workspace: toolkit.Workspace, table: str) -> list[dict[str, Any]]:
    with folder_of(workspace).session() as session:
        return [dict(it) for it in session.execute(text(f"SELECT * FROM {table}")).mappings()]


def put(workspace: toolkit.Workspace, table: str, row: dict[str, Any]) -> None:
    columns = ", ".join(row)
    named = ", ".join(f":{it}" for it in row)
    values = {name: json.dumps(it) if isinstance(it, list | dict) else it for name, it in row.items()}
    change(workspace, f"INSERT INTO {table} ({columns}) VALUES ({named})", **values)


def identity_of(workspace: toolkit.Workspace) -> Identity:
    return folder_of(workspace).identity


def forge_audit_row(
    workspace: toolkit.Workspace, signer: Identity, *, name: str, decides: list[dict[str, Any]] | None = None
) -> None:
    """Append a row to the audit that is chained as it must be, and signed by the signer's key."""
    root = workspace.root
    last = rows(workspace, "audit ORDER BY id")[-1]
    with folder_of(workspace).session() as session, session.begin():
        row = AuditRecord(
            id=last["id"] + 1,
            at=datetime.now(UTC),
            person=name,
            public_key=signer.public_key,
            machine="here",
            action="save export",
            name="Nightly",
            details={},
            decides=decides or [],
            previous=last["sha256"],
            signature="",
        )
        row.sha256 = row_digest(row)
        row.signature = sign(signer, SignedKind.AUDIT, {"row": row.id, "sha256": row.sha256}, root=root).signature
        session.add(row)


def decision(kind: str, number: int, version: int, content: Any, connection: int | None = None) -> dict[str, Any]:
    sha256 = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    kept = content if kind in ("person", "connection", "advertisers") else None
    return {
        "kind": kind,
        "id": str(number),
        "version": version,
        "sha256": sha256,
        "connection": connection,
        "content": kept,
    }
