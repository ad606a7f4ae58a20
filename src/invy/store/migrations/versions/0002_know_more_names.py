"""Know more names: second wamids, business-scoped user ids, and what was seen at Meta. Before deploy; adds tables only."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "other_wamids",
        sa.Column("wamid", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("wamid", "message_id", name=op.f("pk_other_wamids")),
    )
    op.create_index("ix_other_wamids_message", "other_wamids", ["message_id"], unique=False)
    op.create_table(
        "user_phones",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "phone", name=op.f("pk_user_phones")),
    )
    op.create_table(
        "user_opt_outs",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_opt_outs")),
    )
    op.create_table(
        "sightings",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fact", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_sightings")),
    )


def downgrade() -> None:
    for name in ("other_wamids", "user_phones", "user_opt_outs", "sightings"):
        op.drop_table(name)
