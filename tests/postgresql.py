"""A PostgreSQL server of the tests' own, as Debian installs it."""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from secrets import token_hex

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.conftest import need
from toolkit.state.database import connect


class Server:
    """A running server, reached through a socket in a folder of its own."""

    def __init__(self, folder: Path, programs: Path, user: str) -> None:
        self._folder = folder
        self._programs = programs
        self._user = user

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        return self._made("template0")

    def new_database_with_schema(self) -> str:
        """Make a database that holds the tables of a workspace, and nothing in them; return its URL."""
        return self._made(self._with_schema)

    @cached_property
    def _with_schema(self) -> str:
        """The database of which the others are copies: to migrate each would take several times as long."""
        url = self.new_database()
        connect(url, self._folder).dispose()
        return database_name(url)

    def _made(self, template: str) -> str:
        name = f"test_{token_hex(6)}"
        with psycopg.connect(host=str(self._folder), user=self._user, dbname="postgres", autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        return f"postgresql+psycopg://{self._user}@/{name}?host={self._folder}"

    def restored_copy(self, url: str) -> str:
        """Back a database up, and restore it into a new one; return that one's URL."""
        copy = self.new_database()
        where = ["--host", self._folder, "--username", self._user]
        file = self._folder / f"{database_name(copy)}.dump"
        run(self._user, self._programs / "pg_dump", *where, "--format=custom", "--file", file, database_name(url))
        run(self._user, self._programs / "pg_restore", *where, "--dbname", database_name(copy), file)
        return copy


def database_name(url: str) -> str:
    return str(make_url(url).database)


@contextmanager
def running_server() -> Iterator[Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    programs = Path(need("postgresql", found=str(found[-1]) if found else None)).parent
    # The server refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = folder / "data"
        run(user, programs / "initdb", "--pgdata", data, "--auth", "trust", "--no-sync", "--username", user)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c timezone=Asia/Tokyo"
        control = [programs / "pg_ctl", "--pgdata", data, "--wait", "--log", folder / "log"]
        run(user, *control, "--options", options, "start")
        try:
            yield Server(folder, programs, user)
        finally:
            run(user, *control, "--mode", "fast", "stop")


def run(user: str, *command: str | Path) -> None:
    prefix = ["runuser", "--user", user, "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *map(str, command)], check=True, capture_output=True, cwd="/")
