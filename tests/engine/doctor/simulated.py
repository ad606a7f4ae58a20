"""The doctor with the simulator in Meta's place: settings that point there, and what is seen through them."""

import asyncio
from pathlib import Path
from typing import Any

from invy.app.settings import Settings
from invy.engine.doctor.finding import Finding
from invy.engine.doctor.section import Section
from invy.testing import CloudApi
from tests.engine.doctor.patients import examined, settings


def pointed(api: CloudApi, folder: Path, **more: str) -> Settings:
    """Complete settings for this simulator; a value of "" leaves one out."""
    given = {
        "WHATSAPP_ACCESS_TOKEN": api.access_token,
        "WHATSAPP_PHONE_NUMBER_ID": api.phone_number_id,
        "WHATSAPP_BUSINESS_ACCOUNT_ID": api.business_account_id,
        "WHATSAPP_APP_ID": api.app_id,
        "WHATSAPP_APP_SECRET": api.app_secret,
        "WHATSAPP_VERIFY_TOKEN": api.verify_token,
        "WHATSAPP_API_BASE_URL": api.base_url,
    }
    return settings(folder, **(given | more))


async def seen(
    api: CloudApi, folder: Path, *sections: Section, given: dict[str, str] | None = None, **changed: Any
) -> list[Finding]:
    """What the doctor finds there in these sections. `given` are settings that differ, `changed` its means."""
    return await examined(pointed(api, folder, **(given or {})), *sections, **changed)


async def happen(api: CloudApi, incident: str, **details: Any) -> None:
    """Let something happen while this process goes on listening."""
    await asyncio.to_thread(api.happen, incident, **details)
