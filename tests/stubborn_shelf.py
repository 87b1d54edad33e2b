"""A shelf whose disk fills when a test wants it."""

from pathlib import Path
from typing import Any

from records import StoreBrokenError, StoreFullError
from storage_files import FileShelf


class StubbornShelf:
    """A real shelf whose disk is full whenever a test says so: ``full`` names the methods for which
    there is no room, ``broken`` those that meet a bad place; ``free_bytes`` is what it says is left
    (None: what is).
    """

    def __init__(self, folder: Path) -> None:
        # 0: the times of files are the real ones
        self.shelf = FileShelf(folder, now_utc_ms=0, boot="1")
        self.full: set[str] = set()
        self.broken: set[str] = set()
        self.free_bytes: int | None = 100 << 30

    def free(self) -> int:
        return self.shelf.free() if self.free_bytes is None else self.free_bytes

    def __getattr__(self, name: str) -> Any:
        if name in self.full:
            raise StoreFullError("no room")
        if name in self.broken:
            raise StoreBrokenError("a bad place")
        found = getattr(self.shelf, name)
        if name not in ("save", "verify"):
            return found

        def work(*arguments: Any) -> Any:
            done = found(*arguments)
            return self._fill if f"{name} later" in self.full else done

        return work

    def _fill(self) -> None:
        raise StoreFullError("no room")
