"""Decisions about models are kept, with the gate's findings; aggregations say what moved since the last release."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What the gate has decided before decisions were kept: a model that was replaced had been published first.
JUDGED = """
INSERT INTO decisions (project_id, model_id, kind, "by", why, decided_at)
SELECT project_id, id, CASE WHEN state = 'rejected' THEN 'rejected' ELSE 'published' END, 'the gate', reason, created_at
FROM models ORDER BY created_at, id
"""


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("project_id", KEY, nullable=False),
        sa.Column("model_id", KEY, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"]),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decisions_of_a_project", "decisions", ["project_id", "kind", "id"])
    op.execute(JUDGED)
    with op.batch_alter_table("models") as table:
        table.add_column(sa.Column("verdict", sa.JSON(), nullable=True))
    with op.batch_alter_table("aggregates") as table:
        table.add_column(sa.Column("since_release_id", KEY, nullable=True))
        table.create_foreign_key("aggregates_since_release", "releases", ["since_release_id"], ["id"])
        for name in ("n_answered", "n_moved"):
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("aggregates") as table:
        for name in ("n_answered", "n_moved"):
            table.alter_column(name, server_default=None, existing_type=sa.Integer(), existing_nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("aggregates") as table:
        table.drop_constraint("aggregates_since_release", type_="foreignkey")
        for name in ("n_moved", "n_answered", "since_release_id"):
            table.drop_column(name)
    with op.batch_alter_table("models") as table:
        table.drop_column("verdict")
    op.drop_table("decisions")
