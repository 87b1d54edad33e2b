from pathlib import Path

from make_commands_page import PAGE, page

from client_commands import COMMANDS


def test_the_page_of_commands_is_made_from_their_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/make_commands_page.py"


def test_every_command_stands_on_it() -> None:
    text = Path(PAGE).read_text(encoding="utf-8")

    assert [command.name for command in COMMANDS if f"`{command.usage}`" not in text] == []
