"""Every table, in one place. The migrations build exactly these (a test compares them).

`whatsapp_messages` is the brief's table with our columns beside it; the message row is also the job of the outbox.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from invy.store.types import Moment, RowId

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

messages = Table(
    "whatsapp_messages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("wamid", Text, unique=True),
    Column("to_phone", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("template_name", Text, nullable=False),
    Column("template_key", Text, nullable=False),
    Column("template_language", Text, nullable=False),
    Column("event_id", Text),
    Column("guest_id", Text),
    Column("campaign_id", Text),
    Column("retry_of", String(36)),
    Column("sender_id", Text, nullable=False),
    # One invitation per event, template and number: the guard against inviting twice.
    Column("once_key", Text, unique=True),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    # The outbox part.
    Column("due_at", Moment),
    Column("lease_owner", Text),
    Column("lease_until", Moment),
    # When Meta's message_history was last asked about it.
    Column("asked_at", Moment),
    # What the evidence folds to.
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("phase", SmallInteger, nullable=False, server_default=text("0")),
    Column("message_status", Text),
    Column("wa_id", Text),
    Column("accepted_at", Moment),
    Column("unsure_at", Moment),
    Column("sent_receipt_at", Moment),
    Column("settled_sent_at", Moment),
    Column("sent_at", Moment),
    Column("delivered_at", Moment),
    Column("read_at", Moment),
    Column("replied_at", Moment),
    Column("failed_at", Moment),
    Column("error_code", Integer),
    Column("error_title", Text),
    Column("error_message", Text),
    Column("error_details", Text),
    Column("error_href", Text),
    Column("error_subcode", Integer),
    Column("error_trace_id", Text),
    Column("first_receipt_at", Moment),
    Column("last_receipt_at", Moment),
)

Index(
    "ix_whatsapp_messages_queue",
    messages.c.sender_id,
    messages.c.created_at,
    messages.c.id,
    sqlite_where=text("status = 'queued'"),
    postgresql_where=text("status = 'queued'"),
)
Index(
    "ix_whatsapp_messages_leased",
    messages.c.lease_until,
    sqlite_where=text("status = 'sending'"),
    postgresql_where=text("status = 'sending'"),
)
Index(
    "ix_whatsapp_messages_unconfirmed",
    messages.c.id,
    sqlite_where=text("status = 'unconfirmed'"),
    postgresql_where=text("status = 'unconfirmed'"),
)
Index(
    "ix_whatsapp_messages_silent",
    messages.c.accepted_at,
    sqlite_where=text("status = 'sent' AND first_receipt_at IS NULL"),
    postgresql_where=text("status = 'sent' AND first_receipt_at IS NULL"),
)
Index(
    "ix_whatsapp_messages_asked",
    messages.c.asked_at,
    sqlite_where=text("asked_at IS NOT NULL"),
    postgresql_where=text("asked_at IS NOT NULL"),
)
Index(
    "ix_whatsapp_messages_retry_of",
    messages.c.retry_of,
    sqlite_where=text("retry_of IS NOT NULL"),
    postgresql_where=text("retry_of IS NOT NULL"),
)
Index("ix_whatsapp_messages_event", messages.c.event_id, messages.c.status, messages.c.id)
Index("ix_whatsapp_messages_guest", messages.c.guest_id, messages.c.id)
Index("ix_whatsapp_messages_phone", messages.c.to_phone, messages.c.id)
Index("ix_whatsapp_messages_sent_at", messages.c.sent_at)
Index("ix_whatsapp_messages_campaign", messages.c.campaign_id, messages.c.status)
# What a silent or failed message is compared with: who else was accepted then, what was heard last, who fails alike.
Index(
    "ix_whatsapp_messages_accepted",
    messages.c.sender_id,
    messages.c.accepted_at,
    sqlite_where=text("accepted_at IS NOT NULL"),
    postgresql_where=text("accepted_at IS NOT NULL"),
)
Index(
    "ix_whatsapp_messages_heard",
    messages.c.sender_id,
    messages.c.last_receipt_at,
    sqlite_where=text("last_receipt_at IS NOT NULL"),
    postgresql_where=text("last_receipt_at IS NOT NULL"),
)
Index(
    "ix_whatsapp_messages_failing",
    messages.c.sender_id,
    messages.c.error_code,
    messages.c.failed_at,
    sqlite_where=text("error_code IS NOT NULL"),
    postgresql_where=text("error_code IS NOT NULL"),
)

journal = Table(
    "journal",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("received_at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # journal.Outcome: 0 waits, 1 applied, 2 nothing in it could be read, 3 some of it could not be read.
    Column("outcome", SmallInteger, nullable=False, server_default=text("0")),
    Column("applied_at", Moment),
    Column("note", Text),
)
Index(
    "ix_journal_waiting",
    journal.c.id,
    sqlite_where=text("outcome = 0"),
    postgresql_where=text("outcome = 0"),
)
Index(
    "ix_journal_unreadable",
    journal.c.id,
    sqlite_where=text("outcome >= 2"),
    postgresql_where=text("outcome >= 2"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    # Empty while the message it is about is not known: an orphan.
    Column("message_id", String(36)),
    Column("wamid", Text),
    Column("opaque", Text),
    Column("kind", String(16), nullable=False),
    Column("word", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("heard_at", Moment, nullable=False),
    # When it was last heard, if it was told more than once; `heard_at` is the first time.
    Column("heard_again_at", Moment),
    Column("journal_id", RowId),
    # The whole fact as JSON; the columns above are for finding it.
    Column("fact", LargeBinary, nullable=False),
    # At most once: the same fact told twice is one row.
    Column("once_key", String(64), nullable=False, unique=True),
)
Index("ix_evidence_message", evidence.c.message_id, evidence.c.id)
Index(
    "ix_evidence_orphans",
    evidence.c.wamid,
    sqlite_where=text("message_id IS NULL"),
    postgresql_where=text("message_id IS NULL"),
)

other_wamids = Table(
    "other_wamids",
    metadata,
    # Meta accepted one request twice: the message's row has the smaller wamid, the others lead to it from here. Should
    # two messages ever be told under one wamid, both are kept.
    Column("wamid", Text, primary_key=True),
    Column("message_id", String(36), primary_key=True),
)
Index("ix_other_wamids_message", other_wamids.c.message_id)

inbound = Table(
    "inbound_messages",
    metadata,
    Column("wamid", Text, primary_key=True),
    Column("from_phone", Text),
    Column("user_id", Text),
    Column("kind", Text, nullable=False),
    Column("text", Text),
    Column("payload", Text),
    Column("context_wamid", Text),
    Column("at", Moment, nullable=False),
    Column("heard_at", Moment, nullable=False),
    Column("journal_id", RowId),
)
Index("ix_inbound_messages_from", inbound.c.from_phone, inbound.c.at)

notices = Table(
    "notices",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    # Everything Meta tells that is not about one message: templates, quality, account, preferences.
    Column("field", Text, nullable=False),
    Column("subject", Text),
    Column("word", Text),
    Column("at", Moment, nullable=False),
    Column("journal_id", RowId),
    Column("fact", LargeBinary, nullable=False),
    Column("once_key", String(64), nullable=False, unique=True),
)
Index("ix_notices_field", notices.c.field, notices.c.subject, notices.c.at)

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

guests = Table(
    "guests",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("params", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("event_id", "phone"),
)
Index("ix_guests_phone", guests.c.phone)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("template_key", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("event_id", "template_key"),
)

opt_outs = Table(
    "opt_outs",
    metadata,
    # E.164. Latest word wins; `stopped` false means the guest has resumed.
    Column("phone", Text, primary_key=True),
    Column("stopped", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("detail", Text),
)

user_phones = Table(
    "user_phones",
    metadata,
    # Which business-scoped user ids belong to which number, as webhooks have named them together. Pairs are only added.
    Column("user_id", Text, primary_key=True),
    Column("phone", Text, primary_key=True),
)

user_opt_outs = Table(
    "user_opt_outs",
    metadata,
    # A marketing stop that named only a business-scoped user id; it becomes an opt-out of each number known to be theirs.
    Column("user_id", Text, primary_key=True),
    Column("stopped", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("detail", Text),
)

sightings = Table(
    "sightings",
    metadata,
    # What we last saw when we asked Meta: the newest of each kind and subject.
    Column("kind", String(32), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("fact", LargeBinary, nullable=False),
)

senders = Table(
    "senders",
    metadata,
    # One row per business phone number: the pacing of all processes together.
    Column("id", Text, primary_key=True),
    # Unix seconds: the theoretical arrival time of the generic cell rate algorithm.
    Column("next_slot", Float, nullable=False),
    # Unix seconds: nobody sends before this (Meta asked us to slow down, or cannot be reached).
    Column("rest_until", Float, nullable=False, server_default=text("0")),
)

holds = Table(
    "holds",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    # hold.Scope: sender, template or campaign; nothing in the scope is sent until released.
    Column("scope", String(16), nullable=False),
    Column("subject", Text, nullable=False),
    Column("code", Integer),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("released_at", Moment),
)
Index(
    "uq_holds_active",
    holds.c.scope,
    holds.c.subject,
    unique=True,
    sqlite_where=text("released_at IS NULL"),
    postgresql_where=text("released_at IS NULL"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
)

tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    # SHA-256 of the token: the token itself is shown once and never stored.
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)

refusals = Table(
    "webhook_refusals",
    metadata,
    # A bounded sample of webhooks refused for their signature, for the doctor.
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sample", LargeBinary, nullable=False),
)
