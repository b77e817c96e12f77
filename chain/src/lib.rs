//! Reads a migration project without a database and without Python: settings, the revision graph, what to check of it.
//!
//! This crate starts no process, opens no connection and imports no migration. What it knows comes from files:
//! `mrt.toml`, `alembic.ini`, `pyproject.toml` and the revision files' syntax trees.

pub mod graph;
pub mod selection;
pub mod settings;
pub mod text;
