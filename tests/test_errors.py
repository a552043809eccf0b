"""Errors: one family, each a builtin too, each message with the next step."""

from __future__ import annotations

import pickle

import pytest

from pm_analytics import errors
from pm_analytics.errors import MissingExtraError, PmAnalyticsError, UnknownNameError, did_you_mean, nearest, shown

BUILTINS = {
    errors.SourceError: OSError,
    errors.DataError: ValueError,
    errors.ParameterError: ValueError,
    errors.ReportError: RuntimeError,
    errors.NotYetError: RuntimeError,
    UnknownNameError: LookupError,
    MissingExtraError: ImportError,
}


@pytest.mark.parametrize(("error", "builtin"), BUILTINS.items())
def test_every_error_is_one_of_the_family_and_a_builtin(error, builtin):
    assert issubclass(error, PmAnalyticsError)
    assert issubclass(error, builtin)


def test_the_family_is_as_large_as_its_tree_says():
    family = {
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, PmAnalyticsError)
    }
    assert family == {PmAnalyticsError, *BUILTINS}
    assert all(error.__name__ in errors.__doc__ for error in family)


def test_an_unknown_name_offers_the_nearest_and_lists_what_there_is():
    error = UnknownNameError("column", ["cuntry"], ["plan", "country"], where="the table")
    assert str(error) == "No column 'cuntry' (did you mean 'country'?) in the table. It has: 'country', 'plan'."
    assert (error.missing, error.known) == (["cuntry"], ["country", "plan"])


def test_several_unknown_names_are_said_at_once():
    error = UnknownNameError("event", ["pya", "zzz"], ["pay"], where="this event log")
    assert str(error) == "No events 'pya' (did you mean 'pay'?), 'zzz' in this event log. It has: 'pay'."


def test_names_that_are_no_text_are_said_too():
    assert "No column '1' in the table. It has: '2', 'a'." in str(
        UnknownNameError("column", [1], ["a", 2], where="the table")
    )


@pytest.mark.parametrize(
    "error",
    [
        UnknownNameError("column", ["a"], ["b"], where="the table"),
        MissingExtraError("A PDF", "playwright", "pdf"),
        errors.SourceError("gone"),
        errors.NotYetError("later"),
    ],
)
def test_an_error_survives_the_way_between_two_processes(error):
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(back), str(back)) == (type(error), str(error))


def test_a_missing_extra_says_how_to_install_it():
    error = MissingExtraError("A PDF", "playwright", "pdf")
    assert str(error) == (
        "A PDF needs playwright, which is not installed. Install it with: pip install 'pm-analytics[pdf]'"
    )


def test_nearest_ignores_case_and_finds_a_name_inside_another():
    assert nearest("USERID", ["user_id", "event"]) == ["user_id"]
    assert nearest("time", ["event_timestamp", "plan"]) == ["event_timestamp"]
    assert nearest("xyz", ["plan"]) == []
    assert nearest("", ["plan"]) == []


def test_no_hint_is_made_up():
    assert not did_you_mean("qqq", ["plan"])
    assert did_you_mean("pln", ["plan", "plane"]) == " (did you mean 'plan' or 'plane'?)"


def test_long_lists_are_cut_with_a_count():
    assert shown("abc") == "'a', 'b', 'c'"
    assert shown(map(str, range(15))).endswith("'11' and 3 more")
    assert shown([]) == "nothing"
