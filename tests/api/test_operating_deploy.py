"""The files of deploy/, held to what they rest on: systemd's own checks, the Makefile's lines, the settings, each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from assistant.api.serving import GRACE_SECONDS
from assistant.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"
UNITS = ("assistant.service", "assistant-index.service", "assistant-index.timer")
SERVICES = UNITS[:2]
CLOSING = 5
"""Seconds that the process may take beside the answers: index, traces, interpreter."""
PROGRAM = "/opt/assistant/.venv/bin/assistant"


def values(unit, name):
    """What a unit says under a name, line by line."""
    return re.findall(rf"^{name}=(.*)$", (DEPLOY / unit).read_text(), re.MULTILINE)


def instructions():
    """The Containerfile as pairs of instruction and argument, comments left out and lines joined."""
    lines = [line for line in (DEPLOY / "Containerfile").read_text().splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(None, 1)) for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()]


def arguments(name):
    return [argument for instruction, argument in instructions() if instruction == name]


@pytest.fixture
def analyze():
    """systemd's own checker."""
    program = shutil.which("systemd-analyze")
    if program is None:
        reason = "no systemd-analyze on this machine: units are checked against the settings only"
        print(reason)
        pytest.skip(reason)

    def run(*words):
        return subprocess.run([program, "--no-pager", *words], capture_output=True, text=True, timeout=60, check=False)

    return run


def test_systemd_understands_every_line_of_the_units(analyze, tmp_path):
    for unit in UNITS:
        (tmp_path / unit).write_text((DEPLOY / unit).read_text().replace(PROGRAM, shutil.which("true")))
    done = analyze("verify", *(str(tmp_path / unit) for unit in UNITS))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES)
def test_systemd_rates_the_services_safe(analyze, unit):
    done = analyze("security", "--offline=yes", "--threshold=10", str(DEPLOY / unit))
    assert done.returncode == 0, done.stderr + done.stdout
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert score is not None
    assert float(score[1]) <= 1.0


def test_a_service_is_given_longer_to_stop_than_its_answers_are():
    drain = Settings.model_fields["drain_seconds"].default
    assert values("assistant.service", "KillSignal") == ["SIGTERM"]
    assert int(values("assistant.service", "TimeoutStopSec")[0]) >= drain + GRACE_SECONDS + CLOSING


def test_the_timer_starts_a_service_of_its_name_and_both_services_share_user_index_and_walls():
    assert Path(UNITS[2]).stem == Path(UNITS[1]).stem
    walls = re.compile(
        r"^(?:Protect|Private|Restrict|System|Capability|NoNew|Lock|Memory|IPAddress|UMask|User|State|Env)\w*=.*", re.M
    )
    served, indexed = ({line for line in walls.findall((DEPLOY / unit).read_text()) if "Max" not in line} for unit in SERVICES)
    assert indexed - served == set()
    assert served - indexed <= {"MemoryHigh=2G", "Environment=ASSISTANT_API_KEYS=/var/lib/assistant/api-keys.json"}


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_runs_a_command_that_there_is_without_rights_and_without_secrets(unit):
    (start,) = values(unit, "ExecStart")
    program, command, *_ = start.split()
    assert program == PROGRAM
    assert command in {"serve", "index"}
    assert values(unit, "NoNewPrivileges") == ["yes"]
    assert values(unit, "CapabilityBoundingSet") == [""]
    assert values(unit, "User") == ["assistant"]
    assert not re.search(r"Environment=.*(?:API_KEY=|SECRET|TOKEN)", (DEPLOY / unit).read_text())


@pytest.mark.parametrize("name", [*SERVICES, "Containerfile", "nginx.conf", "Caddyfile"])
def test_every_variable_and_setting_that_a_file_names_is_one_of_ours(name):
    text = (DEPLOY / name).read_text()
    assert {variable.lower() for variable in re.findall(r"\bASSISTANT_([A-Z_]+)=", text)} <= set(Settings.model_fields)
    assert set(re.findall(r"# (\w+) = \[", text)) <= set(Settings.model_fields)


def test_a_proxy_waits_longer_than_an_answer_may_take_and_does_not_hold_it_back():
    nginx = (DEPLOY / "nginx.conf").read_text()
    waits = re.search(r"proxy_read_timeout (\d+)s;", nginx)
    assert waits is not None
    assert int(waits[1]) > Settings.model_fields["request_seconds"].default
    assert "proxy_buffering off;" in nginx
    assert "proxy_set_header Host $host;" in nginx
    assert "flush_interval -1" in (DEPLOY / "Caddyfile").read_text()


def test_what_the_containerfile_copies_is_there_and_not_kept_out_of_git():
    for argument in arguments("COPY"):
        if argument.startswith("--from="):
            continue
        *sources, _ = argument.split()
        for source in sources:
            assert (REPOSITORY / source).exists(), source
            ignored = subprocess.run(["git", "check-ignore", "-q", source], cwd=REPOSITORY, check=False)
            assert ignored.returncode != 0, source


def test_the_container_installs_what_the_makefile_does():
    makefile = (REPOSITORY / "Makefile").read_text()
    recipe = re.search(r"^\$\(VENV\)/\.installed:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    expanded = recipe[1].replace("$(LOCKED)", "$(PIP_INSTALL) --require-hashes")
    wanted = [_install(line) for line in re.findall(r"\$\(PIP_INSTALL\) (.*)", expanded)]
    steps = [step for argument in arguments("RUN") for step in re.findall(r"-m pip install (.*?)(?: && |$)", argument)]
    assert [_install(step) for step in steps] == wanted
    locks = {lock for step in steps for lock in re.findall(r"-r (\S+)", step)}
    copied = {source for argument in arguments("COPY") for source in argument.split()}
    assert locks <= copied


def _install(line):
    """What a pip line installs and how, whether in place or not."""
    return sorted(line.replace("--editable ", "").split())


def test_the_container_runs_without_rights_from_images_without_a_registry_and_says_how_it_is():
    images = [argument.split()[0] for argument in arguments("FROM")]
    assert len(images) == 2
    for image in images:
        assert "/" not in image, "a short name leaves the registry to whoever builds"
        assert re.fullmatch(r"python:3\.\d+-slim", image)
    assert arguments("USER")[-1] not in {"root", "0"}
    assert arguments("STOPSIGNAL") == ["SIGTERM"]
    assert "/readyz" in arguments("HEALTHCHECK")[0]
    port = re.search(r"ASSISTANT_PORT=(\d+)", arguments("ENV")[-1])
    assert port is not None
    assert arguments("EXPOSE") == [port[1]]
    assert f":{port[1]}/readyz" in arguments("HEALTHCHECK")[0]


def test_the_code_that_the_container_runs_when_it_is_built_and_watched_compiles_and_finds_what_it_calls(server):
    from assistant.indexing import minilm

    prepared = re.search(r'-c\s*"(import pathlib.*?)"', " ".join(arguments("RUN")))
    assert prepared is not None
    compile(prepared[1], "Containerfile", "exec")
    assert callable(minilm.prepare)
    health = re.search(r'"-c", "(.*)"\]', arguments("HEALTHCHECK")[0])
    assert health is not None
    exec(compile(health[1].replace("http://127.0.0.1:8000", server.url), "Containerfile", "exec"), {})
