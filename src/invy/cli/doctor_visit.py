"""One visit of the doctor: examine, show, and end with an exit code. Once, over and over, or with a test message."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from invy.app import checkup, template_file
from invy.app.house import open_house
from invy.app.settings import Settings
from invy.cli import output, parameters
from invy.cli.doctor_report import Report, as_json, document
from invy.cli.exit_code import ExitCode
from invy.cli.right_to_left import isolated
from invy.diagnose.words import STATE
from invy.domain.errors import ConfigurationError, InvyError, PhoneRefused, TemplateInvalid
from invy.domain.phone import parse
from invy.domain.state import State
from invy.engine.doctor import trial
from invy.engine.doctor.checks import CHECKS
from invy.engine.doctor.concealment import Concealment
from invy.engine.doctor.examine import examine
from invy.engine.doctor.finding import Finding, Mark, found, titles
from invy.engine.doctor.section import Foundation, Section
from invy.engine.doctor.watch import changes, remembered, unlooked
from invy.meta.catalogue import Lang, Text

_TRIAL_STANDS_ON = frozenset(
    {
        Foundation.CREDENTIALS,
        Foundation.NUMBER,
        Foundation.REGISTRY,
        Foundation.DATABASE,
        Foundation.META,
        Foundation.TOKEN,
    }
)
"""With a token that is refused a test would only put the sender on hold."""


_NO_SERVICE = Text(
    en="No service runs on this database: its webhooks, and so the message's fate, cannot be heard.",
    he="אין שירות שפועל על מסד הנתונים הזה: הדיווחים לא יישמעו, ולכן לא נדע מה עלה בגורל ההודעה.",
)
_OWN_PHONE = "After --send-test give one number whose phone you can look at, such as +447700900150."


class Visit:
    """Holds what was asked for. Settings that cannot be read are a finding like any other."""

    images: tuple[str, ...] = ()
    self_test: bool = True

    def __init__(
        self, settings: Settings | InvyError, *, lang: Lang, as_json: bool, details: bool, strict: bool
    ) -> None:
        self._settings = settings
        self._lang = lang
        self._as_json = as_json
        self._details = details
        self._strict = strict
        secrets = settings.secret_values() if isinstance(settings, Settings) else ()
        self._concealment = Concealment(secrets)

    async def once(self) -> ExitCode:
        """One examination."""
        async with self._reporting() as (report, findings):
            async for finding in self._examination():
                self._note(finding, report, findings)
        return self._code(findings)

    async def watch(self, every_s: float) -> None:
        """Examine until stopped; show the first in full, then what changes."""
        report = Report(self._lang, details=self._details)
        known: tuple[Finding, ...] = ()
        first = True
        while True:
            now = [finding async for finding in self._examination()]
            blind = unlooked(now)
            changed = changes(known, now, blind)
            if self._as_json:
                if first or changed:
                    line = {"at": _now(), "fresh": [as_json(each) for each in changed.fresh]}
                    output.json_line(line | {"gone": [as_json(each) for each in changed.gone]})
            elif first:
                for finding in now:
                    report.add(finding)
                report.sum(now)
            elif changed:
                report.changed(f"{datetime.now().astimezone():%H:%M:%S}", changed)
            known, first = remembered(known, now, blind), False
            await asyncio.sleep(every_s)

    async def trial(
        self, phone: str, template: str | None, given: Sequence[str] | None, timeout_s: float
    ) -> ExitCode:
        """An examination, and then a test message.

        Raises:
            InvalidInput, NotFound: the number, the template or a parameter cannot be used; nothing was done.
        """
        settings = self._settings
        assert isinstance(settings, Settings)
        params = parameters.read(given)
        self._rehearse(settings, phone, template, params)
        async with self._reporting() as (report, findings):
            async for finding in self._examination():
                self._note(finding, report, findings)
            obstacle = next((each for each in findings if _TRIAL_STANDS_ON.intersection(each.breaks)), None)
            if obstacle is not None:
                self._note(found(Section.TRIAL, "general.skipped", because=obstacle.seen), report, findings)
            else:
                self._note(
                    await self._attempt(settings, phone, template, params, timeout_s), report, findings
                )
        return self._code(findings)

    def _rehearse(self, settings: Settings, phone: str, template: str | None, params: dict[str, str]) -> None:
        """Refuse what cannot be sent before anything is looked at. What is wrong with the file, the examination tells."""
        try:
            parse(phone, settings.default_region)
        except PhoneRefused as error:
            # Its own hint is for a guest list; this number stands on the command line.
            raise PhoneRefused(error.message, hint=_OWN_PHONE) from error
        try:
            registry = template_file.load(settings)
        except (ConfigurationError, TemplateInvalid):
            return
        if len(registry):
            trial.rehearse(registry, template, params)

    async def _attempt(
        self, settings: Settings, phone: str, template: str | None, params: dict[str, str], timeout_s: float
    ) -> Finding:
        async with open_house(settings) as house:
            key = trial.choose(house.templates, template)
            port = checkup.Trial(house)
            if not await port.served():
                output.say(isolated(_NO_SERVICE.say(self._lang), terminal=sys.stderr.isatty()))
            finding = await trial.attempt(
                port,
                key,
                phone,
                params,
                clock=house.clock,
                pause=asyncio.sleep,
                timeout_s=timeout_s,
                tell=self._tell,
            )
        return self._concealment.finding(finding)

    async def _examination(self) -> AsyncIterator[Finding]:
        async with checkup.open_subject(
            self._settings, image_urls=self.images, self_test=self.self_test
        ) as subject:
            async for finding in examine(CHECKS, subject):
                yield self._concealment.finding(finding)

    @asynccontextmanager
    async def _reporting(self) -> AsyncIterator[tuple[Report | None, list[Finding]]]:
        """A report that grows, or one document at the end."""
        findings: list[Finding] = []
        report = None if self._as_json else Report(self._lang, details=self._details)
        yield report, findings
        if report is None:
            output.json_document(document(findings, _now()))
        else:
            report.sum(findings)

    @staticmethod
    def _note(finding: Finding, report: Report | None, findings: list[Finding]) -> None:
        findings.append(finding)
        if report is not None:
            report.add(finding)

    def _tell(self, state: State) -> None:
        heading, word = titles()[Section.TRIAL], STATE[state]
        output.say(
            isolated(f"{heading.say(self._lang)}: {word.say(self._lang)}", terminal=sys.stderr.isatty())
        )

    def _code(self, findings: Sequence[Finding]) -> ExitCode:
        marks = {finding.mark for finding in findings}
        bad = Mark.FAILED in marks or (self._strict and Mark.WARNING in marks)
        return ExitCode.FINDINGS if bad else ExitCode.OK


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
