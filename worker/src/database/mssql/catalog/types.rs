//! Types, as they are spelled, and the families that seeding knows.

use super::fields::Fields;
use super::raw::named;
use crate::database::catalog::{ColumnType, Family};

/// A type as a column declares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    /// The name of a type that users made, where it is one.
    pub(super) alias: Option<String>,
    /// The server's own type.
    base: String,
    /// In bytes; -1 for as long as can be.
    length: i64,
    precision: i64,
    scale: i64,
    /// Dimensions of a vector, and what each is.
    vector: Option<(String, String)>,
    /// The collection of schemas that an XML obeys, and whether it is one whole document.
    pub(super) xml: Option<(bool, String)>,
}

impl Declared {
    /// Reads it from an answer: name, schema, whether users made it, the type below it, sizes.
    pub(super) fn read(fields: &mut Fields) -> Self {
        let (name, schema, is_made) = (fields.text(), fields.option(), fields.flag());
        let below = fields.option();
        let (length, precision, scale) = (fields.number(), fields.number(), fields.number());
        let vector = fields.option().zip(fields.word());
        let (alias, base) = if is_made {
            (Some(named(schema, name.clone()).to_string()), below.unwrap_or(name))
        } else {
            (None, name)
        };
        Self { alias, base, length, precision, scale, vector, xml: None }
    }

    /// One of the server's own types.
    pub(super) fn builtin(base: String, length: i64, precision: i64, scale: i64) -> Self {
        Self { base, length, precision, scale, ..Self::default() }
    }

    /// The type as a column's declaration says it.
    pub(super) fn shown(&self) -> String {
        self.alias.clone().unwrap_or_else(|| self.native())
    }

    /// The server's own type, as a cast may name it.
    pub(super) fn native(&self) -> String {
        let Self { length, precision, scale, .. } = self;
        let sized = |name: &str, unit: i64| match length {
            -1 => format!("{name}(max)"),
            length => format!("{name}({})", length / unit),
        };
        match self.base.as_str() {
            name @ ("char" | "varchar" | "binary" | "varbinary") => sized(name, 1),
            name @ ("nchar" | "nvarchar") => sized(name, 2),
            "sysname" => "nvarchar(128)".to_owned(),
            // Two words for one thing.
            "decimal" | "numeric" => format!("decimal({precision}, {scale})"),
            name @ ("datetime2" | "datetimeoffset" | "time") => format!("{name}({scale})"),
            "timestamp" => "rowversion".to_owned(),
            "vector" => match &self.vector {
                Some((dimensions, base)) if base == "float32" => format!("vector({dimensions})"),
                Some((dimensions, base)) => format!("vector({dimensions}, {base})"),
                None => "vector".to_owned(),
            },
            "xml" => match &self.xml {
                Some((true, collection)) => format!("xml(document {collection})"),
                Some((false, collection)) => format!("xml({collection})"),
                None => "xml".to_owned(),
            },
            name => name.to_owned(),
        }
    }

    /// Whether it holds characters or bytes whose trailing blanks or zeros the ANSI_PADDING of its making keeps or cuts.
    pub(super) fn is_padded(&self) -> bool {
        matches!(self.base.as_str(), "char" | "varchar" | "binary" | "varbinary" | "nchar" | "nvarchar")
    }

    /// The server counts every change of a row in it, and nobody writes it.
    pub(super) fn is_row_version(&self) -> bool {
        self.base == "timestamp"
    }

    /// Whether it holds numbers, for which `'0'` and `0` are one default.
    pub(super) fn is_number(&self) -> bool {
        matches!(
            self.base.as_str(),
            "bit"
                | "tinyint"
                | "smallint"
                | "int"
                | "bigint"
                | "decimal"
                | "numeric"
                | "money"
                | "smallmoney"
                | "float"
                | "real"
        )
    }

    /// The type as seeding sees it. `collation` is the column's, and what a condition says of a text hangs on it.
    pub(super) fn column_type(&self, collation: Option<&str>) -> ColumnType {
        let native = match collation {
            Some(collation) => format!("{} COLLATE {collation}", self.native()),
            None => self.native(),
        };
        ColumnType { family: self.family(collation), native, domain_checks: Vec::new() }
    }

    fn family(&self, collation: Option<&str>) -> Family {
        let length = usize::try_from(self.length).ok();
        let digits = u8::try_from(self.scale).unwrap_or(7);
        let integer = |bits: u32| Family::Integer { min: -(1 << (bits - 1)), max: (1 << (bits - 1)) - 1 };
        let decimal = |precision, scale| Family::Decimal { precision: Some(precision), scale: Some(scale) };
        // Lengths of CHAR and VARCHAR are in bytes of the collation's character set.
        let characters = length.map(|bytes| bytes / longest_character(collation.unwrap_or_default()));
        match self.base.as_str() {
            "bit" => Family::Boolean,
            "tinyint" => Family::Integer { min: 0, max: 255 },
            "smallint" => integer(16),
            "int" => integer(32),
            "bigint" => integer(64),
            "decimal" | "numeric" => {
                decimal(u32::try_from(self.precision).unwrap_or(18), i32::try_from(self.scale).unwrap_or(0))
            }
            // They end within a number of 19 and of 10 digits: one digit less is all theirs.
            "money" => decimal(18, 4),
            "smallmoney" => decimal(9, 4),
            "real" => Family::Float { bits: 32 },
            "float" => Family::Float { bits: 64 },
            "uniqueidentifier" => Family::Uuid { hex: false },
            // Projects' own types of UUIDs that are to work on any engine.
            "char" if self.length == 32 => Family::Uuid { hex: true },
            "char" if self.length == 36 => Family::Uuid { hex: false },
            "char" => Family::Text { max: characters, padded: true },
            "varchar" => Family::Text { max: characters, padded: false },
            "nchar" => Family::Text { max: length.map(|bytes| bytes / 2), padded: true },
            "nvarchar" => Family::Text { max: length.map(|bytes| bytes / 2), padded: false },
            "sysname" => Family::Text { max: Some(128), padded: false },
            "text" | "ntext" => Family::Text { max: None, padded: false },
            "binary" | "varbinary" => Family::Bytes { max: length },
            "image" => Family::Bytes { max: None },
            "date" => Family::Date,
            "time" => Family::Time { zoned: false, digits },
            // It counts in three hundredths of a second: of the numbers with two digits it keeps each.
            "datetime" => Family::Timestamp { zoned: false, digits: 2 },
            "smalldatetime" => Family::Timestamp { zoned: false, digits: 0 },
            "datetime2" => Family::Timestamp { zoned: false, digits },
            "datetimeoffset" => Family::Timestamp { zoned: true, digits },
            "json" => Family::Json { binary: true },
            _ => Family::Other,
        }
    }
}

/// How many bytes a character of a CHAR or VARCHAR can take.
fn longest_character(collation: &str) -> usize {
    const TWO_BYTES: &[&str] = &["Chinese", "Japanese", "Korean", "Hong_Kong", "Taiwan"];
    if collation.ends_with("_UTF8") {
        4
    } else if TWO_BYTES.iter().any(|language| collation.contains(language)) {
        2
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(base: &str, length: i64, precision: i64, scale: i64) -> Declared {
        Declared::builtin(base.to_owned(), length, precision, scale)
    }

    #[test]
    fn types_are_spelled_as_people_write_them() {
        for (declared, spelled) in [
            (of("nvarchar", 100, 0, 0), "nvarchar(50)"),
            (of("nvarchar", -1, 0, 0), "nvarchar(max)"),
            (of("varchar", 50, 0, 0), "varchar(50)"),
            (of("varbinary", -1, 0, 0), "varbinary(max)"),
            (of("numeric", 9, 10, 2), "decimal(10, 2)"),
            (of("datetime2", 8, 27, 7), "datetime2(7)"),
            (of("datetime", 8, 23, 3), "datetime"),
            (of("timestamp", 8, 0, 0), "rowversion"),
            (of("int", 4, 10, 0), "int"),
            (of("xml", -1, 0, 0), "xml"),
        ] {
            assert_eq!(declared.native(), spelled);
        }
        let typed = Declared { xml: Some((true, "audit.orders".to_owned())), ..of("xml", -1, 0, 0) };
        assert_eq!(typed.native(), "xml(document audit.orders)");
        let vector =
            Declared { vector: Some(("3".to_owned(), "float16".to_owned())), ..of("vector", 20, 0, 0) };
        assert_eq!(vector.native(), "vector(3, float16)");
    }

    #[test]
    fn lengths_are_in_characters() {
        let max = |declared: Declared, collation: &str| match declared.column_type(Some(collation)).family {
            Family::Text { max, .. } => max,
            other => panic!("{other:?}"),
        };
        assert_eq!(max(of("varchar", 40, 0, 0), "Latin1_General_CI_AS"), Some(40));
        assert_eq!(max(of("varchar", 40, 0, 0), "Latin1_General_100_CI_AS_SC_UTF8"), Some(10));
        assert_eq!(max(of("varchar", 40, 0, 0), "Japanese_CI_AS"), Some(20));
        assert_eq!(max(of("nvarchar", 40, 0, 0), "Latin1_General_CI_AS"), Some(20));
        assert_eq!(max(of("varchar", -1, 0, 0), "Latin1_General_CI_AS"), None);
    }

    #[test]
    fn families_hold_no_more_than_the_type() {
        let family = |declared: Declared| declared.column_type(None).family;
        assert_eq!(family(of("money", 8, 19, 4)), Family::Decimal { precision: Some(18), scale: Some(4) });
        assert_eq!(family(of("tinyint", 1, 3, 0)), Family::Integer { min: 0, max: 255 });
        assert_eq!(
            family(of("bigint", 8, 19, 0)),
            Family::Integer { min: i64::MIN.into(), max: i64::MAX.into() }
        );
        assert_eq!(family(of("datetime", 8, 23, 3)), Family::Timestamp { zoned: false, digits: 2 });
        assert_eq!(family(of("datetimeoffset", 10, 34, 7)), Family::Timestamp { zoned: true, digits: 7 });
        assert_eq!(family(of("uniqueidentifier", 16, 0, 0)), Family::Uuid { hex: false });
        assert_eq!(family(of("hierarchyid", 892, 0, 0)), Family::Other);
    }
}
