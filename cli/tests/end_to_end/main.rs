//! The real binary on real projects, as people and their pipelines run it.
//!
//! What a test needs and does not find it says in a line with `SKIPPED: `: a Python with Alembic and psycopg2
//! (`MRT_TEST_PYTHON`), a server of its own (`MRT_TEST_POSTGRES_URL`, an administrator's URL), or a container engine with
//! the image of postgres:15.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod branches;
mod check;
mod command_line;
mod environment;
mod farm;
mod isolation;
mod notify;
mod options;
mod reports;
mod repro;
mod run;
mod server_wide;
mod support;
mod targets;
