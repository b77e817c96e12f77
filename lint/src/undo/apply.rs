//! What each operation does to a schema.

use mrt_chain::settings::EngineKind;

use super::object::{
    COLUMN_OPTIONS, DEFAULT_NAME, Known, NONE, TABLE_OPTIONS, constraint_name, is_role, of_default,
    of_nullable, of_option, of_setting, of_type,
};
use super::trial::Trial;
use super::{Facts, Object, Part, Problem, State};
use crate::operation::{
    Change, Column, Constraint, ConstraintRule, Index, Kind, ObjectKind, Options, Setting,
};
use crate::sql::normal;

impl Trial<'_> {
    pub(super) fn apply(&mut self, kind: &Kind) {
        if let Some(table) = kind.old_table() {
            self.check_case(table);
        }
        match kind {
            Kind::CreateTable {
                table,
                columns,
                constraints,
                indexes,
                exists_ok,
                complete,
                partition_of,
                from_query,
                ..
            } => {
                let object = Object::table(table);
                if *exists_ok && self.look(&object).is_some_and(|state| state.facts.is_some()) {
                    return;
                }
                let mut facts = Facts { complete: *complete, ..Facts::default() };
                if *complete {
                    facts.say(TABLE_OPTIONS, &Options::new());
                }
                facts.set("made by", from_query.as_ref().map(|_| "query".into()));
                if tells_case(self.engine) {
                    facts.set("spelling", Some(table.clone().into()));
                }
                facts.set("parent", partition_of.as_ref().map(|parent| parent.to_lowercase().into()));
                self.make(&object, facts, *exists_ok);
                if !complete {
                    self.forget_parts(&object.table, &object);
                }
                for column in columns {
                    self.make_column(table, column, true);
                }
                for constraint in constraints {
                    self.make_constraint(table, constraint);
                }
                if !constraints.iter().any(|constraint| constraint.rule == ConstraintRule::PrimaryKey) {
                    let key = columns.iter().filter(|column| column.primary_key);
                    self.make_key(table, key.map(|column| column.name.clone()).collect());
                }
                if self.engine != EngineKind::Sqlite {
                    let keys = columns.iter().flat_map(|column| &column.foreign_keys).chain(constraints);
                    for key in keys {
                        if let ConstraintRule::ForeignKey { table: Some(referred), .. } = &key.rule {
                            self.need_table(referred);
                        }
                    }
                }
                for index in indexes {
                    self.make_index(table, index, false);
                }
            }
            Kind::DropTable { table, missing_ok, cascade } => {
                if self.engine == EngineKind::Postgres && !cascade {
                    self.check_views(table, None);
                }
                if !cascade {
                    self.check_referrers(table);
                }
                self.drop_table(table, *missing_ok);
            }
            Kind::RenameTable { from, to } => self.rename_table(from, to),
            Kind::AddColumn { table, column, exists_ok } => {
                if *exists_ok
                    && self
                        .look(&Object::column(table, &column.name))
                        .is_none_or(|state| state.facts.is_some())
                {
                    return;
                }
                self.check_enum(table, column.ty.as_ref());
                self.make_column(table, column, false);
            }
            Kind::DropColumn { table, column, .. } if self.is_of_other_case(table, column) => {
                let object = Object::column(table, column);
                if let Some(state) = self.look(&object) {
                    self.now.insert(object, State { sure: false, ..state });
                }
            }
            Kind::DropColumn { table, column, missing_ok } => {
                self.check_default(&Object::column(table, column));
                self.remove(&Object::column(table, column), *missing_ok);
                let column = column.to_lowercase();
                for sequence in self.owned_by(&format!("{}.{column}", table.to_lowercase())) {
                    self.put(&sequence, None);
                }
                for object in self.keys_of(&table.to_lowercase()) {
                    let Some(facts) = self.look(&object).and_then(|state| state.facts) else { continue };
                    if facts.columns.contains(&column) {
                        self.put(&object, None);
                        // MySQL keeps what is left of an index over several columns.
                        if facts.columns.len() > 1
                            && let Some(state) = self.now.get_mut(&object)
                        {
                            state.sure = false;
                        }
                    }
                }
            }
            Kind::AlterColumn { table, column, .. } if self.is_of_other_case(table, column) => {}
            Kind::AlterColumn { table, column, change } => self.alter_column(table, column, change),
            Kind::CreateIndex { table, index, exists_ok, .. } => self.make_index(table, index, *exists_ok),
            Kind::DropIndex { name, table, missing_ok, .. } => {
                let object = self.find_index(table.as_deref(), name);
                if self.is_needed(&object) {
                    self.clash(&object, Problem::Needed);
                }
                self.remove(&object, *missing_ok);
            }
            Kind::CreateConstraint { table, constraint, validated } => {
                self.make_constraint(table, constraint);
                if !validated {
                    let object = Object::constraint(table, &constraint_name(constraint));
                    self.change(&object, vec![("validated", Some("no".into()))]);
                }
            }
            Kind::DropConstraint { table, name, kind, missing_ok } => {
                if self.engine == EngineKind::SqlServer
                    && let Some(column) = name.as_deref().and_then(|name| self.default_called(table, name))
                {
                    return self.change(&column, vec![("default", Some(NONE)), (DEFAULT_NAME, Some(NONE))]);
                }
                let object = self.find_constraint(table, name.as_deref(), *kind);
                if let Some(name) = name.as_ref().filter(|_| object.name.contains('(') && self.in_upgrade) {
                    self.names.insert(object.clone(), name.to_lowercase());
                }
                if object.part == Part::Index && self.is_needed(&object) {
                    self.clash(&object, Problem::Needed);
                }
                self.remove(&object, *missing_ok);
            }
            Kind::Create { object, name, table, definition, replaces, exists_ok } => {
                let key = self.free_for(*object, name, table.as_deref());
                if self.is_overload(&key, definition.as_deref()) {
                    return self.count_overload(&key, 1);
                }
                let mut facts = Facts::default();
                if *object == ObjectKind::Sequence {
                    let definition = definition.as_deref().unwrap_or_default();
                    for (option, value) in sequence_options(definition) {
                        facts.set(option, value);
                    }
                    facts.set("owner", owner(definition));
                } else {
                    facts.set("definition", definition.as_deref().map(|text| normal(text).into()));
                }
                facts.set("table", table.as_ref().map(|table| table.to_lowercase().into()));
                if *replaces {
                    // Whether there was one to replace cannot be told where nothing is known of it.
                    let known = self.look(&key);
                    let original = known.is_none_or(|state| state.facts.is_some_and(|facts| facts.original));
                    self.put(&key, Some(Facts { original, ..facts }));
                } else {
                    self.make(&key, facts, *exists_ok);
                }
            }
            Kind::Drop { object, name, table, missing_ok, .. } => {
                let key = self.known_as(*object, name, table.as_deref());
                if self.overloads(&key) > 0 {
                    return self.count_overload(&key, -1);
                }
                if *object == ObjectKind::Schema {
                    let prefix = format!("{}.", name.to_lowercase());
                    let inside: Vec<Object> =
                        self.now.keys().filter(|key| key.table.starts_with(&prefix)).cloned().collect();
                    inside.iter().for_each(|key| self.put(key, None));
                }
                if *object == ObjectKind::View {
                    // Indexes of a materialized view.
                    for part in self.of_table(&name.to_lowercase()) {
                        self.put(&part, None);
                    }
                }
                if *object == ObjectKind::Package {
                    let body = Object::other(*object, &format!("{name} body"));
                    if self.look(&body).is_some_and(|state| state.facts.is_some()) {
                        self.put(&body, None);
                    }
                }
                self.remove(&key, *missing_ok);
                let behind = format!(" {}", name.to_lowercase());
                for comment in self.others(|other| {
                    other.part == Part::Other(ObjectKind::Comment) && other.name.ends_with(&behind)
                }) {
                    self.put(&comment, None);
                }
            }
            Kind::Alter { object: ObjectKind::Sequence, name, what }
                if what.to_uppercase().starts_with("OWNED BY") =>
            {
                let owner = owner(what);
                let table =
                    owner.as_ref().and_then(|owner| Some(owner.rsplit_once('.')?.0.to_owned().into()));
                let sequence = Object::other(ObjectKind::Sequence, name);
                self.change(&sequence, vec![("table", table), ("owner", owner)]);
            }
            Kind::Alter { object: ObjectKind::Comment, name, what } => {
                let mut facts = Facts { original: true, ..Facts::default() };
                facts.set("text", Some(what.clone().into()));
                self.put(&Object::other(ObjectKind::Comment, name), Some(facts));
            }
            Kind::Rename { object: ObjectKind::Index, from, to, .. } => {
                let old = self.find_index(None, from);
                let new = Object { name: to.to_lowercase(), ..old.clone() };
                self.move_object(&old, &new);
            }
            Kind::Rename { object: ObjectKind::Constraint, from, to, table } => {
                let table = table.as_deref().unwrap_or_default();
                let old = self.find_constraint(table, Some(from), None);
                // A key is known by its role, whatever it is called.
                if !is_role(&old.name) {
                    self.move_object(&old, &Object { name: to.to_lowercase(), ..old.clone() });
                }
            }
            Kind::Rename { object, from, to, .. } => {
                self.move_object(&Object::other(*object, from), &Object::other(*object, to));
            }
            Kind::Alter { object: ObjectKind::Sequence, name, what } => {
                self.change(&Object::other(ObjectKind::Sequence, name), sequence_options(what));
            }
            Kind::Alter { object, name, what } => {
                // What it is now is known, what it was is not, so a downgrade that changes it again is taken for its reverse.
                let definition =
                    if self.in_upgrade { Some(format!("… {}", normal(what)).into()) } else { None };
                self.change(&Object::other(*object, name), vec![("definition", definition)]);
            }
            Kind::Set { object, options } => {
                let object = if object.part == Part::Index && object.table.is_empty() {
                    self.find_index(None, &object.name)
                } else {
                    object.clone()
                };
                let attributes = options.iter().map(|(option, value)| (*option, of_option(value)));
                self.change(&object, attributes.collect());
            }
            Kind::AddEnumValue { .. } => {}
            Kind::Insert { sources, .. } => {
                let absent = sources.iter().map(|word| Object::table(word)).find(|table| self.is_gone(table));
                absent.iter().for_each(|table| self.need(table));
            }
            Kind::Update { table, columns, reads, .. } => {
                self.check_lengths(kind);
                columns.iter().for_each(|column| self.need(&Object::column(table, column)));
                // In a subquery a word may be a column of another table.
                if !reads.iter().any(|word| word == "select" || word == "from") {
                    let own = reads.iter().map(|word| Object::column(table, word));
                    let absent = own.into_iter().find(|column| self.is_gone(column));
                    absent.iter().for_each(|column| self.need(column));
                }
            }
            Kind::Delete { .. }
            | Kind::Truncate { .. }
            | Kind::Raw { .. }
            | Kind::Opaque { .. }
            | Kind::Raise => {}
        }
    }

    fn make_column(&mut self, table: &str, column: &Column, with_table: bool) {
        if self.is_of_other_case(table, &column.name) {
            return;
        }
        let mut facts = Facts::of_column(column);
        if self.engine == EngineKind::Postgres {
            // Capitals alone may be those of a word of SQL, which are none to the server.
            let spelled = Some(column.name.clone()).filter(|name| name.contains(char::is_lowercase));
            facts.set("spelling", spelled.map(Into::into));
        }
        if !with_table && facts.get("autoincrement") == Some("none") {
            // A sequence may be given to it afterwards.
            facts.set("autoincrement", None);
        }
        self.make(&Object::column(table, &column.name), facts, false);
        if column.primary_key && !with_table {
            self.make_key(table, vec![column.name.clone()]);
        }
        if column.unique {
            let rule = ConstraintRule::Unique;
            let unique = Constraint {
                name: None,
                rule,
                columns: vec![column.name.clone()],
                deferred: String::new(),
                options: Options::new(),
            };
            self.make_constraint(table, &unique);
        }
        if column.index {
            let bare = table.rsplit('.').next().unwrap_or(table);
            let index = Index {
                name: Some(format!("ix_{bare}_{}", column.name)),
                columns: Some(vec![column.name.clone()]),
                unique: Some(column.unique),
                predicate: Setting::None,
                options: Options::new(),
            };
            // Alembic makes it along with a table; for a column that is added later it does not.
            if with_table {
                self.make_index(table, &index, false);
            }
        }
        for key in &column.foreign_keys {
            self.make_constraint(table, key);
        }
        if let Some(ty) = column.ty.as_ref().filter(|ty| ty.makes_enum && with_table)
            && let Some(name) = &ty.enum_name
        {
            let object = Object::other(ObjectKind::Type, name);
            // Nothing looks whether the type is there before it is made, but for the types that other tables of the step have made.
            let mut facts = Facts::default();
            facts.set("by", Some(if self.in_upgrade { "upgrade" } else { "downgrade" }.into()));
            let by = facts.get("by").map(str::to_owned);
            let is_own = |state: State| {
                state.facts.is_some_and(|known| !known.original && known.get("by") == by.as_deref())
            };
            if !self.look(&object).is_some_and(is_own) {
                self.make(&object, facts, false);
            }
        }
    }

    /// The primary key that columns say by themselves.
    fn make_key(&mut self, table: &str, columns: Vec<String>) {
        if !columns.is_empty() {
            let rule = ConstraintRule::PrimaryKey;
            self.make_constraint(
                table,
                &Constraint { name: None, rule, columns, deferred: String::new(), options: Options::new() },
            );
        }
    }

    fn make_index(&mut self, table: &str, index: &Index, exists_ok: bool) {
        let name = index.name.clone().unwrap_or_else(|| {
            format!("index({})", index.columns.as_ref().map_or(String::new(), |columns| columns.join(", ")))
        });
        let nameless_table = Object::index("", &name);
        let object = Object::index(table, &name);
        // A DROP INDEX that names no table has told of one by that name.
        let known = self.now.contains_key(&nameless_table) && self.look(&object).is_none();
        self.make(if known { &nameless_table } else { &object }, Facts::of_index(index), exists_ok);
    }

    fn make_constraint(&mut self, table: &str, constraint: &Constraint) {
        if matches!(self.engine, EngineKind::MySql | EngineKind::MariaDb)
            && constraint.rule == ConstraintRule::Unique
        {
            // There it is a unique index.
            let index = Index {
                name: Some(constraint_name(constraint)),
                columns: Some(constraint.columns.clone()),
                unique: Some(true),
                predicate: Setting::None,
                options: Options::new(),
            };
            return self.make_index(table, &index, false);
        }
        self.check_types(table, constraint);
        self.make(
            &Object::constraint(table, &constraint_name(constraint)),
            Facts::of_constraint(constraint),
            false,
        );
    }

    fn alter_column(&mut self, table: &str, column: &str, change: &Change) {
        let object = Object::column(table, column);
        let unknown = self.look(&object).is_none();
        if let Some(Some(ty)) = &change.ty {
            self.check_enum(table, Some(ty));
            self.check_cast(&object, &ty.text, change.using.is_some());
            let changes = self.look(&object).and_then(|state| state.facts);
            let changes =
                changes.is_some_and(|facts| facts.get("type").is_some_and(|known| known != ty.text));
            if self.engine == EngineKind::Postgres && changes {
                self.check_views(table, Some(column));
            }
        }
        self.learn(&object, change);
        let mut attributes = Vec::new();
        if let Some(ty) = &change.ty {
            attributes.push(("type", ty.as_ref().map(of_type)));
        }
        if let Some(nullable) = change.nullable.filter(|_| !self.is_kept_by_key(&object, change)) {
            attributes.push(("nullable", Some(of_nullable(nullable))));
        }
        if let Some(default) = &change.default {
            attributes.push(("default", of_default(default)));
        }
        if let Some(comment) = &change.comment {
            attributes.push(("comment", of_setting(comment)));
        }
        let restates = change.restated
            || (change.ty.is_some() && matches!(self.engine, EngineKind::Postgres | EngineKind::SqlServer));
        if restates {
            // What is not said anew is gone. Of these, the others only say the collation with the type.
            let known = self.look(&object).and_then(|state| state.facts).unwrap_or_default();
            let of_all = matches!(self.engine, EngineKind::MySql | EngineKind::MariaDb);
            let gone = COLUMN_OPTIONS.iter().filter(|option| of_all || **option == "collation");
            let gone =
                gone.filter(|option| known.get(option).is_some() && !change.options.contains_key(*option));
            attributes.extend(gone.map(|option| (*option, Some(NONE))));
        }
        attributes.extend(change.options.iter().map(|(option, value)| (*option, of_option(value))));
        if change.restated && unknown {
            // What was not known before cannot be known to have changed, but for what the author says of it.
            let facts = self.look(&object).and_then(|state| state.facts).unwrap_or_default();
            attributes.retain(|(attribute, _)| facts.get(attribute).is_some());
        }
        if let Some(Setting::Is(name)) = change.options.get(DEFAULT_NAME) {
            // It was dropped as a constraint, before anybody knew that it is a default.
            let constraint = Object::constraint(table, name);
            if self.is_gone(&constraint) {
                let facts = self.before(&constraint);
                self.put(&constraint, facts);
            }
        }
        self.change(&object, attributes);
        if let Some(name) = &change.name {
            let renamed = Object::column(table, name);
            self.move_object(&object, &renamed);
            if self.engine == EngineKind::Postgres
                && let Some(State { facts: Some(facts), .. }) = self.now.get_mut(&renamed)
                && facts.get("spelling").is_some()
            {
                facts.set("spelling", Some(name.clone().into()));
            }
        }
    }

    /// What the author says that a column has been before, where nothing is known.
    fn learn(&mut self, object: &Object, change: &Change) {
        if !self.in_upgrade
            || self.base.get(object).is_some()
            || self.now.contains_key(object)
            || self.look(object).is_some()
        {
            return;
        }
        let mut facts = Facts { original: true, ..Facts::default() };
        facts.set("type", change.existing_type.as_ref().map(of_type));
        facts.set("nullable", change.existing_nullable.map(of_nullable));
        facts.set("default", change.existing_default.as_ref().and_then(of_default));
        self.assume(object, Some(facts.clone()));
        self.put(object, Some(facts));
    }

    fn move_object(&mut self, from: &Object, to: &Object) {
        let facts = match self.look(from) {
            Some(_) => self.remove(from, false),
            None => {
                let original = Facts { original: true, ..Facts::default() };
                self.assume(from, Some(original.clone()));
                self.put(from, None);
                Some(original)
            }
        };
        let facts = facts.unwrap_or_default();
        self.make(to, facts, false);
        if from.part == Part::Column {
            self.rename_in_parts(&from.table, &from.name, &to.name);
        }
    }
}

/// The column that a sequence belongs to, in `… OWNED BY orders.number`.
fn owner(text: &str) -> Known {
    let text = normal(text);
    let mut words = text.split_once("owned by ")?.1.split(' ');
    let mut parts = Vec::new();
    while let Some(name) = words.next() {
        parts.push(name);
        if words.next() != Some(".") {
            break;
        }
    }
    let parts = parts.strip_prefix(&["public"]).unwrap_or(&parts);
    (parts.len() > 1).then(|| parts.join(".").into())
}

/// Whether a server tells `A` and `a` apart where tables are called so.
fn tells_case(engine: EngineKind) -> bool {
    matches!(engine, EngineKind::Postgres | EngineKind::MySql | EngineKind::MariaDb)
}

/// The options of a sequence that a text sets.
pub(crate) fn sequence_options(text: &str) -> Vec<(&'static str, Known)> {
    let words: Vec<String> = normal(text).split_whitespace().map(str::to_owned).collect();
    let mut options = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let option = match word.as_str() {
            "increment" => "increment",
            "maxvalue" => "maximum",
            "minvalue" => "minimum",
            "cache" => "cache",
            "cycle" => "cycle",
            _ => continue,
        };
        let refused = at > 0 && words[at - 1] == "no";
        let mut value = words[at + 1..].iter().skip_while(|word| matches!(word.as_str(), "by" | "="));
        let value = if refused || option == "cycle" {
            Some(if refused { "none" } else { "yes" }.into())
        } else {
            value.next().map(|first| {
                if first == "-" {
                    format!("-{}", value.next().map_or("", String::as_str)).into()
                } else {
                    first.clone().into()
                }
            })
        };
        options.push((option, value));
    }
    options
}
