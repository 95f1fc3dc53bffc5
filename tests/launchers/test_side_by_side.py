"""Training side by side, in processes of this machine."""

from candidates import Deadly, Unreadable, candidate

from zoo.launchers.local_processes import LocalProcesses
from zoo.launchers.ray_tasks import _cpus, _options
from zoo.launchers.side_by_side import SideBySide


def test_a_candidate_that_fails_in_its_process_is_said_and_the_others_go_on(tmp_path):
    said = []
    candidates = [candidate(name, Unreadable(), tmp_path) for name in ("left", "right")]
    SideBySide(LocalProcesses(), 2).train(candidates, said.append)
    assert sorted(said) == [f"{name}: failed: absent.npy: no such file" for name in ("left", "right")]


def test_a_process_that_is_killed_leaves_the_rest_to_the_sweep(tmp_path):
    said = []
    candidates = [candidate(name, Deadly(), tmp_path) for name in "ab"]
    SideBySide(LocalProcesses(), 2).train(candidates, said.append)
    assert said == [
        "a training process was killed (for want of memory?): what is not trained yet is trained one by one"
    ]


def test_a_state_that_a_machine_does_not_see_is_said_before_anything_is_trained(tmp_path):
    said, one = [], candidate("one", Unreadable(), tmp_path)
    one.state.directory.rmdir()
    SideBySide(LocalProcesses(), 2).train([one], said.append)
    assert "does not see" in said[0]
    assert "start the sweep in a folder that all machines share" in said[0]


def test_as_many_as_fit_by_what_the_first_that_told_has_held(tmp_path):
    said = []
    candidates = [candidate(name, Unreadable(), tmp_path) for name in "abc"]
    SideBySide(LocalProcesses(), 2, 0.001).train(candidates, said.append)
    assert said[0] == "a: failed: absent.npy: no such file"
    assert said[1].startswith("one training holds ")  # joblib may use a process again that has held more
    assert said[1].endswith(": 1 at once fit in --max-memory 0.001")
    assert len(said) == 4


def test_a_task_asks_for_no_more_than_lets_so_many_run_and_than_a_machine_has():
    assert [_cpus([2], wanted) for wanted in (1, 2, 3)] == [2, 1, 1]
    assert [_cpus([8, 8, 2], wanted) for wanted in (1, 2, 3, 4, 5, 30)] == [8, 8, 4, 4, 2, 1]
    assert _cpus([0], 3) == _cpus([], 3) == 1
    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0, "memory": 2e9}},
        {"Alive": True, "Resources": {"CPU": 4.0, "memory": 8e9, "GPU": 1.0}},
        {"Alive": False, "Resources": {"CPU": 64.0, "memory": 64e9}},
    ]
    assert _options(nodes, 2, None) == {"num_cpus": 4, "num_gpus": 1}
    assert _options(nodes[:1], 2, 10**9) == {"num_cpus": 2, "memory": 10**9}
    assert _options(nodes, 2, 10**10)["memory"] == 8 * 10**9
