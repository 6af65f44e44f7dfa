"""The official client for Node, unchanged, against a running server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from node_packages import node_modules
from scripted_model import Scripted

PROGRAM = Path(__file__).parents[1] / "node" / "chat.mjs"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Runs a case of the program against a server; what it printed."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "node_modules").symlink_to(node_modules())
    program = shutil.copy(PROGRAM, folder)

    def run(url, case, *more):
        done = subprocess.run(
            ["node", program, f"{url}/v1", case, *more], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_the_node_client_lists_and_retrieves_the_model(node, server):
    told = node(server.url, "models")
    assert told["listed"] == ["forum-assistant"] == [told["retrieved"]["id"]]


def test_the_node_client_reads_a_stream_as_the_whole_answer(node, server):
    whole, streamed = node(server.url, "chat"), node(server.url, "stream")
    message = whole["choices"][0]["message"]
    assert streamed["content"] == message["content"]
    assert streamed["annotations"] == message["annotations"] != []
    assert streamed["finish_reason"] == "stop"
    assert streamed["usage"] == whole["usage"]


def test_the_helper_of_the_node_client_puts_a_stream_together(node, server):
    whole, put = node(server.url, "chat"), node(server.url, "helper")
    assert put["choices"][0]["message"]["content"] == whole["choices"][0]["message"]["content"]


def test_ranges_of_annotations_count_code_points_in_node(node, server):
    marked = node(server.url, "marked")
    assert marked
    assert all(words == f"[{label}]" for label, words in marked)


def test_an_unknown_model_is_an_error_of_the_node_client(node, server):
    told = node(server.url, "unknown")
    assert (told["raised"], told["status"], told["code"]) == ("NotFoundError", 404, "model_not_found")


def test_a_model_that_breaks_off_raises_in_the_node_client(node, serve_with):
    url = serve_with(model=Scripted(["The preview layer takes the rotation of the screen [1].", " The"], breaks_off=True))
    told = node(url, "breaks")
    assert told["raised"] == "APIError"
    assert "broke off" in told["message"]
    assert told["pieces"].startswith("The preview layer takes the rotation of the screen")
