"""`assistant serve` as it is started and stopped: what it refuses, where it listens, how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.metadata import version

import httpx2
import pytest
from slow_model import SlowModel

from assistant.api import serving as serve_module
from assistant.api.guarding.keys import make
from assistant.errors import UsageError
from assistant.settings import Settings

QUESTION = {"question": "Which stage refuses the mount point with TKMountErrorDomain Code=37?"}
OWN_KEY = "a-key-of-the-settings-of-this-test"


# --- what it refuses to start with


@pytest.fixture
def no_index(tmp_path):
    """A folder without an index: whoever refuses for another reason has not looked for one."""
    return tmp_path / "nowhere"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0", "192.0.2.1"])
def test_an_address_that_others_reach_needs_a_key_before_anything_is_loaded(run, no_index, host):
    result = run("serve", "--host", host, "--index", no_index)
    assert result.exit_code == 2
    assert "no key" in result.stderr and "assistant key new" in result.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_wildcard_needs_the_name_that_it_is_reached_by_too(run, no_index, monkeypatch, host):
    monkeypatch.setenv("ASSISTANT_API_KEY", OWN_KEY)
    result = run("serve", "--host", host, "--index", no_index)
    assert result.exit_code == 2 and "--allow-host NAME" in result.stderr
    assert run("serve", "--host", host, "--allow-host", "forum.example", "--port", 0, "--index", no_index).exit_code == 4


def test_a_key_of_the_file_will_do(run, no_index, monkeypatch, tmp_path):
    monkeypatch.setenv("ASSISTANT_API_KEYS", str(tmp_path / "keys.json"))
    make(tmp_path / "keys.json", "one")
    assert run("serve", "--host", "0.0.0.0", "--allow-host", "a.example", "--port", 0, "--index", no_index).exit_code == 4


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_key(host):
    serve_module.check_address(Settings(host=host), serve_module.addresses_of(Settings(host=host)), keys_needed=False)


def test_a_host_that_is_nobody_is_an_error_of_usage():
    with pytest.raises(UsageError, match="no address of this machine"):
        serve_module.addresses_of(Settings(host="no such host"))
    with pytest.raises(UsageError, match="no address of this machine"):
        serve_module.bound(Settings(port=0), [(socket.AF_INET, "192.0.2.1")])


def test_more_than_one_worker_is_refused_with_the_reason(run, no_index):
    result = run("serve", "--workers", 2, "--index", no_index)
    assert result.exit_code == 2
    assert "2 workers" in result.stderr and "one process answers" in result.stderr and "`concurrent`" in result.stderr


def test_no_index_is_4_before_it_listens(run, no_index, closed_port):
    result = run("serve", "--index", no_index, "--port", closed_port)
    assert result.exit_code == 4 and "assistant index" in result.stderr
    assert result.stdout == ""


def test_a_port_that_is_taken_is_1_with_its_mend(run, no_index):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = run("serve", "--port", other.getsockname()[1], "--index", no_index)
    assert result.exit_code == 1
    assert "another program listens there" in result.stderr and "--port 0" in result.stderr


def test_a_name_that_is_none_and_a_damaged_file_of_keys_are_errors_of_usage(run, no_index, monkeypatch, tmp_path):
    assert run("serve", "--allow-host", "*", "--index", no_index).exit_code == 2
    monkeypatch.setenv("ASSISTANT_API_KEYS", str(tmp_path / "keys.json"))
    (tmp_path / "keys.json").write_text("{")
    assert run("serve", "--index", no_index).exit_code == 2


def test_what_is_written_is_sent_at_once():
    (listener,) = serve_module.bound(Settings(port=0), [(socket.AF_INET, "127.0.0.1")])
    with listener:
        assert listener.proto == socket.IPPROTO_TCP, "asyncio sets TCP_NODELAY by this"


def test_all_addresses_of_a_name_are_listened_at_with_one_port():
    sockets = serve_module.bound(Settings(port=0), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2")])
    with contextlib.ExitStack() as opened:
        names = [opened.enter_context(one).getsockname() for one in sockets]
    assert [name[0] for name in names] == ["127.0.0.1", "127.0.0.2"]
    assert names[0][1] == names[1][1] > 0


@pytest.mark.parametrize(("host", "url"), [
    ("127.0.0.1", "http://127.0.0.1:7"), ("::1", "http://[::1]:7"), ("0.0.0.0", "http://127.0.0.1:7"), ("::", "http://[::1]:7"),
    ("forum.example", "http://forum.example:7"),
])  # fmt: skip
def test_the_address_is_written_as_a_browser_takes_it(host, url):
    assert serve_module.url_of(Settings(host=host), 7) == url


@pytest.mark.parametrize(("host", "names", "url"), [
    ("0.0.0.0", ("forum.example", "other.example"), "http://forum.example:7"), ("::", ("[fd00::1]",), "http://[fd00::1]:7"),
    ("0.0.0.0", ("forum.example:8443",), "http://forum.example:8443"), ("127.0.0.1", ("forum.example",), "http://127.0.0.1:7"),
])  # fmt: skip
def test_a_wildcard_is_announced_by_the_name_that_others_use(host, names, url):
    assert serve_module.url_of(Settings(host=host, allowed_hosts=names), 7) == url


def test_starlette_is_one_that_reads_hosts_rightly():
    assert tuple(map(int, version("starlette").split(".")[:3])) >= (1, 0, 1)  # CVE-2026-48710


# --- as a process


class Process:
    """`assistant serve` as a process; `url`, `told` (the document that it wrote) once it listens."""

    def __init__(self, index, tmp_path, program, **environment):
        self.log = tmp_path / "serve.log"
        command = [sys.executable, *program, "serve", "--port", "0", "--index", str(index), "--json"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=tmp_path, env={**os.environ, **environment}
            )
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.told = json.loads(line)
        self.url = self.told["url"]

    def stop(self, sig):
        self.process.send_signal(sig)
        return time.monotonic()

    def ended(self, within):
        """The exit code."""
        return self.process.wait(timeout=within)

    def logged(self, event):
        """Waits for a line of this event."""
        deadline = time.monotonic() + 20
        while f'"event": "{event}"' not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)

    def ready(self):
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"{self.url}/readyz", trust_env=False, timeout=5).status_code
        return None


@pytest.fixture
def start(sample_index, tmp_path):
    """Starts `assistant serve` over the sample forum, with variables of the environment; it ends with the test."""
    with contextlib.ExitStack() as started:

        def begin(model=None, program=("-m", "assistant.cli"), **environment):
            if model:
                environment |= {"ASSISTANT_GENERATOR": "openai:slow", "ASSISTANT_BASE_URL": model.base_url}
            process = Process(sample_index, tmp_path, program, **environment)
            started.callback(process.process.stdout.close)
            started.callback(process.process.wait)
            started.callback(process.process.kill)
            return process

        yield begin


class Stream(threading.Thread):
    """Asks for a streamed answer; its text, as far as it came, and whether it ended as a response does."""

    def __init__(self, url, path="/ask", **body):
        super().__init__()
        self.url, self.body, self.text, self.whole = f"{url}{path}", body or QUESTION, "", False
        self.start()

    def run(self):
        headers = {"accept": "text/event-stream"}
        with contextlib.suppress(httpx2.TransportError):
            ask = httpx2.stream("POST", self.url, json=self.body, headers=headers, trust_env=False, timeout=30)
            with ask as response:
                for piece in response.iter_text():
                    self.text += piece
            self.whole = True


CHAT = {"model": "forum-assistant", "messages": [{"role": "user", "content": QUESTION["question"]}]}


class Whole(threading.Thread):
    """Asks for an answer that is not streamed; its response."""

    def __init__(self, url, path, body):
        super().__init__()
        self.url, self.body, self.response = f"{url}{path}", body, None
        self.start()

    def run(self):
        self.response = httpx2.post(self.url, json=self.body, trust_env=False, timeout=30)


def wait_until_busy(url, questions):
    deadline = time.monotonic() + 20
    while httpx2.get(f"{url}/readyz", trust_env=False).json()["busy"] < questions:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_sigterm_lets_a_streamed_answer_end_and_says_not_ready_first(start, serving):
    model = serving(SlowModel(seconds=2.5))
    server = start(model)
    assert server.told.keys() >= {"url", "generation", "keys_needed", "page"} and server.told["keys_needed"] is False
    stream = Stream(server.url)
    assert model.begun.wait(20) and server.ready() == 200
    since = server.stop(signal.SIGTERM)
    assert server.ready() == 503
    assert stream.is_alive()
    assert server.ended(within=10) == 0
    assert time.monotonic() - since > serve_module.GRACE_SECONDS
    stream.join()
    assert stream.whole and "event: answer" in stream.text
    assert server.ready() is None
    log = server.log.read_text()
    assert f"{server.url} listens" in log and server.told["generation"] in log and "Traceback" not in log


@pytest.mark.alone
def test_a_model_that_never_ends_holds_a_stop_up_for_no_longer_than_the_settings_say(start, serving):
    model = serving(SlowModel(seconds=20))
    server = start(model, ASSISTANT_DRAIN_SECONDS="1.5")
    streams = [Stream(server.url), Stream(server.url, "/v1/chat/completions", stream=True, **CHAT)]
    wholes = [Whole(server.url, "/ask", QUESTION), Whole(server.url, "/v1/chat/completions", CHAT)]
    assert model.begun.wait(20)
    wait_until_busy(server.url, len([*streams, *wholes]))
    since = server.stop(signal.SIGTERM)
    assert server.ended(within=10) == 0
    assert 1.1 < time.monotonic() - since < 1.5 + 2
    for asked in (*streams, *wholes):
        asked.join()
    ours, openais = streams
    assert ours.whole and "event: answer" not in ours.text and '"code":"NotReady"' in ours.text.split("event: error")[1]
    assert openais.whole and "[DONE]" not in openais.text
    assert json.loads(openais.text.strip().split("data: ")[-1])["error"]["code"] == "NotReady"
    ask, chat = (whole.response for whole in wholes)
    assert (ask.status_code, ask.headers["retry-after"], ask.json()["code"]) == (503, "5", "NotReady")
    assert (chat.status_code, chat.json()["error"]["code"]) == (503, "NotReady")
    log = server.log.read_text()
    assert '"exception"' not in log and "Cancel " not in log
    stopped = [json.loads(line) for line in log.splitlines() if '"event": "stopped"' in line]
    assert [line["cut_off"] for line in stopped] == [4]


def test_an_idle_server_says_not_ready_for_a_second_and_still_takes_requests(start):
    server = start()
    since = server.stop(signal.SIGTERM)
    seen = []
    while time.monotonic() - since < 0.8 * serve_module.GRACE_SECONDS:
        seen.append((server.ready(), httpx2.post(f"{server.url}/search", json={"query": "mount"}, trust_env=False).status_code))
    assert len(seen) > 1 and set(seen[1:]) == {(503, 200)}
    assert server.ended(within=10) == 0
    assert time.monotonic() - since >= serve_module.GRACE_SECONDS
    assert server.ready() is None


WITHOUT_ITS_KEYS = """
import sys
from assistant.api.service import Service
from assistant.cli import app

warm = Service.warm

async def warm_while_the_keys_go(self):
    self.settings.api_keys.unlink()
    await warm(self)

Service.warm = warm_while_the_keys_go
app(sys.argv[1:])
"""


def test_a_file_of_keys_that_goes_away_while_the_index_is_loaded_opens_nothing(start, tmp_path):
    make(tmp_path / "keys.json", "only")
    server = start(program=("-c", WITHOUT_ITS_KEYS), ASSISTANT_API_KEYS=str(tmp_path / "keys.json"))
    assert not (tmp_path / "keys.json").exists()
    assert server.told["keys_needed"] is True
    assert httpx2.get(f"{server.url}/metrics", trust_env=False).status_code == 401


def test_a_second_signal_ends_at_once(start, serving):
    model = serving(SlowModel(seconds=20))
    server = start(model)
    stream = Stream(server.url)
    assert model.begun.wait(20)
    server.stop(signal.SIGINT)
    server.logged("draining")
    assert server.process.poll() is None
    since = server.stop(signal.SIGINT)
    assert server.ended(within=10) == 130
    assert time.monotonic() - since < 5  # and not the ten that answers have by default
    stream.join()
    assert stream.whole and '"code":"NotReady"' in stream.text.split("event: error")[1]
    assert '"exception"' not in server.log.read_text()


def test_no_key_is_in_what_a_server_writes(start, tmp_path):
    secret, _ = make(tmp_path / "keys.json", "one")
    server = start(ASSISTANT_API_KEYS=str(tmp_path / "keys.json"), ASSISTANT_API_KEY=OWN_KEY)
    assert server.told["keys_needed"] is True
    said = ""
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as client:
        statuses = []
        for key in (secret, OWN_KEY, secret[:-1]):
            for path in ("/search", "/ask", "/v1/chat/completions"):
                headers = {"authorization": f"Bearer {key}", "x-api-key": key}
                response = client.post(path, json={"query": key, "question": key}, headers=headers)
                statuses.append(response.status_code)
                said += str(response.headers)
        assert statuses[6:] == [401, 401, 401] and 401 not in statuses[:6]
        said += client.get("/metrics", headers={"x-api-key": secret}).text + client.get("/readyz").text
    server.stop(signal.SIGTERM)
    assert server.ended(within=10) == 0
    said += server.log.read_text() + json.dumps(server.told)
    assert "request" in said
    assert not [shown for shown in (secret, OWN_KEY, secret[:-1]) if shown in said]
