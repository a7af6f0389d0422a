"""From a place, as it was typed, to files on this machine: buckets are copied, archives unpacked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tfrun.config.problems import Problem, RunError
from tfrun.dataset.address import Address
from tfrun.dataset.copied import copied
from tfrun.dataset.unpacked import ENDINGS, is_archive, unpacked


@dataclass(frozen=True)
class Local:
    """path: a folder or a file. place: what the user calls it."""

    path: Path
    place: str

    def called(self, text: str) -> str:
        """`text` with the user's name for what is in the cache."""
        return text if str(self.path) == self.place else text.replace(str(self.path), self.place)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Problems by the user's names."""
        try:
            yield
        except RunError as error:
            raise RunError(*map(self._told, error.problems)) from error

    def _told(self, problem: Problem) -> Problem:
        value = self.called(str(problem.value)) if isinstance(problem.value, str | Path) else problem.value
        return replace(problem, key=self.called(problem.key), rule=self.called(problem.rule), value=value)


def is_here(place: Path | str) -> bool:
    """Whether it is a path that can be looked into without fetching or unpacking anything."""
    return isinstance(place, Path) and not (is_archive(place.name) and place.is_file())


def wrong_folder(place: Path | str, holds: str) -> str | None:
    """What is wrong with a place of a folder, as far as that shows without the network. holds: what the folder should hold."""
    if isinstance(place, str):
        return None
    if not place.exists():
        return f"does not exist (looked for from {Path.cwd()}); give the folder that holds {holds}"
    if not place.is_dir() and not is_archive(place.name):
        return f"is no folder, and no archive of one ({', '.join(ENDINGS)})"
    return None


def local(place: Path | str, limit: int, key: str) -> Local:
    """limit: bytes that a copy, or what is unpacked, may take. key: of the config, for messages. Raises RunError."""
    if isinstance(place, Path):
        return Local(place if is_here(place) else unpacked(place, str(place), limit, key), str(place))
    address = Address.of(place)
    copy = copied(address, limit, key)
    if copy.base == address:
        return Local(copy.folder, address.shown)
    file = copy.folder / address.name
    return Local(unpacked(file, str(address), limit, key) if is_archive(address.name) else file, address.shown)


def local_files(address: Address, limit: int, key: str) -> list[Local]:
    """The files that an address or a glob names, by name. Raises RunError, also for a folder."""
    copy = copied(address, limit, key)
    if copy.base == address:
        raise RunError(Problem(key, "is a folder, where files are wanted", f"name them as {address.shown}/*", address))
    return [Local(copy.folder / item.name, copy.base.child(item.name).shown) for item in copy.objects]
