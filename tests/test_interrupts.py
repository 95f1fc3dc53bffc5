"""Interrupts reach the tests and their children, whatever the tests were started by."""

import signal
import subprocess
import sys

import pytest


def test_this_process_can_be_interrupted():
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_child_can_be_interrupted():
    waits = "import time; print('here', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", waits], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout.readline() == b"here\n"
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == -signal.SIGINT


def test_both_hold_where_the_parent_ignores_interrupts(request):
    """As in `make test &` in a script."""
    these = [
        f"{request.path}::{name}"
        for name in ("test_this_process_can_be_interrupted", "test_a_child_can_be_interrupted")
    ]
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *these], capture_output=True, text=True, check=False, cwd=request.config.rootpath)
    assert done.returncode == 0, done.stdout
