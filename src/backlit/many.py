"""Many networks at once: independent runs of ``fit`` side by side, a thread each, on all cores.

What a run does is training's matter, and its bits are those of ``fit`` alone. Here is what several of them share: the
encoded data, the cores, Ctrl-C and the line on the terminal. Threads and not processes, since the native engine
computes without Python's lock: so nothing is copied, and networks are trained in place as by ``fit``. Small networks on
the NumPy engine, which needs that lock all the time, are trained one after another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from .callbacks import Event
from .errors import BacklitError, FitManyError, UsageError, unknown
from .history import History
from .interrupt import Interrupt
from .network import Network
from .progress import ManySilent, as_many_progress
from .settings import Settings, whole
from .spelling import counted
from .streams import lasting_stderr
from .threads import at_most, cores, threads_of_environment
from .training import INTERRUPTED, OTHERS, Run, blas_threads, prepare
from .use import examples

Array = Any
Own = Mapping[str, Any]
Over = SimpleQueue[
    tuple[int, BaseException | None]
]  # the numbers of runs that are over, and what they raised
_LOOK_SECONDS = 0.1  # between two looks at what is done, and two drawings
_OF_ALL = ("threads", "progress")
_OF_ONE = ("checkpoint", "resume")


def fit_many(
    networks: Iterable[Network | tuple[Network, Own]],
    x: Any,
    y: Any,
    *,
    threads: int | None = None,
    progress: Any = None,
    **settings: Any,
) -> list[History]:
    """Trains each of ``networks`` in place on x, y, side by side, and returns their histories in the same order.

    ``settings`` are those of ``fit``, for all; a network given as ``(network, {"eta": 0.5})`` has settings of its own,
    which go before them. Each ends in the same bits as by ``fit`` alone. ``threads`` (else BACKLIT_THREADS, else the
    cores) is how many compute at once; callbacks are called in the threads of their networks.

    Everything is checked before the first step: what is wrong with one network is raised as by ``fit``, with its place
    in the list. What fails later, a run that diverges or a callback, fails alone: when the others are done,
    FitManyError says which, and holds the histories of all. Ctrl-C ends all runs after the step at hand, as it ends
    one.
    """
    listed = _listed(networks, settings)
    said = threads_of_environment() if threads is None else whole("threads", threads, 1)
    shown = as_many_progress(progress, len(listed))
    runs = _prepared(listed, x, y, settings)
    histories = [run.history for run in runs]
    errors = _side_by_side(runs, said or cores(), shown)
    if errors:
        raise FitManyError(errors, histories)
    ended = sum(history.stop_reason != INTERRUPTED for history in histories)
    if ended < len(histories) and progress is not False:
        of_all = f"{ended} of {counted(len(histories), 'network')}"
        print(f"stopped; {of_all} trained, of the others the weights so far are kept", file=lasting_stderr())
    return histories


def _listed(networks: Any, settings: Own) -> list[tuple[Network, Own]]:
    """Each network with its own settings; raises UsageError for what can't be given, or not to these."""
    if isinstance(networks, Network) or not isinstance(networks, Iterable):
        raise UsageError(
            f"networks is a list of networks, or of pairs (network, {{settings of its own}}); got {networks!r}"
        )
    listed = [_pair(number, one) for number, one in enumerate(networks)]
    _check_names(settings)
    for name in _OF_ONE:
        if settings.get(name) is not None:
            raise UsageError(
                f"{name} is the file of one network; give each its own: (network, {{{name!r}: …}})"
            )
    first: dict[Any, int] = {}
    for number, (net, own) in enumerate(listed):
        _check_names(own, f"networks[{number}]: ")
        files = {Path(own[name]).resolve() for name in _OF_ONE if own.get(name) is not None}
        for one, what, remedy in [
            (id(net), "network", "give it a network of its own, such as network.copy()"),
            *((file, "checkpoint", "give each network a file of its own") for file in files),
        ]:
            if first.setdefault(one, number) != number:
                raise UsageError(
                    f"networks[{number}] has the same {what} as networks[{first[one]}]; {remedy}"
                )
    return listed


def _pair(number: int, given: Any) -> tuple[Network, Own]:
    net, own = given if isinstance(given, (tuple, list)) and len(given) == 2 else (given, {})
    if not isinstance(net, Network) or not isinstance(own, Mapping):
        raise UsageError(
            f"networks[{number}] is a network, or a pair (network, {{settings of its own}}); got {given!r}"
        )
    return net, own


def _check_names(settings: Own, where: str = "") -> None:
    """Raises UsageError for a name that ``fit`` does not take, or that is for all networks together."""
    known = [*(field.name for field in dataclasses.fields(Settings)), *OTHERS]
    for name in settings:
        if name in _OF_ALL:
            raise UsageError(f"{where}{name} is for all networks together; give it to fit_many itself")
        if name in ("x", "y"):
            raise UsageError(
                f"{where}{name} is the same for all networks; give sample_weight to weigh or leave out examples for "
                "one, or call fit_many for each set"
            )
        if name not in known:
            raise unknown(f"setting of fit_many{where and f' in {where[:-2]}'}", name, known)


def _prepared(listed: list[tuple[Network, Own]], x: Any, y: Any, settings: Own) -> list[Run]:
    """The runs, all checked; raises what ``fit`` does, with the network's place where it may be its own fault."""
    encode, runs = _Encoder(), []
    for number, (net, own) in enumerate(listed):
        try:
            runs.append(prepare(net, x, y, encode=encode, **{**settings, **own}))
        except BacklitError as error:
            if number or own:
                raise type(error)(f"networks[{number}]: {error}") from error
            raise
    return runs


class _Encoder:
    """``examples``, once for all networks that take the same data in the same form."""

    def __init__(self) -> None:
        self._found: dict[Any, tuple[Any, Array, Array, str | None]] = {}

    def __call__(self, net: Network, x: Any, y: Any) -> tuple[Array, Array]:
        of_data = (id(x), id(y), id(net.recipe), net.classes, net.task)
        last = net.activations[-1]
        key = (
            *of_data,
            net.sizes[0],
            net.sizes[-1],
            net.dtype,
            net.cost.option,
            net.cost.built_in,
            last.option,
        )
        if key not in self._found or not (net.cost.built_in and last.built_in):
            X, Y = examples(net, x, y)
            self._found[key] = (x, y), X, Y, net.task  # x and y are kept, so that no other has their id
        _, X, Y, net.task = self._found[key]
        return X, Y


def _side_by_side(runs: list[Run], threads: int, shown: ManySilent) -> dict[int, Exception]:
    """Works all runs off, the longest first, so that none is left alone at the end; returns what was raised, by place.

    ``runs`` is empty then: what a run holds of the data goes when it is over.
    """
    if not runs:
        return {}
    workers, tally = min(_most_at_once(runs), threads), _Tally(runs)
    longest = sorted(range(len(runs)), key=lambda number: -runs[number].work)
    with (
        blas_threads(1),
        at_most(threads // workers),
        Interrupt() as wish,
        ThreadPoolExecutor(workers, "backlit") as pool,
    ):
        try:
            over: Over = SimpleQueue()  # not the futures: a second Ctrl-C may come while their locks are held
            for number in longest:
                pool.submit(copy_context().run, _go, runs[number], wish, number, over)
            runs.clear()
            return _ends(over, tally, shown)
        except BaseException:
            wish.requested = True  # a second Ctrl-C, or an error of ours: the others end after their step
            raise
        finally:
            shown.close()


def _most_at_once(runs: list[Run]) -> int:
    """How many of the runs gain by company; those that compute under Python's lock would only wait for one another."""
    free = sum(run.lets_others_compute for run in runs)
    return free if free == len(runs) else free + 1


def _go(run: Run, wish: Interrupt, number: int, over: Over) -> None:
    """A run from its beginning to its end, in a thread of the pool."""
    error: BaseException | None = None
    try:
        run.go(wish)
    except BaseException as raised:  # noqa: BLE001 (it is handed on)
        error = raised
    over.put((number, error))


def _ends(over: Over, tally: _Tally, shown: ManySilent) -> dict[int, Exception]:
    """Waits for all runs and tells of each that is over; returns what was raised, in the order of the networks."""
    errors: dict[int, Exception] = {}
    done = 0
    while done < len(tally.histories):
        shown.show(done, tally.part)
        try:
            number, error = over.get(timeout=_LOOK_SECONDS)
        except Empty:
            continue
        if isinstance(error, Exception):
            errors[number] = error
        elif error is not None:
            raise error  # SystemExit: the end of everything
        done += 1
        tally.end(number)
        shown.ended(done, number, tally.histories[number])
    shown.show(done, tally.part)
    return dict(sorted(errors.items()))


class _Tally:
    """How far each run is: told by a callback at the end of each epoch, in the run's own thread."""

    def __init__(self, runs: list[Run]) -> None:
        self.histories = [run.history for run in runs]
        self._epochs = [run.settings.epochs for run in runs]
        self._done = [run.epoch for run in runs]
        for number, run in enumerate(runs):
            run.callbacks = (*run.callbacks, partial(self._tell, number))

    def _tell(self, number: int, event: Event) -> None:
        self._done[number] = event.epoch

    def end(self, number: int) -> None:
        """This run is over, maybe before its last epoch."""
        self._done[number] = self._epochs[number]

    @property
    def part(self) -> float:
        """The part of all epochs that is done, from 0 to 1."""
        return sum(self._done) / sum(self._epochs)
