//! The models as the migrations so far have left them.

use std::collections::BTreeMap;

use mrt_chain::settings::EngineKind;

use super::field::{Field, ModelKey, Shape};
use super::written::{Constraint, ConstraintKind, Index};
use crate::operation::Type;

/// Every model of the project that a migration has made.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) models: BTreeMap<ModelKey, Model>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Model {
    /// As it is written.
    pub(super) name: String,
    /// `db_table`.
    pub(super) db_table: Option<String>,
    pub(super) unmanaged: bool,
    /// All of its fields are known.
    pub(super) complete: bool,
    pub(super) fields: Vec<(String, Field)>,
    pub(super) unique_together: Vec<Vec<String>>,
    pub(super) index_together: Vec<Vec<String>>,
    pub(super) indexes: Vec<Index>,
    pub(super) constraints: Vec<Constraint>,
}

impl State {
    pub(super) fn model(&self, app: &str, name: &str) -> Option<&Model> {
        self.models.get(&key(app, name))
    }

    pub(super) fn model_mut(&mut self, app: &str, name: &str) -> Option<&mut Model> {
        self.models.get_mut(&key(app, name))
    }

    /// The table of a model, known or not.
    pub(super) fn table(&self, app: &str, name: &str) -> String {
        let own = self.model(app, name).and_then(|model| model.db_table.clone());
        own.unwrap_or_else(|| default_table(app, name))
    }

    pub(super) fn table_of(&self, (app, name): &ModelKey) -> String {
        self.table(app, name)
    }

    /// The type of what refers to a model.
    pub(super) fn key_type(&self, key: &ModelKey, engine: EngineKind) -> Option<Type> {
        let mut key = key.clone();
        // A key may itself refer to another model; not for ever.
        for _ in 0..8 {
            let (_, field) = self.models.get(&key)?.fields.iter().find(|(_, field)| field.primary_key)?;
            if field.shape != Shape::ForeignKey {
                return field.ty(engine);
            }
            key = field.to.clone()?;
        }
        None
    }

    /// The type of a field's column.
    pub(super) fn column_type(&self, field: &Field, engine: EngineKind) -> Option<Type> {
        match (field.shape, &field.to) {
            (Shape::ForeignKey, Some(to)) => self.key_type(to, engine),
            (Shape::ForeignKey, None) => None,
            _ => field.ty(engine),
        }
    }

    /// Fields of other models that refer to it follow its name.
    pub(super) fn rename(&mut self, app: &str, from: &str, to: &str) {
        let (old, new) = (key(app, from), key(app, to));
        if let Some(mut model) = self.models.remove(&old) {
            to.clone_into(&mut model.name);
            self.models.insert(new.clone(), model);
        }
        for (_, field) in self.models.values_mut().flat_map(|model| &mut model.fields) {
            if field.to.as_ref() == Some(&old) {
                field.to = Some(new.clone());
            }
        }
    }
}

impl Model {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, field)| field)
    }

    /// The column of a field, known or not.
    pub(super) fn column(&self, name: &str) -> String {
        self.field(name).map_or_else(|| name.to_owned(), |field| field.column(name))
    }

    /// A field has another name: what is said of it follows.
    pub(super) fn rename_field(&mut self, from: &str, to: &str) {
        let rename = |name: &mut String| {
            if name == from {
                to.clone_into(name);
            }
        };
        self.fields.iter_mut().for_each(|(name, _)| rename(name));
        self.unique_together.iter_mut().chain(&mut self.index_together).flatten().for_each(rename);
        self.indexes.iter_mut().filter_map(|index| index.fields.as_mut()).flatten().for_each(rename);
        for constraint in &mut self.constraints {
            match &mut constraint.kind {
                ConstraintKind::Unique(fields) => fields.iter_mut().for_each(rename),
                ConstraintKind::UniqueIndex { fields: Some(fields), .. } => {
                    fields.iter_mut().for_each(rename)
                }
                _ => {}
            }
        }
    }
}

pub(super) fn key(app: &str, name: &str) -> ModelKey {
    (app.to_owned(), name.to_lowercase())
}

pub(super) fn default_table(app: &str, name: &str) -> String {
    format!("{app}_{}", name.to_lowercase())
}
