//! Files that grow, are replaced, cut, damaged, or come and go.

use std::{fs, io::Write as _, thread, time::Instant};

use faultline_platform::RoleContext;

use super::*;
use crate::{
    intake::Intake,
    outlet::recorded::{Recorded, context, outlet},
    seen::Seen,
    state,
};

/// A source over a temporary folder, which may be stopped and started again.
struct World {
    folder: tempfile::TempDir,
    settings: SourceSettings,
    recorded: Arc<Recorded>,
    outlet: crate::outlet::Outlet,
    ctx: RoleContext,
}

const SETTLE: Duration = Duration::from_millis(120);

impl World {
    fn new(kind: SourceKind, path: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ctx = context();
        let (outlet, recorded) = outlet(&ctx);
        let path = Some(folder.path().join(path));
        let settings = SourceSettings { id: "s".into(), kind, path, ..SourceSettings::default() };
        Self { folder, settings, recorded, outlet, ctx }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn append(&self, name: &str, content: &str) {
        let path = self.folder.path().join(name);
        fs::OpenOptions::new().append(true).open(path).unwrap().write_all(content.as_bytes()).unwrap();
    }

    /// Runs the source, as a process that starts would, until it ends; what it published since the last run.
    fn run(&self) -> Vec<String> {
        self.recorded.records.lock().retain(|record| record.topic.ends_with("sources"));
        let remembered = state::of_source(&self.recorded.states(), "s");
        let mut session = Session::new(
            Some("s".into()),
            Intake::of_source(&self.settings, 10_000),
            Seen::new(100, &remembered.seen),
            self.outlet.clone(),
            Arc::default(),
            self.ctx.stop.clone(),
        );
        let rescan = Duration::from_secs(20);
        let reading = Reading { entry_limit: 10_000, page_limit: 10_000, settle: SETTLE, rescan, grace: SETTLE };
        FilesSource::new(&self.ctx, &self.settings, reading, remembered.files).run(&mut session);
        session.finish(Duration::ZERO);
        self.recorded.texts()
    }

    /// Runs the source, watching, while `act` works on its files.
    fn watch(&mut self, act: impl FnOnce(&Self)) {
        self.settings.watch = true;
        let world = &*self;
        thread::scope(|scope| {
            let running = scope.spawn(|| world.run());
            // Stops the source even when an assertion fails.
            struct StopAtEnd<'a>(&'a Stop);
            impl Drop for StopAtEnd<'_> {
                fn drop(&mut self) {
                    self.0.request();
                }
            }
            let at_end = StopAtEnd(&world.ctx.stop);
            act(world);
            drop(at_end);
            running.join().unwrap();
        });
    }

    fn expect(&self, texts: &[&str]) {
        let until = Instant::now() + Duration::from_secs(10);
        while self.recorded.texts() != texts && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(self.recorded.texts(), texts);
    }
}

fn line(text: &str) -> String {
    format!("{{\"text\": \"{text}\"}}\n")
}

#[test]
fn a_file_that_grew_is_gone_on_with_after_a_restart() {
    let world = World::new(SourceKind::File, "a.jsonl");
    world.write("a.jsonl", line("one") + &line("two"));
    assert_eq!(world.run(), ["one", "two"]);
    assert!(world.run().is_empty());
    world.append("a.jsonl", &line("three"));
    assert_eq!(world.run(), ["three"]);
    let states = state::of_source(&world.recorded.states(), "s");
    assert_eq!(states.files.values().map(|cursor| (cursor.line, cursor.done)).collect::<Vec<_>>(), [(3, true)]);
}

#[test]
fn a_file_that_was_replaced_or_cut_is_read_from_its_start() {
    let world = World::new(SourceKind::File, "a.jsonl");
    world.write("a.jsonl", line("one") + &line("two"));
    world.run();
    world.write("a.jsonl", line("other") + &line("two") + &line("new"));
    assert_eq!(world.run(), ["other", "new"], "what was seen before is not published again");
    world.write("a.jsonl", line("cut"));
    assert_eq!(world.run(), ["cut"]);
}

#[test]
fn a_long_file_cut_behind_its_head_is_read_from_its_start() {
    let world = World::new(SourceKind::File, "a.jsonl");
    let long: String = (0..100).map(|number| line(&format!("article {number}"))).collect();
    world.write("a.jsonl", &long);
    assert_eq!(world.run().len(), 100);
    let at_line = long.match_indices('\n').nth(59).unwrap().0 + 1;
    world.write("a.jsonl", &long[..at_line]);
    world.append("a.jsonl", &line("later"));
    assert_eq!(world.run(), ["later"]);
}

#[test]
fn a_compressed_file_is_read_once_and_gone_on_with_when_a_member_is_added() {
    let world = World::new(SourceKind::File, "a.jsonl.zst");
    let first = zstd::encode_all(line("one").as_bytes(), 3).unwrap();
    world.write("a.jsonl.zst", &first);
    assert_eq!(world.run(), ["one"]);
    assert!(world.run().is_empty());
    world.write("a.jsonl.zst", [first, zstd::encode_all(line("two").as_bytes(), 3).unwrap()].concat());
    assert_eq!(world.run(), ["two"]);
}

#[test]
fn a_table_that_grew_is_gone_on_with_under_the_header_it_has() {
    let world = World::new(SourceKind::File, "a.csv");
    world.write("a.csv", "title;body\nOne;one\nTwo;two\n");
    assert_eq!(world.run(), ["one", "two"]);
    assert!(world.run().is_empty());
    world.append("a.csv", "Three;three");
    assert_eq!(world.run(), ["three"]);
    world.append("a.csv", " and more\n");
    assert_eq!(world.run(), ["three and more"], "what may still have grown is read again");
}

#[test]
fn a_damaged_file_gives_what_it_has_and_the_others_are_read() {
    let world = World::new(SourceKind::Folder, "");
    let whole = zstd::encode_all((line("one") + &line("two")).repeat(500).as_bytes(), 3).unwrap();
    world.write("a.zst", &whole[..whole.len() - 3]);
    world.write("b.jsonl", line("three"));
    let texts = world.run();
    assert!(texts.contains(&"three".to_owned()), "{texts:?}");
    let ready = world.ctx.health.ready();
    assert!(format!("{ready:?}").contains("a.zst"), "{ready:?}");
}

#[test]
fn a_folder_gives_the_files_that_match_in_order_and_no_hidden_ones() {
    let mut world = World::new(SourceKind::Folder, "");
    world.settings.glob = Some("**/*.jsonl".into());
    world.write("b.jsonl", line("b"));
    world.write("a/c.jsonl", line("c"));
    world.write("a.txt", "not matched");
    world.write(".hidden.jsonl", line("hidden"));
    world.write(".git/x.jsonl", line("hidden"));
    assert_eq!(world.run(), ["c", "b"]);
}

#[test]
fn a_missing_file_is_shown_in_the_health_and_is_no_panic() {
    let world = World::new(SourceKind::File, "missing.jsonl");
    assert!(world.run().is_empty());
    let ready = format!("{:?}", world.ctx.health.ready());
    assert!(ready.contains("missing.jsonl"), "{ready}");
}

#[test]
fn a_watched_folder_gives_what_is_new_and_what_grows() {
    let mut world = World::new(SourceKind::Folder, "");
    world.write("a.jsonl", line("one"));
    world.watch(|world| {
        world.expect(&["one"]);
        world.append("a.jsonl", &line("two"));
        world.expect(&["one", "two"]);
        world.write("sub/b.jsonl", line("three"));
        world.expect(&["one", "two", "three"]);
    });
}

#[test]
fn a_watched_line_is_taken_when_it_is_whole() {
    let mut world = World::new(SourceKind::File, "a.jsonl");
    world.write("a.jsonl", "");
    world.watch(|world| {
        world.append("a.jsonl", "{\"text\": ");
        thread::sleep(SETTLE / 3);
        world.append("a.jsonl", "\"one\"}\n");
        world.expect(&["one"]);
    });
    assert!(world.recorded.letters.lock().is_empty());
}

#[test]
fn a_watched_text_is_taken_when_it_was_left_alone_and_again_when_it_changed() {
    let mut world = World::new(SourceKind::Folder, "");
    world.watch(|world| {
        world.write("a.txt", "Talks ");
        thread::sleep(SETTLE / 3);
        world.append("a.txt", "resumed.");
        world.expect(&["Talks resumed."]);
        world.write("a.txt", "Talks failed.");
        world.expect(&["Talks resumed.", "Talks failed."]);
    });
}

#[test]
fn dated_text_that_grows_gives_each_article_once() {
    let mut world = World::new(SourceKind::File, "a.txt");
    world.write("a.txt", "date 2022-08-17 One.\n");
    world.watch(|world| {
        world.expect(&["One."]);
        world.append("a.txt", "date 2022-08-18 Two.\n");
        world.expect(&["One.", "Two."]);
    });
}

#[test]
fn a_cursor_is_forgotten_with_its_file() {
    let world = World::new(SourceKind::Folder, "");
    world.write("a.jsonl", line("one"));
    world.write("b.jsonl", line("two"));
    world.run();
    fs::remove_file(world.folder.path().join("a.jsonl")).unwrap();
    world.run();
    let files = state::of_source(&world.recorded.states(), "s").files;
    assert_eq!(files.keys().collect::<Vec<_>>(), ["b.jsonl"]);
}
