"""The newest answers of a subject are found in the index: gold is answered without end."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("answers_of_a_subject", "classifications", ["subject_id", "id"])
    op.drop_index("ix_classifications_subject_id", "classifications")


def downgrade() -> None:
    op.create_index("ix_classifications_subject_id", "classifications", ["subject_id"])
    op.drop_index("answers_of_a_subject", "classifications")
