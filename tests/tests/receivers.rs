//! Receivers of alerts, against servers that behave as servers do: a webhook of ours, Alertmanager, a mail server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod receivers_support;

use std::{
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use faultline_alerter::{
    receivers::{SendError, sample},
    settings::{AlertWebSettings, ChatSettings, ReceiverSettings, WebhookFormat, WebhookSettings},
};
use faultline_schemas::{Alert, AlertState};
use faultline_tests::{
    faultline::{Installation, Store},
    process::free_port,
    site::{Hit, Reply, Site},
};
use jiff::Timestamp;
use receivers_support::{open, opened, reaching, secret, send};
use serde_json::{Value, json};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A webhook at `hook.example`, which is the site and nothing else on this machine.
fn hook(path: &str) -> WebhookSettings {
    let url = Some(format!("http://hook.example{path}"));
    WebhookSettings { url, timeout_seconds: 30, ..WebhookSettings::default() }
}

fn alert(name: &str) -> Alert {
    sample(name, Timestamp::now())
}

#[test]
fn a_webhook_that_fails_hangs_or_is_busy_is_to_be_tried_again_and_one_that_says_no_is_not() {
    let site = Site::start();
    let web = reaching("hook.example", site.port());
    let long = Duration::from_secs(3_600);
    for (reply, waits) in [
        (Reply::status(500), Some(None)),
        (Reply::status(502), Some(None)),
        (Reply::status(408), Some(None)),
        (Reply::status(503).with("retry-after", "7"), Some(Some(7))),
        (Reply::status(429).with("retry-after", "120"), Some(Some(120))),
        (Reply::status(429).with("retry-after", "soon"), Some(None)),
        (Reply::status(200).late(long), Some(None)),
        (Reply::new("text/plain", "no such list").but_status(404), None),
        (Reply::status(400), None),
        (Reply::status(401), None),
        (Reply::status(410), None),
        (Reply::redirect(302, "/elsewhere"), None),
    ] {
        let shown = format!("{reply:?}");
        site.set("/alerts", reply);
        let settings = WebhookSettings { timeout_seconds: 1, ..hook("/alerts") };
        let error = send(&open(ReceiverSettings::Webhook(settings), &web), &[alert("desk")]).unwrap_err();
        match (&error, waits) {
            (SendError::Retry { after, .. }, Some(expected)) => {
                // To the second: some of it has passed already.
                let asked = after.map(|after| after.as_secs_f64().ceil());
                assert_eq!(asked, expected.map(f64::from), "{shown}");
            }
            (SendError::Refused { .. }, None) => {}
            _ => panic!("{error:?}: {shown}"),
        }
        assert!(error.to_string().contains("http://hook.example"), "{error}");
    }
    let closed = reaching("hook.example", free_port().unwrap());
    let error = send(&open(ReceiverSettings::Webhook(hook("/alerts")), &closed), &[alert("desk")]).unwrap_err();
    assert!(matches!(error, SendError::Retry { after: None, .. }), "{error:?}");
}

#[test]
fn what_is_sent_again_is_the_same_under_the_same_key() {
    let site = Site::start();
    let web = reaching("hook.example", site.port());
    let receiver = open(ReceiverSettings::Webhook(hook("/alerts")), &web);
    let (first, second) = (alert("one"), alert("two"));
    let batches = [vec![first.clone()], vec![first.clone(), second.clone()], vec![second.clone()]];
    for batch in &batches {
        site.set("/alerts", Reply::status(503));
        assert!(send(&receiver, batch).is_err());
        site.set("/alerts", Reply::status(204));
        send(&receiver, batch).unwrap();
    }
    let hits = site.hits_of("/alerts");
    let mut keys = Vec::new();
    for (pair, batch) in hits.chunks(2).zip(&batches) {
        let [tried, taken] = pair else { panic!("{} hits", hits.len()) };
        let keys_of = |hit: &Hit| (hit.header("idempotency-key").to_owned(), hit.header("webhook-id").to_owned());
        assert_eq!((keys_of(tried), &tried.body), (keys_of(taken), &taken.body));
        let body: Value = serde_json::from_slice(&taken.body).unwrap();
        assert_eq!((&body["schema"], &body["receiver"]), (&json!("faultline.notification/1"), &json!("desk")));
        let sent: Vec<Alert> = serde_json::from_value(body["alerts"].clone()).unwrap();
        assert_eq!(&sent, batch);
        let silence = format!("faultline alerts silence {} --for 2h", batch[0].fingerprint);
        assert_eq!(body["alerts"][0]["silence"], json!(silence));
        keys.push(keys_of(taken).0);
    }
    assert_eq!((&keys[0], &keys[2]), (&first.key, &second.key));
    assert!(keys[1] != keys[0] && keys[1] != keys[2] && keys[1].len() == 32, "{keys:?}");
}

/// Whether the check in the operator's guide finds the signature right.
fn guide_finds_genuine(hit: &Hit, body: &[u8], key: &str) -> bool {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/README.md")).unwrap();
    let check = guide.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let call = "import json, sys\nasked = json.load(sys.stdin)\n\
                print(is_genuine(asked['headers'], asked['body'].encode(), asked['key']))";
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<String, Value> =
        names.map(|name| (name.to_owned(), hit.header(name).into())).into_iter().collect();
    let asked = json!({ "headers": headers, "body": String::from_utf8_lossy(body), "key": key });
    let mut command = Command::new("/usr/bin/python3");
    command.arg("-c").arg(format!("{check}\n{call}")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = command.spawn().unwrap();
    python.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    match String::from_utf8_lossy(&output.stdout).trim() {
        "True" => true,
        "False" => false,
        other => panic!("{other}: {}", output.status),
    }
}

#[test]
fn the_check_in_the_guide_finds_the_signature_right_and_a_forged_one_wrong() {
    let site = Site::start();
    site.set("/alerts", Reply::status(200));
    let web = reaching("hook.example", site.port());
    for key in [KEY, "a key that is no base64 of anything"] {
        let (_kept, secret_file) = secret(key);
        let receiver = open(ReceiverSettings::Webhook(WebhookSettings { secret_file, ..hook("/alerts") }), &web);
        send(&receiver, &[alert("desk")]).unwrap();
        let hit = site.hits_of("/alerts").pop().unwrap();
        assert!(guide_finds_genuine(&hit, &hit.body, key));
        let forged = String::from_utf8(hit.body.to_vec()).unwrap().replace("watch", "critical");
        assert!(!guide_finds_genuine(&hit, forged.as_bytes(), key));
        assert!(!guide_finds_genuine(&hit, &hit.body, "another key than that one"));
    }
}

#[test]
fn no_redirect_leads_inside_or_hands_the_secrets_of_one_host_to_another() {
    let (site, other) = (Site::start(), Site::start());
    let (_kept, token_file) = secret("hidden-token");
    let mut web = reaching("hook.example", site.port());
    web.hosts.extend(reaching("other.example", other.port()).hosts);
    let headers = [("X-Desk".to_owned(), "news".to_owned())].into();
    let settings = WebhookSettings { token_file, headers, ..hook("/alerts") };
    let receiver = open(ReceiverSettings::Webhook(settings), &web);

    for inside in [&*site.url("/inside"), "http://169.254.169.254/latest", "http://[::1]/", "file:///etc/passwd"] {
        site.set("/alerts", Reply::redirect(307, inside));
        let error = send(&receiver, &[alert("desk")]).unwrap_err();
        assert!(matches!(error, SendError::Refused { .. }), "{inside}: {error:?}");
    }
    assert!(site.hits_of("/inside").is_empty());

    site.set("/alerts", Reply::redirect(308, "http://other.example/moved"));
    other.set("/moved", Reply::status(200));
    send(&receiver, &[alert("desk")]).unwrap();
    let (asked, moved) = (site.hits_of("/alerts").pop().unwrap(), other.hits_of("/moved").pop().unwrap());
    assert_eq!(asked.header("authorization"), "Bearer hidden-token");
    assert_eq!((moved.header("authorization"), moved.header("x-desk")), ("", "news"));
    assert_eq!(
        (asked.body, asked.headers["idempotency-key"].clone()),
        (moved.body.clone(), moved.headers["idempotency-key"].clone())
    );

    site.set("/alerts", Reply::redirect(307, "/alerts"));
    let error = send(&receiver, &[alert("desk")]).unwrap_err().to_string();
    assert!(error.contains("redirects more than"), "{error}");
}

#[test]
fn a_name_that_leads_into_ones_own_network_is_refused_when_it_is_asked_for() {
    let site = Site::start();
    let settings = WebhookSettings { url: Some(format!("http://localhost:{}/alerts", site.port())), ..hook("") };
    let receiver = open(ReceiverSettings::Webhook(settings.clone()), &AlertWebSettings::default());
    let error = send(&receiver, &[alert("desk")]).unwrap_err();
    assert!(matches!(&error, SendError::Refused { why } if why.contains("alerter.web.allow_private")), "{error:?}");
    assert!(site.hits().is_empty());
    let web = AlertWebSettings { allow_private_addresses: true, ..AlertWebSettings::default() };
    site.set("/alerts", Reply::status(200));
    send(&open(ReceiverSettings::Webhook(settings), &web), &[alert("desk")]).unwrap();
}

#[test]
fn cloudevents_are_sent_one_by_one_or_as_a_batch() {
    let site = Site::start();
    site.set("/alerts", Reply::status(200));
    let web = reaching("hook.example", site.port());
    let settings = WebhookSettings { format: WebhookFormat::Cloudevents, ..hook("/alerts") };
    let receiver = open(ReceiverSettings::Webhook(settings), &web);
    let firing = alert("desk");
    let resolved = Alert { state: AlertState::Resolved, key: "other".to_owned(), ..firing.clone() };
    send(&receiver, std::slice::from_ref(&firing)).unwrap();
    send(&receiver, &[firing.clone(), resolved]).unwrap();
    let hits = site.hits_of("/alerts");
    let types: Vec<&str> = hits.iter().map(|hit| hit.header("content-type")).collect();
    assert!(types[0].starts_with("application/cloudevents+json"), "{types:?}");
    assert!(types[1].starts_with("application/cloudevents-batch+json"), "{types:?}");
    let bodies: Vec<Value> = hits.iter().map(|hit| serde_json::from_slice(&hit.body).unwrap()).collect();
    assert_eq!((&bodies[0]["specversion"], &bodies[0]["id"]), (&json!("1.0"), &json!(firing.key)));
    assert_eq!((&bodies[1][0], &bodies[1][1]["type"]), (&bodies[0], &json!("faultline.alert.resolved")));
}

#[test]
fn a_channel_is_told_at_its_secret_address_which_no_error_shows() {
    let site = Site::start();
    let web = reaching("hook.example", site.port());
    let (_kept, url_file) = secret("http://hook.example/services/hidden");
    let settings = ReceiverSettings::Chat(ChatSettings { url_file, ..ChatSettings::default() });
    let receiver = open(settings, &web);
    let error = send(&receiver, &[alert("desk")]).unwrap_err().to_string();
    assert!(error.contains("http://hook.example answered 404") && !error.contains("hidden"), "{error}");
    site.set("/services/hidden", Reply::new("text/plain", "ok"));
    send(&receiver, &[alert("desk")]).unwrap();
    let message: Value = serde_json::from_slice(&site.hits_of("/services/hidden").pop().unwrap().body).unwrap();
    assert!(message["text"].as_str().unwrap().starts_with("1 firing: Test of the receiver desk"), "{message}");
    assert_eq!(message["attachments"].as_array().unwrap().len(), 1);
}

#[test]
fn an_operator_lists_receivers_tests_one_and_is_told_what_is_wrong() {
    let site = Site::start();
    site.set("/alerts", Reply::status(200));
    let config = |url: &str| {
        format!(
            "[alerter.web.hosts]\n\"hook.example\" = \"127.0.0.1:{}\"\n[alerter.receivers.desk]\nkind = \"webhook\"\nurl = {url:?}\n\
             [alerter.receivers.archive]\nkind = \"file\"\npath = \"/nowhere/alerts.jsonl\"\n",
            site.port()
        )
    };
    let installation = Installation::new("127.0.0.1:1", &Store::Sqlite, &config("http://hook.example/alerts")).unwrap();
    let listed: Value = serde_json::from_str(&installation.must(&["receivers", "list", "--json"]).unwrap()).unwrap();
    assert_eq!((&listed[1]["name"], &listed[1]["place"]), (&json!("desk"), &json!("http://hook.example")));
    assert!(listed[0]["problem"].as_str().unwrap().contains("/nowhere/alerts.jsonl"), "{listed}");
    let told = installation.must(&["receivers", "test", "desk"]).unwrap();
    assert!(told.contains("desk has taken the test"), "{told}");
    let body: Value = serde_json::from_slice(&site.hits_of("/alerts").pop().unwrap().body).unwrap();
    assert!(body["alerts"][0]["title"].as_str().unwrap().starts_with("Test of the receiver desk"), "{body}");

    site.set("/alerts", Reply::new("text/plain", "who are you?").but_status(403));
    for (arguments, code, says) in [
        (["receivers", "test", "desk"], 1, "who are you?"),
        (["receivers", "test", "dekc"], 2, "there are archive, desk"),
        (["receivers", "test", "archive"], 2, "/nowhere/alerts.jsonl"),
        (["config", "check", "--config"], 2, "alerter.receivers.archive"),
    ] {
        let path = installation.config().display().to_string();
        let mut arguments = arguments.to_vec();
        if arguments[2] == "--config" {
            arguments.push(&path);
        }
        let output = installation.run(&arguments).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    let wrong =
        Installation::new("127.0.0.1:1", &Store::Sqlite, "[alerter.receivers.desk]\nkind = \"pager\"\n").unwrap();
    let output = wrong.run(&["receivers", "list"]).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("alerter.receivers.desk.kind"), "{said}");
    assert!(opened(ReceiverSettings::Webhook(hook("/")), &AlertWebSettings::default()).is_ok());
}
