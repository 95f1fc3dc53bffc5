"""Candidates for launchers, in the place of whole recipes."""

import os
import signal
import time

from zoo.launchers.candidate import Candidate
from zoo.run_state import RunState


class Deadly:
    """In the place of a recipe, what ends the process that trains it."""

    def build(self, section):
        os.kill(os.getpid(), signal.SIGKILL)


class Endless:
    """In the place of a recipe, a training that takes until it is interrupted."""

    def __init__(self, folder):
        self.folder = folder

    def build(self, section):
        (self.folder / f"started-{os.getpid()}").touch()
        try:
            while True:
                time.sleep(0.02)  # an interrupt is met between two steps
        except KeyboardInterrupt:
            (self.folder / f"interrupted-{os.getpid()}").touch()
            raise


class Unreadable:
    """In the place of a recipe, one whose data are not there."""

    def build(self, section):
        raise FileNotFoundError("absent.npy: no such file")


def candidate(name, recipe, folder):
    return Candidate(recipe, name, RunState(folder).part(name), "no run", "no identity")
