"""Bad input, as it comes: every message names the file, the line and the way out, and nothing is dropped in silence."""

from __future__ import annotations

import gzip
import json

import duckdb
import pandas as pd
import pytest

from pm_analytics import read_events
from pm_analytics.errors import DataError, PmAnalyticsError, SourceError, UnknownNameError

HEADER = "user_id,event,timestamp"
GOOD = "ann,visit,2026-01-01T10:00:00Z"


@pytest.fixture
def write(tmp_path):
    """A writer of files; gives the path."""

    def to(name, *lines):
        path = tmp_path / name
        path.write_bytes(lines[0] if lines and isinstance(lines[0], bytes) else ("\n".join(lines) + "\n").encode())
        return path

    return to


def refusal(path, *, kind=SourceError, **options):
    """What a reader of the message sees."""
    with pytest.raises(kind) as raised:
        read_events(path, **options)
    assert isinstance(raised.value, PmAnalyticsError)
    return str(raised.value)


# ------------------------------------------------------------------------------------------------------------- files


def test_a_missing_file_offers_the_names_beside_it(write):
    path = write("events_march.csv", HEADER, GOOD)
    message = refusal(path.with_name("event_march.csv"))
    assert message == f"No file 'event_march.csv' in {path.parent} (did you mean 'events_march.csv'?)."


def test_a_missing_folder_is_said(tmp_path):
    assert refusal(tmp_path / "no" / "e.csv") == f"No file 'e.csv' and its folder {tmp_path / 'no'} does not exist."


def test_a_folder_is_no_file(tmp_path):
    assert (
        refusal(tmp_path) == f"{tmp_path} is a folder. Name a file, or a pattern such as '{tmp_path.name}/*.parquet'."
    )


def test_a_pattern_that_matches_nothing(tmp_path):
    assert (
        refusal(tmp_path / "*.parquet")
        == f"No file matches {tmp_path / '*.parquet'}. Check the folder and the pattern."
    )


def test_an_address_is_no_file():
    assert "is an address, not a file. Download it first" in refusal("https://example.org/e.csv")


def test_an_unknown_format_lists_the_known_ones(write):
    message = refusal(write("e.xlsx", b"x"))
    assert message.startswith("Do not know how to read 'e.xlsx': its name ends in none of .csv, .csv.gz, .tsv,")
    assert message.endswith("or read it with pandas and pass the frame.")


@pytest.mark.parametrize("name", ["e.csv", "e.tsv.gz", "e.parquet", "e.jsonl", "e.duckdb"])
def test_an_empty_file_is_said_to_be_empty(write, name):
    assert refusal(write(name, b"")).startswith(f"{name} is empty (0 bytes). Export it again")


@pytest.mark.parametrize("content", [b"\n\n\n", b"  \n"])
def test_a_file_of_blank_lines_is_empty_too(write, content):
    assert refusal(write("e.csv", content)).startswith("e.csv is empty: it has neither a header nor rows.")


def test_a_packed_file_of_nothing_is_empty_too(write):
    assert refusal(write("e.csv.gz", gzip.compress(b""))).startswith("e.csv.gz is empty")


@pytest.mark.parametrize("lines", [(HEADER,), (HEADER, "", "")])
def test_a_header_without_rows(write, lines):
    assert refusal(write("e.csv", *lines)) == "e.csv has a header but no rows. Check the export's date range."


def test_parquet_without_rows(tmp_path):
    frame = pd.DataFrame({"user_id": ["a"], "event": ["b"], "timestamp": [GOOD]}).iloc[:0]
    frame.to_parquet(tmp_path / "e.parquet")
    assert refusal(tmp_path / "e.parquet") == "e.parquet has columns but no rows. Check the export's date range."


# -------------------------------------------------------------------------------------------------- damaged, disguised


@pytest.mark.parametrize("keep", [20, 200])
def test_a_packed_file_that_was_cut_short(write, keep):
    packed = gzip.compress("\n".join([HEADER, *(f"u{i},visit,2026-01-01T10:00:00Z" for i in range(2_000))]).encode())
    message = refusal(write("e.csv.gz", packed[:keep]))
    assert message.startswith(("Cannot read e.csv.gz: it is damaged or was cut short", "Cannot read e.csv.gz."))


def test_a_packed_file_whose_inside_is_damaged(write):
    packed = bytearray(gzip.compress("\n".join([HEADER, *(f"u{i},{i % 7},2026" for i in range(9_000))]).encode()))
    packed[200:400] = b"\x00" * 200
    assert "Cannot read e.csv.gz" in refusal(write("e.csv.gz", bytes(packed)))


def test_a_file_that_only_claims_to_be_packed(write):
    assert "Cannot read e.csv.gz: it is damaged" in refusal(write("e.csv.gz", HEADER, GOOD))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        # Without a time of its own inside: two workers of one test run must collect the same cases.
        (gzip.compress(f"{HEADER}\n{GOOD}\n".encode(), mtime=0), "compressed with gzip; let its name end in .gz"),
        (b"PK\x03\x04" + bytes(30), "an Excel workbook or a zip archive; save the sheet as CSV"),
        (b"PAR1" + bytes(30), "a Parquet file; let its name end in .parquet"),
    ],
    ids=["gzip", "zip", "parquet"],
)
def test_another_kind_of_file_under_the_name_of_a_text_table(write, content, words):
    assert refusal(write("e.csv", content)) == f"e.csv is no text table but {words}."


def test_damaged_parquet(tmp_path):
    path = tmp_path / "e.parquet"
    pd.DataFrame({"user_id": ["a"] * 500, "event": ["b"] * 500, "timestamp": [GOOD] * 500}).to_parquet(path)
    whole = path.read_bytes()
    middle = bytearray(whole)
    middle[4:200] = bytes(196)
    for content in (whole[: len(whole) // 2], whole[:-4], b"no parquet at all", bytes(middle)):
        path.write_bytes(content)
        message = refusal(path)
        assert message.startswith("Cannot read e.parquet")
        assert "damaged" in message


def test_a_damaged_or_foreign_database(write):
    for name in ("e.duckdb", "e.db"):
        message = refusal(write(name, b"SQLite format 3\x00" + bytes(5_000)))
        assert message.startswith(f"Cannot read {name}. It is damaged, no DuckDB file, or open elsewhere.")


def test_a_database_without_tables(tmp_path):
    duckdb.connect(str(tmp_path / "e.duckdb")).close()
    assert refusal(tmp_path / "e.duckdb") == "e.duckdb holds no tables. Is it the file that was meant?"


# --------------------------------------------------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["bob,visit"], "e.csv, line 3: 2 values under a header of 3 columns ('bob,visit')."),
        (["bob,visit,2026-01-01T10:00:00Z,more"], "e.csv, line 3: 4 values under a header of 3 columns"),
        ([GOOD, "", GOOD, "bob"], "e.csv, line 6: 1 values under a header of 3 columns ('bob')."),
        (['"a\nb",visit,2026-01-01T10:00:00Z', "bob,visit"], "e.csv, line 5: 2 values under a header of 3 columns"),
    ],
)
def test_a_ragged_line_is_named_and_no_line_is_left_out(write, lines, said):
    message = refusal(write("e.csv", HEADER, GOOD, *lines))
    assert message.startswith(said)
    assert message.endswith("put quotes around values that hold a comma; no line was left out.")


def test_a_header_that_fits_no_row_is_not_taken_for_a_title(write):
    assert refusal(write("e.csv", HEADER, f"{GOOD},x", f"{GOOD},y")).startswith(
        "e.csv, line 2: 4 values under a header of 3"
    )


def test_a_trailing_delimiter_is_no_value(write):
    assert read_events(write("e.csv", HEADER, f"{GOOD},")).source.rows_kept == 1


def test_a_ragged_line_deep_in_a_large_file(write):
    rows = [f"u{i},visit,2026-01-01T10:00:00Z" for i in range(60_000)]
    rows[50_000] += ",more"
    assert refusal(write("e.csv", HEADER, *rows)).startswith("e.csv, line 50002: 4 values")


def test_a_quote_that_is_never_closed(write):
    message = refusal(write("e.csv", f"{HEADER},note", f'{GOOD},"open', f"{GOOD},x"))
    assert message == "e.csv, line 2: a quote is opened and not closed as it should be. Correct that line."


def test_text_in_another_encoding_is_told_how_to_be_read(write):
    message = refusal(write("e.csv", f"{HEADER}\n{GOOD}\nandré,visit,2026-01-01T10:00:00Z\n".encode("cp1252")))
    assert message.startswith("e.csv, line 3: the text is not UTF-8. Save the file as UTF-8")
    assert "encoding='cp1252'" in message


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['{"user_id": "ann"', "{}"], "e.jsonl, line 1 is no JSON object"),
        ([json.dumps({"a": 1}), "", "{bad}"], "e.jsonl, line 3 is no JSON object ('{bad}')."),
        ([json.dumps([{"a": 1}])], "e.jsonl, line 1 is no JSON object"),
        (["[", '{"a": 1}', "]"], "e.jsonl, line 1 is no JSON object"),
        (["hello"], "e.jsonl, line 1 is no JSON object ('hello')."),
        (["{}", "{}"], "Cannot read e.jsonl. It must hold one JSON object per line"),
    ],
)
def test_a_line_that_is_no_json_object_is_named(write, lines, said):
    message = refusal(write("e.jsonl", *lines))
    assert message.startswith(said)
    assert "one JSON object per line; for one list of objects, read it with pandas.read_json" in message


# ------------------------------------------------------------------------------------------------------- columns


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_wrong_delimiter_is_told_the_right_one(write, sign):
    message = refusal(write("e.csv", HEADER, GOOD), kind=DataError, delimiter=sign)
    assert message == (
        f"With delimiter={sign!r}, e.csv has a single column 'user_id,event,timestamp'. "
        "It looks separated by commas; write delimiter=','."
    )


def test_commas_under_the_name_of_a_tab_separated_file(write):
    assert refusal(write("e.tsv", HEADER, GOOD), kind=DataError).endswith("separated by commas; write delimiter=','.")


def test_a_single_column_is_no_event_table(write):
    message = refusal(write("e.csv", "user_id", "ann"), kind=DataError)
    assert message.startswith("e.csv has a single column 'user_id'; an event table needs a user, an event and a time.")


def test_no_such_column_offers_the_nearest(write):
    message = refusal(write("e.csv", HEADER, GOOD), kind=UnknownNameError, user="userid")
    assert message == (
        "No column 'userid' (did you mean 'user_id'?) in the table. It has: 'event', 'timestamp', 'user_id'."
    )


def test_a_file_without_a_header_shows_what_it_took_for_one(write):
    message = refusal(write("e.csv", GOOD, GOOD), kind=DataError)
    assert message.startswith("Cannot tell which column holds the user and the event and the time.")
    assert message.endswith("the columns are 'ann', 'visit', '2026-01-01T10:00:00Z'.")


# --------------------------------------------------------------------------------------------------------- times


def test_unreadable_times_are_counted_and_the_first_three_shown_with_their_lines(write):
    bad = ["a,b,yesterday", GOOD, "a,b,31/12/2025", "", "a,b,2026-13-01", "a,b,never"]
    path = write("e.csv", HEADER, GOOD, *bad)
    assert refusal(path, kind=DataError, timezone="UTC") == (
        "4 of 6 times in column 'timestamp' of e.csv cannot be read as a date and time "
        "(line 3: 'yesterday'; line 5: '31/12/2025'; line 7: '2026-13-01'). Correct them, name their pattern with "
        "time_format='%d/%m/%Y %H:%M', or leave those rows out with bad_times='drop' (they will be counted)."
    )
    assert read_events(path, bad_times="drop", duplicates="keep").source.dropped == {"time not readable": 4}


def test_the_line_is_counted_as_an_editor_does_whatever_stands_above(write):
    path = write("e.csv", "Export", "", f"note,{HEADER}", f'"one\ntwo",{GOOD}', "", "x,ann,visit,nope")
    assert "(line 7: 'nope')" in refusal(path, kind=DataError)


def test_the_line_is_found_in_the_right_one_of_several_files(write):
    write("a.csv", HEADER, GOOD)
    path = write("b.csv", HEADER, GOOD, "ann,visit,nope")
    assert "(b.csv, line 3: 'nope')" in refusal(path.parent / "*.csv", kind=DataError)


def test_the_line_is_found_in_json_and_in_packed_files(write):
    line = {"user_id": "ann", "event": "visit", "timestamp": "2026-01-01T10:00:00Z"}
    path = write("e.jsonl", json.dumps(line), "", json.dumps({**line, "timestamp": "nope"}))
    assert "(line 3: 'nope')" in refusal(path, kind=DataError)
    packed = write("e.csv.gz", gzip.compress(f"{HEADER}\n{GOOD}\nann,visit,nope\n".encode()))
    assert "(line 3: 'nope')" in refusal(packed, kind=DataError)


def test_rows_of_parquet_are_counted_from_one(tmp_path):
    frame = pd.DataFrame({"user_id": ["a"] * 3, "event": ["b"] * 3, "timestamp": ["2026-01-01T10:00Z", "nope", "x"]})
    frame.to_parquet(tmp_path / "e.parquet")
    assert "(row 2: 'nope'; row 3: 'x')" in refusal(tmp_path / "e.parquet", kind=DataError)


def test_times_without_a_zone_say_what_to_write(write):
    message = refusal(write("e.csv", HEADER, "ann,visit,2026-01-01 10:00:00"), kind=DataError)
    assert message.startswith("The times in column 'timestamp' carry no UTC offset (for example '2026-01-01 10:00:00')")
    assert "timezone='Europe/Amsterdam', or timezone='UTC'" in message


def test_no_event_left_comes_with_the_account(write):
    message = refusal(
        write("e.csv", HEADER, ",visit,2026-01-01T10:00:00Z", "ann,,2026-01-01T10:00:00Z"), kind=DataError
    )
    assert "Left out: no user (empty or missing) 1; no event name 1" in message
