"""Every command says at once what it does: before TensorFlow, MLflow, pandas or scikit-learn is imported."""

import os
import subprocess
import sys

import pytest

# ends the process at the first complete line, on either stream, and says what had been imported by then
SCRIPT = """
import os, runpy, sys
class Watched:
    def __init__(self, stream): self.stream, self.text = stream, ""
    def write(self, text):
        self.text += text
        if "\\n" in self.text:
            heavy = {"tensorflow", "keras", "mlflow", "pandas", "sklearn", "pyarrow", "scipy"} & set(sys.modules)
            open(os.environ["FIRST"], "w").write(self.text.splitlines()[0] + "\\n" + " ".join(sorted(heavy)))
            os._exit(0)
        return len(text)
    def __getattr__(self, name): return getattr(self.stream, name)
sys.stdout, sys.stderr = Watched(sys.stdout), Watched(sys.stderr)
module, *sys.argv[1:] = sys.argv[1:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["zoo.run", "recipe=vae_word2vec"], "vae_word2vec: "),
        (["zoo.encode", "name=some", "input=rows.npy", "output=codes.npy"], "rows.npy: to be encoded by some"),
        (["zoo.push", "some", "target=there"], "looking some up in the registry ..."),
        (["serving", "--store", "."], "starting TensorFlow, then loading the models ..."),
        (["zoo.rollback", "some"], "looking some up in the registry ..."),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_first_line_waits_for_nothing_heavy(arguments, line, tmp_path):
    first_line = tmp_path / "first_line"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, "FIRST": str(first_line)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    first, _, heavy = first_line.read_text().partition("\n")
    assert first.startswith(line)
    assert heavy == ""


@pytest.mark.parametrize(
    "arguments", [["zoo", "--help"], ["zoo", "list"], ["zoo", "show", "recipe=vae_word2vec"]], ids=" ".join
)
def test_a_reader_that_has_gone_ends_a_list_quietly(arguments, tmp_path):
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-m", *arguments], check=False, stdout=writes, stderr=subprocess.PIPE, cwd=tmp_path
    )
    os.close(writes)
    assert done.returncode == 0
    assert done.stderr == b""
