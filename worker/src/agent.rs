//! A worker's side of the farm.
