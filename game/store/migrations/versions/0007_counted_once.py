"""Answers and subjects are counted once, by the worker; a page adds what came since."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer_counts",
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("until_id", sa.BigInteger(), nullable=False),
        sa.Column("n_classifications", sa.BigInteger(), nullable=False),
        sa.Column("n_volunteers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("project_id"),
    )
    op.create_table(
        "opening_counts",
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("choice_set", sa.String(length=16), nullable=False),
        sa.Column("n_subjects", sa.Integer(), nullable=False),
        sa.Column("n_retired", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"]),
        sa.PrimaryKeyConstraint("project_id", "choice_set"),
    )
    op.add_column("openings", sa.Column("counted", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("openings", "counted")
    op.drop_table("opening_counts")
    op.drop_table("answer_counts")
