//! Chores: benchmarks, soak runs, fuzzing.

fn main() {}
