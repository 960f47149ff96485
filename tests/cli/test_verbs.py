"""Each verb of the command line does what the method of that name does; what a machine reads is JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import click
import polars as pl
import pytest
import typer
from nacl.signing import SigningKey
from typer.testing import CliRunner, Result

import toolkit
from tests.conftest import Tables
from toolkit.cli import app
from toolkit.errors import ConfigurationError
from toolkit.sandbox import Sandbox

Do = Callable[..., str]
SERVING = {"app", "demo", "lab", "sandbox"}
"""What serves until it is ended, or takes a minute: tests of their own try these."""
TRIED: set[str] = set()


def leaves(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(group, typer.core.TyperGroup):
        yield " ".join(path)
        return
    if group.invoke_without_command and path:
        yield " ".join(path)
    for name, command in group.commands.items():
        yield from leaves(command, (*path, name))


ALL = set(leaves(typer.main.get_command(app)))


def invoke(arguments: Sequence[str], *, at: Path | None, given: str | None = None) -> Result:
    words = [*arguments, *([] if at is None else ["--workspace", str(at)])]
    TRIED.update(it for it in ALL if list(arguments[: len(it.split())]) == it.split())
    return CliRunner().invoke(app, words, input=given)


@pytest.fixture
def do(workspace: toolkit.Workspace) -> Do:
    """Run a command in the workspace, see that it ends well, and return what it prints."""

    def done(*arguments: str, code: int = 0, given: str | None = None) -> str:
        ended = invoke(arguments, at=workspace.path, given=given)
        assert ended.exit_code == code, (arguments, ended.output, ended.exception)
        return ended.stdout

    return done


def rows(text: str) -> list[dict[str, object]]:
    found = json.loads(text)
    assert isinstance(found, list)
    return found


class TestAudience:
    def test_from_a_list_to_an_ad_set(
        self, do: Do, workspace: toolkit.Workspace, criteo: Sandbox, tmp_path: Path
    ) -> None:
        at = ("--connection", "Sandbox", "--advertiser-id", "2711")
        do("run", "start", "Nightly")
        do("audience", "save", "Best", "All and not id(1)", *at)
        do("audience", "apply", code=1)
        do("audience", "save", "Best", "All", *at, "--based-on", "1")
        assert json.loads(do("audience", "estimate", "Best", "--json"))["size"] == 68
        assert "68" in do("audience", "estimate", "All", *at)
        assert [it["step"] for it in rows(do("audience", "plan", "--json"))] == ["create"]
        assert [it["step"] for it in rows(do("audience", "apply", "Best", "--json"))] == ["create"]
        assert [it["size"] for it in rows(do("audience", "sizes", "--json"))] == [68]
        assert len(rows(do("ad-set", "list", *at, "--campaign-id", "510001", "--json"))) == 5
        assert "Summer NL" in do("ad-set", "link", "610001", "Best")
        do("audience", "save", "Second", "All", *at)
        do("audience", "apply", "--overwrite")
        assert "Second" in do("ad-set", "link", "610001", "Second", "--replaces", "Best")
        do("ad-set", "unlink", "610001", "Second", *at)
        assert [it.audience_id for it in criteo.ad_sets() if it.audience_id] == []
        do("audience", "write", str(tmp_path / "it.yml"))
        do("audience", "remove", "Second")
        (left,) = (it for it in workspace.audiences.plan() if it.name == "Second")
        do("audience", "delete", left.audience_id, *at)
        assert rows(do("audience", "delete-segments", *at, "--json")) == []
        assert [it.name for it in criteo.audiences()] == ["Best"]
        assert "Second" in do("audience", "read", str(tmp_path / "it.yml"))
        assert [it["audience"] for it in rows(do("audience", "list", "--json"))] == ["Best", "Second"]
        assert json.loads(do("audience", "show", "Best", "--json"))["version"] == 2
        assert "definition" in do("audience", "show", "Best")


class TestExport:
    def test_save_takes_each_option(self, do: Do, workspace: toolkit.Workspace, tables: Tables) -> None:
        tables.write(segments={"Out": ["C001"]})
        do(
            *("export", "save", "Weekly", "--connection", "Sandbox", "--email-column", "EMail", "--segment", "Al*"),
            *("--exclude", "Out", "--advertiser-id", "2711", "--list-name", "{export} {segment}"),
            *("--placeholder", "none@x.example", "--form", "md5", "--mode", "append", "--inactive", "--at", "02:00"),
            *("--day", "monday", "--time-zone", "Europe/Amsterdam", "--priority", "5"),
            *("--threshold", "email_coverage=0.7", "--threshold", "least_size=3"),
        )
        saved = workspace.exports["Weekly"]
        assert (saved.form, saved.mode, saved.active, saved.priority) == ("md5", "append", False, 5)
        assert (saved.segments, saved.exclude, saved.advertiser_id) == (("Al*",), ("Out",), "2711")
        assert (saved.list_name, bool(saved.placeholders)) == ("{export} {segment}", True)
        assert (saved.thresholds.email_coverage, saved.thresholds.least_size) == (0.7, 3)
        assert str(saved.schedule) == "Monday at 02:00 Europe/Amsterdam"
        assert json.loads(do("export", "show", "Weekly", "--json"))["mode"] == "append"
        assert "mode: append" in do("export", "show", "Weekly")

    def test_save_respects_newer_versions(self, do: Do, workspace: toolkit.Workspace) -> None:
        options = ("--connection", "Sandbox", "--email-column", "EMail", "--segment", "All", "--advertiser-id", "2711")
        do("export", "save", "Nightly", *options, "--based-on", "1", "--off")
        assert str(workspace.exports["Nightly"].schedule) == "off"
        refused = invoke(("export", "save", "Nightly", *options, "--based-on", "1"), at=workspace.path)
        assert isinstance(refused.exception, toolkit.ToolkitError)

    def test_lists_are_named_by_segment(self, do: Do, workspace: toolkit.Workspace, criteo: Sandbox) -> None:
        do("run", "start", "Nightly")
        (held,) = criteo.lists()
        options = ("--connection", "Sandbox", "--email-column", "EMail", "--segment", "All", "--advertiser-id", "2711")
        do("export", "save", "Other", *options, "--list", f"All={held.id}")
        assert workspace.exports["Other"].lists == {"All": held.id}

    def test_list_and_its_filter(self, do: Do) -> None:
        do("export", "duplicate", "Nightly", "Copy")
        assert [it["export"] for it in rows(do("export", "list", "--json"))] == ["Copy", "Nightly"]
        assert len(rows(do("export", "list", "--segment", "All", "--json"))) == 2

    def test_activity(self, do: Do, workspace: toolkit.Workspace) -> None:
        do("export", "deactivate", "Nightly")
        assert not workspace.exports["Nightly"].active
        do("export", "activate", "Nightly")
        assert workspace.exports["Nightly"].active

    def test_ends_show_lists_left(self, do: Do) -> None:
        do("run", "start", "Nightly")
        assert [it["because"] for it in rows(do("export", "detach", "Nightly", "--json"))] == ["detached"]
        assert [it["export"] for it in rows(do("export", "remove", "Nightly", "--json"))] == ["Nightly"]

    def test_files(self, do: Do, tmp_path: Path, workspace: toolkit.Workspace) -> None:
        do("export", "write", str(tmp_path / "exports.yml"))
        do("export", "remove", "Nightly")
        assert "Nightly" in do("export", "read", str(tmp_path / "exports.yml"))
        assert workspace.exports["Nightly"].segments == ("All",)

    def test_preview_and_check(self, do: Do, tmp_path: Path, criteo: Sandbox, tables: Tables) -> None:
        shown = rows(do("export", "preview", "Nightly", "--ask-criteo", "--json", "--html", str(tmp_path / "p.html")))
        assert [it["exportable"] for it in shown] == [100]
        assert (tmp_path / "p.html").is_file()
        assert "passed" in {it["outcome"] for it in rows(do("export", "check", "Nightly", "--json"))}
        tables.write(emails={"C000": None})
        do("export", "check", "Nightly", code=1)
        assert criteo.lists() == []


class TestRun:
    def test_start_takes_each_option(self, do: Do, workspace: toolkit.Workspace) -> None:
        report = json.loads(do("run", "start", "Nightly", "--dry-run", "--scheduled", "--json"))
        assert (report["status"], report["dry_run"], report["started_by"]) == ("successful", True, "schedule")
        do("run", "start", "Nightly", "--mode", "append", "--batch-size", "40", "--allow", "large change")
        shown = json.loads(do("run", "show", str(workspace.runs.frame["run"][0]), "--json"))
        assert (shown["started_by"], shown["lists"][0]["batches"]) == ("person", 3)

    def test_a_gone_list_is_remade(self, do: Do, criteo: Sandbox, held: Callable[[str], set[str]]) -> None:
        do("run", "start", "Nightly")
        (gone,) = criteo.lists()
        criteo.delete_list(gone.id)
        do("run", "start", "Nightly", code=1)
        do("run", "start", "Nightly", "--if-list-gone", "remake")
        assert len(held("All")) == 100

    def test_all_and_its_errors(self, do: Do, workspace: toolkit.Workspace, tables: Tables) -> None:
        tables.write(segments={"Gone": ["C001"]})
        workspace.exports.save(
            "Broken", connection="Sandbox", email_column="EMail", segments="Gone", advertiser_id="2711"
        )
        (tables.folder / "segments" / "Gone.parquet").unlink()
        ended = {it["export"]: it for it in json.loads(do("run", "all", "--json", code=1))}
        assert {name: bool(it["error"]) for name, it in ended.items()} == {"Broken": True, "Nightly": False}
        assert {"what", "remedy"} <= ended["Broken"]["error"].keys()

    def test_lists(self, do: Do) -> None:
        do("run", "start", "Nightly")
        assert [it["status"] for it in rows(do("run", "list", "Nightly", "--json"))] == ["successful"]
        assert [it["exportable"] for it in rows(do("run", "trend", "--json"))] == [100]
        entered = rows(do("run", "membership", "Nightly", "--json"))
        assert ({it["change"] for it in entered}, len(entered)) == ({"entered"}, 100)
        assert {it["times_entered"] for it in rows(do("run", "flapping", "--times", "1", "--json"))} == {1}
        assert rows(do("run", "flapping", "--json")) == []

    def test_what_can_not_be_resumed(self, workspace: toolkit.Workspace) -> None:
        workspace.runs.start("Nightly")
        for arguments in (("run", "resume", "Nightly"), ("run", "cancel", str(workspace.runs.frame["run"][0]))):
            assert isinstance(invoke(arguments, at=workspace.path).exception, toolkit.ToolkitError)


class TestSegment:
    def test_life(self, do: Do, tmp_path: Path) -> None:
        where = ("--where", "CustomerId < 'C010'")
        assert json.loads(do("segment", "draft", "Some", *where, "--json"))["size"] == 10
        do("segment", "build", "Some", *where, "--dynamic")
        do("segment", "rebuild", "Some")
        assert len(rows(do("segment", "show", "Some", "--json"))) == 2
        assert {it["segment"]: it["rows"] for it in rows(do("segment", "list", "--json"))} == {"All": 100, "Some": 10}
        options = ("--exclude", "Some", "--left-out", str(tmp_path / "left.csv"), "--threshold", "email_coverage=0.9")
        shown = rows(do("segment", "preview", "All", "--email-column", "EMail", *options, "--json"))
        assert [it["exportable"] for it in shown] == [90]
        assert pl.read_csv(tmp_path / "left.csv").height == 10
        do("segment", "remove", "Some")
        assert len(rows(do("segment", "list", "--json"))) == 1


class TestList:
    @pytest.mark.parametrize("verb", ["empty", "delete"])
    def test_ends(self, do: Do, criteo: Sandbox, verb: str) -> None:
        do("run", "start", "Nightly")
        do("export", "remove", "Nightly")
        (left,) = rows(do("list", "abandoned", "--json"))
        assert rows(do("list", verb, str(left["list_id"]), "--json")) == []
        assert [it for it in criteo.lists() if criteo.identifiers(it.id)] == []

    def test_keeps(self, do: Do, workspace: toolkit.Workspace) -> None:
        do("run", "start", "Nightly")
        do("export", "remove", "Nightly")
        (left,) = workspace.lists.left_behind.lists
        do("list", "keep", left.list_id)
        assert workspace.lists.left_behind.untended == ()


class TestSuppression:
    def test_life(self, do: Do, tmp_path: Path) -> None:
        pl.DataFrame({"key": ["C001", None]}).write_parquet(tmp_path / "out.parquet")
        do("suppression", "add", str(tmp_path / "out.parquet"), "--customer-column", "key", "--skip-unusable")
        (entry,) = rows(do("suppression", "list", "--json"))
        do("suppression", "lift", str(entry["entry"]))
        assert [it["lifted_at"] is None for it in rows(do("suppression", "list", "--json"))] == [False]

    def test_losses_are_counted(self, workspace: toolkit.Workspace) -> None:
        refused = invoke(("suppression", "accept-lost", "--entries", "2"), at=workspace.path)
        assert isinstance(refused.exception, ConfigurationError)

    def test_forget_asks_for_the_email(self, do: Do, held: Callable[[str], set[str]]) -> None:
        do("run", "start", "Nightly")
        said = do("forget", given="person7@mail.example\n")
        assert "person7" not in said
        assert len(held("All")) == 99
        assert rows(do("forget", "--customer", "C008", "--json"))
        assert len(held("All")) == 98

    def test_disclose_asks_for_the_email(self, do: Do, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        do("run", "start", "Nightly")
        page, document = tmp_path / "it.html", tmp_path / "it.json"
        said = do("disclose", "--page", str(page), "--document", str(document), given="person7@mail.example\n")
        assert "person7" not in said
        told = json.loads(do("disclose", "--customer", "C007", "--json"))
        (period,) = told["disclosure"]["lists"]
        assert period["from_run"] in page.read_text()
        do("verify-disclosure", str(document))
        document.write_text(document.read_text().replace("C007", "C008"))
        assert invoke(("verify-disclosure", str(document)), at=workspace.path).exit_code == 1


class TestConnection:
    def test_life(
        self, do: Do, criteo: Sandbox, workspace: toolkit.Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("CRITEO_CLIENT_ID", criteo.client_id)
        monkeypatch.setenv("CRITEO_CLIENT_SECRET", criteo.client_secret)
        do("connection", "connect", "Second", "--host", criteo.url, "--user", "contributors", "--i-agree")
        assert workspace.connections["Second"].open_to == "contributors"
        do("connection", "unshare", "Second", "--user", "contributors")
        do("connection", "share", "Second", "--user", "contributors")
        do("connection", "seal", "Second")
        do("connection", "rotate", "Second")
        assert "2711" in {it["advertiser_id"] for it in rows(do("connection", "test", "Second", "--json"))}
        do("connection", "rename", "Second", "Third")
        assert {it["name"] for it in rows(do("connection", "list", "--json"))} == {"Sandbox", "Third"}
        assert json.loads(do("connection", "hosts"))["Third"] == criteo.url
        do("connection", "remove", "Third")
        do("connection", "remove", "Sandbox", "--export", "Nightly=detach", "--lists", "keep")
        assert list(workspace.connections) == []

    def test_secrets_come_from_files(self, do: Do, criteo: Sandbox, tmp_path: Path) -> None:
        file = tmp_path / "criteo.toml"
        file.write_text(
            f'client_id = "{criteo.client_id}"\nclient_secret = "{criteo.client_secret}"\nhost = "{criteo.url}"\n'
        )
        file.chmod(0o600)
        said = do("connection", "connect", "Filed", "--credentials", str(file), given="y\n")
        assert toolkit.CONSENT_TEXT.split()[0] in said
        assert criteo.client_secret not in said
        assert "2711" in do("connection", "show", "Filed")

    def test_no_consent_saves_nothing(self, workspace: toolkit.Workspace) -> None:
        refused = invoke(("connection", "connect", "Other"), at=workspace.path, given="n\n")
        assert (refused.exit_code, list(workspace.connections)) == (1, ["Sandbox"])


class TestPeople:
    def test_life(self, do: Do, workspace: toolkit.Workspace) -> None:
        request = json.loads(do("people", "join", "anna", "--json"))
        assert request["root"] == workspace.root
        key = SigningKey.generate().verify_key.encode().hex()
        do("people", "add", "anna", "--public-key", key, "--role", "viewer", "--root", workspace.root)
        do("people", "change-role", "anna", "--role", "contributor")
        roles = {it["name"]: it["role"] for it in rows(do("people", "list", "--json"))}
        assert roles["anna"] == "contributor"
        assert "administrator" in do("people", "me")
        do("people", "remove", "anna")
        assert "anna" not in workspace.people


class TestChecks:
    def test_life(self, do: Do, workspace: toolkit.Workspace, tmp_path: Path) -> None:
        file = tmp_path / "suite.yml"
        file.write_text(
            "expectations:\n  - {type: expect_column_values_to_not_be_null, kwargs: {column: EMail}, severity: warning}\n"
        )
        do("check", "add", "Own", str(file))
        do("check", "sign", "Own")
        ((suite,),) = (rows(do("check", "list", "--json")),)
        assert suite["suite"] == "Own"
        do("check", "remove", "Own")
        assert workspace.checks == {}


class TestWorkspace:
    def test_life(self, do: Do, tables: Tables, tmp_path: Path) -> None:
        made = ("workspace", "create", str(tmp_path / "new"), "--profiles", tables.profiles.location)
        rules = ("--key-normalization", "case", "--key-normalization", "blanks", "--key-as-text")
        assert invoke((*made, "--segments", tables.segments.location, *rules), at=None).exit_code == 0
        read = toolkit.open_workspace(tmp_path / "new").profiles
        assert (read.key_normalization, read.key_as_text) == (("case", "blanks"), True)
        assert str(tables.profiles.location) in do("workspace", "tables")
        assert "up to date" in do("workspace", "upgrade")
        assert "Nightly" in do("workspace", "show")
        assert do("workspace", "restore")

    def test_segments_in_one_table(self, do: Do, tmp_path: Path, workspace: toolkit.Workspace) -> None:
        pl.DataFrame({"CustomerId": ["C001"], "Segment": ["VIP"]}).write_parquet(tmp_path / "m.parquet")
        do("workspace", "tables", "--segments", str(tmp_path / "m.parquet"), "--segment-column", "Segment")
        assert list(toolkit.open_workspace(workspace.path).segments) == ["VIP"]

    def test_a_wrong_rule_of_keys_is_told(self, tmp_path: Path) -> None:
        made = ("workspace", "create", str(tmp_path / "new"), "--profiles", "p.parquet", "--key-normalization", "none")
        assert isinstance(invoke(made, at=None).exception, ConfigurationError)
        assert not (tmp_path / "new").exists()

    def test_grants_are_of_postgresql(self, workspace: toolkit.Workspace) -> None:
        refused = invoke(("workspace", "grants", "--user", "anna", "--role", "viewer"), at=workspace.path)
        assert isinstance(refused.exception, toolkit.ToolkitError)

    def test_trust(self, do: Do, workspace: toolkit.Workspace) -> None:
        root = do("trust").strip()
        assert root == workspace.root
        do("trust", root)

    def test_audit(self, do: Do) -> None:
        assert "save export" in {it["action"] for it in rows(do("audit", "--json"))}
        do("audit", "--verify")

    def test_init(self, tmp_path: Path) -> None:
        assert invoke(("init", str(tmp_path / "project"), "--sample"), at=None).exit_code == 0


class TestNight:
    def test_refreshes(self, do: Do) -> None:
        lines = do("refresh", "--json")
        refresh = json.loads(lines.splitlines()[-1])
        (row,) = rows(do("refresh", "list", "--json"))
        assert row["export"] == "Nightly"
        assert do("refresh", "show", str(row["refresh"]), "--json") == lines
        assert refresh["exit_code"] == 0

    def test_health(self, do: Do) -> None:
        assert {"what", "level"} <= rows(do("health", "--json", code=1))[0].keys()
        assert "toolkit_" in do("health", "--prometheus", code=1)

    def test_schedule(self, do: Do) -> None:
        assert "toolkit refresh" in do("schedule", "show", "--as", "cron", "--at", "02:00")

    def test_quality(self, do: Do) -> None:
        assert {it["column"] for it in rows(do("quality", "--json"))} == {"CustomerId", "EMail"}


@pytest.mark.parametrize("limit", ["email_coverage=much", "nothing=1"])
def test_a_wrong_limit_is_told(workspace: toolkit.Workspace, limit: str) -> None:
    options = ("--connection", "Sandbox", "--segment", "All", "--advertiser-id", "2711")
    for verb in (("segment", "preview", "All"), ("export", "save", "A", *options)):
        ended = invoke((*verb, "--email-column", "EMail", "--threshold", limit), at=workspace.path)
        assert isinstance(ended.exception, ConfigurationError)


@pytest.mark.parametrize("arguments", [("export", "save", "A", "--list", "x"), ("trust", "--host", "x")])
def test_pairs_need_an_equals_sign(workspace: toolkit.Workspace, arguments: tuple[str, ...]) -> None:
    required = ("--connection", "Sandbox", "--email-column", "EMail", "--segment", "All")
    words = (*arguments, *(required if arguments[0] == "export" else ()))
    assert invoke(words, at=workspace.path).exit_code == 2


def test_version() -> None:
    ended = invoke(("--version",), at=None)
    assert (ended.exit_code, ended.output.strip()) == (0, version("criteo-segment-toolkit"))


def test_each_verb_is_tried(request: pytest.FixtureRequest) -> None:
    """Last: it looks back at the tests above."""
    if request.config.getoption("keyword") or any("::" in it for it in request.config.args):
        pytest.skip("only some of the tests above ran")
    assert set() == ALL - TRIED - SERVING


def test_exports_of_several_types_are_saved(workspace: toolkit.Workspace, tables: Tables, do: Do) -> None:
    path = tables.folder / "profiles.parquet"
    pl.read_parquet(path).with_columns(
        EMail2=pl.lit("second@mail.example"), Phone=pl.lit("06 12345678"), Gum=pl.lit("k-Visitor")
    ).write_parquet(path)
    columns = ["--email-column", "EMail", "--email-column", "EMail2", "--phone-column", "Phone", "--phone-region", "nl"]
    gum = ["--gum-column", "Gum", "--gum-caller-id", "57", "--separator", ";"]
    named = ["--connection", "Sandbox", "--segment", "All", "--advertiser-id", "2711"]
    do("export", "save", "Weekly", *named, *columns, *gum)
    saved = workspace.exports["Weekly"]
    assert (saved.email_column, saved.phone_column, saved.phone_region) == (("EMail", "EMail2"), "Phone", "NL")
    assert (saved.gum_column, saved.gum_caller_id, saved.separator) == ("Gum", 57, ";")
    previewed = do("segment", "preview", "All", "--phone-column", "Phone", "--phone-region", "NL", "--json")
    assert rows(previewed)[0]["exportable"] == 1
    people = tables.folder / "out.csv"
    people.write_text("number\n06-12345678\n")
    added = do("suppression", "add", str(people), "--phone-column", "number", "--phone-region", "NL", "--json")
    assert json.loads(added)[0]["phone_numbers"] == 1


def test_a_person_is_forgotten_by_phone(workspace: toolkit.Workspace, do: Do) -> None:
    do("forget", "--known-by", "phone", "--phone-region", "NL", given="06 12345678\n")
    (entry,) = workspace.suppressions.values()
    assert entry.identifiers["phoneNumber"] == 1
