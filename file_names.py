"""What a file is called where it is saved, whatever it was called on the way.

Band: words. Imports nothing of ours; knows no disk. Safe on every system, wherever it runs: files
are carried on. Names that are plain stay as they are.
Source: learn.microsoft.com/windows/win32/fileio/naming-a-file.
"""

import re
import unicodedata

MOST_BYTES = 255  # of a name, in the file systems of Linux; Windows counts 255 UTF-16 units
_NAMELESS = "file"
_MOST_ENDING = 32  # bytes of ".ext"; what is longer is no ending but a name with a dot
_ILLEGAL = frozenset('<>:"|?*')  # on Windows; ":" would also begin a hidden stream
# They print nothing, and would push the ending out of view as spaces do.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_DEVICES = frozenset(
    (
        *("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"),
        *(device + digit for device in ("COM", "LPT") for digit in "0123456789\u00b9\u00b2\u00b3"),
    )
)
# A file manager acts on these when it merely shows the folder, or never shows their ending.
_ACTIVE_NAMES = frozenset(["desktop.ini", "autorun.inf"])
_ACTIVE_ENDINGS = frozenset(
    (
        *(".lnk", ".url", ".scf", ".desktop", ".pif", ".shb", ".shs", ".website", ".theme"),
        *(".appref-ms", ".library-ms", ".search-ms", ".searchconnector-ms"),
    )
)


def safe_file_name(name: str) -> str:
    """A name for a plain file: no path, no device, nothing unseen, its true ending in view."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = re.sub(" {2,}", " ", "".join(map(_safe_character, name)))
    name = name.strip(" .") or _NAMELESS
    if name.startswith("-") or name.partition(".")[0].rstrip().upper() in _DEVICES:
        name = f"_{name}"  # an option of a program it is given to; a device
    name = numbered(name, 1)
    if name.lower() in _ACTIVE_NAMES or _split(name)[1].lower() in _ACTIVE_ENDINGS:
        name = numbered(f"{name}_", 1)
    return name


def numbered(name: str, count: int) -> str:
    """A safe name for the second, third … file of a name, cut to what a file system takes."""
    stem, ending = _split(name)
    if count > 1:
        stem, ending = stem.rstrip(), f" ({count}){ending}"
    room = MOST_BYTES - len(ending.encode())
    encoded = stem.encode()
    if len(encoded) > room:
        stem = encoded[:room].decode(errors="ignore").rstrip(" .")
    return stem + ending


def _split(name: str) -> tuple[str, str]:
    """The name and its ending, which begins with a dot if there is one."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) >= _MOST_ENDING:
        return name, ""
    return stem, dot + ending


def _safe_character(character: str) -> str:
    if character in _ILLEGAL:
        return "_"
    category = unicodedata.category(character)
    if category == "Zs" or character in _BLANK:
        return " "
    if category == "Cf":  # turns the direction of what follows, or joins without being seen
        return ""
    return character if character.isprintable() else "_"
