//! Makes cargo build again when a migration is added: they are compiled in.

#![expect(clippy::print_stdout, reason = "cargo reads instructions from a build script's standard output")]

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
