"""One list of dependencies: what is pinned, and the conda way, follow from pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
PINNED = {
    canonicalize_name(requirement.name): requirement
    for line in (PROJECT / "requirements.lock").read_text().splitlines()
    if line and not line.lstrip().startswith("#")
    for requirement in [Requirement(line)]
}


def declared() -> list[Requirement]:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    return [Requirement(it) for it in settings["project"]["dependencies"] + settings["dependency-groups"]["dev"]]


@pytest.mark.parametrize("requirement", declared(), ids=lambda it: it.name)
def test_each_dependency_is_pinned_to_a_version_that_it_allows(requirement: Requirement) -> None:
    pinned = PINNED[canonicalize_name(requirement.name)]
    ((operator, version),) = ((it.operator, it.version) for it in pinned.specifier)
    assert operator == "=="
    assert requirement.specifier.contains(version)


def test_every_line_of_the_lock_pins_one_version() -> None:
    assert {name for name, it in PINNED.items() if [each.operator for each in it.specifier] != ["=="]} == set()


def test_the_conda_environment_has_no_list_of_its_own() -> None:
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
    python, pip, through_pip = environment["dependencies"]
    assert python.startswith("python=")
    assert pip == "pip"
    assert through_pip == {"pip": ["--requirement requirements.lock", "--editable ."]}


@pytest.mark.parametrize("name", ["requirements.lock", "environment.yml", "pyproject.toml", "Makefile"])
def test_no_file_names_the_host_of_a_registry(name: str) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|@ file:", (PROJECT / name).read_text())
