//! The `fwc` command.

fn main() {}
