//! Fields of models, and the columns that they are.

use mrt_chain::settings::EngineKind;

use crate::operation::{Setting, Type};
use crate::python::{Call, Value};

/// What older rows are given for a new field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// Nothing.
    None,
    /// One value.
    Value,
    /// What a function gives, which Django asks once for all rows.
    Callable,
    /// What the server fills in (`db_default`).
    Server,
}

/// What a field is in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Column,
    /// A column that refers to another table.
    ForeignKey,
    /// A table of its own.
    ManyToMany,
    /// Nothing.
    Virtual,
}

/// The model that a field refers to; names are compared in small letters.
pub(super) type ModelKey = (String, String);

/// A field as a migration writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// The class's last word.
    pub(super) class: String,
    /// It is Django's own, so that what is not said is known.
    pub(super) known: bool,
    pub(super) shape: Shape,
    pub(super) null: Option<bool>,
    pub(super) default: Default,
    /// Older rows are given a value, by a default or by what Django takes for one.
    pub(super) fills: bool,
    pub(super) unique: bool,
    pub(super) primary_key: bool,
    pub(super) index: bool,
    pub(super) generated: bool,
    pub(super) db_column: Option<String>,
    /// `db_table` of a many-to-many field.
    pub(super) db_table: Option<String>,
    /// A many-to-many field through a model of its own has no table.
    pub(super) through: bool,
    /// `None` where only the settings tell.
    pub(super) to: Option<ModelKey>,
    pub(super) to_itself: bool,
    /// The database knows of the reference.
    pub(super) constrained: bool,
    /// What the database does when the row referred to goes.
    pub(super) on_delete: Setting,
    numbers: [Option<i64>; 3],
    element: Option<Box<Field>>,
}

impl Field {
    /// The field that a call makes; `None` where it is none.
    pub(super) fn of(value: &Value<'_>, app: &str) -> Option<Self> {
        let call = value.call()?;
        let path = call.function.global();
        let class = path.map_or("", |path| path.rsplit('.').next().unwrap_or(path)).to_owned();
        let known = path.is_some_and(|path| {
            ["django.db.models.", "django.contrib.postgres.", "django.contrib.gis.db.models."]
                .iter()
                .any(|root| path.starts_with(root))
        });
        let arguments = &call.arguments;
        let has = |name: &str| arguments.named(name).is_some_and(|value| !matches!(value, Value::None));
        let shape = shape(&class, call, known);
        let (to, to_itself) = match shape {
            Shape::ForeignKey | Shape::ManyToMany => target(arguments.get("to", 0), app),
            Shape::Column | Shape::Virtual => (None, false),
        };
        let primary_key = arguments.flag("primary_key", false);
        let null = match arguments.named("null") {
            Some(Value::Bool(is)) => Some(*is),
            Some(_) => None,
            None if arguments.open || !known => None,
            None => Some(class == "NullBooleanField"),
        };
        let default = match arguments.named("default") {
            Some(Value::None) if null != Some(false) => Default::None,
            Some(Value::Global(path)) if &**path != "django.db.models.NOT_PROVIDED" => Default::Callable,
            Some(Value::Function(..) | Value::Lambda(..) | Value::Attribute(..)) => Default::Callable,
            Some(Value::Global(_)) => Default::None,
            Some(_) => Default::Value,
            None if arguments.named("db_default").is_some() => Default::Server,
            None => Default::None,
        };
        let is_one_to_one = class == "OneToOneField";
        Some(Self {
            null: if primary_key { Some(false) } else { null },
            fills: default != Default::None
                || arguments.open
                || !known
                || (arguments.flag("blank", false) && is_text(&class))
                || arguments.flag("auto_now", false)
                || arguments.flag("auto_now_add", false),
            default,
            unique: arguments.flag("unique", false) || is_one_to_one,
            primary_key,
            index: arguments.flag(
                "db_index",
                class == "SlugField" || (shape == Shape::ForeignKey && !is_one_to_one && known),
            ),
            generated: class == "GeneratedField",
            db_column: arguments.text("db_column", usize::MAX),
            db_table: arguments.text("db_table", usize::MAX),
            through: has("through"),
            to,
            to_itself,
            constrained: arguments.flag("db_constraint", true),
            on_delete: match arguments.named("on_delete").or_else(|| arguments.positional.get(1)) {
                Some(action) if action.class() == Some("DB_CASCADE") => Setting::Is("CASCADE".to_owned()),
                Some(action) if action.class() == Some("DB_SET_NULL") => Setting::Is("SET NULL".to_owned()),
                _ => Setting::None,
            },
            numbers: ["max_length", "max_digits", "decimal_places"].map(|name| {
                arguments
                    .named(name)
                    .and_then(|value| if let Value::Int(n) = value { Some(*n) } else { None })
            }),
            element: arguments.get("base_field", 0).and_then(|value| Self::of(value, app)).map(Box::new),
            shape,
            class,
            known,
        })
    }

    /// The column of a field of this name.
    pub(super) fn column(&self, name: &str) -> String {
        match (&self.db_column, self.shape) {
            (Some(column), _) => column.clone(),
            (None, Shape::ForeignKey) => format!("{name}_id"),
            (None, _) => name.to_owned(),
        }
    }

    /// Whether the server numbers its values.
    pub(super) fn is_automatic(&self) -> bool {
        matches!(self.class.as_str(), "AutoField" | "BigAutoField" | "SmallAutoField")
    }

    /// Whether it has a column.
    pub(super) fn has_column(&self) -> bool {
        matches!(self.shape, Shape::Column | Shape::ForeignKey)
    }

    /// Whether it has a table of its own.
    pub(super) fn has_table(&self) -> bool {
        self.shape == Shape::ManyToMany && !self.through
    }

    /// The type of its column, as far as it is known; that of a foreign key is another field's.
    pub(super) fn ty(&self, engine: EngineKind) -> Option<Type> {
        if !self.known {
            return None;
        }
        let is_postgres = engine == EngineKind::Postgres;
        let [length, digits, places] = self.numbers;
        let text = match self.class.as_str() {
            "CharField" => length.map_or("VARCHAR".to_owned(), |length| format!("VARCHAR({length})")),
            "EmailField" => format!("VARCHAR({})", length.unwrap_or(254)),
            "URLField" => format!("VARCHAR({})", length.unwrap_or(200)),
            "SlugField" => format!("VARCHAR({})", length.unwrap_or(50)),
            "FileField" | "ImageField" | "FilePathField" => format!("VARCHAR({})", length.unwrap_or(100)),
            "CommaSeparatedIntegerField" => format!("VARCHAR({})", length?),
            "TextField" => "TEXT".to_owned(),
            "AutoField" | "IntegerField" | "PositiveIntegerField" => "INTEGER".to_owned(),
            "BigAutoField" | "BigIntegerField" | "PositiveBigIntegerField" => "BIGINT".to_owned(),
            "SmallAutoField" | "SmallIntegerField" | "PositiveSmallIntegerField" => "SMALLINT".to_owned(),
            "BooleanField" | "NullBooleanField" => "BOOLEAN".to_owned(),
            "DecimalField" => format!("NUMERIC({}, {})", digits?, places?),
            "FloatField" => "DOUBLE PRECISION".to_owned(),
            "DateField" => "DATE".to_owned(),
            "DateTimeField" if is_postgres => "TIMESTAMP WITH TIME ZONE".to_owned(),
            "DateTimeField" => "DATETIME".to_owned(),
            "TimeField" => "TIME".to_owned(),
            "DurationField" => if is_postgres { "INTERVAL" } else { "BIGINT" }.to_owned(),
            "UUIDField" if is_postgres || engine == EngineKind::MariaDb => "UUID".to_owned(),
            "UUIDField" => "CHAR(32)".to_owned(),
            "JSONField" => if is_postgres { "JSONB" } else { "JSON" }.to_owned(),
            "BinaryField" => "BLOB".to_owned(),
            "GenericIPAddressField" if is_postgres => "INET".to_owned(),
            "GenericIPAddressField" => "CHAR(39)".to_owned(),
            "ArrayField" => format!("{}[]", self.element.as_ref()?.ty(engine)?.text),
            "HStoreField" => "HSTORE".to_owned(),
            "CITextField" | "CICharField" | "CIEmailField" => "CITEXT".to_owned(),
            "SearchVectorField" => "TSVECTOR".to_owned(),
            _ => return None,
        };
        Some(Type { text, enum_name: None, makes_enum: false, collated: false })
    }
}

/// Whether an empty text is a value of it, which Django then takes for the default.
fn is_text(class: &str) -> bool {
    matches!(
        class,
        "CharField"
            | "TextField"
            | "EmailField"
            | "URLField"
            | "SlugField"
            | "FileField"
            | "ImageField"
            | "FilePathField"
            | "BinaryField"
            | "CICharField"
            | "CITextField"
            | "CIEmailField"
    )
}

fn shape(class: &str, call: &Call<'_>, known: bool) -> Shape {
    let named = |name: &str| call.arguments.named(name).is_some();
    match class {
        "GenericForeignKey" | "GenericRelation" | "TaggableManager" | "CompositePrimaryKey" => Shape::Virtual,
        "ForeignKey" | "OneToOneField" => Shape::ForeignKey,
        "ManyToManyField" => Shape::ManyToMany,
        _ if known => Shape::Column,
        _ if class.contains("ManyToMany") => Shape::ManyToMany,
        _ if class.contains("Manager") => Shape::Virtual,
        _ if named("to") && (named("on_delete") || class.contains("Key")) => Shape::ForeignKey,
        _ => Shape::Column,
    }
}

/// The model that is referred to, and whether it is the field's own.
fn target(value: Option<&Value<'_>>, app: &str) -> (Option<ModelKey>, bool) {
    match value.and_then(Value::name) {
        Some(name) if name == "self" => (None, true),
        Some(name) => (Some(super::app::key(app, &name)), false),
        None => (None, false),
    }
}
