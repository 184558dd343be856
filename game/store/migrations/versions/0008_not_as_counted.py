"""What changed since the subjects were counted is found in an index of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RETIRED_BY_PEOPLE = "(coalesce(reason, 'machine_accepted') <> 'machine_accepted')"


def upgrade() -> None:
    """The table is large: people go on playing meanwhile, and whoever was interrupted begins again."""
    with op.get_context().autocommit_block():
        op.drop_index("not_as_counted", "openings", if_exists=True)
        op.create_index(
            "not_as_counted",
            "openings",
            ["project_id", "choice_set", "subject_id"],
            sqlite_where=sa.text(f"counted IS NOT {RETIRED_BY_PEOPLE}"),
            postgresql_where=sa.text(f"counted IS DISTINCT FROM {RETIRED_BY_PEOPLE}"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("not_as_counted", "openings")
