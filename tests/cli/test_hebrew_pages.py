"""With `--lang he` a page is in Hebrew: nothing English is left on it but names, ids, commands and Meta's own words."""

import re

import pytest

from invy.cli.evidence_words import what
from invy.diagnose import notes
from invy.diagnose.words import CONFIDENCE, MAY_RESEND, STATE
from invy.domain.evidence import Attempt, Decision, Evidence, Phase, Receipt, Reply, Settlement, Source
from invy.domain.ids import Wamid
from invy.meta.catalogue import Lang
from invy.meta.reply import read, unreachable, unsure
from tests import making
from tests.cli import history
from tests.cli.shell import Shell

METAS = ("Message Undeliverable", "Message undeliverable", "Number of parameters does not match")
DETAILS = ("body: 2 expected, 1 given",)
KNOWN = {
    "app", "csv", "doctor", "explain", "export", "file", "hologram", "http", "invy", "jpeg", "messages", "meta",
    "png", "reconcile", "serve", "status", "unconfirmed", "utc", "utility", "wamid", "webhook", "webhooks",
    "wedding", "worker",
}  # fmt: skip


def english(page: str) -> set[str]:
    """The Latin words on a page that nobody has allowed."""
    for words in (*METAS, *DETAILS, *history.NAMES, making.message_id(0)[:1]):
        page = page.replace(words, " ") if len(words) > 1 else page
    left = re.findall(r"[A-Za-z]{3,}", re.sub(r"wamid\.\d+|wamid\.reply", " ", page))
    return {word for word in left if word.lower() not in KNOWN}


@pytest.fixture
def past(shell: Shell) -> Shell:
    history.live_through(shell.ready().env["INVY_DATABASE_URL"])
    return shell


@pytest.mark.parametrize("n", range(9))
def test_the_page_on_a_message_is_in_hebrew(past: Shell, n: int) -> None:
    page = past.run("why", making.message_id(n), "--lang", "he")
    assert page.exit_code == 0, page.output
    assert not english(page.stdout), page.stdout


def test_the_page_on_an_event_is_in_hebrew(past: Shell) -> None:
    page = past.run("status", "wedding", "--lang", "he")
    assert page.exit_code == 0, page.output
    assert not english(page.stdout + page.stderr), page.stdout + page.stderr
    for word in ("שלב", "אורחים", "נכנסו לתור", "הגיעו", "נקראו"):
        assert word in page.stdout


def test_the_page_on_an_event_in_json_is_in_hebrew(past: Shell) -> None:
    for template in past.json("status", "wedding", "--lang", "he", "--json")["templates"]:
        for reason in template["unreached"]:
            assert not english(reason["words"]), reason


def test_every_note_that_sending_leaves_has_its_hebrew() -> None:
    left = [
        unreachable("Meta could not be reached: ClientConnectorError"),
        unsure("No answer within 30 seconds"),
        unsure("No answer within 2.5 seconds"),
        unsure("The connection broke before the answer came: ServerDisconnectedError"),
        read(200, b"{}"),
        read(502, b"<html>"),
    ]
    for note in [*(answer.note or "" for answer in left), "The sending process ended before the answer"]:
        told = notes.told(note)
        assert told.en == note
        assert re.search("[א-ת]", told.he), note
    assert notes.told("something from an older version").he == "something from an older version"


def test_every_kind_of_evidence_has_its_hebrew() -> None:
    facts: list[Evidence] = [
        *(Attempt(1, phase, making.T0) for phase in Phase),
        *(
            Receipt(Wamid("w"), status, making.T0, making.T0, source=Source.HISTORY, webhook_update_state="X")
            for status in ("sent", "delivered", "read", "played", "failed")
        ),
        *(
            Reply(Wamid("w"), making.T0, making.T0, kind)
            for kind in ("button", "interactive", "text", "reaction", "image", "audio", "video")
        ),
        *(Settlement(decision, making.T0, "דנה") for decision in Decision),
    ]
    for fact in facts:
        assert not english("; ".join(what(fact, Lang.HE))), fact
    strange = Receipt(Wamid("w"), "hologram", making.T0, making.T0)
    assert list(what(strange, Lang.HE)) == list(what(strange)) == ["hologram"]


def test_the_words_for_closed_sets_are_hebrew_in_hebrew() -> None:
    for text in (*STATE.values(), *CONFIDENCE.values(), *MAY_RESEND.values()):
        assert not english(text.he)
