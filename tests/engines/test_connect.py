"""Connecting to a warehouse: credentials come from the environment, and never show."""

from __future__ import annotations

import logging
import traceback

import pytest

import pm_analytics as pm
from pm_analytics import dialects
from pm_analytics.errors import MissingExtraError, ParameterError, SourceError, UnknownNameError
from pm_analytics.sources import warehouses

PASSWORD = "hush-4711"  # noqa: S105 - nobody has it


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for engine, door in warehouses.DOORS.items():
        for name in (warehouses.address_variable(engine), *door.variables.values()):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def installed(monkeypatch):
    """Every driver passes for installed."""
    monkeypatch.setattr(warehouses, "_installed", lambda _module: True)


def test_an_engine_that_is_not_known_is_named_with_those_that_are():
    with pytest.raises(UnknownNameError, match=r"'postgress' \(did you mean 'postgres'\?\)"):
        pm.connect("postgress")


@pytest.mark.parametrize("engine", warehouses.DOORS)
def test_a_driver_that_is_not_installed_is_an_extra_to_install(engine, monkeypatch):
    monkeypatch.setattr(warehouses, "_installed", lambda _module: False)
    with pytest.raises(MissingExtraError, match=rf"pip install 'pm-analytics\[{engine}\]'"):
        pm.connect(engine)


def test_a_driver_of_a_family_that_is_not_there_is_not_installed():
    assert not warehouses._installed("no_such_family.driver")
    assert warehouses._installed("duckdb")


@pytest.mark.parametrize("engine", [name for name in warehouses.DOORS if name != "spark"])
def test_without_an_address_the_variables_to_set_are_named(engine, installed):
    with pytest.raises(SourceError, match=f"Set PM_ANALYTICS_{engine.upper()}_URL, or ") as raised:
        pm.connect(engine)
    assert all(name in str(raised.value) for name in warehouses.DOORS[engine].needed)


@pytest.mark.parametrize("secret", ["password", "access_token", "credentials", "auth", "private_key"])
def test_a_secret_is_not_taken_from_a_notebook(secret):
    with pytest.raises(ParameterError, match="belongs into the environment") as raised:
        pm.connect("postgres", **{secret: PASSWORD})
    assert PASSWORD not in str(raised.value)


def test_an_address_is_not_taken_from_a_notebook():
    with pytest.raises(ParameterError, match="The address belongs into the environment") as raised:
        pm.connect(f"postgres://pm:{PASSWORD}@db/events")
    assert PASSWORD not in str(raised.value)


def test_an_address_of_another_engine_is_refused_without_showing_it(installed, monkeypatch):
    monkeypatch.setenv("PM_ANALYTICS_POSTGRES_URL", f"mysql://pm:{PASSWORD}@db/events")
    with pytest.raises(SourceError, match="begin with postgres://, not with mysql://") as raised:
        pm.connect("postgres")
    assert PASSWORD not in shown(raised)


def test_a_port_is_a_number(installed, monkeypatch):
    monkeypatch.setenv("PGHOST", "db")
    monkeypatch.setenv("PGPORT", "five")
    with pytest.raises(SourceError, match="PGPORT must be a number"):
        pm.connect("postgres")


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        (f"cannot reach postgres://pm:{PASSWORD}@db:5432/x", "cannot reach postgres://pm:***@db:5432/x"),
        (f"bad dsn host=db password={PASSWORD} user=pm", "bad dsn host=db password=*** user=pm"),
        (f"Token: {PASSWORD}, expired", "Token: ***, expired"),
        ("no such table: events", "no such table: events"),
    ],
)
def test_passwords_are_blotted_out_of_what_an_engine_says(said, passed_on):
    assert dialects.without_secrets(said) == passed_on


def shown(raised):
    return "".join(traceback.format_exception(raised.value))


def on_postgres(test):
    """Mark a test of a real server, which asks for a password."""
    return pytest.mark.engine(pytest.mark.usefixtures("postgres")(test))


@on_postgres
def test_the_address_is_read_from_one_variable(postgres_server, monkeypatch, caplog, capfd):
    monkeypatch.setenv("PM_ANALYTICS_POSTGRES_URL", postgres_server.url)
    caplog.set_level(logging.DEBUG)
    backend = pm.connect("postgres")
    table = backend.sql("SELECT 'ann' AS user_id, 'visit' AS event, now() AS time")
    log = pm.EventLog.from_table(table, timezone="Europe/Amsterdam")
    assert log.event_names() == ["visit"]
    told = "".join(map(str, [repr(backend), backend, repr(log), log.source, *capfd.readouterr(), caplog.text]))
    assert postgres_server.password not in told
    backend.disconnect()


@on_postgres
def test_the_address_is_read_from_the_usual_variables(postgres_server, monkeypatch):
    server = postgres_server
    told = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": server.user, "PGPASSWORD": server.password}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    backend = pm.connect("postgres", database="postgres")
    assert backend.sql("SELECT 1 AS one").to_pandas()["one"].tolist() == [1]
    backend.disconnect()


@on_postgres
def test_a_wrong_password_is_an_error_of_ours_that_does_not_show_it(postgres_server, monkeypatch):
    monkeypatch.setenv("PM_ANALYTICS_POSTGRES_URL", postgres_server.url.replace(postgres_server.password, PASSWORD))
    with pytest.raises(SourceError, match=r"Cannot connect to PostgreSQL: .*authentication failed") as raised:
        pm.connect("postgres")
    assert PASSWORD not in shown(raised)


@on_postgres
def test_nobody_at_home_is_an_error_of_ours(postgres_server, monkeypatch):
    monkeypatch.setenv("PM_ANALYTICS_POSTGRES_URL", f"postgres://pm:{PASSWORD}@127.0.0.1:1/postgres")
    with pytest.raises(SourceError, match="Cannot connect to PostgreSQL") as raised:
        pm.connect("postgres")
    assert PASSWORD not in shown(raised)
