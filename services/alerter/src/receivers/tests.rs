use std::{collections::BTreeMap, path::PathBuf};

use faultline_schemas::{Alert, AlertState};
use jiff::Timestamp;

use super::{settings::*, *};

fn opened(settings: ReceiverSettings) -> Result<Receiver, String> {
    Receiver::open("desk", &settings, &AlertWebSettings::default()).map_err(|error| error.to_string())
}

fn webhook() -> WebhookSettings {
    WebhookSettings { url: Some("https://desk.example/alerts".to_owned()), ..WebhookSettings::default() }
}

fn email() -> EmailSettings {
    EmailSettings {
        host: "mail.example.org".to_owned(),
        from: "Faultline <faultline@example.org>".to_owned(),
        to: vec!["desk@example.org".to_owned()],
        ..EmailSettings::default()
    }
}

fn alertmanager() -> AlertmanagerSettings {
    AlertmanagerSettings { url: "https://alertmanager.example:9093".to_owned(), ..AlertmanagerSettings::default() }
}

/// A file that holds a secret.
fn secret(text: &str) -> (tempfile::NamedTempFile, Option<PathBuf>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let path = Some(file.path().to_owned());
    (file, path)
}

#[test]
fn what_is_right_opens_and_says_where_it_goes_without_its_secrets() {
    let (_kept, url_file) = secret("https://hooks.example/services/T0/B0/hidden\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.jsonl");
    for (settings, place) in [
        (ReceiverSettings::Webhook(webhook()), "https://desk.example".to_owned()),
        (ReceiverSettings::Alertmanager(alertmanager()), "https://alertmanager.example:9093".to_owned()),
        (ReceiverSettings::Email(email()), "desk@example.org by mail.example.org:587".to_owned()),
        (
            ReceiverSettings::Chat(ChatSettings { url_file, ..ChatSettings::default() }),
            "https://hooks.example".to_owned(),
        ),
        (ReceiverSettings::File(FileSettings { path: path.clone() }), path.display().to_string()),
    ] {
        let receiver = opened(settings).unwrap();
        assert_eq!(receiver.place(), place);
    }
}

#[test]
fn a_wrong_setting_is_named_with_the_receiver_and_what_to_do() {
    let missing = Some(PathBuf::from("/nowhere/secret"));
    let (_short, short_file) = secret("short");
    let (_empty, empty_file) = secret("\n");
    let (_long, long_file) = secret("a secret that is long enough");
    let with_webhook = |change: &dyn Fn(&mut WebhookSettings)| {
        let mut settings = webhook();
        change(&mut settings);
        ReceiverSettings::Webhook(settings)
    };
    let with_email = |change: &dyn Fn(&mut EmailSettings)| {
        let mut settings = email();
        change(&mut settings);
        ReceiverSettings::Email(settings)
    };
    let with_alertmanager = |change: &dyn Fn(&mut AlertmanagerSettings)| {
        let mut settings = alertmanager();
        change(&mut settings);
        ReceiverSettings::Alertmanager(settings)
    };
    for (settings, says) in [
        (with_webhook(&|s| s.url = None), "url is not set"),
        (with_webhook(&|s| s.url = Some("desk.example".into())), "https://desk.example/alerts"),
        (with_webhook(&|s| s.url = Some("ftp://desk.example/".into())), "http"),
        (with_webhook(&|s| s.url = Some("https://u:hidden@desk.example/".into())), "name or password"),
        (with_webhook(&|s| s.url = Some("http://127.0.0.1/".into())), "alerter.web.allow_private_addresses"),
        (with_webhook(&|s| s.url = Some("http://[::ffff:10.0.0.1]/".into())), "alerter.web.allow_private_addresses"),
        (with_webhook(&|s| s.url_file = long_file.clone()), "url is set twice"),
        (with_webhook(&|s| s.secret_file = missing.clone()), "secret_file /nowhere/secret"),
        (with_webhook(&|s| s.secret_file = short_file.clone()), "5 bytes"),
        (with_webhook(&|s| s.secret_file = empty_file.clone()), "is empty"),
        (with_webhook(&|s| s.secret_env = Some("FAULTLINE_NO_SUCH".into())), "FAULTLINE_NO_SUCH"),
        (
            with_webhook(&|s| (s.secret_env, s.secret_file) = (Some("PATH".into()), long_file.clone())),
            "secret_file and secret_env",
        ),
        (with_webhook(&|s| s.headers = named("X-Api-Key", "hidden")), "token_file"),
        (with_webhook(&|s| s.headers = named("Webhook-Id", "1")), "leave it out"),
        (with_webhook(&|s| s.headers = named("two words", "1")), "no header"),
        (with_email(&|s| s.host = String::new()), "mail.example.org"),
        (with_email(&|s| s.host = "mail example".into()), "no name of a server"),
        (with_email(&|s| s.host = "10.0.0.25".into()), "alerter.web.allow_private_addresses"),
        (with_email(&|s| s.from = "faultline".into()), "from has \"faultline\""),
        (with_email(&|s| s.to = vec!["a@example.org, b@example.org".into()]), "to has"),
        (with_email(&|s| s.to.clear()), "at least one recipient"),
        (with_email(&|s| s.subject = "{{ titel }}".into()), "title"),
        (with_email(&|s| s.subject = "{{ title".into()), "subject"),
        (with_email(&|s| s.user = Some("desk".into())), "password_file"),
        (with_email(&|s| s.password_file = long_file.clone()), "no user"),
        (
            with_email(&|s| {
                s.encryption = Encryption::StarttlsIfOffered;
                (s.user, s.password_file) = (Some("desk".into()), long_file.clone());
            }),
            "encryption",
        ),
        (with_alertmanager(&|s| s.url = String::new()), "url is not set"),
        (with_alertmanager(&|s| s.url.push_str("/api/v2/alerts")), "leave it out"),
        (with_alertmanager(&|s| s.labels = named("team-name", "desk")), "\"team_name\""),
        (with_alertmanager(&|s| s.user = Some("desk".into())), "password_file"),
        (ReceiverSettings::Chat(ChatSettings::default()), "url_file"),
        (ReceiverSettings::File(FileSettings::default()), "path is not set"),
        (ReceiverSettings::File(FileSettings { path: "/nowhere/alerts.jsonl".into() }), "/nowhere/alerts.jsonl"),
    ] {
        let shown = format!("{settings:?}");
        let error = opened(settings).err().unwrap_or_else(|| panic!("nothing is wrong with {shown}"));
        assert!(error.starts_with("alerter.receivers.desk: ") && error.contains(says), "{error}: {shown}");
        assert!(!error.contains("hidden"), "{error}");
    }
}

fn named(name: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), value.to_owned())])
}

#[test]
fn no_secret_is_in_debugging_output() {
    let (_kept, file) = secret("hidden and long enough to sign with");
    let settings = WebhookSettings { secret_file: file.clone(), token_file: file.clone(), ..webhook() };
    let mail = EmailSettings { user: Some("desk".to_owned()), password_file: file.clone(), ..email() };
    let manager = AlertmanagerSettings { user: Some("desk".to_owned()), password_file: file, ..alertmanager() };
    for settings in
        [ReceiverSettings::Webhook(settings), ReceiverSettings::Email(mail), ReceiverSettings::Alertmanager(manager)]
    {
        let shown = format!("{:?}", opened(settings).unwrap());
        // In base64 too.
        assert!(!shown.contains("hidden") && !shown.contains("aGlkZGVu") && !shown.contains("oaWRkZW"), "{shown}");
    }
}

#[test]
fn alerts_are_gathered_by_what_the_settings_name() {
    let settings = EmailSettings {
        group_by: vec!["dyad".to_owned(), "rule".to_owned(), "severity".to_owned(), "actor".to_owned()],
        wait_seconds: 3_600,
        ..email()
    };
    let batching = opened(ReceiverSettings::Email(settings)).unwrap().batching();
    let alert = sample("desk", Timestamp::UNIX_EPOCH);
    assert_eq!(batching.group(&alert), ["SRB-XKX", "receivers-test", "watch", ""]);
    assert_eq!((batching.wait, batching.every), (Duration::from_secs(3_600), None));
    let batching = opened(ReceiverSettings::Alertmanager(alertmanager())).unwrap().batching();
    assert_eq!((batching.wait, batching.every), (Duration::ZERO, Some(Duration::from_secs(60))));
}

#[test]
fn a_template_knows_the_batch_and_takes_a_label_that_a_rule_lacks_for_empty() {
    let template = template::Template::new(
        "subject",
        "{{ count }}/{{ firing }}/{{ resolved }} {{ labels.dyad }}{{ labels.actor }} {{ value }}>{{ threshold }} {{ alerts[1].state }}",
    );
    // The second of several, which not every batch has.
    assert!(template.unwrap_err().contains("subject"));
    let template = template::Template::new(
        "subject",
        "{{ count }}/{{ firing }}/{{ resolved }} {{ labels.dyad }}{{ labels.actor }} {{ value }}>{{ threshold }}",
    );
    let firing = sample("desk", Timestamp::UNIX_EPOCH);
    let resolved =
        Alert { state: AlertState::Resolved, severity: faultline_schemas::Severity::Critical, ..firing.clone() };
    assert_eq!(template.unwrap().fill(&[resolved, firing]).unwrap(), "2/1/1 SRB-XKX 3>2");
}

#[test]
fn the_page_of_a_message_holds_no_script_and_no_link_but_to_the_web() {
    let mut alert = sample("desk", Timestamp::UNIX_EPOCH);
    alert.title = "<script>alert(1)</script>".to_owned();
    alert.labels.insert("<b>".to_owned(), "\"><img src=x onerror=alert(1)>".to_owned());
    alert.evidence[0].title = Some("<img src=x>".to_owned());
    alert.evidence[0].url = Some("javascript:alert(1)".to_owned());
    let mut other = alert.evidence[0].clone();
    other.url = Some("https://news.example/\"onclick=\"x".to_owned());
    alert.evidence.push(other);
    let page = page::page(&[told::Told::of(&alert)], 0).unwrap();
    for part in ["<script", "<img", "<b>", "javascript:", "\"onclick"] {
        assert!(!page.contains(part), "{part} in {page}");
    }
    assert!(page.contains("&lt;script&gt;") && page.contains("<a href=\"https:"), "{page}");
}

#[test]
fn what_a_person_is_told_is_on_one_line_and_turns_no_direction() {
    assert_eq!(told::clean(" a\r\nBcc: x\u{202e}y\u{0}z ", 100), "a Bcc: xy z");
    assert_eq!(told::clean("абвгд", 3), "абв…");
    let shown = |value, threshold, expected| {
        let alert = Alert { value, threshold, expected, ..sample("desk", Timestamp::UNIX_EPOCH) };
        told::Told::of(&alert).figures
    };
    let expected = faultline_schemas::Expected { low: 0.5, middle: 2.0, high: 6.25 };
    assert_eq!(
        shown(Some(12.0), None, Some(expected)),
        "12 where 0.5 to 6.25 are expected, usually 2; 4 articles in 3 stories by 2 sources"
    );
    assert_eq!(shown(None, Some(2.0), None), "4 articles in 3 stories by 2 sources");
}

#[tokio::test]
async fn a_file_gets_a_line_for_each_alert_and_an_unfinished_one_is_ended_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.jsonl");
    std::fs::write(&path, "{\"cut\":").unwrap();
    let receiver = opened(ReceiverSettings::File(FileSettings { path: path.clone() })).unwrap();
    let alert = sample("desk", Timestamp::UNIX_EPOCH);
    receiver.send(&[alert.clone(), alert.clone()]).await.unwrap();
    receiver.send(std::slice::from_ref(&alert)).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (4, "{\"cut\":"));
    for line in &lines[1..] {
        assert_eq!(serde_json::from_str::<Alert>(line).unwrap(), alert);
    }
}
