//! Tests against real servers, named by `MRT_TEST_MYSQL_URL` and `MRT_TEST_MARIADB_URL` (administrators' URLs, with blanks
//! between).
#![allow(clippy::unwrap_used)]

mod catalog;
