"""What a template asks for, and every way of giving it something else."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from pm_analytics.errors import ParameterError
from pm_analytics.reports.library import find
from pm_analytics.reports.parameters import check, parameters

DECLARED = """
from datetime import date
from typing import Literal

launch_name: str  # what the launch is called
launch_at: date = "2026-03-02"
# the event file,
# as exported
data: Path = "events.csv"

weeks: int = 6
share: float = 0.05
quick: bool = False
steps: list[str] = ["visit", "pay"]
where: dict[str, str | float] = {}
unit: Literal["user", "account"] = "user"
country: str | None = None
windows: list[
    int
] = [7, 14]  # days
plain = 3
"""


@pytest.fixture
def template(tmp_path, write_template):
    return find("launch", [write_template(tmp_path, "launch", "# Launch", parameters=DECLARED)])


def refused(template, match, given, **options):
    with pytest.raises(ParameterError, match=match) as caught:
        check(template, given, **options)
    return str(caught.value)


def test_declarations_are_read_with_type_default_and_help(template):
    found = {parameter.name: parameter for parameter in parameters(template)}
    assert found["launch_name"].required
    assert found["launch_name"].help == "what the launch is called"
    assert found["data"].help == "the event file, as exported"
    assert found["weeks"].help == ""
    assert (str(found["windows"].kind), found["windows"].default, found["windows"].help) == (
        "list[int]", [7, 14], "days",
    )  # fmt: skip
    assert str(found["country"].kind) == "str | None"
    assert str(found["unit"].kind) == "Literal['user', 'account']"
    assert str(found["plain"].kind) == "int"


def test_the_values_of_a_run_include_the_defaults(template):
    values = check(template, {"launch_name": "x"})
    assert values["weeks"] == 6
    assert list(values) == [parameter.name for parameter in parameters(template)]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("launch_name", "007", "007"),
        ("launch_name", "1.10", "1.10"),
        ("launch_name", "None", "None"),
        ("launch_name", "nan", "nan"),
        ("launch_at", "2026-03-09", "2026-03-09"),
        ("weeks", "12", 12),
        ("share", "1e-3", 0.001),
        ("quick", "yes", True),
        ("quick", "False", False),
        ("steps", "visit, cart,pay", ["visit", "cart", "pay"]),
        ("steps", "[007, no]", ["007", "no"]),
        ("steps", '["a,b", "c"]', ["a,b", "c"]),
        ("where", "{plan: pro, seats: 3, code: 007}", {"plan": "pro", "seats": 3.0, "code": "007"}),
        ("unit", "account", "account"),
        ("country", "NL", "NL"),
        ("country", "", None),
        ("country", "null", None),
        ("windows", "7,28", [7, 28]),
    ],
)
def test_text_is_read_by_the_declared_type_only(template, name, text, value):
    found = check(template, {"launch_name": "x", name: text}, text=True)[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("launch_at", date(2026, 3, 9), "2026-03-09"),
        ("launch_at", datetime(2026, 3, 9), "2026-03-09"),  # noqa: DTZ001 - a day, as a calendar gives it
        ("data", Path("a") / "b.csv", str(Path("a") / "b.csv")),
        ("weeks", np.int64(4), 4),
        ("share", 1, 1.0),
        ("steps", ("a", "b"), ["a", "b"]),
        ("country", None, None),
    ],
)
def test_python_values_become_plain_json(template, name, value, expected):
    assert check(template, {"launch_name": "x", name: value})[name] == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weeks", "4"),
        ("weeks", True),
        ("weeks", 4.0),
        ("share", float("nan")),
        ("quick", 1),
        ("launch_at", "next week"),
        ("launch_at", datetime(2026, 3, 9, 12)),  # noqa: DTZ001 - as above
        ("steps", "visit"),
        ("steps", [1]),
        ("unit", "team"),
        ("country", 3),
        ("launch_name", None),
    ],
)
def test_a_value_of_another_type_is_refused(template, name, value):
    refused(template, f"{name}: must be", {"launch_name": "x", name: value})


@pytest.mark.parametrize(
    ("name", "text"),
    [("weeks", "1_000"), ("weeks", "abc"), ("share", "nan"), ("quick", "2"), ("steps", "[a")],
)
def test_text_that_does_not_fit_is_refused(template, name, text):
    refused(template, f"{name}: must be", {"launch_name": "x", name: text}, text=True)


def test_everything_wrong_is_said_at_once(template):
    message = refused(template, "nothing was started", {"launch_nam": "x", "weeks": "six", "unit": "acount"})
    assert "launch_nam: the report has no such parameter (did you mean 'launch_name'" in message
    assert "launch_name: missing, and required (what the launch is called)" in message
    assert "weeks: must be a whole number" in message
    assert "did you mean 'account'" in message
    assert "pm-analytics params launch" in message


@pytest.mark.parametrize("name", ["password", "warehouse_token", "API_KEY", "apikey", "client_secret"])
def test_secrets_are_refused_because_parameters_are_written_into_the_report(template, name):
    message = refused(template, f"{name}: looks like a secret", {"launch_name": "x", name: "hunter2"})
    assert name.upper() in message
    assert "hunter2" not in message


def test_a_template_that_declares_a_secret_is_refused(tmp_path, write_template):
    write_template(tmp_path, "leaky", "# Leaky", parameters='db_password: str = ""')
    refused(find("leaky", [tmp_path]), "db_password: looks like a secret", {})


def test_a_word_that_only_contains_a_secret_word_is_fine(tmp_path, write_template):
    write_template(tmp_path, "fine", "# Fine", parameters="tokens_used: int = 1\nsecretary: str = ''")
    assert check(find("fine", [tmp_path]))["tokens_used"] == 1


@pytest.mark.parametrize(
    "declared", ["x: set = {1}", "x: int = 1 + y", "x: int = 'a'", "x: list[complex] = []", "x: int ="]
)
def test_a_declaration_that_cannot_be_used_names_the_template(tmp_path, write_template, declared):
    write_template(tmp_path, "odd", "# Odd", parameters=declared)
    with pytest.raises(ParameterError, match=r"parameters cell of .*odd\.ipynb cannot be read"):
        parameters(find("odd", [tmp_path]))


def test_a_notebook_without_parameters_takes_none(tmp_path, write_template):
    template = find("plain", [write_template(tmp_path, "plain", "# Plain")])
    assert check(template, {}) == {}
    refused(template, "no such parameter", {"x": 1})
