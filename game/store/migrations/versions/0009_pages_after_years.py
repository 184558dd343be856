"""What pages show of what was settled, and whether anybody was simulated, is found in the index."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Both tables are large: people go on playing meanwhile, and whoever was interrupted begins again."""
    with op.get_context().autocommit_block():
        for name, table in (("sure_by_shuffle", "openings"), ("simulated_volunteers", "volunteers")):
            op.drop_index(name, table, if_exists=True)
        op.create_index(
            "sure_by_shuffle",
            "openings",
            ["project_id", "choice_set", "shuffle", "subject_id"],
            sqlite_where=sa.text("reason = 'confident'"),
            postgresql_where=sa.text("reason = 'confident'"),
            postgresql_concurrently=True,
        )
        op.create_index(
            "simulated_volunteers",
            "volunteers",
            ["id"],
            sqlite_where=sa.text("simulated = 1"),
            postgresql_where=sa.text("simulated"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("simulated_volunteers", "volunteers")
    op.drop_index("sure_by_shuffle", "openings")
