"""`zoo.push` interrupted again and again while it copies: it ends soon, says so, and leaves a whole version or none.

Usage: python -m tests.hardness.interruptions [TIMES]; 500 take about an hour, 10 are the default. Wanted: status 130,
or 0 where it was faster, within 6 s, and that `zoo.push` right after it succeeds. What the disk is writing at that
moment (fsync) can be broken off by nobody, and counts.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TINY = ROOT / "tests" / "recipes" / "tiny.yaml"
LONGEST, BYTES = 6.0, 200_000_000  # seconds; of a file that makes the copy long enough to hit


def started(folder, *command):
    """A command of the zoo in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
    )


def copying(home, process):
    """Waits until something is staged in a folder of versions, or the process has ended."""
    while process.poll() is None and not any(home.glob(".*")):
        time.sleep(0.002)


def said(seconds):
    """How long they took to end."""
    ordered = sorted(seconds)
    median, late = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
    return f"ended after {median:.2f} s (median), {late:.2f} s (95%), {ordered[-1]:.2f} s (longest)"


def main():
    """Returns 1 if a push hung, or left something."""
    times = int(sys.argv[1]) if sys.argv[1:] else 10
    generator, faults = random.Random(0), []  # noqa: S311  no secret
    with tempfile.TemporaryDirectory() as place:
        run = started(place, "zoo.run", f"recipe={TINY}", "name=pushed", "train.epochs=1")
        assert run.wait() == 0, run.stderr.read()[-2000:]
        (kept,) = {path.parent for path in Path(place).glob("mlruns/**/artifacts/saved_model/saved_model.pb")}
        (kept / "assets.extra").mkdir(exist_ok=True)
        (kept / "assets.extra" / "large.bin").write_bytes(os.urandom(BYTES))
        statuses, seconds = {}, []
        for number in range(times):
            store = Path(place) / f"store{number}"
            process = started(place, "zoo.push", "pushed", f"target={store}")
            copying(store / "pushed", process)
            time.sleep(generator.uniform(0, 0.4))
            process.send_signal(signal.SIGINT)
            begun = time.monotonic()
            try:
                status = process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                status = "hung"
            took = time.monotonic() - begun
            seconds.append(took)
            statuses[status] = statuses.get(status, 0) + 1
            again = started(place, "zoo.push", "pushed", f"target={store}")
            done, words, unsound = process.stdout.read(), process.stderr.read(), again.wait()
            if status == -signal.SIGINT and "copied to" in done:
                status = 130  # what shells call it: Python had ended, the process had not
            if status not in {130, 0} or took > LONGEST or unsound or "Traceback" in words:
                faults.append(number)
                words = f"{done!r} {words[-600:]!r}"
                print(f"  {number}: status {status} after {took:.2f} s, then {unsound}: {words}", flush=True)
            left = [path.name for path in (store / "pushed").iterdir() if path.name.startswith(".")]
            faults += [number] if left else []
            shutil.rmtree(store)
        print(f"  {times} interruptions: statuses {statuses}, {said(seconds)}, faults {sorted(set(faults))}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
