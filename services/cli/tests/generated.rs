//! Generated files that are committed are those that the types give today.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use faultline_producer::push::openapi;
use faultline_schemas::generate;

const ADVICE: &str = "is out of date, write it again: make generate";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    let folder = root().join("schemas/generated");
    let mut files = generate::files();
    files.push(openapi::file());
    files.extend(faultline_rules::schema_files());
    for (name, content) in &files {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(&committed == content, "schemas/generated/{name} {ADVICE}");
    }
    let names: BTreeSet<String> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, files.iter().map(|(name, _)| (*name).to_owned()).collect(), "schemas/generated {ADVICE}");
}

#[test]
fn the_committed_example_configuration_is_that_of_the_types() {
    let output = Command::new(env!("CARGO_BIN_EXE_faultline")).args(["config", "default"]).output().unwrap();
    assert!(output.status.success());
    let committed = std::fs::read(root().join("deploy/faultline.toml")).unwrap_or_default();
    assert!(committed == output.stdout, "deploy/faultline.toml {ADVICE}");
}
