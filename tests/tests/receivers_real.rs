//! Receivers of alerts that others have made: Alertmanager 0.25 and a mail server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the shared module serves other tests too")]

mod receivers_support;

use std::time::Duration;

use faultline_alerter::{
    receivers::{SendError, sample},
    settings::{AlertWebSettings, AlertmanagerSettings, EmailSettings, Encryption, ReceiverSettings},
};
use faultline_schemas::{Alert, AlertState, Severity};
use faultline_tests::{
    alertmanager::Alertmanager,
    mail::{HOST, MailServer, Speech},
    process::eventually,
    site::{Reply, Site},
};
use jiff::{SignedDuration, Timestamp};
use receivers_support::{open, opened, reaching, secret, send};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

fn alert(rule: &str, dyad: &str) -> Alert {
    let now = Timestamp::now();
    let mut alert = sample("desk", now);
    alert.fingerprint = format!("{rule}{dyad}");
    alert.key = format!("{rule}{dyad}1");
    alert.rule = rule.to_owned();
    alert.severity = Severity::High;
    alert.labels =
        [("dyad".to_owned(), dyad.to_owned()), ("quad class".to_owned(), "verbal conflict".to_owned())].into();
    alert.starts_at = (now - SignedDuration::from_hours(2)).to_string();
    alert
}

fn resolved(alert: &Alert) -> Alert {
    let ends_at = Some((Timestamp::now() - SignedDuration::from_mins(1)).to_string());
    Alert { state: AlertState::Resolved, ends_at, key: format!("{}2", alert.fingerprint), ..alert.clone() }
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn alertmanager_shows_alerts_with_their_times_and_labels_groups_them_and_sees_them_resolved() {
    let told = Site::start();
    told.set("/told", Reply::status(200));
    let manager = Alertmanager::start(&format!(
        "route: {{receiver: desk, group_by: [dyad], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}}\n\
         receivers: [{{name: desk, webhook_configs: [{{url: '{}', send_resolved: true}}]}}]\n",
        told.url("/told")
    ))
    .unwrap();
    let web = AlertWebSettings { allow_private_addresses: true, ..AlertWebSettings::default() };
    let settings = AlertmanagerSettings {
        url: manager.url(),
        every_seconds: 60,
        labels: [("team".to_owned(), "balkans".to_owned())].into(),
        ..AlertmanagerSettings::default()
    };
    let receiver = open(ReceiverSettings::Alertmanager(settings), &web);
    let (threat, spike, other) = (alert("threat", "SRB-XKX"), alert("spike", "SRB-XKX"), alert("threat", "USA-IRN"));
    let before = Timestamp::now();
    send(&receiver, &[threat, spike.clone(), other]).unwrap();

    let alerts = manager.get("/api/v2/alerts").unwrap();
    let alerts = alerts.as_array().unwrap();
    assert_eq!(alerts.len(), 3, "{alerts:?}");
    let shown = alerts.iter().find(|shown| shown["labels"]["alertname"] == "spike").unwrap();
    let labels = [("dyad", "SRB-XKX"), ("quad_class", "verbal conflict"), ("severity", "high"), ("team", "balkans")];
    for (name, expected) in labels {
        assert_eq!(shown["labels"][name], expected, "{shown}");
    }
    let annotations = &shown["annotations"];
    assert_eq!(
        (&annotations["summary"], &annotations["description"]),
        (&spike.title.as_str().into(), &spike.reason.as_str().into())
    );
    let reports = annotations["reports"].as_str().unwrap();
    assert!(
        reports.contains(&spike.evidence[0].sentence) && reports.contains("https://news.example/test"),
        "{reports}"
    );
    assert_eq!(annotations["silence"], format!("faultline alerts silence {} --for 2h", spike.fingerprint));
    assert_eq!(shown["generatorURL"], "https://news.example/test");
    // Milliseconds are what it keeps.
    let apart = |one: Timestamp, other: Timestamp| one.duration_since(other).abs();
    assert!(
        apart(time(&shown["startsAt"]), spike.starts_at.parse().unwrap()) < SignedDuration::from_millis(2),
        "{shown}"
    );
    let lasts = time(&shown["endsAt"]).duration_since(before);
    assert!(lasts >= SignedDuration::from_secs(239) && lasts < SignedDuration::from_secs(300), "{shown}");

    let groups = manager.get("/api/v2/alerts/groups").unwrap();
    let sizes = |dyad: &str| {
        let group = groups.as_array().unwrap().iter().find(|group| group["labels"]["dyad"] == dyad).unwrap();
        group["alerts"].as_array().unwrap().len()
    };
    assert_eq!((sizes("SRB-XKX"), sizes("USA-IRN")), (2, 1), "{groups}");

    let told_of = |status: &str| {
        let bodies = told.hits_of("/told").into_iter().map(|hit| serde_json::from_slice::<Value>(&hit.body).unwrap());
        let alerts = bodies.flat_map(|body| body["alerts"].as_array().unwrap().clone());
        alerts
            .filter(|alert| alert["status"] == status)
            .map(|alert| alert["labels"]["alertname"].to_string())
            .collect::<Vec<_>>()
    };
    eventually("Alertmanager tells of all three", PATIENCE, || told_of("firing").len() >= 3).unwrap();
    // Told again, it is still the same alert.
    send(&receiver, std::slice::from_ref(&spike)).unwrap();
    assert_eq!(manager.get("/api/v2/alerts").unwrap().as_array().unwrap().len(), 3);

    send(&receiver, &[resolved(&spike)]).unwrap();
    let active = manager.get("/api/v2/alerts").unwrap();
    let active: Vec<&Value> = active.as_array().unwrap().iter().map(|alert| &alert["labels"]["alertname"]).collect();
    assert_eq!(active, ["threat", "threat"]);
    eventually("Alertmanager tells that it is resolved", PATIENCE, || !told_of("resolved").is_empty()).unwrap();
    assert_eq!(told_of("resolved"), ["\"spike\""]);
}

/// E-mail to `desk@example.org`, by the server that calls itself by the name in its certificate.
fn mail(encryption: Encryption) -> EmailSettings {
    EmailSettings {
        host: HOST.to_owned(),
        encryption,
        from: "Faultline <faultline@example.org>".to_owned(),
        to: vec!["Desk <desk@example.org>".to_owned()],
        ..EmailSettings::default()
    }
}

#[test]
fn a_message_arrives_in_plain_text_and_as_a_page_and_mail_programs_gather_it_with_its_end() {
    let server = MailServer::start(Speech::Plain).unwrap();
    let web = reaching(HOST, server.port());
    let receiver = open(ReceiverSettings::Email(mail(Encryption::None)), &web);
    let mut firing = alert("threat", "SRB-XKX");
    firing.title = "Претња <script>alert(1)</script>\r\nBcc: everybody@example.org".to_owned();
    send(&receiver, std::slice::from_ref(&firing)).unwrap();
    send(&receiver, std::slice::from_ref(&firing)).unwrap();
    send(&receiver, &[resolved(&firing)]).unwrap();
    send(&receiver, &[firing.clone(), alert("spike", "USA-IRN")]).unwrap();
    let messages = server.messages().unwrap();
    assert_eq!(messages.len(), 4);

    let first = &messages[0];
    assert_eq!(
        (&first["from"], &first["to"]),
        (&"faultline@example.org".into(), &serde_json::json!(["desk@example.org"]))
    );
    let headers = &first["headers"];
    assert_eq!(headers["subject"], "[high] Претња <script>alert(1)</script> Bcc: everybody@example.org");
    assert_eq!((&headers["to"], &headers["bcc"]), (&"Desk <desk@example.org>".into(), &Value::Null));
    assert_eq!(headers["auto-submitted"], "auto-generated");
    let plain = first["plain"].as_str().unwrap();
    for part in [
        "FIRING, high: Претња",
        "by the rule threat",
        &firing.reason,
        "3 against a threshold of 2; 4 articles in 3 stories by 2 sources",
        &firing.evidence[0].sentence,
        "A headline (news.example,",
        "https://news.example/test",
        &format!("faultline alerts silence {} --for 2h", firing.fingerprint),
    ] {
        assert!(plain.contains(part), "{part} is missing from {plain}");
    }
    let page = first["html"].as_str().unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    assert!(page.contains(">A headline</a>") && page.contains(&firing.evidence[0].sentence), "{page}");

    let header = |number: usize, name: &str| messages[number]["headers"][name].clone();
    assert_eq!(header(0, "message-id"), header(1, "message-id"), "what is sent again is the same message");
    assert_ne!(header(0, "message-id"), header(2, "message-id"));
    assert_eq!((header(0, "references"), header(0, "in-reply-to")), (header(2, "references"), header(2, "references")));
    assert!(header(2, "subject").as_str().unwrap().starts_with("[high, resolved]"));
    assert!(header(3, "subject").as_str().unwrap().ends_with("and 1 more"), "{}", header(3, "subject"));
    assert_eq!(header(3, "references"), Value::Null, "two alerts are no thread");
}

#[test]
fn a_password_is_sent_encrypted_to_a_server_whose_certificate_is_trusted_and_to_no_other() {
    let server = MailServer::start(Speech::Starttls).unwrap();
    let trusting = AlertWebSettings { ca_file: Some(server.authority()), ..reaching(HOST, server.port()) };
    let batch = [alert("threat", "SRB-XKX")];
    let with_password = |password: &str, web: &AlertWebSettings| {
        let (kept, password_file) = secret(password);
        let settings = EmailSettings { user: Some("desk".to_owned()), password_file, ..mail(Encryption::Starttls) };
        let receiver = open(ReceiverSettings::Email(settings), web);
        drop(kept);
        send(&receiver, &batch)
    };
    with_password("right\n", &trusting).unwrap();
    let messages = server.messages().unwrap();
    assert_eq!((&messages[0]["encrypted"], &messages[0]["user"]), (&true.into(), &"desk".into()));

    let error = with_password("hidden", &trusting).unwrap_err();
    assert!(matches!(error, SendError::Refused { .. }) && !error.to_string().contains("hidden"), "{error:?}");
    // Its certificate is one of its own making.
    assert!(with_password("right", &reaching(HOST, server.port())).is_err());
    // Nobody logs in.
    assert!(send(&open(ReceiverSettings::Email(mail(Encryption::Starttls)), &trusting), &batch).is_err());
    assert_eq!(server.messages().unwrap().len(), 1);
}

#[test]
fn encryption_that_is_asked_for_is_not_done_without() {
    let plain = MailServer::start(Speech::Plain).unwrap();
    let batch = [alert("threat", "SRB-XKX")];
    let try_it = |encryption: Encryption, server: &MailServer| {
        let web = AlertWebSettings { ca_file: Some(server.authority()), ..reaching(HOST, server.port()) };
        send(&open(ReceiverSettings::Email(EmailSettings { timeout_seconds: 5, ..mail(encryption) }), &web), &batch)
    };
    let error = try_it(Encryption::Starttls, &plain).unwrap_err();
    assert!(matches!(error, SendError::Refused { .. }), "{error:?}");
    assert!(try_it(Encryption::Tls, &plain).is_err());
    try_it(Encryption::StarttlsIfOffered, &plain).unwrap();
    assert_eq!(plain.messages().unwrap().len(), 1);
    let encrypted = MailServer::start(Speech::Tls).unwrap();
    try_it(Encryption::Tls, &encrypted).unwrap();
    assert_eq!(encrypted.messages().unwrap()[0]["encrypted"], true);
}

#[test]
fn a_mailbox_that_is_busy_is_tried_again_and_one_that_there_is_not_is_not() {
    let server = MailServer::start(Speech::Plain).unwrap();
    let batch = [alert("threat", "SRB-XKX")];
    let to = |to: &str, web: &AlertWebSettings| {
        let settings = EmailSettings { to: vec![to.to_owned()], timeout_seconds: 30, ..mail(Encryption::None) };
        send(&open(ReceiverSettings::Email(settings), web), &batch)
    };
    let web = reaching(HOST, server.port());
    let busy = to("busy@example.org", &web).unwrap_err();
    assert!(matches!(&busy, SendError::Retry { why, .. } if why.contains("come again later")), "{busy:?}");
    let nobody = to("nobody@example.org", &web).unwrap_err();
    assert!(matches!(&nobody, SendError::Refused { why } if why.contains("no such mailbox")), "{nobody:?}");
    let port = server.port();
    drop(server);
    let gone = to("desk@example.org", &reaching(HOST, port)).unwrap_err();
    assert!(matches!(gone, SendError::Retry { .. }), "{gone:?}");
}

#[test]
fn a_mail_server_in_ones_own_network_is_reached_only_where_that_is_allowed() {
    let server = MailServer::start(Speech::Plain).unwrap();
    let batch = [alert("threat", "SRB-XKX")];
    let settings = EmailSettings { host: "localhost".to_owned(), port: Some(server.port()), ..mail(Encryption::None) };
    let settings = ReceiverSettings::Email(settings);
    let refused = send(&opened(settings.clone(), &AlertWebSettings::default()).unwrap(), &batch).unwrap_err();
    assert!(matches!(&refused, SendError::Refused { why } if why.contains("alerter.web.allow_private")), "{refused:?}");
    let web = AlertWebSettings { allow_private_addresses: true, ..AlertWebSettings::default() };
    send(&open(settings, &web), &batch).unwrap();
    assert_eq!(server.messages().unwrap().len(), 1);
}
