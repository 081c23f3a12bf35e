"""The executors the command line offers. The grader itself takes any concurrent.futures.Executor."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from minikernel.errors import UsageError
from minikernel.labs.grader import isolation

#: Where a cluster of this machine listens: nobody else can reach it.
LOCAL = "127.0.0.1"
ANY_LOCAL_PORT = f"{LOCAL}:0"


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def open_executor(kind: str, jobs: int) -> Iterator[Executor]:
    """`processes`, `threads`, `dask` (a cluster of this machine) or `dask:ADDRESS`, for `jobs` tasks at a time.

    Raises UsageError for another kind, and for dask where it is not installed or does not answer.
    """
    name, _, address = kind.partition(":")
    if name not in EXECUTORS or (address and name != "dask"):
        raise UsageError(f"no executor {kind!r}: expected {', '.join(EXECUTORS)} or dask:ADDRESS")
    with EXECUTORS[name](jobs, address) as executor:
        yield executor


@contextmanager
def _processes(jobs: int, _address: str) -> Iterator[Executor]:
    # spawn: the same on every platform, and safe whatever threads the caller has.
    executor = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin_worker)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _threads(jobs: int, _address: str) -> Iterator[Executor]:
    executor = ThreadPoolExecutor(jobs)
    try:
        yield executor
    except BaseException:
        isolation.stopping.set()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        isolation.stopping.clear()


@contextmanager
def _dask(jobs: int, address: str) -> Iterator[Executor]:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UsageError("dask is not installed: pip install 'minikernel[dask]'") from None
    with ExitStack() as stack:
        is_ours = not address
        if is_ours:
            with _ctrl_c_is_ours():
                cluster = LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    host=LOCAL,
                    dashboard_address=ANY_LOCAL_PORT,
                    worker_dashboard_address=ANY_LOCAL_PORT,
                    silence_logs=logging.ERROR,
                )
            address = stack.enter_context(cluster).scheduler_address
        try:
            client = stack.enter_context(Client(address, timeout="10s"))
        except (OSError, ValueError) as error:
            raise UsageError(f"no dask scheduler at {address}: {error}") from None
        if is_ours:
            client.run(_be_quiet)
        yield client.get_executor(pure=False)


def _be_quiet() -> None:
    """In a worker of ours: being closed in the middle of a heartbeat is no news; a task's error comes back anyway."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    for name in logging.getLogger().manager.loggerDict:
        if name.startswith("distributed."):
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _ctrl_c_is_ours() -> Iterator[None]:
    """Processes started meanwhile do not hear Ctrl-C: the grader closes them, without a traceback from each."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin_worker() -> None:
    """A worker does not outlive the grader, not even one that was killed; Ctrl-C ends its child first."""
    threading.Thread(target=_end_with_the_grader, daemon=True).start()
    signal.signal(signal.SIGINT, lambda _signal, _frame: isolation.stopping.set())


def _end_with_the_grader() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


#: Name -> what opens it.
EXECUTORS = {"processes": _processes, "threads": _threads, "dask": _dask}
