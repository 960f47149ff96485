"""The examples in the docstrings of what is public run, and show what they say."""

import doctest
import os
import re
import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import polars as pl
import pytest
from nacl.signing import SigningKey

import toolkit
from toolkit.collections import Collection
from toolkit.criteo import CriteoClient
from toolkit.errors import family
from toolkit.sandbox import Sandbox

PROJECT = Path(__file__).parents[1]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FINDER = doctest.DocTestFinder(exclude_empty=True)
WITHOUT_DOCSTRING = {"CONSENT_TEXT"}
"""What is text at run time; the reference shows its description."""
WITHOUT_EXAMPLE = {
    "Checks.sign": "a file of Great Expectations must be there first",
    "Refreshes.start": "the example of what it returns shows it",
}


def examples() -> dict[str, doctest.DocTest]:
    public = {name: getattr(toolkit, name) for name in toolkit.__all__ if name not in WITHOUT_DOCSTRING}
    public["CriteoClient"] = CriteoClient
    # The finder passes over cached properties.
    public |= {
        f"Workspace.{name}": it.func for name, it in vars(toolkit.Workspace).items() if isinstance(it, cached_property)
    }
    found = [test for name, it in public.items() for test in FINDER.find(it, name, module=False, globs={})]
    return {test.name: test for test in found if test.examples}


class Sample:
    """A workspace on the sample data with one export that ran once, made anew only where a copy can't do."""

    def __init__(self, home: Path, criteo: Sandbox) -> None:
        self._live, self._kept = home / "live", home / "kept"
        self._criteo = criteo
        self._lists = ""

    @property
    def path(self) -> Path:
        return self._live

    def _there(self) -> str:
        """What is at Criteo."""
        return repr((self._criteo.lists(), self._criteo.audiences(), self._criteo.ad_sets()))

    def lay(self) -> None:
        """Lay the files as they were made; what an example changed at Criteo can't be taken back, so it is made anew."""
        is_made = self._kept.exists() and self._lists == self._there()
        for folder in (self._live, *([] if is_made else [self._kept])):
            shutil.rmtree(folder, ignore_errors=True)
        if is_made:
            shutil.copytree(self._kept, self._live)
        else:
            self._make()
            shutil.copytree(self._live, self._kept)

    def _make(self) -> None:
        self._criteo.reset()
        shutil.copytree(PROJECT / "data" / "day1", self._live / "data" / "day1")
        os.chdir(self._live)
        workspace = toolkit.open_workspace(
            "workspace",
            profiles=toolkit.Profiles(location="data/day1/profiles", key="CustomerId"),
            segments=toolkit.SegmentFolder(location="data/day1/segments", key="CustomerId"),
            create=True,
        )
        credentials = toolkit.Credentials.from_environment(host=self._criteo.url)
        workspace.connections.connect("Criteo", credentials=credentials, i_agree=True)
        workspace.exports.save(
            "Nightly", connection="Criteo", advertiser_id="2711", email_column="EMail", segments=["High value"]
        )
        assert workspace.runs.start("Nightly").outcome == "successful"
        self._lists = self._there()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, _criteo_process: Sandbox) -> Sample:
    return Sample(tmp_path_factory.mktemp("sample"), _criteo_process)


@pytest.fixture
def known(sample: Sample, _criteo_process: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """What the examples may use, as the reference's first page says."""
    monkeypatch.setenv("CRITEO_CLIENT_ID", _criteo_process.client_id)
    monkeypatch.setenv("CRITEO_CLIENT_SECRET", _criteo_process.client_secret)
    monkeypatch.setenv("TOOLKIT_MEMORY", str(sample.path / "memory"))
    before = Path.cwd()
    sample.lay()
    os.chdir(sample.path)
    identity = {"client_id": _criteo_process.client_id, "client_secret": _criteo_process.client_secret}
    client = CriteoClient(host=_criteo_process.url, **identity)
    yield {
        **identity,
        "client": client,
        "toolkit": toolkit,
        "pl": pl,
        "workspace": toolkit.open_workspace("workspace"),
        "host": _criteo_process.url,
        "criteo": _criteo_process,
        "key_of_bob": SigningKey.generate().verify_key.encode().hex(),
    }
    client.close()
    os.chdir(before)


@pytest.mark.parametrize("example", examples().values(), ids=lambda it: it.name)
def test_the_example_runs(example: doctest.DocTest, known: dict[str, object]) -> None:
    said: list[str] = []
    example.globs.update(known)
    failed, tried = doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=said.append)
    assert tried > 0
    assert failed == 0, "".join(said)


def test_the_way_of_one_member_is_as_described(known: dict[str, object]) -> None:
    page = (PROJECT / "docs" / "architecture.md").read_text()
    (text,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    said: list[str] = []
    example = doctest.DocTestParser().get_doctest(text, known, "architecture", None, None)
    assert doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=said.append).failed == 0, "".join(said)
    assert len(example.examples) > 10


def test_each_public_name_has_an_example() -> None:
    missing = {name for name in toolkit.__all__ if name not in WITHOUT_DOCSTRING} - examples().keys()
    # The example of the base class shows what all have; some have one of their own.
    assert missing - {it.__name__ for it in family()} == set()


def test_each_verb_has_an_example() -> None:
    ours = [toolkit.Workspace, *Collection.__subclasses__()]
    verbs = {f"{it.__name__}.{name}" for it in ours for name in vars(it) if not name.startswith("_")}
    assert len(verbs) > 60
    assert verbs - examples().keys() == WITHOUT_EXAMPLE.keys()
