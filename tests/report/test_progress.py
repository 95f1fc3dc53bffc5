import io

from rich.console import Console

from zoo.report.progress import ProgressReport

LOGS = {"loss": 2.5, "distortion": 2.0, "rate": 0.5, "val_loss": 3.25}


def shown(*, terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=150, color_system=None)
    progress = ProgressReport(console)
    progress.train_begins(epochs=2, first_epoch=0, steps=10)
    progress.steps_done(0, 5, LOGS)
    progress.epoch_ends(0, LOGS)
    progress.steps_done(1, 10, LOGS)
    progress.epoch_ends(1, LOGS)
    progress.train_ends()
    return console.file.getvalue()


def test_without_a_terminal_every_epoch_is_one_plain_line():
    assert shown(terminal=False).splitlines() == [
        "epoch 1/2  loss 2.500  distortion 2.000  rate 0.500 nats  val_loss 3.250",
        "epoch 2/2  loss 2.500  distortion 2.000  rate 0.500 nats  val_loss 3.250",
    ]


def test_on_a_terminal_there_is_a_bar_with_means_and_the_time_left():
    text = shown(terminal=True)
    for part in ("epoch 2/2", "20/20", "loss 2.500", "distortion 2.000", "rate 0.500 nats", "left"):
        assert part in text
