//! Which files are taken, and going on with them.

use super::*;
use crate::outlet::recorded::{Recorded, context, outlet};

/// A folder of archives, and what a Kafka would have of it.
struct World {
    folder: tempfile::TempDir,
    ctx: RoleContext,
    outlet: Outlet,
    recorded: Arc<Recorded>,
}

impl World {
    fn new() -> Self {
        let ctx = context();
        let (outlet, recorded) = outlet(&ctx);
        Self { folder: tempfile::tempdir().unwrap(), ctx, outlet, recorded }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs it as a process that starts would: what it published, the files it found done, and its tally.
    fn run(&self) -> (Vec<String>, u64, Arc<Tally>) {
        self.recorded.records.lock().retain(|record| record.topic.ends_with("sources"));
        let files = list(&[self.folder.path().to_owned()]).unwrap();
        let request = BackfillRequest {
            paths: Vec::new(),
            format: Format::Auto,
            fields: FieldSettings::default(),
            rate: None,
            backlog: None,
            settings: ProducerSettings::default(),
        };
        let (tally, done_before) = (Arc::<Tally>::default(), AtomicU64::new(0));
        let remembered = state::of_source(&self.recorded.states(), SOURCE);
        let (outlet, shared) = (self.outlet.clone(), Arc::clone(&tally));
        let (failures, is_complete) =
            fill(&self.ctx, &request, &files, remembered, outlet, shared, &done_before, Duration::ZERO);
        assert!(failures.is_empty() && is_complete, "{failures:?}");
        (self.recorded.texts(), done_before.into_inner(), tally)
    }
}

#[test]
fn every_file_below_a_folder_is_taken_once_whatever_it_is_and_only_what_is_new_the_next_time() {
    let world = World::new();
    world.write("2021/a.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n");
    world.write("2022/b.csv", "text\nthree\nfour\n");
    world.write("2022/.hidden.csv", "text\nhidden\n");
    let (texts, done_before, tally) = world.run();
    assert_eq!((texts, done_before), (["one", "two", "three", "four"].map(str::to_owned).into(), 0));
    let size = |name: &str| fs::metadata(world.folder.path().join(name)).unwrap().len();
    let all = size("2021/a.jsonl") + size("2022/b.csv");
    assert_eq!(tally.bytes_read.load(Ordering::Relaxed), all);
    let (texts, done_before, tally) = world.run();
    assert_eq!((texts.len(), done_before, tally.bytes_read.load(Ordering::Relaxed)), (0, 2, all));
    world.write("2022/b.csv", "text\nthree\nfour\nfive\n");
    world.write("2023/c.txt", "Six.");
    let (texts, done_before, _) = world.run();
    assert_eq!((texts, done_before), (["five", "Six."].map(str::to_owned).into(), 1));
}

#[test]
fn a_file_that_was_replaced_by_a_shorter_one_is_read_from_its_start() {
    let world = World::new();
    world.write("a.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n");
    world.run();
    world.write("a.jsonl", "{\"text\": \"new\"}\n");
    assert_eq!(world.run().0, ["new"]);
}

#[test]
fn a_path_named_twice_is_taken_once_and_one_that_is_missing_is_an_error() {
    let world = World::new();
    world.write("a.jsonl", "");
    let (folder, file) = (world.folder.path().to_owned(), world.folder.path().join("a.jsonl"));
    assert_eq!(list(&[file, folder.clone(), folder.join("./a.jsonl")]).unwrap().len(), 1);
    let error = list(&[folder.join("missing")]).unwrap_err();
    assert!(format!("{error:#}").contains("missing"), "{error:#}");
}
