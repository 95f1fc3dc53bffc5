"""What the commands that match tables share: their keys, and what is made of them."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.arguments import command, names_in, truth_of
from zoo.errors import InputError, StoppedError, ZooError, one_line
from zoo.tables.files import file_system, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zoo.bulk.match_files import Asked, Given
    from zoo.tables.options import Options

KEYS = {
    "output": "what to write: .parquet or .csv; also at a URL",
    "k": "candidates that a row has by its code; default: 10. Rows that share a rare value are candidates as well",
    "threshold": "probability from which on a pair is a match; default: what the tables say",
    "fields": "columns to compare, such as name,street; default: the encoder's fields",
    "id": "column of the rows' names, or none for their numbers; default: one called id, key, .. Two: of a,of b",
    "rename": "columns that are called otherwise, such as name:title (name here, title for the encoder)",
    "delimiter": "between the cells of a text file: comma, semicolon, tab; default: by its ending. Two: of a,of b",
    "encoding": "of a text file, such as latin-1; default: utf-8, or as its byte order mark says. Two: of a,of b",
    "scorer": "trained weighs fields as learnt in training; default: tables, by these tables unless they are too small",
    "seed": "of the search among more than 200,000 codes; default: 0",
    "overwrite": "true replaces an output or index that is there",
}
INTERRUPTED = 130  # 128 and the number of the signal, as shells say it


def options_of(delimiter: str | None, encoding: str | None) -> Options:
    """How a file of text is read."""
    from zoo.tables.options import Options

    return Options(delimiter, None, encoding, prefix="")


def given_table(place: Any, what: str, options: Options, rename: Mapping[str, str], id_column: str | None) -> Given:
    """A table as the user names or hands it over.

    Raises:
        InputError: nothing that can be read as a table.
    """
    from zoo.bulk.match_files import Given
    from zoo.tables.query import Query

    if isinstance(place, str | Path):
        place = str(place)
    elif not isinstance(place, Query):
        from zoo.tables.held_table import held_table

        place = held_table(place, what)
    return Given(place, options, rename, "" if id_column == "none" else id_column)


def asked_for(
    output: str | Path,
    k: int,
    threshold: float | None,
    seed: int,
    *,
    one_to_one: bool,
    scorer: str,
    fields: Any,
    index: str | Path | None,
    overwrite: bool,
) -> Asked:
    """What is asked for beside the tables.

    Raises:
        InputError: k below 1, or a threshold that is no probability.
    """
    from zoo.bulk.match_files import Asked
    from zoo.matching.linking import Wanted

    wanted = Wanted(k, one_to_one, threshold, seed, scorer)
    folder = None if index is None else Path(index).expanduser().absolute()
    return Asked(Path(output).expanduser().absolute(), wanted, tuple(fields), folder, overwrite)


def one_of_each(given: Mapping[str, str], key: str) -> tuple[str | None, str | None]:
    """A value for each of the two tables: the same, or, parted by a comma, one of each."""
    if key not in given:
        return None, None
    one, comma, other = given[key].partition(",")
    if not comma or not one or not other:
        return given[key], given[key]
    return one.strip(), other.strip()


def renamed(given: Mapping[str, str]) -> dict[str, str]:
    """Column -> what it is called for the encoder.

    Raises:
        InputError: anything else than pairs such as name:title.
    """
    found = {}
    for each in names_in(given.get("rename", "")):
        old, colon, new = each.partition(":")
        if not colon or not old or not new:
            raise InputError(
                f"rename={each}: write what the column is called here, a colon, and what it should be called"
            )
        found[old] = new
    return found


def numbers_of(given: Mapping[str, str]) -> dict[str, Any]:
    """k, threshold, seed and overwrite, where they are given.

    Raises:
        InputError: no numbers.
    """
    found: dict[str, Any] = {}
    for key in ("k", "seed"):
        if key in given:
            if not given[key].isdecimal():
                raise InputError(f"{key}={given[key]}: a whole number is wanted")
            found[key] = int(given[key])
    if "threshold" in given:
        try:
            found["threshold"] = float(given["threshold"])
        except ValueError:
            raise InputError(f"threshold={given['threshold']}: a probability is wanted, such as 0.9") from None
    if "overwrite" in given:
        found["overwrite"] = truth_of("overwrite", given["overwrite"])
    return found


def carried_out(output: str | Path | None, name: str, job: Callable[[Path], Path], *, overwrite: bool) -> Any:
    """Where a job has written; or, where no output is wanted, the `pyarrow.Table` that it has written by that name."""
    if output is not None and "://" in str(output):
        return _sent(str(output), job, overwrite=overwrite)
    if output is not None:
        return job(Path(output))
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as scratch:
        return pq.read_table(job(Path(scratch) / name), memory_map=False).replace_schema_metadata(None)


def _sent(url: str, job: Callable[[Path], Path], *, overwrite: bool) -> str:
    """Has a job write a file in the working directory, where it can go on after an interruption, and sends it off."""
    system, path = file_system(url, "output")
    local = Path(f"{path.rpartition('/')[2]}.sending") / path.rpartition("/")[2]
    if local.exists():
        raise InputError(f"{local} could not be sent to {url} when it was made; send it yourself, or move it away")
    try:
        if not overwrite and system.exists(path):
            raise InputError(f"output={url}: is there already; name another, or say overwrite=true")
        local.parent.mkdir(exist_ok=True)
        job(local)
        make_folder(system, path.rpartition("/")[0])
        system.put_file(str(local), path)
        local.unlink()
    except ZooError:
        raise
    except Exception as error:  # clients of object stores raise whatever they like
        where = f"; {local} has all of it" if local.exists() else ""
        raise ZooError(f"output={url}: cannot be written ({one_line(error)}){where}") from error
    finally:
        with contextlib.suppress(OSError):
            local.parent.rmdir()  # unless something of the job is left in it
    return url


def matching_command(
    prog: str,
    about: str,
    keys: Mapping[str, str],
    needed: Callable[[Mapping[str, str]], Sequence[str]],
    example: str,
    job: Callable[[Mapping[str, str], Mapping[str, Any]], None],
    arguments: Sequence[str] | None,
) -> int:
    """The command line of a job that goes on where it was interrupted; returns its exit status.

    Args:
        prog: such as `python -m zoo.match`.
        about: what it does.
        keys: key -> what it is for.
        needed: gives the keys that must be there, of those that are.
        example: of arguments.
        job: called with all arguments as they are given, and with what both jobs take alike, ready to be handed on.
        arguments: the command line; None takes the process's own.
    """

    def act(given: dict[str, str]) -> None:
        missing = [key for key in needed(given) if key not in given]
        if missing:
            raise InputError(f"say {' and '.join(f'{key}=' for key in missing)}, as in {example}")
        alike = {
            "fields": names_in(given.get("fields", "")),
            "rename": renamed(given),
            "index": given.get("index"),
            "scorer": given.get("scorer", "tables"),
            **numbers_of(given),
        }
        try:
            job(given, alike)
        except KeyboardInterrupt:
            raise StoppedError("interrupted; the same command goes on where it stopped") from None

    whole = f"{about}; after an interruption (status {INTERRUPTED}) the same command goes on."
    return command(prog, whole, keys, act, arguments, bare="name")
