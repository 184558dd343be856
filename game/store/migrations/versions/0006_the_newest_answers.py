"""The newest answers of a subject are found in the index: gold is answered without end."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table is large: people go on answering meanwhile, and whoever was interrupted begins again."""
    with op.get_context().autocommit_block():
        op.drop_index("answers_of_a_subject", "classifications", if_exists=True)
        op.create_index("answers_of_a_subject", "classifications", ["subject_id", "id"], postgresql_concurrently=True)
        op.drop_index("ix_classifications_subject_id", "classifications", if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    op.create_index("ix_classifications_subject_id", "classifications", ["subject_id"])
    op.drop_index("answers_of_a_subject", "classifications")
