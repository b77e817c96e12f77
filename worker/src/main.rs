//! `mrt-worker`: a worker of the farm as a program.

fn main() {}
