"""Exports and audiences in a YAML file: all that it says is saved, or nothing, and it says why."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import toolkit
from toolkit.errors import ConfigurationError

_AUDIENCE = "{connection: Sandbox, advertiser_id: '2711', definition: All}"
_EXPORT = "{connection: Sandbox, advertiser_id: '2711', email_column: EMail, segments: [All]}"


@pytest.fixture(params=["exports", "audiences"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def options(kind: str) -> str:
    return {"exports": _EXPORT, "audiences": _AUDIENCE}[kind]


@pytest.fixture
def kept(workspace: toolkit.Workspace, kind: str) -> Mapping[str, object]:
    return {"exports": workspace.exports, "audiences": workspace.audiences}[kind]


@pytest.fixture
def read(workspace: toolkit.Workspace, kind: str, tmp_path: Path) -> Callable[[str], object]:
    """Save what a text says."""

    def act(text: str) -> object:
        file = tmp_path / "them.yml"
        file.write_text(text)
        return {"exports": workspace.exports, "audiences": workspace.audiences}[kind].read(file)

    return act


def test_several_are_saved_in_their_order(
    workspace: toolkit.Workspace, kind: str, options: str, kept: Mapping[str, object], read: Callable[[str], object]
) -> None:
    assert list(read(f"{kind}:\n  Second: {options}\n  '1': {options}\n")) == ["Second", "1"]  # type: ignore[call-overload]
    assert set(kept) - {"Nightly"} == {"1", "Second"}
    assert workspace.audit.verify() is None
    assert workspace.health().frame.filter(what="signatures")["level"].to_list() == ["ok"]


_LIES = {
    "a name that stands twice": "{kind}:\n  A: {options}\n  B: {options}\n  A: {options}\n",
    "an option that stands twice": "{kind}:\n  A: {options}\n  B: {{connection: Sandbox, connection: Sandbox}}\n",
    "another name among the options": "{kind}:\n  A: {{name: B, connection: Sandbox, advertiser_id: 2711}}\n",
    "a name that is no text": "{kind}:\n  yes: {options}\n",
    "nesting without end": "{kind}: " + "[" * 20_000,
    "a day that is none": "{kind}:\n  A: {options}\nat: 2026-02-31\n",
    "a number that is none": "{kind}:\n  A: {options}\nat: 0b\n  1: 2",
}


@pytest.mark.parametrize("lie", _LIES)
def test_nothing_is_saved_of_what_is_wrong(
    kind: str, options: str, kept: Mapping[str, object], read: Callable[[str], object], lie: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"them\.yml"):
        read(_LIES[lie].format(kind=kind, options=options))
    assert set(kept) <= {"Nightly"}


def test_the_line_is_told(kind: str, options: str, read: Callable[[str], object]) -> None:
    for text, line in (("{kind}:\n  A: {options}\n  A: {options}\n", 3), ("{kind}:\n\n\n  A: [\n", 5)):
        with pytest.raises(ConfigurationError, match=f"line {line}"):
            read(text.format(kind=kind, options=options))


@pytest.mark.parametrize("wrong", ["Sandbox", "All", "2711"])
def test_nothing_is_saved_when_one_names_what_is_not_there(
    kind: str, options: str, kept: Mapping[str, object], read: Callable[[str], object], wrong: str
) -> None:
    with pytest.raises(ConfigurationError):
        read(f"{kind}:\n  A: {options}\n  B: {options.replace(wrong, 'Nonsense')}\n  C: {options}\n")
    assert set(kept) <= {"Nightly"}
