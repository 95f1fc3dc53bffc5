"""How a push ends that is interrupted or finds no room: the process, and its message."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zoo.errors import one_line

SWALLOWS = """
import os, signal, time
from zoo.cli import ending
ending._PATIENCE = 0.3
ending.end_soon_after_an_interrupt()
try:
    print("here", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(60)
"""

LEAVES = """
import threading, time
from zoo.cli.ending import leave
threading.Thread(target=time.sleep, args=(60,)).start()
print("done", flush=True)
leave(0)
"""


def test_a_command_ends_although_its_interrupt_is_swallowed():
    child = subprocess.Popen([sys.executable, "-c", SWALLOWS], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline() == b"here\n"
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 130
    assert child.stderr.read().startswith(b"interrupted;")


def test_an_interrupt_after_the_work_gives_no_traceback():
    child = subprocess.Popen([sys.executable, "-c", LEAVES], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.readline() == b"done\n"
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == -signal.SIGINT
    assert child.stderr.read() == b""


AT_ONCE = """
import atexit, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zoo.cli import ending
text = open(sys.argv[1], "w")
text.write("not yet written")
pool = ThreadPoolExecutor(1)
pool.submit(print, "a pool's work")
threading.Thread(target=lambda: (time.sleep(0.2), print("a thread's end"))).start()
atexit.register(print, "at exit")
held = type("Held", (), {"__del__": lambda self: print("taken to pieces")})()
ending._leave_at_once(3)
"""


def test_leaving_at_once_skips_nothing_that_was_to_be_done(tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", AT_ONCE, str(tmp_path / "text")], capture_output=True, text=True, timeout=60, check=False
    )
    assert child.returncode == 3
    assert child.stderr == ""
    assert child.stdout.splitlines() == ["a pool's work", "a thread's end", "at exit"]
    assert (tmp_path / "text").read_text() == "not yet written"


def test_output_that_could_not_be_written_costs_the_status():
    script = (
        "import sys\nfrom zoo.cli.ending import leave\nsys.modules['tensorflow'] = None  # as after its import\n"
        "print('lost')\nleave(0)"
    )
    with Path("/dev/full").open("w") as full:
        command, environment = [sys.executable, "-c", script], os.environ | {"PYTHONUNBUFFERED": ""}
        child = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment, check=False)
    assert child.returncode == 120
    assert b"No space left on device" in child.stderr


def test_a_full_disk_is_one_short_line(tmp_path):
    (tmp_path / "from").mkdir()
    for number in range(20):
        (tmp_path / "from" / f"{number}.bin").write_bytes(b"a")

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device", target)

    with pytest.raises(shutil.Error) as caught:
        shutil.copytree(tmp_path / "from", tmp_path / "to", copy_function=full)
    assert len(str(caught.value)) > 1400
    words = one_line(caught.value)
    assert "No space left on device" in words
    assert words.endswith("(and 19 more like it)")
    assert len(words) < 400
