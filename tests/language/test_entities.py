"""Names and numbers of posts that are kept as fields: a table of each kind, and of what is none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.language.entities import MOST, entities


def found(text):
    return {(entity.kind, entity.value) for entity in entities(text)}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Filed as FB22859649.", "feedback", "FB22859649"),
        ("see TB1203377", "feedback", "TB1203377"),
        ("read TN4102 first", "technote", "TN4102"),
        ("on 25F71 it works", "build", "25F71"),
        ("since macOS 26.4 it fails", "os_version", "macOS 26.4"),
        ("macOS Tahoe 26.5 beta 2 is worse", "os_version", "macOS Tahoe 26.5 beta 2"),
        ("iOS 18 too", "os_version", "iOS 18"),
        ("built with Xcode 16.2", "version", "Xcode 16.2"),
        ("PKInstallErrorDomain Code=120", "error", "PKInstallErrorDomain Code=120"),
        ("it returns error -61", "error", "error -61"),
        ("status: 0x8badf00d", "error", "status: 0x8badf00d"),
        ("and EPERM", "error", "EPERM"),
        ("an NSPOSIXErrorDomain", "error_domain", "NSPOSIXErrorDomain"),
        ("the com.apple.developer.networking.networkextension key", "entitlement",
         "com.apple.developer.networking.networkextension"),
        ("NEPacketTunnelFlow stalls", "symbol", "NEPacketTunnelFlow"),
        ("call invalidateHandles() before", "symbol", "invalidateHandles()"),
        ("use mount_tide here", "symbol", "mount_tide"),
    ],
)  # fmt: skip
def test_an_entity_is_found_with_its_kind(text, kind, value):
    assert (kind, value) in found(text)


@pytest.mark.parametrize("text", ["A plain sentence.", "Is it on? No.", "We saw 12 of 13 fail.", "", "e.g. this"])
def test_prose_holds_no_entity(text):
    assert found(text) == set()


def test_an_entity_is_listed_once():
    assert len(entities("EPERM EPERM EPERM")) == 1


def test_a_log_gives_no_more_than_the_most():
    assert len(entities(" ".join(f"error {number}" for number in range(500)))) == MOST


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_every_entity_stands_in_the_text(text):
    assert all(entity.value in text for entity in entities(text))
