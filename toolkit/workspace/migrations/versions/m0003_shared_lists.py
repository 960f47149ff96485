"""Lists that several exports fill, each under a lease; runs that can be canceled and resumed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEPT = (
    "id",
    "export_id",
    "segment",
    "host",
    "advertiser_id",
    "name",
    "criteo_id",
    "snapshot",
    "snapshot_sha256",
    "snapshot_batch",
    "form",
)


def upgrade() -> None:
    """Add the columns and the table; make the table of lists anew, without what kept a list to one export."""
    op.add_column("runs", sa.Column("allowed", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("runs", sa.Column("timings", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("runs", sa.Column("resumes", sa.String(), nullable=True))
    op.add_column("runs", sa.Column("cancel_by", sa.String(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_lists()
    else:
        _alter_lists()
    op.create_index("ix_contact_lists_host_criteo_id", "contact_lists", ["host", "criteo_id"])
    op.create_table(
        "list_leases",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("criteo_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"]),
        sa.PrimaryKeyConstraint("host", "criteo_id"),
    )


def _alter_lists() -> None:
    op.drop_constraint("contact_lists_host_criteo_id_key", "contact_lists", type_="unique")
    op.drop_constraint("contact_lists_export_id_segment_host_advertiser_id_key", "contact_lists", type_="unique")
    for column in _new_columns():
        op.add_column("contact_lists", column)
    op.create_unique_constraint(
        None, "contact_lists", ["export_id", "segment", "host", "advertiser_id", "identifier_type"]
    )


def _rebuild_lists() -> None:
    # SQLite can't drop a constraint. Batches point at the rows, which come back under their ids before the commit.
    op.execute("PRAGMA defer_foreign_keys = ON")
    kept = ", ".join(_KEPT)
    op.execute(f"CREATE TEMPORARY TABLE kept_lists AS SELECT {kept} FROM contact_lists")
    op.drop_table("contact_lists")
    op.create_table(
        "contact_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("export_id", sa.Integer(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("advertiser_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("criteo_id", sa.String(), nullable=True),
        sa.Column("snapshot", sa.String(), nullable=True),
        sa.Column("snapshot_sha256", sa.String(), nullable=True),
        sa.Column("snapshot_batch", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(), nullable=True),
        *_new_columns(),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("export_id", "segment", "host", "advertiser_id", "identifier_type"),
    )
    op.execute(f"INSERT INTO contact_lists ({kept}) SELECT {kept} FROM kept_lists")
    op.execute("DROP TABLE kept_lists")


def _new_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("identifier_type", sa.String(), nullable=False, server_default="email"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("rejected", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("adopted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("holds_unknown", sa.Boolean(), nullable=False, server_default=sa.false()),
    ]


def downgrade() -> None:
    """Go back to the backup that was made of the database: a list that two exports fill has no place before."""
    raise NotImplementedError
