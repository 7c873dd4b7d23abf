//! Feeds that a hub pushes (WebSub), against a hub of the tests' own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use faultline_schemas::{Article, topic};
use faultline_tests::{
    faultline::Installation,
    http::{self, Answer},
    process::{self, Process},
    site::{Hit, Reply, Site},
    stack::{self, Stack},
};
use ring::hmac;
use serde_json::Value;
use url::{Url, form_urlencoded};

const PATIENCE: Duration = Duration::from_secs(60);
/// Seconds of a lease that no test sees the end of.
const LONG: u64 = 100_000;

/// A request to the hub.
type Form = HashMap<String, String>;

/// What was asked, and the answer to the question whether that was meant.
type Asked = Arc<Mutex<Vec<(Form, Option<Answer>)>>>;

/// How the hub deals with what it is asked.
#[derive(Clone, Copy)]
enum Manner {
    /// It has everything confirmed, the first request for so many seconds, and later ones for long.
    Confirms(u64),
    /// It has another topic confirmed than it was asked for.
    Lies,
    /// It does not take requests.
    Refuses,
}

/// Feeds, and the hub that they name, on one server.
struct Hub {
    site: Site,
    asked: Asked,
}

impl Hub {
    fn start(manner: Manner) -> Self {
        let asked = Asked::default();
        let site = Site::start();
        let list = Arc::clone(&asked);
        site.on("/hub", move |hit| take(hit, manner, &list));
        Self { site, asked }
    }

    /// A feed that names this hub, at this path.
    fn serve(&self, path: &str, names: &[&str]) {
        let hub = self.site.url("/hub");
        self.site.set(path, Reply::feed(feed(&hub, &self.site.url(path), names)));
    }

    fn asked(&self, mode: &str) -> Vec<(Form, Option<Answer>)> {
        self.asked.lock().unwrap().iter().filter(|(form, _)| form["hub.mode"] == mode).cloned().collect()
    }

    /// Waits for so many requests of this mode, each confirmed; the last.
    fn wait_asked(&self, mode: &str, times: usize, world: &World) -> Form {
        process::eventually(&format!("the hub is asked to {mode}"), PATIENCE, || {
            self.asked(mode).iter().filter(|(_, answer)| answer.is_some()).count() >= times
        })
        .unwrap_or_else(|error| panic!("{error:#} {times} times\n{}", world.installation.logs()));
        self.asked(mode).pop().unwrap().0
    }

    /// Sends content to the callback of a request, signed with its secret.
    fn send(&self, asked: &Form, method: &str, content: &str) -> u16 {
        let signature = signature(&asked["hub.secret"], method, content);
        self.send_with(asked, &[("X-Hub-Signature", &signature)], content)
    }

    fn send_with(&self, asked: &Form, headers: &[(&str, &str)], content: &str) -> u16 {
        let own = format!("<{}>; rel=self, <{}>; rel=hub", asked["hub.topic"], self.site.url("/hub"));
        let mut all = vec![("Content-Type", "application/rss+xml"), ("Link", own.as_str())];
        all.extend_from_slice(headers);
        call(&asked["hub.callback"], "POST", "", &all, content).status
    }
}

/// Answers a request, and asks back on a thread of its own.
fn take(hit: &Hit, manner: Manner, list: &Asked) -> Reply {
    let form: Form = form_urlencoded::parse(&hit.body).into_owned().collect();
    let is_right = hit.method == "POST" && hit.header("content-type") == "application/x-www-form-urlencoded";
    assert!(is_right, "{hit:?}");
    let place = {
        let mut list = list.lock().unwrap();
        list.push((form.clone(), None));
        list.len() - 1
    };
    let (topic, lease) = match manner {
        Manner::Refuses => return Reply::new("text/plain", "we are\nfull").but_status(503),
        Manner::Confirms(seconds) => (form["hub.topic"].clone(), if place == 0 { seconds } else { LONG }),
        Manner::Lies => (format!("{}-of-another", form["hub.topic"]), LONG),
    };
    let list = Arc::clone(list);
    thread::spawn(move || {
        let query = query(&[
            ("hub.mode", &form["hub.mode"]),
            ("hub.topic", &topic),
            ("hub.challenge", "<b>c&1"),
            ("hub.lease_seconds", &lease.to_string()),
        ]);
        let answer = call(&form["hub.callback"], "GET", &query, &[], "");
        list.lock().unwrap()[place].1 = Some(answer);
    });
    Reply::status(202)
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new("?".to_owned()).extend_pairs(pairs).finish()
}

fn call(callback: &str, method: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let url = Url::parse(callback).unwrap();
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    http::request(&address, method, &format!("{}{query}", url.path()), headers, body.as_bytes()).unwrap()
}

fn signature(secret: &str, method: &str, content: &str) -> String {
    let algorithm = match method {
        "sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "sha384" => hmac::HMAC_SHA384,
        "sha512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), content.as_bytes());
    format!("{method}={}", hex::encode(tag))
}

fn feed(hub: &str, own: &str, names: &[&str]) -> String {
    let item = |name: &&str| {
        let text = format!("The army of {name} crossed the river and shelled the town, its mayor said. ").repeat(12);
        format!("<item><title>{name}</title><link>/{name}</link><content:encoded>{text}</content:encoded></item>")
    };
    let items: String = names.iter().map(item).collect();
    format!(
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\
         <channel><title>World</title><atom:link rel=\"hub\" href=\"{hub}\"/><atom:link rel=\"self\" href=\"{own}\"/>{items}</channel></rss>"
    )
}

/// An installation whose producer hubs can call.
struct World {
    installation: Installation,
    address: String,
}

impl World {
    fn new(stack: &Stack, web: &str) -> Self {
        let installation = stack.install().unwrap();
        let address = format!("127.0.0.1:{}", process::free_port().unwrap());
        let mut text = fs::read_to_string(installation.config()).unwrap();
        text += &format!(
            "\n[producer.push]\nlisten = \"{address}\"\npublic_url = \"http://{address}/\"\n\
             [producer.web]\nhost_delay_ms = 0\nshortest_interval_seconds = 1\nlongest_interval_seconds = 1\ntimeout_seconds = 5\n{web}\n"
        );
        fs::write(installation.config(), text).unwrap();
        installation.must(&["topics", "create"]).unwrap();
        Self { installation, address }
    }

    fn start(&self, name: &str) -> Process {
        self.installation.role(name, &["producer"]).unwrap()
    }

    fn add(&self, id: &str, url: &str) {
        self.installation.must(&["sources", "add", url, "--id", id, "--unchecked"]).unwrap();
    }

    /// What `sources list` says of a source.
    fn listed(&self, id: &str) -> Value {
        let listed = self.installation.must(&["sources", "list", "--json"]).unwrap();
        let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
        listed.into_iter().find(|source| source["id"] == id).unwrap_or_default()
    }

    fn wait_listed(&self, what: &str, id: &str, check: impl Fn(&Value) -> bool) {
        process::eventually(what, PATIENCE, || check(&self.listed(id)))
            .unwrap_or_else(|error| panic!("{error:#}: {}\n{}", self.listed(id), self.installation.logs()));
    }

    /// Articles on the topic, by title, with how often each was published.
    fn published(&self) -> BTreeMap<String, usize> {
        let mut titles = BTreeMap::new();
        for message in stack::messages(&self.installation, &topic::ARTICLES).unwrap() {
            let article: Article = serde_json::from_slice(&message.payload.unwrap()).unwrap();
            *titles.entry(article.title.unwrap_or_default()).or_default() += 1;
        }
        titles
    }

    fn has_published(&self, name: &str) -> bool {
        self.published().contains_key(name)
    }
}

fn once(names: &[&str]) -> BTreeMap<String, usize> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

const PRIVATE: &str = "allow_private_addresses = true";

#[test]
fn what_a_hub_sends_is_published_once_and_only_what_it_signs() {
    let stack = Stack::bundled().unwrap();
    let world = World::new(&stack, PRIVATE);
    let hub = Hub::start(Manner::Confirms(LONG));
    hub.serve("/feed", &["polled"]);
    let shown = world.installation.must(&["sources", "test", &hub.site.url("/feed")]).unwrap();
    assert!(shown.contains(&format!("hub: {}", hub.site.url("/hub"))), "{shown}");
    world.add("paper", &hub.site.url("/feed"));
    let _producer = world.start("producer");
    let asked = hub.wait_asked("subscribe", 1, &world);
    let own = hub.site.url("/feed");
    assert_eq!((asked["hub.topic"].as_str(), asked["hub.lease_seconds"].as_str()), (own.as_str(), "864000"));
    assert!(asked["hub.callback"].starts_with(&format!("http://{}/v1/websub/", world.address)), "{asked:?}");
    assert!(asked["hub.callback"].len() > 80 && asked["hub.secret"].len() == 64, "neither can be guessed: {asked:?}");
    let confirmed = hub.asked("subscribe").remove(0).1.unwrap();
    assert_eq!((confirmed.status, confirmed.body.as_str()), (200, "<b>c&1"));
    world.wait_listed("the lease is listed", "paper", |source| source["hub"]["lease_until"].is_string());
    let shown = world.installation.must(&["sources", "list"]).unwrap();
    assert!(shown.contains(&format!("hub: {}, lease until ", hub.site.url("/hub"))), "{shown}");

    // Answered once it is published, and known when it comes again, from the hub or from the feed.
    for (method, name) in [("sha1", "one"), ("sha256", "two"), ("sha384", "three"), ("sha512", "four")] {
        let content = feed(&hub.site.url("/hub"), &own, &[name]);
        assert_eq!(hub.send(&asked, method, &content), 200, "{}", world.installation.logs());
        assert!(world.has_published(name), "{name}");
        assert_eq!(hub.send(&asked, method, &content), 200);
    }
    hub.serve("/feed", &["five", "one", "two", "three", "four", "polled"]);
    process::eventually("the feed is still checked", PATIENCE, || world.has_published("five")).unwrap();

    let forged = feed(&hub.site.url("/hub"), &own, &["forged"]);
    let of_other = signature(&asked["hub.secret"], "sha256", "other");
    let by_other = signature("guessed", "sha256", &forged);
    for headers in [vec![], vec![("X-Hub-Signature", of_other.as_str())], vec![("X-Hub-Signature", by_other.as_str())]]
    {
        assert_eq!(hub.send_with(&asked, &headers, &forged), 200, "acknowledged, and set aside");
    }
    let other_topic = Form::from_iter([("hub.topic".to_owned(), hub.site.url("/other"))]);
    let with_other_topic: Form = asked.clone().into_iter().chain(other_topic).collect();
    assert_eq!(hub.send(&with_other_topic, "sha256", &forged), 200);
    let callback = &asked["hub.callback"];
    assert_eq!(call(&format!("{callback}0"), "POST", "", &[], &forged).status, 410);
    for (mode, topic) in [("unsubscribe", own.as_str()), ("subscribe", "http://other.example/"), ("", own.as_str())] {
        let asks = query(&[("hub.mode", mode), ("hub.topic", topic), ("hub.challenge", "c")]);
        assert_eq!(call(callback, "GET", &asks, &[], "").status, 404, "{mode} {topic} was not asked for");
    }
    assert_eq!(world.published(), once(&["polled", "one", "two", "three", "four", "five"]));

    world.installation.must(&["sources", "pause", "paper"]).unwrap();
    let left = hub.wait_asked("unsubscribe", 1, &world);
    assert_eq!((&left["hub.callback"], &left["hub.topic"], left.get("hub.secret")), (callback, &own, None));
    assert_eq!(hub.asked("unsubscribe")[0].1.as_ref().map(|answer| answer.status), Some(200));
    assert_eq!(hub.send(&asked, "sha256", &forged), 410);
    world.installation.must(&["sources", "resume", "paper"]).unwrap();
    let again = hub.wait_asked("subscribe", 2, &world);
    assert_ne!((&again["hub.callback"], &again["hub.secret"]), (callback, &asked["hub.secret"]));
    assert_eq!(hub.send(&again, "sha256", &feed(&hub.site.url("/hub"), &own, &["six"])), 200);
    assert!(world.has_published("six"));

    let told = world.installation.logs() + &world.installation.must(&["sources", "list", "--json"]).unwrap();
    for hidden in [&asked["hub.secret"], &again["hub.secret"], callback, &again["hub.callback"]] {
        assert!(!told.contains(hidden.as_str()), "{told}");
    }
}

#[test]
fn a_lease_is_renewed_goes_on_after_a_crash_and_ends_when_the_hub_denies_it() {
    let stack = Stack::bundled().unwrap();
    let world = World::new(&stack, PRIVATE);
    let hub = Hub::start(Manner::Confirms(4));
    hub.serve("/feed", &["polled"]);
    world.add("paper", &hub.site.url("/feed"));
    let producer = world.start("producer");
    let first = hub.wait_asked("subscribe", 1, &world);
    let renewed = hub.wait_asked("subscribe", 2, &world);
    assert_eq!(renewed, first, "the same callback and secret");
    world.wait_listed("the longer lease is listed", "paper", |source| {
        let until = source["hub"]["lease_until"].as_str().and_then(|until| until.parse::<jiff::Timestamp>().ok());
        until.is_some_and(|until| until > jiff::Timestamp::now() + Duration::from_secs(LONG / 2))
    });
    drop(producer);

    let _producer = world.start("producer-again");
    let own = hub.site.url("/feed");
    process::eventually("the producer answers", PATIENCE, || {
        http::request(&world.address, "GET", "/v1/openapi.json", &[], b"").is_ok_and(|answer| answer.status == 200)
    })
    .unwrap();
    let content = feed(&hub.site.url("/hub"), &own, &["after"]);
    process::eventually("the hub's content is taken", PATIENCE, || match hub.send(&first, "sha256", &content) {
        200 => true,
        503 => false,
        other => panic!("{other}: the hub would end the subscription\n{}", world.installation.logs()),
    })
    .unwrap();
    assert_eq!(world.published(), once(&["polled", "after"]));
    assert_eq!(hub.asked("subscribe").len(), 2, "nothing had to be asked again");

    let denies = query(&[("hub.mode", "denied"), ("hub.topic", &own), ("hub.reason", "no such\nfeed")]);
    assert_eq!(call(&first["hub.callback"], "GET", &denies, &[], "").status, 200);
    world.wait_listed("the denial is listed", "paper", |source| {
        source["hub"]["problem"] == "the hub denies it: no suchfeed" && source["hub"]["lease_until"].is_null()
    });
    hub.serve("/feed", &["polled", "later"]);
    process::eventually("the feed is checked as others are", PATIENCE, || world.has_published("later")).unwrap();
}

#[test]
fn a_hub_that_is_down_refuses_or_lies_changes_nothing_for_the_feed() {
    let stack = Stack::bundled().unwrap();
    let world = World::new(&stack, PRIVATE);
    let (refusing, lying) = (Hub::start(Manner::Refuses), Hub::start(Manner::Lies));
    refusing.serve("/feed", &["refused"]);
    lying.serve("/feed", &["lied"]);
    let down = format!("http://127.0.0.1:{}/", process::free_port().unwrap());
    lying.site.set("/other", Reply::feed(feed(&down, &lying.site.url("/other"), &["down"])));
    world.add("refused", &refusing.site.url("/feed"));
    world.add("lied", &lying.site.url("/feed"));
    world.add("down", &lying.site.url("/other"));
    let _producer = world.start("producer");
    lying.wait_asked("subscribe", 1, &world);
    assert_eq!(lying.asked("subscribe")[0].1.as_ref().map(|answer| answer.status), Some(404), "that was not asked for");
    let has_problem = |id: &str, problem: &str| {
        world.wait_listed(problem, id, |source| {
            source["hub"]["problem"].as_str().is_some_and(|told| told.contains(problem))
                && source["status"] == "healthy"
        });
    };
    has_problem("refused", "the hub answers 503 we are full");
    has_problem("down", "failed to reach 127.0.0.1");
    refusing.serve("/feed", &["refused", "refused-2"]);
    lying.serve("/feed", &["lied", "lied-2"]);
    let all = once(&["refused", "refused-2", "lied", "lied-2", "down"]);
    process::eventually("all are checked as others are", PATIENCE, || world.published() == all).unwrap();
    assert!(world.listed("lied")["hub"]["lease_until"].is_null());
    let shown = world.installation.must(&["sources", "list"]).unwrap();
    assert!(shown.contains("no lease; the hub answers 503 we are full"), "{shown}");
}

#[test]
fn a_hub_inside_the_network_is_not_asked() {
    let stack = Stack::bundled().unwrap();
    let hub = Hub::start(Manner::Confirms(LONG));
    let paper = format!("[producer.web.hosts]\n\"paper.example\" = \"127.0.0.1:{}\"", hub.site.port());
    let world = World::new(&stack, &paper);
    hub.serve("/feed", &["polled"]);
    world.add("paper", "http://paper.example/feed");
    let _producer = world.start("producer");
    world.wait_listed("the hub is refused", "paper", |source| {
        source["hub"]["problem"].as_str().is_some_and(|told| told.contains("not on the public internet"))
    });
    assert_eq!(world.published(), once(&["polled"]));
    assert!(hub.site.hits_of("/hub").is_empty());
}
