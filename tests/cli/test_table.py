"""Tables for people in terminals of any width: no number, id or word is ever cut in half."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from invy.cli import output
from invy.cli.table import Rows
from tests.cli.shell import INVY, Shell

ID = "01a207aa-0a48-707a-9d8c-6cf808ba416f"
PHONE = "+447700900150"
SENTENCE = "Look whether the columns are in the right order, and keep only the one with WhatsApp"


def lines(table: object, width: int) -> list[str]:
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def guests() -> Rows:
    table = output.table("NAME", "PHONE", "WHY", "ID", wrap=["WHY"], cut=["NAME"], right=[])
    table.add_row(Text("Dana Cohen of the bride's side", no_wrap=True), Text(PHONE), Text(SENTENCE), ID)
    table.add_row(Text("רון"), Text("+447700900151"), Text(""), ID)
    return table


@pytest.mark.parametrize("width", [38, 40, 60, 80, 120, 1000])
def test_ids_numbers_and_words_stay_whole_in_a_terminal_of_any_width(width: int) -> None:
    shown = lines(guests(), width)
    assert all(cell_len(line) <= width for line in shown)
    text = " ".join(" ".join(shown).split())
    for whole in (PHONE, "+447700900151", ID, *SENTENCE.split(), "NAME", "PHONE", "WHY", "ID"):
        assert whole in text.split()


def test_a_roomy_terminal_gets_a_table_and_a_narrow_one_a_card_for_each_row() -> None:
    assert lines(guests(), 1000)[0].split() == ["NAME", "PHONE", "WHY", "ID"]
    narrow = lines(guests(), 40)
    assert narrow[1] == f"PHONE  {PHONE}"
    assert narrow[narrow.index("ID") + 1] == f"  {ID}"
    assert narrow[narrow.index("") + 1].startswith("NAME")


def test_in_between_a_name_gives_way_before_anything_else() -> None:
    shown = lines(guests(), 96)
    assert shown[0].split() == ["NAME", "PHONE", "WHY", "ID"]
    assert "…" in shown[1]
    assert PHONE in shown[1]
    assert ID in shown[1]


def test_a_column_that_can_be_spared_goes_before_the_table_does() -> None:
    table = output.table("NAME", "MORE", "ID", wrap=["MORE"], spare=["MORE"])
    table.add_row("Dana", "a=1; b=2", ID)
    assert lines(table, 44) == ["NAME  ID", f"Dana  {ID}"]
    assert lines(table, 60)[0].split() == ["NAME", "MORE", "ID"]
    assert "a=1;" in " ".join(lines(table, 40))


def test_cells_without_headings_flow() -> None:
    table = output.table("", "", "", "")
    table.show_header = False
    table.add_row("2026-11-23 09:08:34", "hina_invitation", "failed", ID)
    assert lines(table, 40) == ["2026-11-23 09:08:34  hina_invitation", "  failed", f"  {ID}"]


def test_an_empty_table_is_its_heading() -> None:
    assert lines(output.table("NAME", "ID"), 40) == ["NAME  ID"]


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=30)] * 4),
        max_size=4,
    ),
    st.integers(32, 200),
)
def test_whatever_is_in_it_every_word_is_found_again(rows: list[tuple[str, ...]], width: int) -> None:
    table = output.table("A", "B", "C", "D", wrap=["B", "C"])
    for row in rows:
        table.add_row(*row)
    shown = " ".join(lines(table, width)).split()
    for word in (word for row in rows for cell in row for word in cell.split()):
        assert word in shown
    assert all(cell_len(line) <= width for line in lines(table, width))


def on_a_terminal(shell: Shell, columns: int, *args: str) -> list[str]:
    """What the installed program writes to a terminal so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = os.fork()
    if not process:  # the new process, until exec
        os.close(ours)
        os.setsid()
        for stream in (0, 1, 2):
            os.dup2(theirs, stream)
        os.chdir(shell.folder)
        environ = {k: v for k, v in shell.environ(TERM="xterm", NO_COLOR="1").items() if k != "COLUMNS"}
        os.execve(INVY, [INVY, *args], environ)
    os.close(theirs)
    written = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # how Linux says that nobody is at the other end any more
            break
        if not block:
            break
        written += block
    os.close(ours)
    os.waitpid(process, 0)
    return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line).rstrip() for line in written.decode().splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_lists_of_the_program_cut_nothing_at_any_width(shell: Shell, columns: int) -> None:
    shell.ready()
    shell.guests("name,phone,table\nדנה כהן מצד הכלה,+447700900150,7\nRon,+447700900151,8\nDan,none,1\n")
    [dana, _] = shell.json("guests", "list", "wedding", "--json")["guests"]
    for command, wanted in {
        ("guests", "list", "wedding"): (PHONE, "+447700900151", dana["id"]),
        ("phone", PHONE, "abc"): (PHONE, "refused", "order."),
        ("status", "wedding"): ("wedding", "guests"),
        ("templates", "list"): ("hina_invitation", "contact_name,"),
        ("templates", "show", "hina_invitation"): ("invitation_image_url", "refused"),
        ("config", "show"): ("INVY_SEND_CONCURRENCY", "INVY_DEFAULT_REGION", "default"),
        ("guests", "import", "guests.csv", "--event", "wedding", "--dry-run"): ("none", "number", "WHAT"),
    }.items():
        shown = on_a_terminal(shell, columns, *command)
        words = " ".join(shown).split()
        for word in wanted:
            assert word in words, (command, shown)
        assert not any("…" in line for line in shown if "כהן" not in line), command
