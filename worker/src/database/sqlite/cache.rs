//! Catalogs that were read before.
//!
//! A cell meets the same few schemas again and again: before the revision and after its rollback, after its upgrade
//! and after the second one. What SQLite tells of a schema follows from the text that it stores, so the same text is
//! read once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::database::catalog::Catalog;

/// How many are kept: some for each cell that is under way.
const KEPT: usize = 32;

/// All that a schema's catalog follows from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) user_version: i64,
    pub(super) application_id: i64,
    /// Everything in `sqlite_schema`, by name.
    pub(super) entries: Vec<StoredEntry>,
}

/// Type, name, table, text, and whether it has no root page.
pub(super) type StoredEntry = (String, String, String, Option<String>, bool);

/// The catalogs that were read last, shared by the sessions of an engine.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalogs(Arc<Mutex<VecDeque<Known>>>);

type Known = (Stored, Arc<Catalog>);

impl Catalogs {
    pub(super) fn get(&self, stored: &Stored) -> Option<Arc<Catalog>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(known, _)| known == stored)?;
        let found = all.remove(at)?;
        let catalog = Arc::clone(&found.1);
        all.push_front(found);
        Some(catalog)
    }

    pub(super) fn put(&self, stored: Stored, catalog: &Catalog) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.truncate(KEPT - 1);
        all.push_front((stored, Arc::new(catalog.clone())));
    }
}
