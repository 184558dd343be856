"""Redundancy takes the temperature's place; volunteers get flags, aggregations get figures."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What is believed before gold has spoken; the next aggregation fits it.
USUAL = 0.6


def upgrade() -> None:
    with op.batch_alter_table("aggregates") as table:
        table.alter_column("temperature", new_column_name="redundancy", existing_type=sa.Double())
        table.add_column(sa.Column("assured", sa.Double(), nullable=False, server_default=str(USUAL)))
        table.add_column(sa.Column("figures", sa.JSON(), nullable=True))
    with op.batch_alter_table("aggregates") as table:
        table.alter_column("assured", server_default=None, existing_type=sa.Double(), existing_nullable=False)
    op.execute(sa.table("aggregates", sa.column("redundancy")).update().values(redundancy=USUAL))
    with op.batch_alter_table("reliabilities") as table:
        table.add_column(sa.Column("copies", sa.Integer(), nullable=True))
        table.add_column(sa.Column("flags", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("reliabilities") as table:
        table.drop_column("flags")
        table.drop_column("copies")
    with op.batch_alter_table("aggregates") as table:
        table.drop_column("figures")
        table.drop_column("assured")
        table.alter_column("redundancy", new_column_name="temperature", existing_type=sa.Double())
    op.execute(sa.table("aggregates", sa.column("temperature")).update().values(temperature=1.0))
