"""Training: epochs, batches, schedules, stopping and the history; owns all randomness of a run.

The arithmetic of a step is an engine's; here is what is decided between steps. A run is worked off in slices of a tenth
of a second, between which Ctrl-C is looked at; no result depends on where slices end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import numbers
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import checkpoints, engines
from .callbacks import Callback, Event, as_callbacks
from .divergence import diverged, weights_diverged
from .dropout import check_rates, masks
from .engines import Plan, State
from .errors import BacklitWarning, DataError, DivergenceError, ModelError
from .files import own_functions
from .history import History
from .interrupt import Interrupt
from .lbfgs import Objective, Stop, minimise
from .monitor import Monitor
from .network import Network
from .progress import Silent, as_progress
from .randomness import dropout_key
from .recorder import Steps
from .schedules import plateau_factor
from .sets import Encode, Sets, make_sets
from .settings import MONITORS, Settings, given_settings, resumed
from .spelling import counted
from .streams import lasting_stderr
from .use import examples

Array = Any
_WORTH_SHARING = 2**22  # multiplications, below which two threads take as long as one, or longer
_SLICE_SECONDS = 0.1
_LEAST_SPEED = 1e8  # multiplications a second of any engine, for the first slice: nothing is measured yet
_CHECKPOINT_SECONDS = 60.0
OTHERS = ("sample_weight", "callbacks", "progress", "checkpoint", "resume")
INTERRUPTED = "interrupted"


def fit(
    net: Network,
    x: Any,
    y: Any,
    *,
    validation: Any = None,
    sample_weight: Any = None,
    monitors: Sequence[str] | str = (),
    metrics: Sequence[str] | str = (),
    callbacks: Sequence[Callback] | Callback = (),
    progress: Any = None,
    checkpoint: str | Path | None = None,
    resume: str | Path | None = None,
    command: dict[str, Any] | None = None,
    **settings: Any,
) -> History:
    """Trains ``net`` in place on x, y and returns the history; a second fit goes on from θ.

    epochs=30, batch_size=32 (None: all examples at once), eta (the optimizer's own unless given), shuffle=True, seed
    (the network's). optimizer="sgd": sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, rprop, with constants as
    in "momentum(momentum=0.5)", or l_bfgs, an iteration on all examples an epoch. schedule="constant": constant, step,
    exponential, inverse_scaling, cosine, warmup, plateau, or a function (epochs done, epochs) → factor. l1, l2 (R1),
    dropout (a rate for hidden layers, or one each from the input on), max_norm, clip_value, clip_norm. sample_weight
    (n,), class_weight ("balanced" or {class: weight}). validation: a fraction to hold out (of each class the same), or
    (x, y). early_stopping: epochs to wait for progress (of more than min_delta) of ``watch`` ("validation_cost", or
    "validation_accuracy" or a metric); the best weights are then restored. monitors: the book's four, costs and
    accuracies on the training and validation sets after each epoch, by name or "all". metrics: names, on the validation
    set. callbacks: functions of an Event. engine, threads.

    Ctrl-C ends the run after the step at hand: the best weights are kept (the last, where nothing was watched), and
    ``checkpoint`` is written, as once a minute. ``resume`` goes on from one to the same bits, and keeps it up to date
    unless ``checkpoint`` says where; a finished run deletes its checkpoint. Raises UsageError, DataError, ModelError,
    EngineError, or DivergenceError at the first cost that is not finite; the epoch's first weights are then back.
    """
    run = prepare(
        net,
        x,
        y,
        validation=validation,
        sample_weight=sample_weight,
        monitors=monitors,
        metrics=metrics,
        callbacks=callbacks,
        checkpoint=checkpoint,
        resume=resume,
        **settings,
    )
    run.command, run.progress = command or {}, as_progress(progress)
    with blas_threads(run.blas_threads):
        return run.go()


def prepare(
    net: Network,
    x: Any,
    y: Any,
    *,
    validation: Any = None,
    sample_weight: Any = None,
    monitors: Any = (),
    metrics: Any = (),
    callbacks: Any = (),
    checkpoint: str | Path | None = None,
    resume: str | Path | None = None,
    encode: Encode = examples,
    kind: type[Run] | None = None,
    **settings: Any,
) -> Run:
    """A run of ``fit`` before its first step, all of it checked; ``encode`` makes a^0 and targets of x and y.

    ``kind`` is a Run whose steps differ in something. Raises what ``fit`` raises, but for DivergenceError.
    """
    if isinstance(validation, numbers.Real):
        settings["validation"], validation = validation, None
    monitors = MONITORS if isinstance(monitors, str) and monitors == "all" else monitors
    settings |= {name: value for name, value in (("monitors", monitors), ("metrics", metrics)) if value}
    saved = None if resume is None else checkpoints.load(resume, own_functions(net))
    if saved is None:
        chosen = given_settings(settings, OTHERS, net)
    else:
        saved.check_network(net)
        chosen = resumed(saved.settings, settings, OTHERS, net)
    checkpoint = resume if checkpoint is None else checkpoint
    if checkpoint is not None:
        chosen.to_json()
        checkpoints.check_place(checkpoint)
    called = as_callbacks(callbacks)
    seed = net.seed if chosen.seed is None else chosen.seed
    sets = make_sets(
        net,
        x,
        y,
        validation=chosen.validation if validation is None else validation,
        sample_weight=sample_weight,
        class_weight=chosen.class_weight,
        seed=seed,
        encode=encode,
    )
    run = (kind or Run)(net, dataclasses.replace(chosen, seed=seed), sets, saved)
    run.callbacks, run.checkpoint = called, checkpoint
    run.recorders = [one for one in called if isinstance(one, Steps)]
    for recorder in run.recorders:
        recorder.check(run)
    return run


def suited_threads(net: Network, batch_size: int) -> int | None:
    """1 where a batch's largest product is too small to share out, else None: as many BLAS threads as there are."""
    largest = max(out * into for into, out in itertools.pairwise(net.sizes))
    return 1 if batch_size * largest < _WORTH_SHARING else None


def blas_threads(threads: int | None) -> Any:
    """A context that holds NumPy's BLAS to so many threads, where a number was given."""
    if threads is None:
        return contextlib.nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=threads, user_api="blas")


class Run:
    """One run of ``fit``: its position, and what leads from one step to the next."""

    callbacks: tuple[Callback, ...] = ()
    recorders: Sequence[Steps] = ()
    checkpoint: str | Path | None = None
    command: dict[str, Any]
    progress: Any = Silent()

    def __init__(
        self, net: Network, settings: Settings, sets: Sets, saved: checkpoints.Checkpoint | None
    ) -> None:
        self.net, self.settings, self.sets = net, settings, sets
        self.seed = int(settings.seed or 0)
        n = len(sets.rows)
        self.batch_size = min(n, n if settings.lbfgs or settings.batch_size is None else settings.batch_size)
        self.steps = -(-n // self.batch_size)
        self.eta = settings.eta or (1.0 if settings.lbfgs else settings.rule.eta)
        self.history = History()
        self.command = {}
        self.done_before = int(net.training.get("epochs", 0))  # by earlier fits: no order is used twice
        self.state = State(step=int(net.training.get("steps", 0)))
        self.epoch, self.batch, self.seconds = 0, 0, 0.0
        per_step = 3 * self.batch_size * net.parameters
        self.count = max(1, int(_SLICE_SECONDS * _LEAST_SPEED / per_step))  # steps of the next slice
        self.cost = math.nan  # of the epoch's steps so far
        self.costs, self.batch_weights = np.zeros(self.steps), np.zeros(self.steps)
        self.start = net.theta.copy()
        self.saved_at = time.perf_counter()
        self.plan = self._plan()
        self.engine = engines.choose(saved.engine if saved else settings.engine, net, self.plan, sets.X)
        self.monitor = Monitor(net, settings, sets, self.engine)
        self.history.watched = self.monitor.watch
        self._print: str | None = None
        if saved is not None:
            self._go_on_from(saved)

    @property
    def work(self) -> float:
        """How much there is to do, in multiplications, roughly."""
        return float(self.settings.epochs - self.epoch) * len(self.sets.rows) * self.net.parameters

    @property
    def lets_others_compute(self) -> bool:
        """Whether its steps go on without Python's lock: all of the native engine's, and NumPy's large products."""
        return self.engine.name == "cpu" or suited_threads(self.net, self.batch_size) is None

    @property
    def blas_threads(self) -> int | None:
        """How many threads NumPy's BLAS is held to, None where it may be; the native engine asks it for nothing."""
        if self.engine.name == "cpu" and not self.settings.lbfgs:
            return None
        return self.settings.threads or suited_threads(self.net, self.batch_size)

    def _plan(self) -> Plan:
        s = self.settings
        return Plan(
            batch_size=self.batch_size,
            rule="sgd" if s.lbfgs else s.rule.option,
            eta=np.zeros(0),
            l1=s.l1,
            l2=s.l2,
            clip_value=s.clip_value,
            clip_norm=s.clip_norm,
            max_norm=s.max_norm,
            keep=check_rates(s.dropout, self.net.L),
            dropout_key=dropout_key(self.seed),
            threads=s.threads,
        )

    def _go_on_from(self, saved: checkpoints.Checkpoint) -> None:
        """Takes a checkpoint's place; raises ModelError where the data is not the same."""
        if saved.fingerprint != self._fingerprint():
            raise ModelError(
                f"the checkpoint is of a run on other data ({counted(saved.examples, 'example')} then, "
                f"{len(self.sets.Y):,} now, or the same number with other content or weights); resume with the data "
                "that it was started on"
            )
        wanted = set() if self.settings.lbfgs else set(self.settings.rule.slots)
        fits = set(saved.slots) == wanted or (not saved.slots and not saved.t)
        if not fits or saved.epoch >= self.settings.epochs or saved.batch >= self.steps:
            raise ModelError("the checkpoint's position is none that its run can have; start the run anew")
        net = self.net
        net.theta[:] = saved.net.theta
        net.training = dict(saved.net.training)
        self.done_before = int(net.training.get("epochs", 0))
        self.epoch, self.batch, self.seconds = saved.epoch, saved.batch, float(saved.seconds)
        self.state = State(saved.slots, saved.t, saved.step)
        self.costs[: saved.batch], self.batch_weights[: saved.batch] = saved.costs, saved.weights
        self.start, self.monitor.best = saved.start.copy(), saved.best
        self.history = History.from_dict(saved.history)
        self.history.stop_reason = None

    def _fingerprint(self) -> str:
        """Of the data, made when it is first needed."""
        if self._print is None:
            sets = self.sets
            self._print = checkpoints.fingerprint(sets.X, sets.Y, sets.weights, *(sets.held_out or ()))
        return self._print

    def go(self, interrupt: Interrupt | None = None) -> History:
        """The run from where it stands to its end, Ctrl-C or divergence; several runs may share an ``interrupt``."""
        if self.settings.engine == "auto" and type(self.progress) is not Silent:
            reason = engines.passed_over(self.net, self.plan, self.sets.X)
            if reason:
                print(f"training on NumPy: {reason}", file=lasting_stderr())
        self.progress.start(self.settings.epochs, len(self.sets.rows), self.epoch + self.batch / self.steps)
        try:
            with Interrupt() if interrupt is None else contextlib.nullcontext(interrupt) as wish:
                self.state.stop = lambda: wish.requested
                reason = self._by_lbfgs(wish) if self.settings.lbfgs else self._by_steps(wish)
        except BaseException as error:
            self.history.stop_reason = (
                "diverged" if isinstance(error, DivergenceError) else type(error).__name__
            )
            self._tell_model()
            raise
        finally:
            self.progress.close()
        self._finish(reason)
        return self.history

    def _by_steps(self, interrupt: Interrupt) -> str | None:
        """The reason of the end; None for Ctrl-C."""
        while self.epoch < self.settings.epochs:
            if interrupt.requested or not self._run_epoch(interrupt):
                return None
            reason = self._end_epoch()
            if reason:
                return reason
            self._save_now_and_then()
        return "all epochs done"

    def _run_epoch(self, wish: Interrupt) -> bool:
        """The rest of the epoch at hand; False where Ctrl-C came before its last step."""
        sets, m, n = self.sets, self.batch_size, len(self.sets.rows)
        if not self.batch:
            self.start[:] = self.net.theta
        number = self.done_before + self.epoch + 1
        order = self.engine.order(self.seed, number, sets.rows) if self.settings.shuffle else sets.rows
        while self.batch < self.steps:
            free = [one.free(self.epoch + 1, self.batch) for one in self.recorders]
            # A recorded step is a slice of its own.
            count = min(self.count, self.steps - self.batch, self.alike(), *free)
            began = time.perf_counter()
            at = slice(self.batch, self.batch + count)
            part = order[at.start * m : at.stop * m]
            plan = self.plan_of(count, part)
            for recorder in self.recorders:
                recorder.before(self, plan, part)
            done = self.engine.run_epoch(
                self.net, self.net.theta, self.state, plan, sets.X, sets.Y, sets.weights, part
            )
            if len(done.costs) < count and wish.requested:  # within a long step, which was not made
                count = len(done.costs)
                at = slice(self.batch, self.batch + count)
            elif not math.isfinite(done.costs[-1]):
                self._diverge(self.batch + len(done.costs), order, float(plan.eta[len(done.costs) - 1]))
            for recorder in self.recorders:
                recorder.after(self)
            self.costs[at], self.batch_weights[at] = done.costs, done.weights
            self.batch += count
            took = time.perf_counter() - began
            self.seconds += took
            self.count = max(
                1, min(4 * max(count, self.count), int(count * _SLICE_SECONDS / max(took, 1e-6)))
            )
            self.cost = self._cost()
            self.progress.advance(self.epoch + 1, min(n, self.batch * m), self.cost)
            if self.batch < self.steps:
                if wish.requested:
                    return False
                self._save_now_and_then()
        return True

    def alike(self) -> int:
        """How many steps from here one plan can be of; their η apart, all of them."""
        return self.steps

    def plan_of(self, count: int, rows: Array) -> Plan:
        """The plan of the next steps, which go through these rows; the one before, where it has the same η."""
        if not (self.settings.plan_schedule.constant and len(self.plan.eta) == count):
            self.plan = dataclasses.replace(self.plan, eta=self._etas(self.batch, count))
        return self.plan

    def _etas(self, first: int, count: int) -> Array:
        """η of each of the next steps."""
        schedule, dt = self.settings.plan_schedule, 1 / self.steps
        if schedule.constant:
            return np.full(count, self.eta)
        if schedule.plateau is not None:
            watched = "cost" if self.sets.apart is None else "validation_cost"
            factor = plateau_factor(schedule.plateau, [one[watched] for one in self.history])
            return np.full(count, self.eta * factor)
        times = [self.epoch + (first + i) * dt for i in range(count)]
        return self.eta * self.settings.factors(times, dt)

    def _cost(self) -> float:
        """The weighted mean cost of the steps so far (B5), summed in one order whatever the slices were."""
        weights = self.batch_weights[: self.batch]
        seen = min(len(self.sets.rows), self.batch * self.batch_size)
        total = seen if self.sets.weights is None else math.fsum(weights)
        # fsum takes a list in half the time that it takes an array.
        return math.fsum((weights / total * self.costs[: self.batch]).tolist()) if total else math.nan

    def _end_epoch(self) -> str | None:
        """Measures, records, remembers the best and asks the callbacks; returns why to stop, or None."""
        constant = self.settings.plan_schedule.constant
        eta = float(self.eta if constant else self._etas(self.steps - 1, 1)[0])
        self._check_weights(eta)
        record = self.monitor.record(self.epoch + 1, eta, self.cost, self.seconds)
        return self._after(record)

    def _after(self, record: dict[str, Any]) -> str | None:
        self.epoch, self.batch, self.seconds = self.epoch + 1, 0, 0.0
        self.history.records.append(record)
        self.progress.epoch(record)
        waited = self.monitor.waited(self.history)
        event = Event(self.net, self.epoch, self.settings.epochs, record, self.history)
        for callback in self.callbacks:
            callback(event)
        if event.stop_reason:
            return event.stop_reason
        patience = self.settings.early_stopping
        if patience is not None and waited >= patience:
            return f"no better {self.monitor.watch} for {counted(patience, 'epoch')}"
        return None

    def _check_weights(self, eta: float | None) -> None:
        if not np.isfinite(self.net.theta).all():
            error = weights_diverged(self.net, self.epoch + 1, eta)
            self.net.theta[:] = self.start
            raise error

    def _diverge(self, batch: int, order: Array, eta: float) -> None:
        net, m, plan = self.net, self.batch_size, self.plan
        rows = order[(batch - 1) * m : batch * m]
        dropped = masks(plan.keep, plan.dropout_key, self.state.step, len(rows), net.sizes, net.dtype)
        error = diverged(net, self.epoch + 1, batch, eta, self.sets.X, self.sets.Y, rows, dropped)
        net.theta[:] = self.start
        raise error

    def _by_lbfgs(self, interrupt: Interrupt) -> str | None:
        """SciPy's l-bfgs on the objective; an epoch is one of its iterations."""
        net, s, sets = self.net, self.settings, self.sets
        began, reason = time.perf_counter(), None
        objective = Objective(net, self.engine, *sets.training(), sets.row_weights, s.l2)
        if not math.isfinite(objective(net.theta)[0]):
            raise diverged(net, self.epoch + 1, 1, None, sets.X, sets.Y, sets.rows)

        def wanted(theta: Array) -> tuple[float, Array]:
            if interrupt.requested:
                raise Stop
            return objective(theta)

        def each(theta: Array) -> bool:
            nonlocal began, reason
            self.start[:] = net.theta
            net.theta[:] = theta
            self._check_weights(None)
            self.state.step += 1
            record = self.monitor.record(
                self.epoch + 1, None, objective.cost(theta), time.perf_counter() - began
            )
            reason = self._after(record)
            self._save_now_and_then()
            began = time.perf_counter()
            return reason is not None or interrupt.requested

        ended = minimise(s.optimizer, wanted, net.theta, s.epochs - self.epoch, each)
        if interrupt.requested and not reason and self.epoch < s.epochs:
            return None
        return reason or ended

    def _save_now_and_then(self) -> None:
        """A checkpoint once a minute; a disk that is full does not end a run that may still be saved elsewhere."""
        if self.checkpoint is None or time.perf_counter() - self.saved_at < _CHECKPOINT_SECONDS:
            return
        try:
            self.save_checkpoint()
        except DataError as reason:
            warnings.warn(f"{reason}; training goes on", BacklitWarning, stacklevel=2)
        self.saved_at = time.perf_counter()

    def save_checkpoint(self) -> None:
        """Writes where the run stands."""
        assert self.checkpoint is not None
        state = checkpoints.Checkpoint(
            net=self.net,
            settings=self.settings.to_json(),
            engine=self.engine.name,
            epoch=self.epoch,
            batch=self.batch,
            t=self.state.t,
            step=self.state.step,
            slots=self.state.slots,
            costs=self.costs[: self.batch],
            weights=self.batch_weights[: self.batch],
            start=self.start,
            history=self.history.to_dict(),
            best=self.monitor.best,
            fingerprint=self._fingerprint(),
            examples=len(self.sets.Y),
            seconds=self.seconds,
            command=self.command,
        )
        checkpoints.save(state, self.checkpoint)

    def _finish(self, reason: str | None) -> None:
        """The end of a run: checkpoint or none, best weights where they are wanted, and what the model remembers."""
        self.history.stop_reason = reason or INTERRUPTED
        try:
            if self.checkpoint is not None and reason is None:
                self.save_checkpoint()
            elif (
                self.checkpoint is not None and not self.command
            ):  # else the caller first saves what came of it
                checkpoints.remove(self.checkpoint)
        finally:
            if self.monitor.best is not None and (reason is None or self.settings.early_stopping):
                self.net.theta[:] = self.monitor.best
            self._tell_model()
        if reason is None and self.checkpoint is None and type(self.progress) is not Silent:
            kept = "last" if self.monitor.best is None else "best"
            print(f"stopped; the {kept} weights so far are kept", file=lasting_stderr())

    def _tell_model(self) -> None:
        told = {"engine": self.engine.name, "eta": None if self.settings.lbfgs else self.eta}
        self.net.training = {
            "epochs": self.done_before + self.epoch,
            "steps": self.state.step,
            "examples": len(self.sets.rows),
            "settings": self.settings.told() | told,
            "stop_reason": self.history.stop_reason,
            "last": self.history.records[-1] if self.history.records else None,
            "best": self.history.best,
            **{key: told for key, told in self.net.training.items() if key == "imported"},
        }
