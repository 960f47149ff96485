"""No identifier of a person is left in plain: in no file, no value, no error, after all that is done with one."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

import toolkit
from tests.conftest import Tables, save_nightly
from toolkit.sandbox import Sandbox

PEOPLE = 20
# Not the number that sentences have as an example.
PHONES = [f"06{23456770 + it}" for it in range(PEOPLE)]
PLAIN = re.compile(r"(?:0|\+31|31)\s?6[\s-]?234567[78]\d|(?:per\.son|oth\.er|ex\.tra)\d+@")


def found_in(text: str) -> list[str]:
    return PLAIN.findall(text)


def texts_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """Return what the files say, as they lie there, and what Parquet would hide by its compression."""
    for file in folder.rglob("*"):
        if file.is_file():
            yield file, file.read_bytes().decode("latin-1")
            if file.suffix == ".parquet":
                yield file, str(pl.read_parquet(file, glob=False).rows())


def shown(*values: object) -> Iterator[str]:
    for value in values:
        yield repr(value)
        for name in ("_repr_html_", "to_json"):
            method = getattr(value, name, None)
            if method is not None and not isinstance(value, toolkit.Disclosure):
                yield method()


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(toolkit.ToolkitError) as raised:
        call()
    return str(raised.value)


def test_pattern_finds_what_it_looks_for() -> None:
    for it in (*PHONES, "+31623456770", "31623456771", "06-23456772", "per.son1@mail.example", "ex.tra7@mail.example"):
        assert found_in(f"… {it} …"), it


@pytest.mark.parametrize("form", ["sha256", "plain"])
def test_after_a_whole_life(
    workspace: toolkit.Workspace,
    tables: Tables,
    criteo: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    form: str,
) -> None:
    numbers = range(PEOPLE)
    keys = [f"C{it:03}" for it in numbers]
    pl.DataFrame(
        {
            "CustomerId": keys,
            "EMail": [f"per.son{it}@mail.example" if it % 2 else None for it in numbers],
            "Further": [f"oth.er{it}@mail.example;ex.tra{it}@mail.example" for it in numbers],
            "Phone": PHONES if form == "sha256" else [f"+31{it[1:]}" for it in PHONES],
        }
    ).write_parquet(tables.profiles.location)
    tables.write(segments={"All": keys})
    save_nightly(
        workspace,
        email_column=["EMail", "Further"],
        separator=";",
        phone_column="Phone",
        phone_region="NL",
        form=form,
    )
    run = workspace.runs.start("Nightly").raise_for_status()
    (held,) = criteo.lists()
    before = criteo.identifiers(held.id)
    assert len(before) == PEOPLE // 2 + 2 * PEOPLE + PEOPLE
    told = list(shown(run, workspace.exports.preview("Nightly"), workspace.quality(), workspace.exports["Nightly"]))

    people = pl.DataFrame({"people": [PHONES[3]]})
    told += shown(workspace.suppressions.add(people, phone_column="people", phone_region="NL"))
    told += shown(workspace.runs.start("Nightly").raise_for_status())
    without_one = criteo.identifiers(held.id)
    assert len(before - without_one) == 4

    told += shown(workspace.disclose(email="ex.tra5@mail.example"), workspace.forget(email="ex.tra5@mail.example"))
    disclosure = workspace.disclose(phone=PHONES[5], phone_region="NL")
    assert set(disclosure.frame["presence"]) == {"removed"}
    assert disclosure.frame["identifier"].n_unique() == len(without_one - criteo.identifiers(held.id)) == 4
    told += shown(disclosure, disclosure.frame.rows())
    told.append(disclosure.to_json(tmp_path / "told.json").read_text())
    told.append(disclosure.to_html(tmp_path / "told.html").read_text())

    unusable = pl.DataFrame({"people": [PHONES[1], f"no number {PHONES[2]}"]})
    told.append(error_of(lambda: workspace.suppressions.add(unusable, phone_column="people", phone_region="NL")))
    told.append(error_of(lambda: workspace.forget(phone=PHONES[4])))
    told.append(error_of(lambda: workspace.forget(email="per.son7@mail.example.")))
    told += shown(workspace, workspace.suppressions, workspace.audit, workspace.runs, run.frame.rows(), caplog.text)
    told.append(run.report.read_text())

    assert [found_in(it) for it in told if found_in(it)] == []
    assert [(file.name, found_in(text)[:1]) for file, text in texts_of(workspace.path) if found_in(text)] == []
