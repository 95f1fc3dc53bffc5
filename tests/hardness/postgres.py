"""`mlflow server` as a team runs it: PostgreSQL behind it, artifacts over HTTP, names and passwords (basic auth).

Usage: python -m tests.hardness.postgres. It needs PostgreSQL (Debian's package `postgresql`, with `initdb` and `pg_ctl`
in the PATH) and `pip install psycopg2-binary flask-wtf`, and says so where they are missing. A tiny recipe runs twice,
its champion is loaded by name, the first version gone back to, a wrong password explained. Wanted: all of that, and no
question for the history of a metric.
"""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.hardness.tracking import MlflowServer

ROOT = Path(__file__).parent.parent.parent
TINY = ROOT / "tests" / "recipes" / "tiny.yaml"
TOOLS = {name: shutil.which(name) for name in ("initdb", "pg_ctl")}
PASSWORD = "a password of twelve"  # noqa: S105  of a server that lives for a minute
LOADED = "import sys, zoo; e = zoo.load(sys.argv[1]); print(e.name, e['king'].shape)"


@contextlib.contextmanager
def postgresql():
    """A PostgreSQL server on a socket; its URI for SQLAlchemy."""
    folder = Path(tempfile.mkdtemp(prefix="zoo-pg-", dir="/tmp"))  # a socket's path must be short
    as_user = {}
    if os.geteuid() == 0:  # which PostgreSQL refuses to be
        shutil.chown(folder, "nobody")
        as_user = {"user": "nobody"}

    def run(tool, *arguments):
        done = subprocess.run(
            [TOOLS[tool], "-D", str(folder / "data"), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **as_user,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run("initdb", "-A", "trust", "-U", "zoo", "--no-sync")
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"-c listen_addresses='' -k {folder}", "start")
    try:
        yield f"postgresql+psycopg2://zoo@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def command(folder, uri, *arguments, password=PASSWORD):
    """What a command of the zoo ends with, and says."""
    login = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": password}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}", "MLFLOW_TRACKING_URI": uri}
        | login,
    )
    text = done.stdout + done.stderr
    print(f"  {time.monotonic() - started:5.1f} s, status {done.returncode}: {' '.join(arguments[:4])}", flush=True)
    return done.returncode, text


def main():
    """Returns 1 if anything was not as wanted."""
    absent = [name for name, path in TOOLS.items() if path is None]
    absent += [name for name in ("psycopg2", "flask_wtf") if importlib.util.find_spec(name) is None]
    if absent:
        print(f"  not tried, there is no {', '.join(absent)} here (see the head of this file)")
        return 0
    with postgresql() as database, tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "basic_auth.ini"
        settings.write_text(
            f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/users.db\nadmin_username = admin\n"
            f"admin_password = {PASSWORD}\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        )
        server = MlflowServer(
            folder,
            *("--backend-store-uri", database, "--artifacts-destination", f"{folder}/artifacts", "--serve-artifacts"),
            *("--app-name", "basic-auth"),
            environment={"MLFLOW_AUTH_CONFIG_PATH": str(settings), "MLFLOW_FLASK_SERVER_SECRET_KEY": "of a minute"},
        ).start()
        try:
            return tried(Path(folder), server)
        finally:
            server.kill()


def tried(folder, server):
    """Two runs, the champion, a step back, a wrong password."""
    home = folder / "home"
    home.mkdir()
    run = ("-m", "zoo.run", f"recipe={TINY}", "name=team", "train.epochs=1")
    steps = {
        "first": (0, "team/1", command(home, server.uri, *run)),
        "second": (0, "team/2", command(home, server.uri, *run, "seed=7")),
        "by name": (0, "team", command(home, server.uri, "-c", LOADED, "team")),
        "list": (0, "team", command(home, server.uri, "-m", "zoo.list")),
        "another champion": (0, "2", command(home, server.uri, "-m", "zoo.rollback", "team", "to=2")),
        "rollback": (0, "1", command(home, server.uri, "-m", "zoo.rollback", "team")),
        "first again": (0, "team", command(home, server.uri, "-c", LOADED, "team")),
        "push": (0, "store", command(home, server.uri, "-m", "zoo.push", "team", "target=store")),
        "wrong password": (
            1,
            "MLFLOW_TRACKING_PASSWORD",
            command(home, server.uri, "-m", "zoo.list", password="wrong"),  # noqa: S106,
        ),
    }
    faults = 0
    for name, (status, words, (found, text)) in steps.items():
        if found != status or words not in text or "Traceback" in text:
            print(f"  FAULT in {name}: status {found}, wanted {status} and {words!r}:\n{text[-1500:]}")
            faults += 1
    histories, all_ = server.requests("metrics/get-history"), server.requests("")
    print(f"  {all_} requests, {histories} of them for the history of a metric; {faults} faults")
    return int(bool(faults or histories))


if __name__ == "__main__":
    sys.exit(main())
