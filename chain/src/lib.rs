//! Reads a migration project without a database and without Python: settings and the revision graph.
//!
//! This crate starts no process, opens no connection and imports no migration. What it knows comes from files:
//! `mrt.toml`, `alembic.ini`, `pyproject.toml` and the revision files' syntax trees.

pub mod graph;
pub mod settings;
mod text;
