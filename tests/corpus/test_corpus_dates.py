"""Dates of dumps -> ISO 8601, or None."""

from __future__ import annotations

import pytest

from assistant.corpus.dates import iso_date


@pytest.mark.parametrize("text", ["2026-01-02", "2026-01", "2026", "2014-01-21T20:26:05.383", "2026-01-02 03:04:05+02:00"])
def test_iso_dates_are_kept_as_written(text):
    assert iso_date(text) == text


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Thu, 1 Jan 1970 01:33:35 +0100", "1970-01-01T01:33:35+01:00"),
        ("Thu,  1 Jan 2004 01:33:35 -0530 (IST)", "2004-01-01T01:33:35-05:30"),
        ("Tue, 02 Dec 2003 11:43:22 -0000", "2003-12-02T11:43:22"),
        ("2 Dec 03 11:43 GMT", "2003-12-02T11:43:00+00:00"),
        ("02-Dec-2003 11:43:22 EDT", "2003-12-02T11:43:22-04:00"),
        ("Fri, 26 Jan 2007 10:10:42 CEST", "2007-01-26T10:10:42"),
        ("Tue Jun  1 17:46:44 2004", "2004-06-01T17:46:44"),
        ("Thu, 30/08/2012 - 15:25", "2012-08-30T15:25"),
        ("30/08/2012", "2012-08-30"),
    ],
)
def test_dates_of_mail_and_forums_become_iso(text, iso):
    assert iso_date(text) == iso


WORDS = ["", "soon", "x" * 100_000, "\uff12026-01", "20260102"]
NO_SUCH_DAY = ["32 Jan 2004 10:00", "1 Foo 2004 10:00", "2026-13", "2026-02-30", "99/99/9999"]
NO_SUCH_TIME = ["Thu, 1 Jan 1970 25:00:00 +0100", "1 Jan 2004 10:00 +9999"]
DAY_OR_MONTH = ["03/04/2012", "Fri, 30/08/2012"]


@pytest.mark.parametrize("text", WORDS + NO_SUCH_DAY + NO_SUCH_TIME + DAY_OR_MONTH)
def test_what_is_not_surely_a_date_is_none(text):
    assert iso_date(text) is None
