"""Training: epochs, batches, schedules, stopping and the history; owns all randomness of a run.

The arithmetic of a step is an engine's; here is what is decided between steps. A run is worked off in slices of a few
hundredths of a second, between which Ctrl-C is looked at; no result depends on where slices end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import checkpoints, engines, passes
from .callbacks import Callback, Event
from .divergence import diverged, weights_diverged
from .dropout import check_rates
from .engines import Plan, State
from .errors import ModelError, UsageError, unknown
from .history import History
from .interrupt import Interrupt
from .lbfgs import minimise
from .monitor import Monitor
from .network import Network
from .progress import as_progress
from .randomness import dropout_key, order_of_epoch
from .schedules import plateau_factor
from .sets import Sets, make_sets
from .settings import MONITORS, Settings, check
from .storage import check_writable

Array = Any
_SLICE_SECONDS = 0.05
_CHECKPOINT_SECONDS = 60.0


def fit(
    net: Network,
    x: Any,
    y: Any,
    *,
    validation: Any = None,
    sample_weight: Any = None,
    monitors: Sequence[str] | str = (),
    metrics: Sequence[str] = (),
    callbacks: Sequence[Callback] = (),
    progress: Any = None,
    checkpoint: str | Path | None = None,
    resume: str | Path | None = None,
    command: dict[str, Any] | None = None,
    **settings: Any,
) -> History:
    """Trains ``net`` in place on x, y and returns the history; a second fit goes on from θ.

    epochs=30, batch_size=32 (None: all examples at once), eta (the optimizer's own unless given), shuffle=True, seed
    (the network's). optimizer="sgd": sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, rprop, l_bfgs, with constants
    as in "momentum(momentum=0.5)". schedule="constant": constant, step, exponential, inverse_scaling, cosine, warmup,
    plateau, or a function (epochs done, epochs) → factor. l1, l2 (R1), dropout (a rate for hidden layers, or one each from
    the input on), max_norm, clip_value, clip_norm. sample_weight (n,), class_weight ("balanced" or {class: weight}).
    validation: a fraction to hold out, or (x, y). early_stopping: epochs to wait for progress (min_delta) of ``watch``
    ("validation_cost"); the best weights are then restored. monitors: the book's four, costs and accuracies on the
    training and validation sets after each epoch, by name or "all". metrics: names, on the validation set. callbacks:
    functions of an Event. engine, threads.

    Ctrl-C ends the run after the step at hand: the best weights are kept (the last, where nothing was watched),
    ``checkpoint`` is written, and ``resume`` goes on from it to the same bits. Raises UsageError, DataError, ModelError,
    EngineError, or DivergenceError at the first cost that is not finite.
    """
    saved = None if resume is None else checkpoints.load(resume)
    if isinstance(validation, (int, float)):
        settings["validation"], validation = validation, None
    names = MONITORS if monitors == "all" else (monitors,) if isinstance(monitors, str) else tuple(monitors)
    settings |= {"monitors": names} if names else {}
    settings |= {"metrics": tuple(metrics)} if metrics else {}
    chosen = check(_settings(net, settings, saved), net)
    if checkpoint is not None:
        check_writable(checkpoint, "the checkpoint")
        chosen.to_json()
    seed = net.seed if chosen.seed is None else chosen.seed
    sets = make_sets(
        net,
        x,
        y,
        validation=chosen.validation if validation is None else validation,
        sample_weight=sample_weight,
        class_weight=chosen.class_weight,
        seed=seed,
    )
    run = _Run(net, dataclasses.replace(chosen, seed=seed), sets, saved)
    run.callbacks, run.checkpoint, run.command = tuple(callbacks), checkpoint, command or {}
    run.progress = as_progress(progress)
    with _blas_threads(chosen.threads):
        return run.go()


def _settings(net: Network, given: dict[str, Any], saved: checkpoints.Checkpoint | None) -> Settings:
    known = [field.name for field in dataclasses.fields(Settings)]
    for name in given:
        if name not in known:
            raise unknown(
                "setting of fit",
                name,
                [*known, "sample_weight", "callbacks", "progress", "checkpoint", "resume"],
            )
    if saved is None:
        return Settings(**given)
    stored = Settings.from_json(saved.settings)
    for name, value in given.items():
        if value != getattr(stored, name):
            raise UsageError(
                f"resume goes on with the run's own settings, and its {name} is {getattr(stored, name)!r}; got {value!r}; "
                "leave it out, or finish the run and fit again"
            )
    ours, theirs = repr(net), repr(saved.net)
    if ours != theirs:
        raise ModelError(f"the checkpoint is of {theirs}, and this network is {ours}; resume with that one")
    return stored


@contextlib.contextmanager
def _blas_threads(threads: int | None) -> Any:
    """Holds NumPy's BLAS to so many threads, where a number was given."""
    if threads is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=threads, user_api="blas"):
        yield


class _Run:
    """One run of ``fit``: its position, and what leads from one step to the next."""

    callbacks: tuple[Callback, ...] = ()
    checkpoint: str | Path | None = None
    command: dict[str, Any]
    progress: Any

    def __init__(
        self, net: Network, settings: Settings, sets: Sets, saved: checkpoints.Checkpoint | None
    ) -> None:
        self.net, self.settings, self.sets = net, settings, sets
        self.monitor = Monitor(net, settings, sets)
        self.seed = int(settings.seed or 0)
        n = len(sets.rows)
        self.batch_size = min(n, n if settings.lbfgs or settings.batch_size is None else settings.batch_size)
        self.steps = -(-n // self.batch_size)
        self.eta = settings.eta or (1.0 if settings.lbfgs else settings.rule.eta)
        self.history = History()
        self.history.watched = self.monitor.watch
        self.done_before = int(
            net.training.get("epochs", 0)
        )  # by earlier fits: no epoch's order is used twice
        self.state = State(step=int(net.training.get("steps", 0)))
        self.epoch, self.batch, self.seconds = 0, 0, 0.0
        self.costs, self.batch_weights = np.zeros(self.steps), np.zeros(self.steps)
        self.start = net.theta.copy()
        self.plan = self._plan()
        self.engine = engines.choose(saved.engine if saved else settings.engine, net, self.plan, sets.X)
        if saved is not None:
            self._go_on_from(saved)

    def _plan(self) -> Plan:
        s = self.settings
        return Plan(
            batch_size=self.batch_size,
            rule="sgd" if s.lbfgs else s.rule.option,
            eta=np.zeros(0),
            l1=float(s.l1),
            l2=float(s.l2),
            clip_value=s.clip_value,
            clip_norm=s.clip_norm,
            max_norm=s.max_norm,
            keep=check_rates(s.dropout, self.net.L),
            dropout_key=dropout_key(self.seed),
        )

    def _go_on_from(self, saved: checkpoints.Checkpoint) -> None:
        """Takes a checkpoint's place; raises ModelError where the data is not the same."""
        if saved.fingerprint != self._fingerprint():
            raise ModelError(
                f"the checkpoint is of a run on other data ({saved.examples:,} examples then, {len(self.sets.Y):,} now, or the "
                "same number with other content); resume with the data that it was started on"
            )
        net = self.net
        net.theta[:] = saved.net.theta
        net.training = dict(saved.net.training)
        self.done_before = int(net.training.get("epochs", 0))
        self.epoch, self.batch, self.seconds = saved.epoch, saved.batch, saved.seconds
        self.state = State(saved.slots, saved.t, saved.step)
        self.costs[: saved.batch], self.batch_weights[: saved.batch] = saved.costs, saved.weights
        self.start, self.monitor.best = saved.start, saved.best
        self.history = History.from_dict(saved.history)
        self.history.stop_reason = None

    def _fingerprint(self) -> str:
        sets = self.sets
        return checkpoints.fingerprint(sets.X, sets.Y, sets.weights, *(sets.held_out or ()))

    def go(self) -> History:
        """The run from where it stands to its end, Ctrl-C or divergence."""
        self.progress.start(self.settings.epochs, len(self.sets.rows), self.epoch)
        try:
            with Interrupt() as interrupt:
                reason = self._by_lbfgs(interrupt) if self.settings.lbfgs else self._by_steps(interrupt)
        finally:
            self.progress.close()
        self._finish(reason)
        return self.history

    def _by_steps(self, interrupt: Interrupt) -> str:
        saved_at = time.perf_counter()
        while self.epoch < self.settings.epochs:
            if not self._run_epoch(interrupt):
                return "interrupted"
            reason = self._end_epoch()
            if reason:
                return reason
            if interrupt.requested and self.epoch < self.settings.epochs:
                return "interrupted"
            if self.checkpoint is not None and time.perf_counter() - saved_at > _CHECKPOINT_SECONDS:
                self.save_checkpoint()
                saved_at = time.perf_counter()
        return "all epochs done"

    def _run_epoch(self, interrupt: Interrupt) -> bool:
        """The rest of the epoch at hand; False where Ctrl-C came before its last step."""
        sets, m, n = self.sets, self.batch_size, len(self.sets.rows)
        number = self.done_before + self.epoch + 1
        order = sets.rows[order_of_epoch(self.seed, number, n, self.settings.shuffle)]
        count = min(16, self.steps)
        while self.batch < self.steps:
            count = min(count, self.steps - self.batch)
            began = time.perf_counter()
            at = slice(self.batch, self.batch + count)
            plan = dataclasses.replace(self.plan, eta=self._etas(self.batch, count))
            part = order[at.start * m : at.stop * m]
            done = self.engine.run_epoch(
                self.net, self.net.theta, self.state, plan, sets.X, sets.Y, sets.weights, part
            )
            if not math.isfinite(done.costs[-1]):
                self._diverge(self.batch + len(done.costs), order, float(plan.eta[len(done.costs) - 1]))
            self.costs[at], self.batch_weights[at] = done.costs, done.weights
            self.batch += count
            took = time.perf_counter() - began
            self.seconds += took
            count = max(1, min(4 * count, int(count * _SLICE_SECONDS / max(took, 1e-6))))
            self.progress.advance(
                self.epoch + 1, min(n, self.batch * m), float(np.mean(self.costs[: self.batch]))
            )
            if interrupt.requested and self.batch < self.steps:
                return False
        return True

    def _etas(self, first: int, count: int) -> Array:
        """η of each of the next steps."""
        schedule, dt, T = self.settings.plan_schedule, 1 / self.steps, float(self.settings.epochs)
        if schedule.plateau is not None:
            watched = "cost" if self.sets.held_out is None else "validation_cost"
            factor = plateau_factor(schedule.plateau, [one[watched] for one in self.history])
            return np.full(count, self.eta * factor)
        return np.array(
            [self.eta * schedule.factor(self.epoch + (first + i) * dt, T, dt) for i in range(count)]
        )

    def _cost(self) -> float:
        """The weighted mean cost of the steps so far (B5), summed without rounding so that slices can't show."""
        weights = self.batch_weights[: self.batch]
        total = math.fsum(weights)
        return math.fsum(weights * self.costs[: self.batch]) / total if total else math.nan

    def _end_epoch(self) -> str | None:
        """Measures, records, remembers the best and asks the callbacks; returns why to stop, or None."""
        if not np.isfinite(self.net.theta).all():
            error = weights_diverged(self.net, self.epoch + 1, self.eta)
            self.net.theta[:] = self.start
            raise error
        eta = float(self._etas(self.steps - 1, 1)[0])
        record = self.monitor.record(self.epoch + 1, eta, self._cost(), self.seconds)
        self._next_epoch()
        return self._after(record)

    def _next_epoch(self) -> None:
        self.epoch, self.batch, self.seconds = self.epoch + 1, 0, 0.0
        self.start[:] = self.net.theta

    def _after(self, record: dict[str, Any]) -> str | None:
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
            return f"no better {self.monitor.watch} for {patience} epochs"
        return None

    def _diverge(self, batch: int, order: Array, eta: float) -> None:
        m = self.batch_size
        error = diverged(
            self.net, self.epoch + 1, batch, eta, self.sets.X, self.sets.Y, order[(batch - 1) * m : batch * m]
        )
        self.net.theta[:] = self.start
        raise error

    def _by_lbfgs(self, interrupt: Interrupt) -> str:
        """SciPy's l-bfgs on the objective; an epoch is one of its iterations."""
        net, s = self.net, self.settings
        began, reason = time.perf_counter(), None
        X, Y = self.sets.training()
        weights = self.sets.row_weights

        def objective(theta: Array) -> tuple[float, Array]:
            theta = theta.astype(net.dtype)
            value, gradient = self.engine.value_and_gradient(net, theta, X, Y, weights)
            w = net.views(theta)[0]
            if s.l2:
                passes.add_penalty_gradient(w, net.views(gradient)[0], 0.0, s.l2)
                value += passes.penalty(net, w, 0.0, s.l2)
            if not math.isfinite(value):
                value = math.inf  # a step too long: the line search takes a shorter one
            return value, gradient.astype(np.float64)

        def each(theta: Array) -> bool:
            nonlocal began, reason
            net.theta[:] = theta
            self.seconds, began = time.perf_counter() - began, time.perf_counter()
            value = objective(theta)[0]
            penalty = passes.penalty(net, net.views(net.theta)[0], 0.0, s.l2)
            record = self.monitor.record(self.epoch + 1, None, value - penalty, self.seconds)
            self.state.step += 1
            self._next_epoch()
            reason = self._after(record) or ("interrupted" if interrupt.requested else None)
            return reason is not None

        left = s.epochs - self.epoch
        ended = minimise(s.optimizer, objective, net.theta, left, each) if left else "all epochs done"
        if not np.isfinite(net.theta).all():
            error = weights_diverged(net, self.epoch + 1, self.eta)
            net.theta[:] = self.start
            raise error
        return reason or ended

    def save_checkpoint(self) -> None:
        """Writes where the run stands."""
        assert self.checkpoint is not None
        state = checkpoints.Checkpoint(
            net=self.net,
            settings=dataclasses.replace(self.settings, seed=self.seed).to_json(),
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

    def _finish(self, reason: str) -> None:
        """The end of a run: checkpoint or none, best weights where they are wanted, and what the model remembers."""
        interrupted = reason == "interrupted"
        self.history.stop_reason = reason
        if self.checkpoint is not None:
            if interrupted:
                self.save_checkpoint()
            else:
                Path(self.checkpoint).unlink(missing_ok=True)  # a finished run has nothing to go on from
        if self.monitor.best is not None and (interrupted or self.settings.early_stopping):
            self.net.theta[:] = self.monitor.best
        self._tell_model(reason)
        if interrupted and self.checkpoint is None:
            print("stopped; the best weights so far are kept", file=sys.stderr)

    def _tell_model(self, reason: str) -> None:
        net, s = self.net, self.settings
        named = dataclasses.replace(s, schedule="own") if callable(s.schedule) else s
        plain = {name: value for name, value in named.to_json().items() if value != getattr(Settings(), name)}
        net.training = {
            "epochs": self.done_before + self.epoch,
            "steps": self.state.step,
            "examples": len(self.sets.rows),
            "settings": plain | {"seed": self.seed, "engine": self.engine.name, "eta": self.eta},
            "stop_reason": reason,
            "last": self.history.records[-1] if self.history.records else None,
            "best": self.history.best,
        }
