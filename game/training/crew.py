"""Several processes that learn together, by torch's own distributed engine: looking is shared out, and every batch.

What they are given travels through pipes: the shared memory that torch would take is scarce in containers.
"""

import os
import signal
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import distributed
from torch.multiprocessing.spawn import ProcessContext, ProcessException, start_processes

from game.errors import FathomError, TrainingError
from game.training.dataset import Subject
from game.training.features import Eye, Features, file_of, see
from game.training.progress import Progress
from game.training.tune import Lecture, Network, Place, tune

POLL_S = 0.2
# Who is done waits for the others, if their pictures take longer; of one that is killed all hear at once.
LONGEST = timedelta(days=1)
# To start another torch takes about as long as to look at so many.
FEWEST = 100

Images = Callable[[str], bytes]
# What one of the processes does, at its place, with what it was given; it tells its rounds, and returns what it has.
Work = Callable[[Place, Any, Callable[[object], None]], object]


class BrokenOffError(Exception):
    """A process ended without a reason of its own, and all others with it. Another try may do better."""


@dataclass(frozen=True)
class Meeting:
    """Where `n` processes find each other, and the queue by which they tell what they do."""

    n: int
    folder: str
    told: Any


@dataclass(frozen=True)
class Crew:
    """`n` processes on this machine, one thread each; 1 is the trainer itself."""

    n: int
    progress: Progress

    def tuned(self, network: Network, lecture: Lecture, epoch: Callable[[int], None]) -> Network:
        """As tune, each process with its share of every batch: the same but for rounding, and the same every time."""
        if self.n == 1:
            return tune(network, lecture, epoch)
        [taught, *_] = _together(self.n, _tune, (network, lecture), epoch)
        assert isinstance(taught, Network)
        return taught

    def see(self, subjects: Sequence[Subject], eye: Eye, images: Images, cache: Path | None) -> Features:
        """As features.see, whole images shared out, where so many are new that it pays."""
        number = {image: place for place, image in enumerate(dict.fromkeys(one.image for one in subjects))}
        new = {image for image in number if cache is None or not file_of(image, eye, cache).is_file()}
        if self.n == 1 or sum(one.image in new for one in subjects) < FEWEST:
            return see(subjects, eye, images, cache, self.progress)
        self.progress("features", 0, len(subjects), f"Looking at every subject, by {self.n} processes")
        whose = np.array([number[one.image] % self.n for one in subjects])
        shares = [[one for one, its in zip(subjects, whose, strict=True) if its == rank] for rank in range(self.n)]
        features = np.empty((len(subjects), sum(eye.widths)), np.float16)
        for rank, rows in enumerate(_together(self.n, _see, (shares, eye, images, cache), lambda _round: None)):
            features[whose == rank] = rows
        self.progress("features", len(subjects), len(subjects), "Looked at every subject")
        return features


def _tune(place: Place, given: tuple[Network, Lecture], tell: Callable[[object], None]) -> Network | None:
    """All come to the same; one of them says it."""
    taught = tune(*given, tell if place.rank == 0 else lambda _epoch: None, place)
    return taught if place.rank == 0 else None


def _see(place: Place, given: tuple[Any, ...], _tell: Callable[[object], None]) -> Features:
    shares, eye, images, cache = given
    if not shares[place.rank]:
        return np.empty((0, sum(eye.widths)), np.float16)
    return see(shares[place.rank], eye, images, cache, Progress(lambda _line: None))


def _together(n: int, work: Work, given: object, heard: Callable[[int], None]) -> list[Any]:
    """What each process has made. Raises TrainingError with the sentence of one that was refused; BrokenOffError."""
    with TemporaryDirectory(prefix="fathom-crew-") as folder:
        told, made, why = get_context("spawn").SimpleQueue(), [None] * n, ""
        _send_by_value()
        started = start_processes(  # type: ignore[no-untyped-call]
            _member, (Meeting(n, folder, told), work, given), n, join=False, start_method="spawn"
        )
        try:
            ended = False
            while not ended:
                ended = started.join(timeout=POLL_S)
                _listen(told, heard, made)
        except ProcessException as broken:
            why = _listen(told, heard, made) or str(broken).splitlines()[-1]
        finally:
            _end(started)
    if why:
        raise BrokenOffError(f"One of {n} training processes broke off: {why}. Nothing of it was kept.")
    return made


def _member(rank: int, meeting: Meeting, work: Work, given: object) -> None:
    """The life of one process."""
    n, told = meeting.n, meeting.told
    torch.set_num_threads(1)
    # What torch arranges to be sent when the trainer dies; who began it may have had it ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Of a word that will be another one in torches to come, and of gradients that lie otherwise in memory.
    warnings.simplefilter("ignore")
    _send_by_value()
    try:
        place = f"file://{meeting.folder}/meeting"
        distributed.init_process_group("gloo", init_method=place, timeout=LONGEST, rank=rank, world_size=n)
        told.put((rank, work(Place(rank, n), given, told.put)))
        distributed.barrier()
        distributed.destroy_process_group()
    except FathomError as refused:
        told.put(refused)
        os._exit(1)
    except Exception as bug:
        # When one is gone the others' lines break: without waiting for each other, and without a file of complaints.
        told.put(f"{type(bug).__name__}: {bug}".splitlines()[0])
        os._exit(1)


def _listen(told: Any, heard: Callable[[int], None], made: list[Any]) -> str:
    """What was told since: rounds are passed on, a complaint returned. Raises TrainingError for bad input."""
    complaint = ""
    while not told.empty():
        word = told.get()
        if isinstance(word, FathomError):
            raise TrainingError(str(word))
        if isinstance(word, int):
            heard(word)
        elif isinstance(word, tuple):
            made[word[0]] = word[1]
        else:
            complaint = str(word)
    return complaint


def _send_by_value() -> None:
    for kind in (torch.Tensor, torch.nn.Parameter):
        ForkingPickler.register(kind, _sent)


def _sent(tensor: torch.Tensor) -> tuple[Any, ...]:
    """With all that its memory holds, in the order in which it lies there."""
    whole = tensor.detach()
    n = whole.untyped_storage().nbytes() // whole.element_size()
    values = whole.as_strided((n,), (1,), 0).numpy()
    order = (tuple(whole.shape), whole.stride(), whole.storage_offset())
    return _received, (values, order, tensor.requires_grad, isinstance(tensor, torch.nn.Parameter))


def _received(values: Any, order: Any, taught: bool, parameter: bool) -> torch.Tensor:
    tensor = torch.from_numpy(values).as_strided(*order)
    return torch.nn.Parameter(tensor, taught) if parameter else tensor.requires_grad_(taught)


def _end(started: ProcessContext) -> None:
    for process in started.processes:
        process.kill()
        process.join()
