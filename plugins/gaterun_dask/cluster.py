"""Sends jobs to the workers of a cluster, each once, and hears what becomes of them."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import gaterun
from gaterun_dask import DaskOptions, work

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster
    from distributed.security import Security

#: What is kept from Dask's defaults: it tries what kills a worker again, gives a worker with one
#: thread two tasks, and sets variables in its workers that gates would inherit.
_SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
}

#: How often it is looked whether the scheduler and the worker are still there, seconds.
_GLANCE = 0.5

#: How long an answer may take beyond the gate's own time: its processes end, its logs travel.
_GRACE = 20.0

#: How long the connection to a scheduler may take, seconds.
_CONNECT = 10.0

#: How long the workers have to tidy up after a run, seconds.
_TIDY = 5.0


class _Waiting:
    """A job on its way.

    Attributes:
        heard: events of the task, and ``None`` when it has an end.
        taken: the addresses of the workers that have begun it.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.heard: SimpleQueue[dict[str, str] | None] = SimpleQueue()
        self.progress = progress
        self.taken: list[str] = []
        self.began: float | None = None


class DaskExecutor:
    """An executor for one run.

    Args:
        trees: how workers come by the tree.
        jobs: how many workers a cluster of this machine has, unless the options say.

    Raises:
        UsageError: the scheduler does not answer.
    """

    name = "dask"

    def __init__(self, options: DaskOptions, trees: gaterun.Trees, *, jobs: int) -> None:
        self.trees = trees
        self._options = options
        self._workers = options.workers or jobs
        self._topic = f"gaterun-{uuid.uuid4().hex}"
        self._guard = threading.Lock()
        self._cluster: LocalCluster | None = None
        self._client: Client | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._futures: dict[str, Future[bytes]] = {}
        self._runs: set[str] = set()
        self._cancelled = threading.Event()
        if options.scheduler:
            self._connected()

    @property
    def places(self) -> int:
        """Threads of the workers that are there; gates that come too early wait."""
        if not self._options.scheduler:
            return self._workers
        threads: dict[str, int] = self._connected().nthreads()
        return max(1, sum(threads.values()))

    def measure(self, job: gaterun.Job, progress: Callable[[str], None]) -> bytes:
        """Have a worker measure; see `gaterun.Executor`."""
        client = self._connected()
        waiting = _Waiting(progress)
        key = f"gaterun-{job.node_id}-{uuid.uuid4().hex}"
        with self._guard:
            self._waiting[key] = waiting
            self._runs.add(job.run)
        future: Future[bytes] | None = None
        try:
            # A key of its own and pure=False: two measurements of one thing are never one.
            future = client.submit(
                work.measure,
                gaterun.__version__,
                job.message,
                key,
                self._topic,
                key=key,
                pure=False,
                retries=0,
            )
            with self._guard:
                self._futures[key] = future
            future.add_done_callback(lambda _: waiting.heard.put(None))
            if self._cancelled.is_set():
                raise _lost("the run was interrupted")
            self._wait(job, waiting, future)
            return _answer_of(future, waiting)
        finally:
            with self._guard:
                self._waiting.pop(key, None)
                self._futures.pop(key, None)
            if future is not None and future.done():
                future.release()

    def cancel(self, *, at_once: bool) -> None:
        """Tell the workers to end what they measure; what none has begun never begins."""
        self._cancelled.set()
        client = self._client
        if client is None:
            return
        with self._guard:
            runs = tuple(self._runs)
            idle = [f for key, f in self._futures.items() if not self._waiting[key].taken]

        def tell() -> None:
            # The scheduler may be gone; nobody waits for this.
            with contextlib.suppress(Exception):
                client.cancel(idle, asynchronous=False)
            for run in runs:
                with contextlib.suppress(Exception):
                    client.run(work.stop, run, at_once, on_error="ignore")

        threading.Thread(target=tell, name="cancel", daemon=True).start()

    def close(self) -> None:
        """Let the workers forget the run, and end the cluster if it is ours."""
        client, cluster = self._client, self._cluster
        if client is not None:
            if client.status == "running":
                over = threading.Thread(target=self._forget, args=(client,), daemon=True)
                over.start()
                over.join(_TIDY)
            with contextlib.suppress(Exception):
                client.close(timeout=_TIDY)
        if cluster is not None:
            with contextlib.suppress(Exception):
                cluster.close(timeout=_TIDY)

    def _forget(self, client: Client) -> None:
        for run in tuple(self._runs):
            with contextlib.suppress(Exception):
                client.run(work.forget, run, on_error="ignore")

    def _wait(self, job: gaterun.Job, waiting: _Waiting, future: Future[bytes]) -> None:
        """Until there is an end, or there will be none.

        Raises:
            CannotMeasure: there will be none.
        """
        alone_since: float | None = None
        while True:
            with contextlib.suppress(Empty):
                event = waiting.heard.get(timeout=_GLANCE)
                if event is None:
                    return
                self._note(waiting, event)
                continue
            now = time.monotonic()
            if waiting.began and now > waiting.began + job.timeout + _GRACE:
                self._end(waiting.taken)
                raise gaterun.CannotMeasure(
                    gaterun.Reason.TIMEOUT,
                    f"gave up {job.timeout + _GRACE:.0f} s after it began on {waiting.taken[0]}",
                    help="its worker is ended, as it does not hear",
                )
            if future.status == "lost" or self._connected().status not in {"running", "connecting"}:
                raise _lost("the scheduler is lost")
            if self._connected().scheduler_info()["workers"]:
                alone_since = None
            else:
                alone_since = alone_since or now
                if now - alone_since >= self._options.patience:
                    raise _lost(f"there was no worker for {self._options.patience:g} s")

    @staticmethod
    def _note(waiting: _Waiting, event: dict[str, str]) -> None:
        match event["what"]:
            case "taken":
                waiting.taken.append(event["worker"])
                if len(waiting.taken) > 1:
                    # A scheduler of somebody else's may try again what has killed a worker.
                    raise _lost(f"worker {waiting.taken[0]} is lost")
            case "began":
                waiting.began = time.monotonic()
            case _:
                waiting.progress(event["text"])

    def _end(self, workers: list[str]) -> None:
        """End workers that do not hear; their keepers end what they have started."""

        def tell() -> None:
            with contextlib.suppress(Exception):
                self._connected().restart_workers(workers, timeout=_GRACE)

        threading.Thread(target=tell, name="end", daemon=True).start()

    def _hear(self, event: tuple[float, dict[str, str]]) -> None:
        _, message = event
        with self._guard:
            waiting = self._waiting.get(message["key"])
        if waiting is not None:
            waiting.heard.put(message)

    def _connected(self) -> Client:
        with self._guard:
            if self._client is None:
                self._client = self._connect()
                self._client.subscribe_topic(self._topic, self._hear)
            return self._client

    def _connect(self) -> Client:
        import dask.config
        from distributed import Client, LocalCluster

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        settings: dict[str, Any] = dict(_SETTINGS)
        if self._options.scheduler:
            try:
                return Client(
                    self._options.scheduler,
                    timeout=_CONNECT,
                    set_as_default=False,
                    security=_security(self._options.security),
                )
            except (OSError, ValueError) as error:
                raise gaterun.UsageError(
                    f"executor: no scheduler answers at {self._options.scheduler}: {error}",
                    help="`dask scheduler` starts one, `dask worker ADDRESS` a worker of it",
                ) from error
        with dask.config.set(settings):
            self._cluster = LocalCluster(
                n_workers=self._workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                memory_limit=None,
                silence_logs=logging.CRITICAL,
            )
            return Client(self._cluster, set_as_default=False, timeout=_CONNECT)


def _answer_of(future: Future[bytes], waiting: _Waiting) -> bytes:
    """The answer of a task that has ended.

    Raises:
        CannotMeasure: it has none.
    """
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        answer = future.result(timeout=_GRACE)
    except KilledWorker as error:
        raise _lost(f"worker {error.last_worker.address} is lost") from error
    except CancelledError as error:
        raise _lost(f"its task was cancelled: {error}") from error
    except ModuleNotFoundError as error:
        raise gaterun.CannotMeasure(
            gaterun.Reason.TOOL_MISSING,
            f"worker {waiting.taken[0] if waiting.taken else ''} cannot import {error.name}",
            help="install gaterun[dask] and the same plugins there",
        ) from error
    except Exception as error:
        # The worker that holds an answer can be lost before it is fetched.
        raise _lost(f"no answer: {type(error).__name__}: {error}") from error
    return bytes(answer)


def _lost(why: str) -> gaterun.CannotMeasure:
    return gaterun.CannotMeasure(
        gaterun.Reason.WORKER_LOST,
        why,
        help="there is no second try within a run: run it again, or measure it here",
    )


def _security(folder: str) -> Security | None:
    if not folder:
        return None
    from distributed.security import Security

    files = {name: os.fspath(Path(folder) / f"{name}.pem") for name in ("ca", "cert", "key")}
    return Security(
        require_encryption=True,
        tls_ca_file=files["ca"],
        tls_client_cert=files["cert"],
        tls_client_key=files["key"],
    )
