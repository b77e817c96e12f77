"""Create one of everything"""

from alembic import op

revision = "c593_setup"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE one_of_each (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, "
        "a_tinyint TINYINT NOT NULL DEFAULT -1, a_tinyint_unsigned TINYINT UNSIGNED NOT NULL, "
        "a_boolean BOOLEAN NOT NULL DEFAULT TRUE, a_smallint SMALLINT, a_mediumint MEDIUMINT "
        "UNSIGNED, an_integer INTEGER, a_bigint BIGINT, a_bigint_unsigned BIGINT UNSIGNED, "
        "a_decimal DECIMAL(20, 6) NOT NULL DEFAULT 0.5, a_float FLOAT, a_double DOUBLE, a_bit "
        "BIT(12), a_date DATE, a_time TIME, a_time_6 TIME(6), a_datetime DATETIME DEFAULT "
        "CURRENT_TIMESTAMP, a_datetime_6 DATETIME(6), a_timestamp TIMESTAMP NULL, a_timestamp_3 "
        "TIMESTAMP(3) NULL, a_year YEAR, a_char CHAR(10), a_varchar VARCHAR(50) DEFAULT 'it''s', "
        "a_tinytext TINYTEXT, a_text TEXT, a_mediumtext MEDIUMTEXT, a_longtext LONGTEXT, a_binary"
        " BINARY(8), a_varbinary VARBINARY(20), a_tinyblob TINYBLOB, a_blob BLOB, a_mediumblob "
        "MEDIUMBLOB, a_longblob LONGBLOB, an_enum ENUM('a', 'b,c', 'd''e') DEFAULT 'a', a_set "
        "SET('x', 'y', 'z'), a_json JSON, a_point POINT, a_geometry GEOMETRY)"
    )


def downgrade() -> None:
    op.drop_table("one_of_each")
