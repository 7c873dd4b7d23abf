//! Rules as they are written, and what is said of mistakes.

use super::RuleSet;

/// A rule with `lines` in the place of its match and what follows.
fn rule(lines: &str) -> String {
    format!("rules:\n  - id: a-rule\n    title: A title\n    severity: high\n{lines}")
}

#[test]
fn a_rule_with_everything_is_read() {
    let set = RuleSet::parse(
        "all.yaml",
        r#"
rules:
  - id: kosovo-serbia
    title: "{{ pair }}: {{ stories }} stories, {{ desk }}"
    severity: elevated
    enabled: false
    owner: the Europe desk, since the licence plates
    labels: {desk: europe}
    annotations: {summary: "{{ value }} of {{ threshold }} within {{ within }}: {{ headline }}"}
    match:
      all:
        - words: ['barricades OR "road blocks"', mobilis*, troops NEAR/5 border]
        - any:
            - {actor: [KSV/GOV/*, SRB], language: en}
            - {source: "*.example", place: [Pristina, Mitrovica]}
        - not: {signal: talks}
      level: ">=watch"
      escalation: ">0.2"
      sentiment: <0.5
      towards: {actor: SRB, sentiment: -1..0}
      dyad: SRB~XKX
      event: {type: [THREATEN, assault], cameo: ["13", "19"], quad: material_conflict, modality: actual, source: SRB,
        target: KSV/GOV/*, sector: [GOV, MIL], goldstein: <=-2}
      country: [SRB, XKX]
    when:
      frequency: {at_least: 3, within: 6h}
      group_by: [pair]
      distinct: story
      sources: 2
    calm: {for: 10m, close_below: 1, close_after: 2h, repeat: 4h, rest: 1d}
  - {id: b, title: Silence, severity: watch, match: {source: a.example}, when: {flatline: {within: 2d}}}
  - {id: c, title: "{{ actor }}", severity: watch, match: {level: watch}, when: {new_term: {of: actor, unseen_for: 30d}, group_by: actor}}
  - {id: d, title: Spike, severity: watch, match: {country: SRB}, when: {spike: {within: 1d, baseline: ears_c3, at_least: 5}}}
  - {id: e, title: Index, severity: watch, match: {country: SRB}, when: {threshold: {above: 30, within: 1d}}}
  - {id: g, title: Seq, severity: watch, match: {country: SRB}, when: {sequence: {first: {signal: talks}, then: {level: high}, within: 2d}}}
  - {id: h, title: Change, severity: watch, match: {country: SRB}, when: {change: {of: level}, group_by: country}}
  - {id: f, title: Papers, severity: watch, match: {country: SRB}, when: {cardinality: {of: source, at_least: 5, within: 1d}}}
"#,
    );
    let set = set.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(set.rules().len(), 8);
    let first = &set.rules()[0];
    assert_eq!((&*first.id, first.line, first.enabled), ("kosovo-serbia", 3, false));
    assert!(set.only("kosovo-serbia").unwrap().rules()[0].enabled, "who asks for it wants it watched");
    assert!(set.only("kosovo-sebria").unwrap_err().contains("did you mean kosovo-serbia"));
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_would_be_right() {
    let valid = "    match: {words: army}\n";
    let cases: &[(String, (u64, u64), &str)] = &[
        (rule("    match: {sgnal: talks}\n"), (5, 13), "did you mean signal"),
        (rule("    match: {signal: tlaks}\n"), (5, 21), "did you mean talks"),
        (
            rule(&format!("{valid}    when:\n      frequncy: {{at_least: 3, within: 6h}}\n")),
            (7, 7),
            "did you mean frequency",
        ),
        (rule(&format!("{valid}    recievers: [desk]\n")), (6, 5), "is no field"),
        (rule(&format!("{valid}    when: {{frequency: {{at_least: 3, within: 0h}}}}\n")), (6, 45), "no time at all"),
        (rule(&format!("{valid}    when: {{frequency: {{at_least: 0, within: 1h}}}}\n")), (6, 34), "from 1 to"),
        (
            rule(&format!(
                "{valid}    when: {{frequency: {{at_least: 3, within: 1h}}}}\n    calm: {{close_below: 5}}\n"
            )),
            (7, 25),
            "could never stay open",
        ),
        (
            rule(&format!("{valid}    when: {{frequency: {{at_least: 3, within: 1h}}, flatline: {{within: 1h}}}}\n")),
            (6, 11),
            "several conditions",
        ),
        (rule(&format!("{valid}    when: {{group_by: [pair, colour]}}\n")), (6, 29), "colour"),
        (
            rule(&format!("{valid}    when: {{flatline: {{within: 1h}}, sources: 3}}\n")),
            (6, 45),
            "no number of sources",
        ),
        (rule("    match: {words: 'troops AND (border'}\n"), (5, 20), "never closed"),
        (rule("    match: {words: '@unrest'}\n"), (5, 20), "no list"),
        (rule("    match: {level: hihg}\n"), (5, 20), "did you mean high"),
        (rule("    match: {escalation: '>2'}\n"), (5, 25), "can never be"),
        (rule("    match: {dyad: SRB}\n"), (5, 19), "no dyad"),
        (rule("    match: {country: Serbia}\n"), (5, 22), "alpha-3"),
        (rule("    match: {event: {type: ASSALT}}\n"), (5, 27), "did you mean ASSAULT"),
        (rule("    match: {event: {cameo: 1}}\n"), (5, 28), "CAMEO"),
        (rule("    match: {actor: 'SRB/[GOV'}\n"), (5, 20), "SRB/[GOV"),
        (rule("    match: {}\n"), (5, 12), "nothing in particular"),
        (rule("    match: {words: []}\n"), (5, 20), "empty"),
        (rule(&format!("    labels: {{severity: high}}\n{valid}")), (5, 24), "another name"),
        (rule(&format!("    annotations: {{why: '{{{{ dyad }}}}'}}\n{valid}")), (5, 24), "a template has"),
        (format!("{}{}", rule(valid), &rule(valid)[7..]), (6, 1), "is taken: x.yaml:2"),
        (
            "rules:\n  - id: A rule\n    title: x\n    severity: high\n    match: {words: x}\n".to_owned(),
            (2, 9),
            "no id",
        ),
        ("rules:\n  - {id: a, title: x, severity: hihg, match: {words: x}}\n".to_owned(), (2, 33), "did you mean high"),
        ("rules: [\n".to_owned(), (1, 8), "unclosed"),
        ("rules:\n  - id: a\n    id: b\n".to_owned(), (3, 5), "duplicate"),
        ("- id: a\n".to_owned(), (1, 1), ""),
        (String::new(), (1, 1), ""),
    ];
    let mut wrong = Vec::new();
    for (text, place, says) in cases {
        let problems = RuleSet::parse("x.yaml", text).expect_err(text);
        // One mistake, told once.
        let is_told = match &problems.0[..] {
            [only] => only.message.contains(says) && (only.line, only.column) == *place,
            _ => false,
        };
        if !is_told {
            wrong.push(format!("{text}says {problems}\nnot {says:?} at {place:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn all_mistakes_of_a_folder_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lists/unrest.txt", "# ours\nriot\n\nroad blocks\n");
    write("a.yaml", &rule("    match: {words: '@unrest'}\n"));
    write("deeper/b.yml", &rule("    match: {words: '@unrset', level: hihg}\n"));
    write("a.test.yaml", "not: a rule");
    let problems = RuleSet::load(folder.path()).unwrap_err();
    let told = problems.to_string();
    assert!(told.contains("b.yml:5:20") && told.contains("did you mean unrest"), "{told}");
    assert!(told.contains("did you mean high") && told.contains("is taken"), "{told}");
    write("deeper/b.yml", &rule("    match: {words: '@unrest'}\n").replace("a-rule", "b-rule"));
    assert_eq!(RuleSet::load(folder.path()).unwrap().rules().len(), 2);
    let empty = tempfile::tempdir().unwrap();
    assert!(RuleSet::load(empty.path()).unwrap_err().to_string().contains("no rules here"));
    assert!(RuleSet::load(&empty.path().join("missing.yaml")).unwrap_err().to_string().contains("failed to read"));
}

#[test]
fn rules_that_silence_each_other_are_refused() {
    let rule = |id: &str, inhibits: &str| {
        let inhibits = if inhibits.is_empty() { String::new() } else { format!("inhibits: {inhibits}, ") };
        format!("- {{id: {id}, title: T, severity: high, {inhibits}match: {{words: army}}}}\n")
    };
    let parse = |rules: &[String]| RuleSet::parse("r.yaml", &format!("rules:\n{}", rules.concat()));
    assert!(parse(&[rule("a", "b"), rule("b", "c"), rule("c", "")]).is_ok());
    let cycle = parse(&[rule("a", "b"), rule("b", "c"), rule("c", "a")]).unwrap_err().to_string();
    assert!(cycle.contains("r.yaml:2") && cycle.contains("inhibits itself"), "{cycle}");
    let unknown = parse(&[rule("alpha", "alhpa2"), rule("alpha2", "")]).unwrap_err().to_string();
    assert!(unknown.contains("alhpa2") && unknown.contains("alpha2"), "{unknown}");
}

#[test]
fn a_receiver_that_is_not_configured_is_told_with_its_rule() {
    let text = "rules:\n- {id: a, title: T, severity: high, to: [desk, phnoe], match: {words: army}}\n";
    let set = RuleSet::parse("r.yaml", text).unwrap();
    assert!(set.check_receivers(&["desk", "phnoe"]).is_ok());
    let problem = set.check_receivers(&["desk", "phone"]).unwrap_err().to_string();
    assert!(problem.contains("r.yaml:2") && problem.contains("phnoe") && problem.contains("phone"), "{problem}");
}

#[test]
fn hours_days_and_ends_that_are_none_are_told_with_their_place() {
    for (part, says) in [
        ("calm: {active: {from: '25:00'}}", "07:30"),
        ("calm: {active: {zone: Mars/Olympus}}", "time zone"),
        ("calm: {active: {days: [someday]}}", "day"),
        ("calm: {active: {from: '08:00', to: '08:00'}}", "end when they begin"),
        ("calm: {rate: {at_most: 0, within: 1h}}", "from 1"),
        ("expires: someday", "2026-12-31"),
    ] {
        let text = format!("rules:\n- {{id: a, title: T, severity: high, match: {{words: army}}, {part}}}\n");
        let problem = RuleSet::parse("r.yaml", &text).unwrap_err().to_string();
        assert!(problem.contains("r.yaml:2:") && problem.contains(says), "{problem}");
    }
}
