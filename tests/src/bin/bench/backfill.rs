//! Archives taken in: how many articles a second one core reads out of files and hands to Kafka.

use std::{fmt::Write as _, fs};

use anyhow::Context as _;
use faultline_tests::faultline::{Installation, Store};
use serde_json::Value;

use crate::{
    Bench, corpus,
    figures::Figures,
    machine::{pin_broker, pinned_faultline},
};

pub(crate) fn run(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let kafka = bench.kafka()?;
    let articles = bench.corpus.articles.iter().cycle().take(bench.choose(20_000, 1_000)).enumerate();
    let (mut lines, mut crawl) = (String::new(), String::new());
    for (number, article) in articles {
        writeln!(lines, "{}", serde_json::to_string(&corpus::copy(article, number))?)?;
        crawl.push_str(&record(number, &article.text));
    }
    pin_broker(kafka.process_id(), false)?;
    for (key, name, content) in
        [("backfill.lines_per_second", "a.jsonl", lines), ("backfill.pages_per_second", "a.warc", crawl)]
    {
        let installation = Installation::new(kafka.brokers(), &Store::Sqlite, "")?;
        let file = installation.folder().join(name);
        fs::write(&file, content)?;
        let mut command = pinned_faultline();
        command.arg("--config").arg(installation.config()).arg("backfill").arg(file).args(["--full-speed", "--json"]);
        let output = command.output()?;
        let report: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{name}: {}", String::from_utf8_lossy(&output.stderr)))?;
        let figure = |name: &str| report[name].as_f64().unwrap_or_default();
        anyhow::ensure!(figure("acknowledged") > figure("read") * 0.9, "hardly any article in {name}: {report}");
        figures.set(key, figure("acknowledged") / figure("seconds"));
    }
    pin_broker(kafka.process_id(), true)
}

/// A page with the article on it, as a crawler keeps it.
fn record(number: usize, text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    let paragraphs: String = escaped.split("\n\n").map(|paragraph| format!("<p>{paragraph}</p>\n")).collect();
    let menu = "<li><a href=/section>Section of the paper</a>".repeat(40);
    let block = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>Title {number}</title></head>\
         <body><nav><ul>{menu}</ul></nav><article><h1>Title {number}</h1>{paragraphs}</article><footer>{menu}</footer></body></html>"
    );
    format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://paper.example/{number}\r\n\
         WARC-Date: 2016-09-01T12:00:00Z\r\nContent-Type: application/http\r\nContent-Length: {}\r\n\r\n{block}\r\n\r\n",
        block.len()
    )
}
