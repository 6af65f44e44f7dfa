"""Which hosts and origins a server takes requests for, decided on the headers alone."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.api.guarding.hosts import Authority, Hosts, authority_of
from assistant.errors import ForeignHost, ForeignOrigin, SettingsError
from assistant.settings import Settings

BAD_HOSTS = [
    "", " ", ".", ":", ":80", "foo@127.0.0.1", "foo:bar@127.0.0.1", "127.0.0.1@foo", "127.0.0.1/x", "127.0.0.1?", "127.0.0.1#",
    "127.0.0.1\\x", "localhost:80:80", "localhost:", "localhost:0", "localhost:65536", "localhost:-1", "localhost:+80",
    "localhost:8_0", "localhost:٨٠", "localhost.", "127.0.0.1.", "localhost\x00", "local\thost", "localhost\r\n",
    "\u017focalhost", "lοcalhost", "localhost ", " localhost", "localhost,localhost", "[::1", "::1", "[::1]x", "[::1%25lo]",
    "[127.0.0.1]", "[::1]:", "http://localhost", "//localhost", "127.0.0.1%2f", "*", "-", "a" * 300,
]  # fmt: skip
FOREIGN_HOSTS = [
    "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "127.1", "0177.0.0.1",
    "2130706433", "0x7f.1", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "192.168.0.1", "128.0.0.1", "xn--lcalhost-fcg",
    "localhost.localdomain", "foo.localhost",
]  # fmt: skip


def hosts(*named, host="127.0.0.1"):
    return Hosts.of(Settings(host=host, allowed_hosts=named))


def taken(host, *named, bound="127.0.0.1"):
    return hosts(*named, host=bound).check_host([host.encode()], "/ask")


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8000", "127.0.0.1", "127.255.0.9:1", "[::1]:65535", "[0:0::1]"])
def test_loopback_names_are_taken_at_any_port(host):
    assert taken(host).is_loopback


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_what_is_not_plainly_a_host_is_refused(host):
    assert authority_of(host) is None
    with pytest.raises(ForeignHost, match="is no host"):
        hosts().check_host([host.encode("utf-8")], "/ask")


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_name_is_refused(host):
    with pytest.raises(ForeignHost, match="does not go by"):
        taken(host)


@pytest.mark.parametrize("values", [[], [b"localhost", b"localhost"], [b"localhost", b"evil.example"]])
def test_there_must_be_one_host_header(values):
    with pytest.raises(ForeignHost, match=f"{len(values)} Host headers"):
        hosts().check_host(values, "/ask")


@pytest.mark.parametrize("target", ["http://evil.example/ask", "http://localhost/ask", "ask", "*", "", "evil.example:443"])
def test_a_target_that_is_no_path_is_refused(target):
    with pytest.raises(ForeignHost, match="no path"):
        hosts().check_host([b"localhost"], target)


def test_a_name_of_the_settings_is_taken_at_the_port_that_it_says():
    assert taken("Forum.Example:9", "forum.example") == Authority("forum.example", 9)
    assert taken("forum.example:8443", "forum.example:8443")
    assert taken("forum.example", "forum.example:443"), "a browser leaves the port of its scheme out"
    for wrong in ("forum.example:9", "forum.example", "www.forum.example:8443"):
        with pytest.raises(ForeignHost):
            taken(wrong, "forum.example:8443")


def test_the_address_that_is_listened_at_is_taken_and_a_wildcard_is_no_address():
    assert taken("192.168.7.7:8000", bound="192.168.7.7")
    assert taken("[fd00::7]:8000", bound="fd00::7")
    for wildcard in ("0.0.0.0", "::"):
        with pytest.raises(ForeignHost):
            taken("0.0.0.0", bound=wildcard)
        with pytest.raises(ForeignHost):
            taken("192.168.7.7", bound=wildcard)


@pytest.mark.parametrize("name", ["*", "*.example", "http://forum.example", "forum.example/", "a b", "", "fd00::1"])
def test_a_setting_that_is_no_name_is_an_error_that_says_how_to_write_one(name):
    with pytest.raises(SettingsError, match="neither a name") as error:
        hosts(name)
    assert "forum.example:8443" in error.value.hint


ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?(\.[a-z0-9]{1,9}){0,3}", fullmatch=True),
)
PORTS = st.none() | st.integers(1, 65_535)


@given(ADDRESSES, PORTS)
def test_what_a_browser_writes_is_read_as_it_is_meant(host, port):
    read = authority_of(host if port is None else f"{host}:{port}")
    assert read == Authority(host.strip("[]").lower(), port)


@given(st.text(max_size=40) | st.from_regex(r"[\w.:\[\]@/?#%\\ -]{0,30}", fullmatch=True))
def test_what_is_read_as_a_host_has_nothing_in_it_that_ends_one(text):
    read = authority_of(text)
    if read is None:
        return
    assert text.isascii() and text == text.strip() and not set(text) & set("@/?#\\%,;'\"")
    assert read.host == read.host.lower() and (read.port is None or 1 <= read.port <= 65_535)
    written = f"[{read.host}]" if ":" in read.host else read.host
    again = written if read.port is None else f"{written}:{read.port}"
    assert authority_of(again) == read


@given(st.binary(max_size=40))
def test_a_host_header_is_taken_or_refused_whatever_its_bytes_are(value):
    try:
        read = hosts("forum.example").check_host([value], "/")
    except ForeignHost as error:
        assert error.message and error.hint
    else:
        assert read.is_loopback or read.host == "forum.example"


@given(st.ip_addresses())
def test_only_loopback_addresses_are_this_machine(address: IPv4Address | IPv6Address):
    read = authority_of(str(address) if address.version == 4 else f"[{address}]")
    assert read is not None
    assert read.is_loopback == (str(address).startswith("127.") or str(address) == "::1")


def admitted(origin, host="127.0.0.1:8000", named=("forum.example",), bound="127.0.0.1"):
    known = hosts(*named, host=bound)
    try:
        known.check_origin([origin.encode()], known.check_host([host.encode()], "/ask"))
    except ForeignOrigin:
        return False
    return True


@pytest.mark.parametrize(("origin", "host"), [
    ("http://127.0.0.1:8000", "127.0.0.1:8000"),
    ("http://localhost:8000", "127.0.0.1:8000"),
    ("http://localhost:9000", "localhost:9000"),
    ("http://[::1]:8000", "localhost:8000"),
    ("http://localhost", "localhost"),
    ("https://forum.example", "forum.example"),
    ("https://forum.example", "127.0.0.1:8000"),
    ("http://forum.example:8000", "127.0.0.1:8000"),
])  # fmt: skip
def test_the_servers_own_page_may_ask(origin, host):
    assert admitted(origin, host)


@pytest.mark.parametrize("origin", [
    "null", "", "http://evil.example", "http://evil.example:8000", "http://127.0.0.1:3000", "http://localhost", "http://localhost:3000",
    "file://", "ftp://localhost:8000", "http:/localhost:8000", "http://localhost:8000/", "http://localhost:8000@evil.example",
    "http://evil.example@localhost:8000", "http://localhost:8000.evil.example", "http://localhost:8000 http://evil.example",
    "https://forum.example:9999", "https://www.forum.example", "HTTP://localhost:8000", "chrome-extension://localhost:8000",
])  # fmt: skip
def test_no_other_page_may_ask(origin):
    assert not admitted(origin)


def test_another_port_of_the_address_that_is_listened_at_is_another_program():
    assert admitted("http://192.168.7.7:8000", "192.168.7.7:8000", bound="192.168.7.7")
    assert not admitted("http://192.168.7.7:3000", "192.168.7.7:8000", bound="192.168.7.7")


def test_every_origin_header_is_looked_at():
    known = hosts()
    with pytest.raises(ForeignOrigin):
        known.check_origin([b"http://localhost:8000", b"http://evil.example"], Authority("localhost", 8000))
