"""Create specimens of every type"""

from alembic import op

revision = "c123_setup"
down_revision = None
branch_labels = None
depends_on = None

SPECIMENS = """
CREATE TABLE specimens (
    id integer PRIMARY KEY,
    c_smallint smallint,
    c_integer integer,
    c_bigint bigint,
    c_numeric numeric,
    c_numeric_scaled numeric(12, 3),
    c_real real,
    c_double double precision,
    c_money money,
    c_varchar varchar(20),
    c_char char(5),
    c_text text,
    c_internal_char "char",
    c_name name,
    c_bytea bytea,
    c_boolean boolean,
    c_date date,
    c_time time,
    c_timetz time with time zone,
    c_timestamp timestamp,
    c_timestamp_seconds timestamp(0),
    c_timestamptz timestamp with time zone,
    c_interval interval,
    c_enum weekday,
    c_domain postcode,
    c_composite address,
    c_point point,
    c_line line,
    c_lseg lseg,
    c_box box,
    c_path path,
    c_polygon polygon,
    c_circle circle,
    c_cidr cidr,
    c_inet inet,
    c_macaddr macaddr,
    c_macaddr8 macaddr8,
    c_bit bit(4),
    c_varbit bit varying(8),
    c_tsvector tsvector,
    c_tsquery tsquery,
    c_uuid uuid,
    c_xml xml,
    c_json json,
    c_jsonb jsonb,
    c_jsonpath jsonpath,
    c_integers integer[],
    c_texts text[],
    c_matrix integer[][],
    c_enums weekday[],
    c_uuids uuid[],
    c_int4range int4range,
    c_int8range int8range,
    c_numrange numrange,
    c_tsrange tsrange,
    c_tstzrange tstzrange,
    c_daterange daterange,
    c_int4multirange int4multirange,
    c_datemultirange datemultirange,
    c_oid oid,
    c_regclass regclass,
    c_lsn pg_lsn,
    c_snapshot pg_snapshot
)
"""


def upgrade() -> None:
    op.execute("CREATE TYPE weekday AS ENUM ('mon', 'tue', 'wed')")
    op.execute("CREATE DOMAIN postcode AS varchar(10) CHECK (VALUE ~ '^[0-9]{4,8}$')")
    op.execute("CREATE TYPE address AS (street text, number integer)")
    op.execute(SPECIMENS)


def downgrade() -> None:
    op.drop_table("specimens")
    op.execute("DROP TYPE address")
    op.execute("DROP DOMAIN postcode")
    op.execute("DROP TYPE weekday")
