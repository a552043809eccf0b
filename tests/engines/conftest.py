"""Engines other than the embedded one: each is started once, cut off from everything but this machine, and filled."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pytest
from ibis.expr import operations as ops

from pm_analytics import EventLog

if TYPE_CHECKING:
    from collections.abc import Callable

ENGINES = ("postgres", "clickhouse", "spark")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Engine:
    """A running engine.

    Attributes
    ----------
    name : str
        One of :data:`ENGINES`, or ``"duckdb"``.
    backend : Ibis backend
        A connection to it.
    fill : function
        Makes a table of a name from an Arrow table.
    """

    name: str
    backend: Any
    fill: Callable[[str, Any], None]

    def table(self, rows: Any) -> Any:
        """Keep rows in this engine."""
        name = f"events_{next(_numbers)}"
        self.fill(name, rows)
        return self.backend.table(name)


def _missing(reason):
    """Skip, unless this machine promised to have every engine."""
    if os.environ.get("PM_ANALYTICS_REQUIRE_ENGINES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _driver(name, extra):
    try:
        return __import__(name)
    except ImportError:
        return _missing(f"{name} is not installed: pip install 'pm-analytics[{extra}]'")


def _program(name):
    """Find a program of PostgreSQL, which Debian keeps out of the way."""
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(beside[-1]) if beside else shutil.which(name)
    return found or _missing(f"{name} of PostgreSQL is not installed")


def _somebody():
    """Name an account that may run a server: PostgreSQL refuses root."""
    names = {account.pw_name for account in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def _spare_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


@dataclass(frozen=True)
class Server:
    """Where a PostgreSQL server listens, and who may enter."""

    port: int
    user: str
    password: str

    @property
    def url(self):
        """The address, as it would stand in the environment."""
        return f"postgres://{self.user}:{self.password}@127.0.0.1:{self.port}/postgres"


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server of its own, on a spare port, gone after the tests."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    with _home() as (home, runs_as):
        server = Server(_spare_port(), "pm", secrets.token_hex(16))
        (home / "password").write_text(server.password, encoding="utf-8")
        data = str(home / "data")
        made = ["-D", data, "-U", server.user, "--pwfile", str(home / "password"), "-A", "scram-sha-256", "-E", "UTF8"]
        _run([initdb, *made, "--locale=C", "--no-sync"], runs_as)
        # Its clock is not in UTC: whoever reads a timestamp without saying the zone is found out.
        options = (
            f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c jit=off "
            "-c timezone=America/New_York"
        )
        _run([control, "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start"], runs_as)
        yield server
        _run([control, "-D", data, "-m", "immediate", "stop"], runs_as)


@contextmanager
def _home():
    """Make a folder that belongs to an account which may run a server."""
    home = Path(tempfile.mkdtemp(prefix="pm_analytics_postgres_"))
    runs_as = {}
    if os.geteuid() == 0:
        account = _somebody()
        os.chown(home, account.pw_uid, account.pw_gid)
        runs_as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    yield home, runs_as
    shutil.rmtree(home, ignore_errors=True)


def _run(command, runs_as):
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        # Not a pipe: the server keeps it open, and who reads it would wait for the server to end.
        done = subprocess.run(command, stdout=said, stderr=said, check=False, cwd="/", **runs_as)
        said.seek(0)
        assert done.returncode == 0, said.read()


@pytest.fixture(scope="session")
def postgres(postgres_server):
    _driver("psycopg", "postgres")
    server = postgres_server
    backend = ibis.postgres.connect(
        host="127.0.0.1", port=server.port, user=server.user, password=server.password, database="postgres"
    )
    yield Engine("postgres", backend, backend.create_table)
    backend.disconnect()


@pytest.fixture(scope="session")
def clickhouse():
    """ClickHouse as a library, behind the client that Ibis uses for a server."""
    _driver("chdb", "engines")
    _driver("clickhouse_connect", "clickhouse")

    def fill(name, rows):
        backend.create_table(name, schema=ibis.memtable(rows).schema(), engine="Memory")
        backend.con.insert_arrow(name, rows)

    def send(expression, _external=None):
        """Make tables of what would go along with a query: the library, unlike a server, takes nothing along."""
        for memtable in expression.op().find(ops.InMemoryTable):
            if memtable.name not in backend.list_tables():
                fill(memtable.name, memtable.data.to_pyarrow(memtable.schema))
        return {}

    backend = ibis.clickhouse.connect(interface="chdb")
    backend._collect_in_memory_tables = send
    yield Engine("clickhouse", backend, fill)
    backend.disconnect()


@pytest.fixture(scope="session")
def spark():
    _driver("pyspark", "spark")
    if shutil.which("java") is None:
        _missing("no Java, which Spark needs")
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    settings = {
        "spark.ui.enabled": "false",
        # For a few rows, writing and compiling Java takes far longer than the question.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.session.timeZone": "America/New_York",
    }
    maker = SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        maker = maker.config(name, value)
    session = maker.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    backend = ibis.pyspark.connect(session)
    yield Engine("spark", backend, lambda name, rows: session.createDataFrame(rows).createOrReplaceTempView(name))
    session.stop()


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.engine) for name in ENGINES])
def engine(request):
    """Each engine in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def engine_log(request):
    """A writer of logs that lie elsewhere: ``engine_log("postgres", frame, user="user", timezone="UTC")``.

    The frame is read by the embedded engine as always; then its rows are put into the other engine and pointed at.
    """
    here = EventLog.from_frame

    def write(name, frame, **options):
        return (
            moved(here(frame, **options), request.getfixturevalue(name)) if name != "duckdb" else here(frame, **options)
        )

    return write


def moved(log, engine):
    """Put the rows of a log into another engine, and point at them there."""
    zoned = log.table.mutate(time=log.table["time"].cast("timestamp('UTC')"))
    return EventLog.from_table(
        engine.table(zoned.to_pyarrow()), user="user_id", event="event", time="time", timezone=log.timezone
    )


@pytest.fixture(scope="session")
def move():
    """A mover of logs: ``move(log, engine)`` gives the same log, lying there."""
    return moved


@pytest.fixture
def elsewhere(monkeypatch):
    """Let every log that is made of a frame lie in an engine: ``elsewhere(engine)``."""
    here = EventLog.from_frame

    def move_to(engine):
        monkeypatch.setattr(EventLog, "from_frame", lambda frame, **options: moved(here(frame, **options), engine))

    return move_to
