"""How a run ends well or badly, with a server that may be away."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.tracking._outbox import Outbox
from zoo.tracking._patience import Patient, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNSENT = Path("mlruns/unsent")  # in the present folder, as the states of interrupted runs of a server's are
_LAST_WORDS = 1.5  # seconds for each of the last things that a broken-off run has to say


@contextlib.contextmanager
def ended(client: Any, run_id: str) -> Iterator[Outbox | None]:
    """A run that is going on; it ends as FINISHED, FAILED or KILLED according to how the block ends.

    Yields:
        Where the metrics of training wait for a server; None for a registry in a file, which takes them at once.
    """
    outbox = None
    if isinstance(client, Patient):
        outbox = Outbox(client.impatient, client.uri, run_id, (_UNSENT / f"{run_id}.jsonl").absolute())
    try:
        yield outbox
        if outbox is not None:
            outbox.close()
    except BaseException as error:
        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
        if outbox is None:
            client.set_terminated(run_id, status)
        else:  # a user waits to read why, so that a server has a moment only
            with contextlib.suppress(Exception):
                outbox.close(_LAST_WORDS)
            if outbox.path.exists():
                say(f"{outbox.path} keeps what is not sent yet")
            telling = threading.Thread(target=_quietly, args=(client.set_terminated, run_id, status), daemon=True)
            telling.start()
            telling.join(_LAST_WORDS)
        raise
    client.set_terminated(run_id, "FINISHED")


def _quietly(call: Callable[..., Any], *arguments: Any) -> None:
    with contextlib.suppress(Exception):
        call(*arguments)
