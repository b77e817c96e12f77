//! mrt
fn main() {}
