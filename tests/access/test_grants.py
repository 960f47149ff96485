"""Each person of a team has a user of the database, which lets them do what their role needs and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from nacl.signing import SigningKey
from sqlalchemy import make_url
from typer.testing import CliRunner

import toolkit
from tests.conftest import Tables, save_nightly
from tests.folders import folder_of
from tests.postgresql import Server
from tests.state.test_read_only import LOOKS
from toolkit.access.grants import grants_for
from toolkit.access.people import Role
from toolkit.cli import app
from toolkit.errors import AccessError, ConfigurationError
from toolkit.sandbox import Sandbox


@pytest.fixture
def owners_url(_postgresql: Server) -> str:
    return _postgresql.new_database()


@pytest.fixture
def database(owners_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A URL that names no user: each person's environment does."""
    url = make_url(owners_url)
    monkeypatch.setenv("PGUSER", str(url.username))
    return url._replace(username=None).render_as_string()


@pytest.fixture
def person(
    workspace: toolkit.Workspace, owners_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], toolkit.Workspace]:
    """Let somebody in with a role and a user of their own; return the workspace as they see it."""
    owner = {name: os.environ[name] for name in ("PGUSER", "TOOLKIT_KEY_FILE")}
    made: list[str] = []

    def let_in(name: str, role: str) -> toolkit.Workspace:
        for variable, value in owner.items():
            monkeypatch.setenv(variable, value)
        user = f"{name}_{make_url(owners_url).database}"
        if user not in made:
            made.append(user)
            run_as_owner(owners_url, f'CREATE ROLE "{user}" LOGIN')
        printed = CliRunner().invoke(
            app, ["workspace", "grants", "--user", user, "--role", role, "--workspace", str(workspace.path)]
        )
        assert printed.exit_code == 0, printed.output
        run_as_owner(owners_url, printed.stdout)
        key = tmp_path / f"key of {name}"
        if not key.exists():
            monkeypatch.setenv("TOOLKIT_KEY_FILE", str(key))
            public_key = toolkit.open_workspace(workspace.path).people.join(name).public_key
            workspace.people.add(name, public_key=public_key, role=role)
        else:
            workspace.people.change_role(name, role)
        monkeypatch.setenv("TOOLKIT_KEY_FILE", str(key))
        monkeypatch.setenv("PGUSER", user)
        return toolkit.open_workspace(workspace.path)

    return let_in


def run_as_owner(url: str, sql: str) -> None:
    address = make_url(url).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(), autocommit=True) as connection:
        connection.execute(sql.encode())


def tries(workspace: toolkit.Workspace, statement: str) -> str:
    """Run SQL as the person does who goes round the toolkit; return the database's code, or what it did."""
    engine = folder_of(workspace).engine
    raw = engine.raw_connection()
    try:
        raw.cursor().execute(statement)
    except psycopg.Error as error:
        return str(error.sqlstate)
    finally:
        raw.rollback()
        raw.close()
    return "done"


FORBIDDEN = {
    "another role": "UPDATE people SET role = 'administrator'",
    "another key": "UPDATE people SET public_key = 'x'",
    "one more person": "INSERT INTO people VALUES (99, 'x', 'administrator', 'x', 'x', now())",
    "another host": "UPDATE connections SET host = 'https://elsewhere.example'",
    "a share": "INSERT INTO shares VALUES (1, 1)",
    "an altered audit": "UPDATE audit SET person = 'x'",
    "a cut audit": "DELETE FROM audit",
    "a removed run": "DELETE FROM runs",
    "another table": "DROP TABLE audit",
    "a table more": "CREATE TRIGGER t BEFORE INSERT ON audit EXECUTE FUNCTION suppress_redundant_updates_trigger()",
}
INSUFFICIENT = "42501"


def test_a_viewer_looks_and_changes_nothing(
    workspace: toolkit.Workspace, person: Callable[..., toolkit.Workspace]
) -> None:
    workspace.runs.start("Nightly").raise_for_status()
    vera = person("vera", "viewer")
    for look in LOOKS.values():
        look(vera)
    assert vera.runs.frame["status"].to_list() == ["successful"]
    with pytest.raises(AccessError):
        vera.checks.remove("x")
    # By the audit each row is judged.
    assert tries(vera, "SELECT decides FROM audit") == "done"
    forbidden = {
        **FORBIDDEN,
        "an export": "UPDATE exports SET version = 9",
        "a run": "UPDATE runs SET status = 'failed'",
        "a seal": "SELECT box FROM seals",
    }
    assert {what: tries(vera, it) for what, it in forbidden.items()} == dict.fromkeys(forbidden, INSUFFICIENT)


def test_nobody_makes_what_others_call(workspace: toolkit.Workspace, person: Callable[..., toolkit.Workspace]) -> None:
    """Until version 15, PostgreSQL let everybody make functions, which are found before its own."""
    run_as_owner(folder_of(workspace).saved.database, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    anna = person("anna", "contributor")
    made = "CREATE FUNCTION pg_advisory_xact_lock(integer) RETURNS void LANGUAGE sql AS 'SELECT'"
    assert tries(anna, made) == INSUFFICIENT


def test_a_contributor_runs_exports(
    workspace: toolkit.Workspace,
    person: Callable[..., toolkit.Workspace],
    tables: Tables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace.connections.share("Sandbox", "contributors")
    anna = person("anna", "contributor")
    assert anna.runs.start("Nightly").raise_for_status().person == "anna"
    save_nightly(anna, list_name="Other {segment}")
    anna.connections.test("Sandbox")
    anna.exports.deactivate("Nightly")
    anna.exports.activate("Nightly")
    anna.runs.start("Nightly").raise_for_status()
    anna.audiences.save("Best", "All", connection="Sandbox", advertiser_id="2711")
    assert [it.error for it in anna.audiences.apply()] == [None]
    assert tries(anna, "DELETE FROM criteo_audiences") == INSUFFICIENT
    assert anna.refreshes.start().exit_code == 0
    assert anna.forget(customer="C001").done
    anna.read_from(profiles=tables.profiles)
    assert {what: tries(anna, it) for what, it in FORBIDDEN.items()} == dict.fromkeys(FORBIDDEN, INSUFFICIENT)
    vera = person("anna", "viewer")
    assert tries(vera, "UPDATE exports SET version = 9") == INSUFFICIENT
    assert tries(vera, "UPDATE connections SET advertisers = '[]'") == INSUFFICIENT


def test_an_administrator_manages_people_and_connections(
    workspace: toolkit.Workspace, person: Callable[..., toolkit.Workspace], criteo: Sandbox
) -> None:
    boss = person("boss", "administrator")
    boss.people.add("carl", public_key=SigningKey.generate().verify_key.encode().hex(), role="viewer")
    boss.people.change_role("carl", "contributor")
    connect_as = boss.connections.connect(
        "Mine", host=criteo.url, client_id=criteo.client_id, client_secret=criteo.client_secret, i_agree=True
    )
    assert connect_as.name == "Mine"
    boss.connections.share("Mine", "carl")
    boss.connections.rotate("Mine", toolkit.Credentials(criteo.client_id, criteo.client_secret, criteo.url))
    boss.connections.rename("Mine", "Ours")
    boss.people.remove("carl")
    boss.connections.remove("Ours")
    assert boss.runs.start("Nightly").status is toolkit.RunStatus.SUCCESSFUL
    assert boss.audit.verify() is None
    kept = {it: FORBIDDEN[it] for it in ("an altered audit", "a cut audit", "a removed run", "another table")}
    assert {what: tries(boss, it) for what, it in kept.items()} == dict.fromkeys(kept, INSUFFICIENT)


def test_a_name_of_a_user_is_no_sql(workspace: toolkit.Workspace) -> None:
    name = 'x"; DROP TABLE audit; --\nDROP TABLE audit;'
    printed = grants_for(folder_of(workspace), name, Role.VIEWER)
    lines = [it for it in printed.splitlines() if not it.startswith("--")]
    assert [it for it in lines if it.startswith("DROP TABLE audit;") and '"x""; ' not in printed] == []
    assert '"x""; DROP TABLE audit; --' in printed
    with pytest.raises(ConfigurationError):
        grants_for(folder_of(workspace), " ", Role.VIEWER)


class TestSQLite:
    @pytest.fixture
    def database(self) -> None:
        """SQLite has no users."""

    def test_there_are_no_grants(self, workspace: toolkit.Workspace) -> None:
        with pytest.raises(ConfigurationError):
            grants_for(folder_of(workspace), "anna", Role.VIEWER)
