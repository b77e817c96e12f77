//! SQL Server 2019, 2022 and 2025.

mod catalog;
mod error;
mod wire;
