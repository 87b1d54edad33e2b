"""What a typed path leads to on this computer.

Band: adapters. Looks, and opens nothing: whoever reads or writes there meets its own troubles.
"""

import os
import shutil
from pathlib import Path


class UserPaths:
    """As a shell would read them: ``~`` is the user's home, others begin where we were started."""

    def file(self, typed: str) -> Path | None:
        """None: there is no file that can be read."""
        path = _whole(typed)
        is_there = path is not None and path.is_file() and os.access(path, os.R_OK)
        return path if is_there else None

    def folder(self, typed: str) -> Path | None:
        """None: there is no such folder."""
        path = _whole(typed)
        return path if path is not None and path.is_dir() else None


def free_space(folder: Path) -> int:
    """Bytes on its disk, even if it has yet to be made. 0: nobody knows."""
    there = next((one for one in (folder, *folder.parents) if one.is_dir()), folder)
    try:
        return shutil.disk_usage(there).free
    except OSError:  # a disk that was taken out
        return 0


def _whole(typed: str) -> Path | None:
    try:
        path = Path(typed).expanduser().absolute()
        path.stat()
    except (OSError, RuntimeError, ValueError):  # nothing there; no such user; a NUL in it
        return None
    return path
