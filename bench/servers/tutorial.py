"""What tutorials show: a FastAPI route, SELECT by wamid, UPDATE, and a commit per status. No signature is checked."""

import sys
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.servers.serving import serve
from invy.store.database import engine_url


class Base(DeclarativeBase):
    pass


class Message(Base):
    __tablename__ = "tutorial_messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    wamid: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    delivered_at: Mapped[datetime | None]


engine = create_async_engine(engine_url(sys.argv[1]), pool_size=20)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


@app.post("/whatsapp/webhook")
async def webhook(request: Request) -> dict[str, str]:
    data: dict[str, Any] = await request.json()
    async with sessions() as session:
        for entry in data["entry"]:
            for change in entry["changes"]:
                for status in change["value"]["statuses"]:
                    await update(session, status)
    return {"status": "ok"}


async def update(session: AsyncSession, status: dict[str, Any]) -> None:
    found = await session.execute(select(Message).where(Message.wamid == status["id"]))
    message = found.scalar_one()
    message.status = status["status"]
    message.delivered_at = datetime.fromtimestamp(int(status["timestamp"]), UTC).replace(tzinfo=None)
    await session.commit()


if __name__ == "__main__":
    serve(app)
