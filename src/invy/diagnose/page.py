"""The verdicts as a page of Markdown: what `docs/why.md` holds. Knows the layout, adds no verdict of its own."""

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from invy.diagnose.finding import Entry, Finding, entries
from invy.diagnose.words import MAY_RESEND

COMMAND: Final = "python -m invy.diagnose.page > docs/why.md"

_HEAD: Final = f"""\
# Why did it not arrive?

<!-- Generated. Do not edit: change src/invy/diagnose and run `{COMMAND}`. -->

`invy why` explains one message: by wamid, by our id, by a guest's id, or by a number in any form. `invy status EVENT`
groups everyone who was not reached, and `--export FILE` lists the guests to phone instead. Both speak Hebrew with
`--lang he`. Over HTTP the same is at `/api/v1/messages/{{id}}/why` and `/api/v1/events/{{id}}/unreached`.

A verdict says what most likely happened, how sure that is, whose side it is on, since when it is so, on which pieces of
evidence it rests, what to do, and whether the message may be sent again and when.

## How it is found

HTTP 200 with a wamid only says that Meta accepted the message. What happened then is known from delivery reports, so the
first question about a silent message is always: is it this guest, or are we deaf? It is answered by comparing. Other
messages of the same sender that were accepted from ten minutes before to ten minutes after, at least two minutes ago, and
that Meta does not hold back for pacing, are compared (the nearest ones, to ten seconds):

- **no report comes now, and none came about them**: the webhook is dead; nobody is to be phoned for it;
- **reports come again now, and those accepted right before and after it are silent too**: the webhook was dead then, and
  nobody is to be phoned for it. Three silent in a row are enough, or two with no report of the same moments. A report
  about a later message (the test message after a repair), or one that came more than two minutes late (Meta repeats them
  after an outage), or only told of a delivery after the report of sending was lost, changes nothing about those before it;
- **those accepted within seconds of it got their reports, or several on both sides did**: it is about this message;
- **neither**: too little to compare with; the verdict says so, and blames nobody.

What else is looked at: holds on the sender, the template and the campaign; whether a process is sending; webhooks turned
away for their signature; what Meta last told about the template, the number and the account; what other messages to the
same number tell; whether the guest has stopped marketing messages; how many tries there were.

## What is seen at Meta

A service that sends also asks Meta, when it starts, every hour, and soon after webhooks have gone silent: whether the
account is subscribed to our app, whether an override sends its webhooks elsewhere (told as such only where
`INVY_PUBLIC_URL` is set), how the number is rated, whether it may send, and how each template stands and how long its
messages are kept. The check before `invy campaign send` keeps what it sees of the template too. Of what was seen and what
Meta told by webhook the newer is believed, and the verdict says from when it knows.

Where webhooks go is believed for a day at most, and no longer than until a delivery report comes. A look asks at most 24
questions within a minute; of several processes one looks. What Meta does not answer stays as it was last seen, with one
line in the log (`meta.unseen`); what stands in the way of delivery is logged as `meta.amiss`.

**No code exists for a guest who has blocked you.** Meta tells nobody: the message stays sent, exactly as it does while a
phone is off, until WhatsApp drops it after 30 days. That is why time, and not a code, decides between them.

A picture that Meta could not use (131053) is named by its address, without the query. It is fetched as Meta would only with
`invy why --look` (`look=true` over HTTP): that asks a stranger's server.

In `invy status` a message that was sent again counts once, by its newest try, and not at all once one of the tries arrived.
"""

_PARTS: Final[tuple[tuple[str, Finding], ...]] = (
    ("It arrived", Finding.ANSWERED),
    ("Meta does not have it yet", Finding.QUEUED_TURN),
    ("Meta has it, and nobody reported that it arrived", Finding.SENT_FRESH),
    ("It failed", Finding.NOT_DELIVERABLE),
)
"""Each part of the page and the finding with which it begins; they follow in the order of `Finding`."""

_BY_CODE: Final = "by the code"


def markdown() -> str:
    """The whole page."""
    parts = [_HEAD, "## Every verdict\n"]
    for title, listed in _parts():
        parts += [f"### {title}\n", _table(listed)]
    return "\n".join(parts)


def _parts() -> Iterator[tuple[str, list[Entry]]]:
    order = list(Finding)
    starts = [order.index(first) for _, first in _PARTS] + [len(order)]
    for n, (title, _) in enumerate(_PARTS):
        yield title, [entries()[each] for each in order[starts[n] : starts[n + 1]]]


def _table(listed: Iterable[Entry]) -> str:
    lines = [
        "| verdict | what is said | in Hebrew | how sure | send it again? | phone instead? |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_row(entry) for entry in listed]
    return "\n".join(lines) + "\n"


def _row(entry: Entry) -> str:
    resend = _BY_CODE if entry.resend is None else MAY_RESEND[entry.resend].en
    cells = (
        f"`{entry.key.value}`",
        entry.headline.en.replace("{code}", "…"),
        entry.headline.he.replace("{code}", "…"),
        entry.confidence.value,
        resend,
        "yes" if entry.phone_instead else "",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(markdown())
