"""Seeing a campaign off while another process sends it too."""

import asyncio
import sqlite3
from contextlib import closing

from invy.app.house import House
from invy.app.settings import load
from invy.cli.departure import Counts, Ended, Errand, Patience, see_off
from invy.domain.ids import EventId, TemplateKey
from invy.store.database import Database
from tests.cli.shell import IMAGE, Shell
from tests.flows.world import World


def test_what_another_process_sends_while_we_look_was_not_written_for_another_number(
    shell: Shell, meta: World
) -> None:
    shell.ready().talking_to(meta)
    shell.guests("name,phone\nEmma,+447700900101\n")

    file = shell.env["INVY_DATABASE_URL"].removeprefix("sqlite:///")

    def another_sends(_: Counts) -> None:
        """Right after the first look, before this process can."""
        with closing(sqlite3.connect(file, isolation_level=None)) as there:
            there.execute("UPDATE whatsapp_messages SET status = 'sent'")

    async def story() -> Ended:
        settings = load(shell.env, None)
        house = House(settings, Database.open(settings.database_url))
        try:
            planned = await house.campaigns.start(
                EventId("wedding"),
                TemplateKey("hina_invitation"),
                {"invitation_image_url": IMAGE},
                force=False,
            )
            errand = Errand(house.sender_id, planned.campaign.template_key, campaign_id=planned.campaign.id)
            return await see_off(
                house, errand, another_sends, Patience(), asyncio.Event(), tell_rest=lambda _: None
            )
        finally:
            await house.database.close()

    assert asyncio.run(story()) is Ended.GONE
