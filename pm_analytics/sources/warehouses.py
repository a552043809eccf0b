"""Doors to engines that are reached over a network. Who may enter is said by the environment, never by a notebook."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pm_analytics import engine as engines
from pm_analytics.errors import MissingExtraError, ParameterError, SourceError, UnknownNameError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET_WORDS = ("password", "passwd", "token", "secret", "credential", "private_key", "auth")


@dataclass(frozen=True, slots=True)
class Door:
    """How an engine is reached.

    Attributes
    ----------
    title, driver, package : str
        What the engine is called; the module and the package that Ibis reaches it through.
    variables : mapping
        Argument of Ibis' ``connect`` -> environment variable. All but the variables in ``needed`` may be absent.
    also : mapping
        What Ibis is told besides.
    backend : str, optional
        What Ibis calls it, if not as we do.
    """

    title: str
    driver: str
    package: str
    variables: Mapping[str, str]
    needed: tuple[str, ...]
    also: Mapping[str, Any] = field(default_factory=dict)
    backend: str | None = None


DOORS: Mapping[str, Door] = MappingProxyType(
    {
        "postgres": Door(
            "PostgreSQL",
            "psycopg",
            "psycopg",
            {"host": "PGHOST", "port": "PGPORT", "database": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD"},
            ("PGHOST",),
        ),
        "clickhouse": Door(
            "ClickHouse",
            "clickhouse_connect",
            "clickhouse-connect",
            {
                "host": "CLICKHOUSE_HOST",
                "port": "CLICKHOUSE_PORT",
                "database": "CLICKHOUSE_DATABASE",
                "user": "CLICKHOUSE_USER",
                "password": "CLICKHOUSE_PASSWORD",
                "secure": "CLICKHOUSE_SECURE",
            },
            ("CLICKHOUSE_HOST",),
        ),
        "bigquery": Door(
            "BigQuery",
            "google.cloud.bigquery",
            "google-cloud-bigquery",
            # Google's own library finds the key by GOOGLE_APPLICATION_CREDENTIALS, or who is logged in.
            {"project_id": "GOOGLE_CLOUD_PROJECT", "dataset_id": "BIGQUERY_DATASET"},
            ("GOOGLE_CLOUD_PROJECT",),
        ),
        "snowflake": Door(
            "Snowflake",
            "snowflake.connector",
            "snowflake-connector-python",
            {
                "account": "SNOWFLAKE_ACCOUNT",
                "user": "SNOWFLAKE_USER",
                "password": "SNOWFLAKE_PASSWORD",
                "database": "SNOWFLAKE_DATABASE",
                "warehouse": "SNOWFLAKE_WAREHOUSE",
                "role": "SNOWFLAKE_ROLE",
                "authenticator": "SNOWFLAKE_AUTHENTICATOR",
            },
            ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_DATABASE"),
            # Ibis would make functions in the database, which a reader may not, and which no question here needs.
            {"create_object_udfs": False},
        ),
        "databricks": Door(
            "Databricks",
            "databricks.sql",
            "databricks-sql-connector",
            {
                "server_hostname": "DATABRICKS_SERVER_HOSTNAME",
                "http_path": "DATABRICKS_HTTP_PATH",
                "access_token": "DATABRICKS_TOKEN",
                "catalog": "DATABRICKS_CATALOG",
                "schema": "DATABRICKS_SCHEMA",
            },
            ("DATABRICKS_SERVER_HOSTNAME", "DATABRICKS_HTTP_PATH", "DATABRICKS_TOKEN"),
        ),
        "trino": Door(
            "Trino",
            "trino",
            "trino",
            {
                "host": "TRINO_HOST",
                "port": "TRINO_PORT",
                "user": "TRINO_USER",
                "auth": "TRINO_PASSWORD",
                "database": "TRINO_CATALOG",
                "schema": "TRINO_SCHEMA",
            },
            ("TRINO_HOST", "TRINO_USER", "TRINO_CATALOG"),
        ),
        # Spark finds its own way: SPARK_REMOTE, or a session that is open already, or one on this machine.
        "spark": Door("Spark", "pyspark", "pyspark", {}, (), backend="pyspark"),
    }
)


def connect(engine: str, **options: Any) -> Any:  # noqa: ANN401 - an Ibis backend
    """Connect to a warehouse, with credentials from the environment only.

    The address is read from ``PM_ANALYTICS_<ENGINE>_URL``, such as ``postgres://user:password@host/database``, or else
    from the variables that the engine's own tools use (``PGHOST``, ``SNOWFLAKE_ACCOUNT``, ``DATABRICKS_TOKEN`` ...).

    Parameters
    ----------
    engine : {"postgres", "clickhouse", "bigquery", "snowflake", "databricks", "trino", "spark"}
        The kind of engine.
    **options
        More arguments of Ibis' ``connect`` for it, such as ``database=`` or ``schema=``; no passwords.

    Returns
    -------
    Ibis backend
        ``connect("postgres").table("events")`` is a table for :meth:`pm_analytics.EventLog.from_table`.

    Raises
    ------
    ParameterError
        An address or a secret was given as an argument: it would be saved with the notebook.
    UnknownNameError
        No such engine.
    MissingExtraError
        Its driver is not installed.
    SourceError
        The environment does not say where it is, or it could not be reached.
    """
    _refuse_secrets(engine, options)
    if engine not in DOORS:
        raise UnknownNameError("engine", [engine], DOORS, where="the engines that can be connected to")
    door = DOORS[engine]
    if not _installed(door.driver):
        raise MissingExtraError(f"Connecting to {door.title}", door.package, engine)
    url = os.environ.get(address_variable(engine))
    arguments = {} if url else _from_environment(engine, door)
    try:
        with engines.in_plain_words():
            return _opened(door, url, {**door.also, **arguments, **options})
    except SourceError as error:
        # Without its cause: a driver's error may hold the address, password and all.
        raise SourceError(f"Cannot connect to {door.title}: {error}") from None


def address_variable(engine: str) -> str:
    """Name the environment variable that holds an engine's address."""
    return f"PM_ANALYTICS_{engine.upper()}_URL"


def _refuse_secrets(engine: str, options: Mapping[str, Any]) -> None:
    told = [name for name in options if any(word in name.lower() for word in SECRET_WORDS)]
    if "://" in str(engine) or told:
        what = shown(told) if told else "The address"
        raise ParameterError(
            f"{what} belongs into the environment, not into a notebook, which is saved and shared. "
            f"Set {address_variable('<ENGINE>')}, and write for example pm_analytics.connect('postgres')."
        )


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent is not there
        return False


def _from_environment(engine: str, door: Door) -> dict[str, Any]:
    missing = [name for name in door.needed if not os.environ.get(name)]
    if missing:
        others = [name for name in door.variables.values() if name not in door.needed]
        raise SourceError(
            f"The environment does not say where {door.title} is. Set {address_variable(engine)}, or "
            f"{' and '.join(missing)} (and if needed {', '.join(others)})."
        )
    found = {argument: os.environ[name] for argument, name in door.variables.items() if os.environ.get(name)}
    return {argument: _typed(argument, value, door) for argument, value in found.items()}


def _typed(argument: str, value: str, door: Door) -> Any:  # noqa: ANN401
    if argument == "port":
        if not value.isdigit():
            raise SourceError(f"{door.variables[argument]} must be a number, the port of {door.title}.")
        return int(value)
    return value.lower() in {"1", "true", "yes"} if argument == "secure" else value


def _opened(door: Door, url: str | None, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
    import ibis

    name = door.backend or door.title.lower().replace("postgresql", "postgres")
    if url is None:
        return getattr(ibis, name).connect(**arguments)
    scheme = urlsplit(url).scheme.replace("postgresql", "postgres")
    if scheme != name:
        raise SourceError(f"the address in the environment should begin with {name}://, not with {scheme}://.")
    return ibis.connect(url, **arguments)
