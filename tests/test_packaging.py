"""One list of dependencies: what is pinned, and the conda way, follow from pyproject.toml."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.locks import LOCK, SPARK_LOCK, split
from toolkit.extras import MODULES, Extra

PROJECT = Path(__file__).parents[1]
PINNED = {
    canonicalize_name(requirement.name): requirement
    for lock in (LOCK, SPARK_LOCK)
    for line in lock.read_text().splitlines()
    if line and not line.lstrip().startswith("#")
    for requirement in [Requirement(line)]
}


def declared() -> list[Requirement]:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    extras = settings["project"]["optional-dependencies"]
    listed = [it for name, some in extras.items() if name != "all" for it in some]
    return [
        Requirement(it) for it in [*settings["project"]["dependencies"], *listed, *settings["dependency-groups"]["dev"]]
    ]


@pytest.mark.parametrize("requirement", declared(), ids=lambda it: it.name)
def test_each_dependency_is_pinned_to_a_version_that_it_allows(requirement: Requirement) -> None:
    pinned = PINNED[canonicalize_name(requirement.name)]
    ((operator, version),) = ((it.operator, it.version) for it in pinned.specifier)
    assert operator == "=="
    assert requirement.specifier.contains(version)


def test_all_is_each_extra() -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (everything,) = map(Requirement, extras["all"])
    assert everything.extras == extras.keys() - {"all", "spark"}
    assert everything.extras | {"spark"} == set(Extra)


@pytest.mark.parametrize("extra", Extra)
def test_an_extra_installs_its_modules(extra: Extra) -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    installed = {canonicalize_name(Requirement(it).name) for it in extras[extra]}
    homes = packages_distributions()
    if extra == "spark" and "pyspark" not in homes:
        pytest.skip("PySpark is not installed")
    assert {canonicalize_name(home) for module in MODULES[extra] for home in homes[module]} == installed


def test_the_version_heads_the_changelog() -> None:
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## (.+)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] in ("Unreleased", version)
    assert version in headings


def test_every_line_of_the_lock_pins_one_version() -> None:
    assert {name for name, it in PINNED.items() if [each.operator for each in it.specifier] != ["=="]} == set()


def test_what_only_spark_needs_is_apart() -> None:
    whole = "a==1\n    # via\n    #   other\n    #   pyspark\nother==2\n    # via project (dev)\n"
    spark = "py4j==3\n    # via pyspark\npyspark==4\n    # via project\n"
    assert split(whole + spark) == (whole.replace("    #   pyspark\n", ""), spark)


def test_the_conda_environment_has_no_list_of_its_own() -> None:
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
    python, pip, through_pip = environment["dependencies"]
    assert python.startswith("python=")
    assert pip == "pip"
    assert through_pip == {"pip": ["--requirement requirements.lock", "--editable ."]}


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-spark.lock", "environment.yml", "pyproject.toml", "Makefile"]
)
def test_no_file_names_the_host_of_a_registry(name: str) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|@ file:", (PROJECT / name).read_text())
