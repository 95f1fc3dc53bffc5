"""What is shown while training goes on: in a log, on a terminal of any width, and on a real (pseudo-)terminal."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest
from rich.console import Console

from zoo.report.progress import ProgressReport

LOGS = {"loss": 2.5, "distortion": 2.0, "rate": 0.5, "val_loss": 3.25}
LINE = "epoch 1/2  loss 2.500  distortion 2.000  rate 0.500 nats  val_loss 3.250"


def shown(*, terminal, width=150):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None)
    progress = ProgressReport(console)
    progress.train_begins(epochs=2, first_epoch=0, steps=10)
    progress.steps_done(0, 5, LOGS)
    progress.epoch_ends(0, LOGS)
    progress.steps_done(1, 10, LOGS)
    progress.epoch_ends(1, LOGS)
    progress.train_ends()
    return console.file.getvalue()


def lines_of(text):
    """What was on the screen at some time, line by line, without the terminal's control sequences."""
    return [line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)) if line]


def test_without_a_terminal_every_epoch_is_one_plain_line():
    assert shown(terminal=False).splitlines() == [LINE, LINE.replace("1/2", "2/2")]


def test_on_a_terminal_there_is_a_bar_with_means_and_the_time_left():
    text = shown(terminal=True)
    for part in ("epoch 2/2", "20/20", "loss 2.500", "distortion 2.000", "rate 0.500 nats", "left"):
        assert part in text


@pytest.mark.parametrize("width", [60, 80, 100, 150])
def test_the_bar_and_the_lines_of_the_epochs_fit_the_terminal(width):
    lines = lines_of(shown(terminal=True, width=width))
    assert max(map(len, lines)) <= width
    bars = [line for line in lines if "left" in line]
    assert any(re.search(r"epoch 2/2 .*20/20 steps .*0:00:0\d left 0:00:00", line) for line in bars)
    staying = [line for line in lines if "val_loss" in line]
    expected = LINE if width >= len(LINE) else "epoch 1/2  loss 2.500 nats  val_loss 3.250"
    assert [line.strip() for line in staying] == [expected, expected.replace("1/2", "2/2")]
    assert all(("distortion" in line) == (width == 150) for line in bars if "loss" in line)


def test_a_training_of_many_steps_leaves_no_room_for_a_bar_but_for_steps_and_times():
    console = Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None)
    progress = ProgressReport(console)
    progress.train_begins(epochs=1000, first_epoch=0, steps=2345)
    progress.steps_done(999, 2345, LOGS)
    progress.train_ends()
    lines = lines_of(console.file.getvalue())
    assert max(map(len, lines)) <= 60
    assert "2345000/2345000 steps" in lines[-1]
    assert re.search(r"0:00:0\d left 0:00:00", lines[-1])


def test_nothing_is_shown_where_quiet_was_asked_for():
    console = Console(file=io.StringIO(), force_terminal=True, width=80, quiet=True)
    progress = ProgressReport(console)
    progress.train_begins(epochs=1, first_epoch=0, steps=1)
    progress.steps_done(0, 1, LOGS)
    progress.epoch_ends(0, LOGS)
    progress.train_ends()
    assert console.file.getvalue() == ""


SCRIPT = """
from rich.console import Console
from zoo.report.progress import ProgressReport
console = Console()
progress = ProgressReport(console)
progress.train_begins(epochs=3, first_epoch=0, steps=700)
for epoch in range(3):
    for step in range(0, 701, 100):
        progress.steps_done(epoch, step, {logs})
    progress.epoch_ends(epoch, {logs})
progress.train_ends()
console.print("trained", console.width)
"""


@pytest.mark.parametrize("width", [60, 80])
def test_on_a_real_terminal_no_line_is_wider_than_it_is(width):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.replace("{logs}", repr(LOGS))],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(ours)
    assert process.wait() == 0
    lines = lines_of(shown.decode())
    assert lines[-1] == f"trained {width}"
    assert max(map(len, lines)) <= width
    assert sum("val_loss" in line for line in lines) == 3
    assert any("2100/2100 steps" in line and "left" in line for line in lines)
