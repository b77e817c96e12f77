//! The check of one cell: seven steps, knowing only traits.
