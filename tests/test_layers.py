"""The map of the modules: who may import whom, and where the outside world may be named."""

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent

# A module imports only modules listed above it. README.md repeats this list.
ORDER = {
    "words": """
        protocol protocol_frames protocol_packing conversation file_names records
        texts_client texts_commands texts_programs texts realm_words file_words
        settings settings_client settings_files wordlist
    """,
    "mechanisms": """
        deadlines crypto_pure crypto auth_noise auth_cpace protocol_guards auth auth_scram
    """,
    "exchanges": """
        protocol_handshake protocol_path protocol_requests protocol_session protocol_link
        entering belonging
        replication_server replication_client
        transfer_blocks transfer_rate transfer realms
    """,
    "cores": """
        server_events server_rooms server_presence server_door server_people server_peer
        server_realm_peer
        server_sessions server_turn server_entrance server_accounts server_delivery
        server_links server_members server_conversations server_partings server_arrivals
        server_identity server_stock server_uploads server_supply server_files
        server_realm_people server_realm_copying server_realm_serving server_realm_contacts
        server_realm_following server_realm_files server_realm_logs
        server_realm_backlog server_realm_calls server_realm_records server_realm_links
        server_realms server_abroad
        server_operator server_posting server_requests server_frames
        server_core
        client_file_events client_realm_events client_events client_logs client_people
        client_connection client_deliveries client_realms
        client_entrance
        client_requests client_accounts client_conversations client_questions
        client_file_moves client_uploads client_downloads client_files client_core
        client_form client_picture_sizes client_fetching client_file_model client_rows client_layout
        client_inbox client_held client_mentions client_transcript client_model client_overview
        client_search
        client_arguments client_commands client_answers client_file_answers client_file_lines
        client_tickets client_transfers
        client_errands
        client_line client_asking client_lines client_progress client_talk client_json
        server_form server_model server_file_model server_realm_model server_console
    """,
    "adapters": """
        endpoint storage_disk storage_tables storage_schema storage_records storage_accounts
        storage_conversations storage_realms storage_shares storage_search storage_archive_rows
        storage_archive storage
        storage_saving storage_files client_disk
        client_paths
        client_terminal widgets_paint widgets_look widgets widgets_lists widgets_attention
        client_opening client_file_views client_preview_views
        client_bubbles client_selection_views client_messages client_recent_panels client_join
        client_panels client_search_panels client_side_panels client_chat
        client_file_dialogs client_dialogs client_pick_dialogs client_account_dialogs
        client_surroundings
        client_chatting client_filing client_menus client_realm_menus
        client_account_pages client_joining client_window
        server_views server_file_views server_realm_views server_panels server_dialogs
        server_file_dialogs server_realm_dialogs server_window
    """,
    "entry": "server client",
}
PLACES = [module for modules in ORDER.values() for module in modules.split()]
MODULES = sorted(path.stem for path in ROOT.glob("*.py"))


class Rule(NamedTuple):
    """No module of ``who`` imports one of ``whom``, except those of ``unless``. Patterns."""

    who: str
    whom: str
    unless: str = ""


OURS_NEVER = [
    Rule("client*", "server*"),
    Rule("server*", "client*"),
    Rule("*", "server"),  # run as __main__: a second import would copy every class
    Rule("*", "client"),
    Rule("storage*", "protocol_* auth* crypto* entering replication* *_core endpoint"),
    Rule("endpoint", "*", unless="protocol"),
    Rule("widgets", "*", unless="texts widgets_*"),
    Rule(
        "*_window *_dialogs *_views *_panels widgets*", "endpoint storage* protocol_* auth* *_core"
    ),
]
WORLD_NEVER = [  # here ``unless`` names modules of ours that may
    Rule("*", "socket socketserver ssl asyncio selectors select", unless="endpoint"),
    Rule("*", "sqlite3 csv", unless="storage*"),
    Rule(
        "*",
        "tkinter*",
        unless="widgets* *_window *_dialogs *_views *_panels "
        "client_bubbles client_messages client_join client_chat client_surroundings",
    ),
    Rule("*", "_thread", unless="protocol_session"),  # asks which thread it is on, no more
    Rule("*", "threading", unless="endpoint client_terminal server client storage_schema"),
    Rule("*", "concurrent* multiprocessing"),
    Rule("*", "time secrets", unless="server client"),
    Rule("*", "random uuid tempfile"),
    Rule("*", "importlib imp runpy pickle"),
]
FORBIDDEN_CALLS = {"now", "utcnow", "today", "urandom", "__import__", "eval", "exec"}
INSTALLED = {"cryptography", "PIL", "tkinterdnd2", "pytest", "hypothesis", "mypy", "coverage"}


def matches(name: str, patterns: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns.split())


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8"))


@cache
def imports(module: str) -> set[str]:
    """Top-level names of everything imported anywhere in a module, lazily too."""
    names = set[str]()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in a flat folder"
            names.add((node.module or "").split(".")[0])
    return names


def test_every_module_has_one_place() -> None:
    assert [module for module in MODULES if module not in PLACES] == []
    assert len(PLACES) == len(set(PLACES))


def test_every_place_has_its_module() -> None:
    assert [place for place in PLACES if place not in MODULES] == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_modules_above_it(module: str) -> None:
    above = PLACES[: PLACES.index(module)]

    assert sorted(imports(module) & set(MODULES) - set(above)) == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_keeps_to_the_rules_of_its_family(module: str) -> None:
    broken = [
        f"{module} imports {name}"
        for rule in OURS_NEVER
        if matches(module, rule.who)
        for name in sorted(imports(module) & set(MODULES))
        if matches(name, rule.whom) and not matches(name, rule.unless)
    ]

    assert broken == []


@pytest.mark.parametrize("module", MODULES)
def test_the_world_stays_where_it_belongs(module: str) -> None:
    broken = [
        f"{module} imports {name}"
        for rule in WORLD_NEVER
        if not matches(module, rule.unless)
        for name in sorted(imports(module))
        if matches(name, rule.whom)
    ]

    assert broken == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_asks_for_the_hour_or_for_chance(module: str) -> None:
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    }

    assert called & FORBIDDEN_CALLS == set()


def test_no_module_shadows_another_of_python_or_of_a_package() -> None:
    names = set(MODULES) | {path.stem for path in (ROOT / "tests").glob("*.py")}

    assert names & (sys.stdlib_module_names | INSTALLED) == set()


def test_no_folder_is_a_package_and_no_file_is_too_long() -> None:
    files = [*ROOT.glob("*.py"), *(ROOT / "tests").glob("*.py"), *(ROOT / "bench").glob("*.py")]

    assert [path.name for path in files if path.name == "__init__.py"] == []
    assert [
        path.name for path in files if len(path.read_text(encoding="utf-8").splitlines()) > 600
    ] == []


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_its_band(module: str) -> None:
    band = next((band for band, modules in ORDER.items() if module in modules.split()), "")

    assert f"Band: {band}" in (ast.get_docstring(tree(module)) or "")


_IMPORT_EACH = """
import os, sys, threading
sys.path.insert(0, sys.argv[1])
for module in sys.argv[2:]:
    assert module not in sys.modules, module
    __import__(module)
    assert threading.active_count() == 1, (module, threading.enumerate())
    tkinter = sys.modules.get("tkinter")
    assert tkinter is None or tkinter._default_root is None, module
    assert os.listdir() == [], (module, os.listdir())
"""


def test_importing_a_module_does_nothing(tmp_path: Path) -> None:
    """In the order of the map: what a module imports was imported before, and did nothing."""
    arguments = [sys.executable, "-W", "error", "-B", "-c", _IMPORT_EACH, str(ROOT), *PLACES]

    each = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (each.returncode, each.stdout, each.stderr) == (0, "", "")


def test_the_readme_repeats_the_map() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("|")]

    named = [name for row in rows for name in re.findall(r"`(\w+)\.py`", row)]

    assert named == PLACES
