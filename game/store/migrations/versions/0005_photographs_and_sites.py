"""Subjects know the photograph that they were cut out of and its site; those that are there already know of none."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain additions: to copy the table, as a batch would on SQLite, would lose its index over an expression.
    for name in ("photograph", "site"):
        op.add_column("subjects", sa.Column(name, sa.String(length=255), nullable=True))


def downgrade() -> None:
    for name in ("site", "photograph"):
        op.drop_column("subjects", name)
