//! Requests as clients make them, against the real server, with a Kafka that acknowledges when told.

use std::io::Write as _;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;
use crate::outlet::recorded::{self, Recorded};

struct Server {
    address: SocketAddr,
    recorded: Arc<Recorded>,
    ctx: RoleContext,
    _folder: tempfile::TempDir,
}

impl Server {
    async fn start(settings: PushSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut ctx = recorded::context();
        Arc::make_mut(&mut ctx.common).data_dir = folder.path().to_owned();
        let (outlet, recorded) = recorded::outlet(&ctx);
        let settings = ProducerSettings { push: settings, ..ProducerSettings::default() };
        let listener = bind("127.0.0.1:0", &Tokens::of(folder.path())).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(ctx.clone(), Arc::new(settings), outlet, None, listener));
        Self { address, recorded, ctx, _folder: folder }
    }

    fn tokens(&self) -> Tokens {
        Tokens::of(&self.ctx.common.data_dir)
    }

    async fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        Self::answer(stream).await
    }

    async fn answer(mut stream: TcpStream) -> String {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Status and JSON of the answer, and all of it.
    async fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> (u16, serde_json::Value, String) {
        let mut request = b"POST /v1/articles HTTP/1.1\r\nConnection: close\r\n".to_vec();
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.extend_from_slice(b"Host: localhost\r\n");
        }
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            request.extend_from_slice(b"Content-Type: application/json\r\n");
        }
        for (name, value) in headers {
            request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        request.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        request.extend_from_slice(body);
        let answer = self.raw(&request).await;
        let status = answer[9..12].parse().unwrap();
        let json = answer.split_once("\r\n\r\n").map(|(_, body)| serde_json::from_str(body).unwrap()).unwrap();
        (status, json, answer)
    }
}

const LINES: (&str, &str) = ("Content-Type", "application/x-ndjson");

#[tokio::test(flavor = "multi_thread")]
async fn an_object_a_list_and_lines_are_taken_plain_and_compressed() {
    let server = Server::start(PushSettings::default()).await;
    let (status, answer, _) = server.post(&[], br#"{"text": "One.", "id": "a1"}"#).await;
    assert_eq!(
        (status, &answer["results"][0]["status"], &answer["results"][0]["id"]),
        (200, &"accepted".into(), &"a1".into())
    );
    let (_, answer, _) = server.post(&[], br#"[{"text": "Two."}, {"body": "Three.", "date": "never"}]"#).await;
    assert_eq!((&answer["accepted"], &answer["results"][1]["warnings"][0]), (&2.into(), &"date_broken".into()));
    let lines = b"{\"text\": \"Four.\"}\n\n{\"text\": \"Five.\"}\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines).unwrap();
    server.post(&[LINES, ("Content-Encoding", "gzip")], &gzip.finish().unwrap()).await;
    let zstd = zstd::encode_all(&b"{\"text\": \"Six.\"}"[..], 1).unwrap();
    server.post(&[LINES, ("Content-Encoding", "zstd")], &zstd).await;
    assert_eq!(server.recorded.texts(), ["One.", "Two.", "Three.", "Four.", "Five.", "Six."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_has_its_own_result_and_refusing_all_is_422() {
    let server = Server::start(PushSettings::default()).await;
    let (status, answer, _) = server.post(&[], br#"[{"text": "One."}, 17, {"text": " "}, {"text": "One."}]"#).await;
    let counts = ["accepted", "repeats", "refused"].map(|name| answer[name].as_u64().unwrap());
    assert_eq!((status, counts), (200, [1, 1, 2]));
    assert_eq!(answer["results"][1]["reason"], "not_an_object");
    assert_eq!(answer["results"][2]["problem"], "the text is only white space");
    let (_, answer, _) = server.post(&[], br#"{"text": "One."}"#).await;
    assert_eq!(answer["results"][0]["status"], "repeat");
    let (status, answer, _) = server.post(&[LINES], b"{\"text\": \"\"}\nno json\n").await;
    assert_eq!(status, 422);
    assert_eq!(answer["results"][1]["reason"], "not_json");
    assert!(answer["results"][1]["problem"].as_str().unwrap().starts_with("line 2, column"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_taken_says_why_and_publishes_nothing() {
    let server =
        Server::start(PushSettings { max_body_bytes: 2_000, max_articles: 2, ..PushSettings::default() }).await;
    let deep = format!("{{\"text\": {}{}}}", "[".repeat(500), "]".repeat(500));
    let bomb = zstd::encode_all(&vec![b' '; 10_000_000][..], 3).unwrap();
    assert!(bomb.len() < 2_000);
    /// Headers, body, status, and a part of what is said.
    type Case<'c> = (&'c [(&'c str, &'c str)], &'c [u8], u16, &'c str);
    let cases: [Case<'_>; 9] = [
        (&[], deep.as_bytes(), 400, "nested too deeply"),
        (&[], b"{\"text\": ", 400, "not JSON"),
        (&[], b"[]", 400, "no article"),
        (&[], &[b' '; 3_000], 413, "more than 2000 bytes"),
        (&[("Content-Encoding", "zstd")], &bomb, 413, "more than 2000 bytes"),
        (&[("Content-Encoding", "gzip")], b"{}", 400, "cannot be decompressed"),
        (&[("Content-Encoding", "br")], b"{}", 415, "gzip or zstd"),
        (&[("Content-Type", "text/plain")], b"{}", 415, "application/json"),
        (&[], br#"[{"text": "a"}, {"text": "b"}, {"text": "c"}]"#, 413, "3 articles where at most 2"),
    ];
    for (headers, body, expected, why) in cases {
        let (status, _, answer) = server.post(headers, body).await;
        assert_eq!(status, expected, "{why}: {answer}");
        assert!(answer.contains(why) && answer.contains("application/problem+json"), "{answer}");
    }
    let half = b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{\"text\": \"One.\"}";
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(half).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = Server::answer(stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(server.recorded.texts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn once_there_is_a_token_only_its_holders_may() {
    let server = Server::start(PushSettings::default()).await;
    let tokens = server.tokens();
    let (desk, reader) = (tokens.add("desk", &[Scope::Push]).unwrap(), tokens.add("page", &[Scope::Read]).unwrap());
    let body = br#"{"text": "One."}"#;
    for (authorization, expected) in [
        (None, 401),
        (Some("Basic abc".to_owned()), 401),
        (Some("Bearer faultline_1234".to_owned()), 401),
        (Some(format!("Bearer {reader}")), 403),
        (Some(format!("bearer {desk}")), 200),
    ] {
        let headers: Vec<(&str, &str)> = authorization.iter().map(|value| ("Authorization", value.as_str())).collect();
        let (status, _, answer) = server.post(&headers, body).await;
        assert_eq!(status, expected, "{authorization:?}: {answer}");
        assert!(!answer.contains(&desk) && !answer.contains(&reader));
    }
    assert_eq!(server.recorded.texts(), ["One."]);
    tokens.revoke("desk").unwrap();
    assert_eq!(server.post(&[("Authorization", &format!("Bearer {desk}"))], body).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tokens_a_name_that_was_made_to_lead_here_is_refused_and_with_one_the_token_counts() {
    let server = Server::start(PushSettings::default()).await;
    let body = br#"{"text": "One."}"#;
    let (status, answer, whole) = server.post(&[("Host", "evil.example:8620")], body).await;
    assert_eq!((status, &answer["title"]), (403, &"not this machine".into()), "{whole}");
    assert!(whole.contains("application/problem+json") && whole.contains("faultline tokens add"), "{whole}");
    assert!(server.recorded.texts().is_empty());
    let bearer = format!("Bearer {}", server.tokens().add("desk", &[Scope::Push]).unwrap());
    let headers = [("Host", "articles.example"), ("Authorization", bearer.as_str())];
    assert_eq!(server.post(&headers, body).await.0, 200, "a proxy in front keeps its own name");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_waits_for_kafka_and_a_lost_one_is_given_again() {
    let settings = PushSettings { acknowledge_within_ms: 300, max_waiting: 1, ..PushSettings::default() };
    let server = Server::start(settings).await;
    *server.recorded.held.lock() = Some(Vec::new());
    let key = [("Idempotency-Key", "k1")];
    let (status, _, answer) = server.post(&key, br#"{"text": "One."}"#).await;
    assert_eq!(status, 503, "{answer}");
    assert!(answer.to_lowercase().contains("retry-after: 6"), "{answer}");
    let (status, _, answer) = server.post(&[], br#"{"text": "Two."}"#).await;
    assert_eq!(status, 429, "{answer}");
    let held = server.recorded.held.lock().take().unwrap();
    held.into_iter().for_each(|on_ack| on_ack(Ok(())));
    let (status, first, _) = server.post(&key, br#"{"text": "One."}"#).await;
    assert_eq!(
        (status, &first["results"][0]["status"]),
        (200, &"repeat".into()),
        "the first try has got through after all"
    );
    let (_, again, _) = server.post(&key, br#"{"text": "One."}"#).await;
    assert_eq!(first, again);
    assert_eq!(server.post(&key, br#"{"text": "Other."}"#).await.0, 422);
    assert_eq!(server.recorded.texts(), ["One."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_article_too_large_for_kafka_is_refused_and_a_refusing_kafka_is_503() {
    use faultline_platform::PublishError;
    let server = Server::start(PushSettings::default()).await;
    *server.recorded.errors.lock() = vec![PublishError::TooLarge { topic: "articles".into(), bytes: 9 }];
    let (status, answer, _) = server.post(&[], br#"{"text": "One."}"#).await;
    assert_eq!((status, &answer["results"][0]["reason"]), (422, &"larger_than_topic".into()));
    *server.recorded.errors.lock() =
        vec![PublishError::Refused { topic: "articles".into(), code: "Local: Purged".into() }];
    assert_eq!(server.post(&[], br#"{"text": "One."}"#).await.0, 503);
    assert_eq!(server.post(&[], br#"{"text": "One."}"#).await.1["accepted"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_too_fast_is_told_when_to_come_again() {
    let settings = PushSettings { articles_per_second: 1, max_articles: 2, ..PushSettings::default() };
    let server = Server::start(settings).await;
    assert_eq!(server.post(&[], br#"[{"text": "One."}, {"text": "Two."}]"#).await.0, 200);
    let (status, _, answer) = server.post(&[], br#"[{"text": "Three."}, {"text": "Four."}]"#).await;
    assert!(status == 429 && answer.to_lowercase().contains("retry-after: "), "{answer}");
}

#[tokio::test]
async fn without_tokens_other_machines_are_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = Tokens::of(folder.path());
    let error = bind("0.0.0.0:0", &tokens).await.unwrap_err().to_string();
    assert!(error.contains("faultline tokens add"), "{error}");
    tokens.add("desk", &[Scope::Push]).unwrap();
    bind("0.0.0.0:0", &tokens).await.unwrap();
}

#[tokio::test]
async fn a_list_of_tokens_that_goes_away_does_not_open_what_other_machines_reach() {
    let folder = tempfile::tempdir().unwrap();
    let mut ctx = recorded::context();
    Arc::make_mut(&mut ctx.common).data_dir = folder.path().to_owned();
    let admitted = |is_local: bool| {
        let (outlet, _) = recorded::outlet(&ctx);
        let headers = HeaderMap::from_iter([(header::HOST, "localhost".parse().unwrap())]);
        Push::new(&ctx, &ProducerSettings::default(), outlet, is_local).admit(&headers)
    };
    assert_eq!(admitted(true).unwrap().as_ref(), "local");
    assert_eq!(admitted(false).unwrap_err().status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_served_and_all_its_references_lead_somewhere() {
    let server = Server::start(PushSettings::default()).await;
    let answer = server.raw(b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let document: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let text = document.to_string();
    let references: Vec<&str> =
        text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    assert!(references.len() > 3, "{text}");
    assert!(references.iter().all(|reference| document.pointer(reference).is_some()), "{references:?}");
}
