"""Every sentence a person reads, in English and Indonesian, both complete.

Band: words. Imports nothing of ours. A raw folder must run, so there are no compiled catalogues:
one table of two columns. Keys are dotted by where they are shown; ``{fields}`` are filled in.
"""

import locale
from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "id")
LANGUAGE_NAMES: Final = {"en": "English", "id": "Bahasa Indonesia"}


class Texts:
    """The sentences of one language: ``say("join.button")``."""

    def __init__(self, language: str) -> None:
        """``language``: one of LANGUAGES; anything else counts as English."""
        self.language: Final = language if language in LANGUAGES else "en"
        self._column = LANGUAGES.index(self.language)

    def __call__(self, key: str, **fields: object) -> str:
        """Raises KeyError for a key or a field that is missing: a defect of ours."""
        return TEXTS[key][self._column].format(**fields)


def system_language(environment: Mapping[str, str]) -> str:
    """What the user's system speaks, of the languages we have."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(variable):
            return _known_language(value)
    return _known_language(locale.getlocale()[0] or "")


def _known_language(name: str) -> str:
    folded = name.casefold()
    is_indonesian = folded in ("id", "in") or folded.startswith(("id_", "id-", "indonesian"))
    return "id" if is_indonesian else "en"


TEXTS: Final[dict[str, tuple[str, str]]] = {
    # --- entering and leaving ---
    "entered.accepted": (
        "Name accepted. You can send messages now.",
        "Nama diterima. Anda sudah bisa mengirim pesan.",
    ),
    "left.closed": ("[INFO] Connection closed.", "[INFO] Koneksi ditutup."),
}
