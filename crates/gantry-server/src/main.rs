//! The gantry binary: wiring, configuration, signals.

fn main() {}
