//! Taking files in, and the corpus where it is there.

use std::path::Path;

use parking_lot::Mutex;

use super::*;
use crate::outlet::recorded::{Recorded, context, outlet};

fn request(inputs: Vec<Input>) -> IngestRequest {
    IngestRequest { list_taken: true, ..IngestRequest::new(inputs, &ProducerSettings::default()) }
}

async fn take(paths: &[&Path]) -> (IngestReport, Arc<Recorded>, Vec<Progress>) {
    let ctx = context();
    let (outlet, recorded) = outlet(&ctx);
    let seen = Mutex::new(Vec::new());
    let inputs = paths.iter().map(|path| Input::File(path.to_path_buf())).collect();
    let report = ingest_through(ctx, request(inputs), outlet, |progress| seen.lock().push(progress)).await.unwrap();
    (report, recorded, seen.into_inner())
}

#[tokio::test]
async fn a_report_accounts_for_every_entry() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, missing, text) =
        (folder.path().join("a.jsonl"), folder.path().join("missing"), folder.path().join("b.txt"));
    let long = format!("{{\"text\": \"{}\"}}\n", "x".repeat(5_000_000));
    let content =
        ["{\"text\": \"one\"}\n", "{\"text\": \"one\"}\n", "{\n", "{\"text\": \"two\", \"date\": \"soon\"}\n", &long];
    std::fs::write(&lines, content.concat()).unwrap();
    std::fs::write(&text, "Three.").unwrap();
    let (report, recorded, told) = take(&[&lines, &missing, &text]).await;
    assert_eq!(recorded.texts(), ["one", "two", "Three."]);
    let progress = report.progress;
    assert_eq!((progress.read, progress.acknowledged, progress.repeats, progress.refused), (6, 3, 1, 2));
    assert_eq!(Some(progress.bytes_read), progress.bytes_total);
    assert_eq!(progress.time_left(), Some(Duration::ZERO));
    assert_eq!(report.refused, [("not_json", 1), ("too_large", 1)].into());
    assert_eq!(report.warnings, [("date_broken", 1)].into());
    assert_eq!(report.explained.len(), 2);
    let published: Vec<(String, String)> = recorded
        .records
        .lock()
        .iter()
        .filter_map(|record| serde_json::from_slice::<faultline_schemas::Article>(record.payload.as_deref()?).ok())
        .map(|article| (article.id, article.revision))
        .collect();
    assert_eq!(report.taken, published);
    assert_eq!(recorded.letters.lock()[1].2.len(), long.len(), "five megabytes are in the dead letters whole");
    assert!(report.failures.len() == 1 && report.failures[0].contains("missing"), "{:?}", report.failures);
    assert!(!report.interrupted);
    assert_eq!(told.last().map(|last| last.acknowledged), Some(3));
}

#[tokio::test]
async fn a_table_without_a_text_fails_as_a_whole_and_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (none, table) = (folder.path().join("names.csv"), folder.path().join("news.csv"));
    std::fs::write(&none, "name,age\nA,1\nB,2\n").unwrap();
    std::fs::write(&table, "Headline,Story\nOne,Talks resumed.\nTwo,They met, and spoke.\nThree,Done.").unwrap();
    let (report, recorded, _) = take(&[&none, &table]).await;
    assert_eq!(recorded.texts(), ["Talks resumed.", "Done."]);
    assert_eq!(report.refused, [("row_width", 1)].into());
    assert_eq!(recorded.letters.lock()[0].2, b"Two,They met, and spoke.\n");
    assert_eq!(report.failures.len(), 1);
    assert!(report.failures[0].contains("names.csv: no column holds the text, there are \"name\", \"age\""));
}

#[tokio::test]
async fn stopping_before_all_is_read_is_said_and_waits_for_what_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    std::fs::write(&path, "{\"text\": \"one\"}\n{\"text\": \"two\"}\n").unwrap();
    let ctx = context();
    let (outlet, recorded) = outlet(&ctx);
    *recorded.held.lock() = Some(Vec::new());
    ctx.stop.request();
    let waiting = ingest_through(ctx, request(vec![Input::File(path)]), outlet, |_| {
        // The broker answers at last.
        for on_ack in recorded.held.lock().take().into_iter().flatten() {
            on_ack(Ok(()));
        }
    });
    let report = waiting.await.unwrap();
    assert!(report.interrupted);
    assert_eq!((report.progress.read, report.progress.acknowledged), (1, 1));
}

fn shared(path: &str) -> Option<std::path::PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared").join(path));
    let found = shared.into_iter().find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: needs shared/{path}, which is not part of the repository");
    }
    found
}

#[tokio::test]
async fn the_corpus_goes_in_as_it_is() {
    let Some(path) = shared("eval/data/corpus/articles.jsonl") else { return };
    let (report, recorded, _) = take(&[&path]).await;
    let lines = std::fs::read_to_string(&path).unwrap().lines().count() as u64;
    assert_eq!(report.progress.acknowledged, lines, "{:?}", report.explained);
    let articles: Vec<faultline_schemas::Article> = recorded
        .records
        .lock()
        .iter()
        .map(|record| serde_json::from_slice(record.payload.as_deref().unwrap()).unwrap())
        .collect();
    assert!(articles.iter().all(|article| article.source.as_ref().is_some_and(|source| source.contains('.'))));
    assert!(articles.iter().filter(|article| article.published_at.is_some()).count() > 5_000);
    assert!(articles.iter().all(|article| !article.text.is_empty() && article.id.len() == 16));
}

#[tokio::test]
async fn the_seed_goes_in_as_one_dated_article() {
    let Some(path) = shared("seeds/kosovo-serbia-2022-08-17.txt") else { return };
    let (report, recorded, _) = take(&[&path]).await;
    assert_eq!(report.progress.acknowledged, 1, "{:?}", report.explained);
    let record = recorded.records.lock()[0].clone();
    let article: faultline_schemas::Article = serde_json::from_slice(record.payload.as_deref().unwrap()).unwrap();
    assert_eq!(article.published_at.as_deref(), Some("2022-08-17T00:00:00Z"));
    assert!(article.text.starts_with("The leaders of Kosovo and Serbia"));
    assert!(std::fs::read_to_string(&path).unwrap().contains(&article.text));
}
