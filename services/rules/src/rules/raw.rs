//! A file of rules as it is written; its JSON Schema is made from these types.

use std::borrow::Cow;
use std::collections::BTreeMap;

use faultline_schemas::Severity;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// JSON Schema of a file of rules.
pub(crate) fn rule_schema() -> Schema {
    schema_for!(RuleFile)
}

/// A value and where it stands: line and column, from 1; 0 where that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: (u64, u64),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, place: (spanned.referenced.line(), spanned.referenced.column()) })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// One text, or a list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts(Vec<At<String>>);

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let scalar = json_schema!({"type": ["string", "number"]});
        json_schema!({"anyOf": [scalar, {"type": "array", "items": scalar, "minItems": 1}]})
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Texts;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Texts, E> {
                Ok(Texts(vec![At { value: value.to_owned(), place: (0, 0) }]))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Texts, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Texts, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Texts, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element::<At<String>>()? {
                    texts.push(text);
                }
                if texts.is_empty() { Err(A::Error::custom("this list is empty")) } else { Ok(Texts(texts)) }
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

/// A field that takes one text or more.
pub(crate) type Many = Option<At<Texts>>;

/// The texts of a field, each with its place.
pub(crate) fn each(many: &Many) -> impl Iterator<Item = At<String>> + '_ {
    many.iter().flat_map(|texts| {
        texts.value.0.iter().map(|text| At {
            value: text.value.clone(),
            place: if text.place.0 == 0 { texts.place } else { text.place },
        })
    })
}

/// A file of rules.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleFile {
    /// The rules.
    pub(crate) rules: Vec<At<RawRule>>,
}

/// One rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRule {
    /// Its name in alerts and commands: small letters, digits and hyphens.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9-]*$"))]
    pub(crate) id: At<String>,
    /// One line for a person; a template: `{{ dyad }}: {{ stories }} stories`.
    pub(crate) title: At<String>,
    /// How urgent.
    pub(crate) severity: Severity,
    /// Whether it is watched. Default: true.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// Who wrote it and why, for colleagues.
    #[serde(default)]
    pub(crate) owner: Option<String>,
    /// Added to each of its alerts, to route and silence by.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, At<String>>,
    /// Words for people, each a template.
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, At<String>>,
    /// Which articles it is about.
    #[serde(rename = "match")]
    pub(crate) matches: At<RawMatch>,
    /// How many of them make an alert. Default: each does.
    #[serde(default)]
    pub(crate) when: Option<At<RawWhen>>,
    /// When an alert opens, closes, and is told again.
    #[serde(default)]
    pub(crate) calm: Option<At<RawCalm>>,
    /// Receivers that its alerts go to, by their names in the configuration. Default: all of them.
    #[serde(default)]
    pub(crate) to: Many,
    /// Ids of rules whose alerts are not told while one of this rule fires, for the same dyad, country or whatever both group by.
    #[serde(default)]
    pub(crate) inhibits: Many,
    /// The last day on which it is watched, 2026-12-31, or a time, RFC 3339. Default: no end.
    #[serde(default)]
    pub(crate) expires: Option<At<String>>,
}

fn yes() -> bool {
    true
}

/// Which articles. What is written side by side must all hold; of a list, one.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMatch {
    /// All of these hold.
    #[serde(default)]
    pub(crate) all: Vec<At<RawMatch>>,
    /// One of these holds.
    #[serde(default)]
    pub(crate) any: Vec<At<RawMatch>>,
    /// This does not hold.
    #[serde(default)]
    pub(crate) not: Option<Box<At<RawMatch>>>,
    /// Words in title or text, as in `faultline search`: `barricades OR "road blocks"`, `troops NEAR/5 border`, `mobilis*`, `=NATO`
    /// (exactly so), `@list` (a file of terms, `lists/list.txt`).
    #[serde(default)]
    pub(crate) words: Many,
    /// Ids of actors, with `*` for any part: `KSV/GOV/albin-kurti`, `SRB/GOV/*`.
    #[serde(default)]
    pub(crate) actor: Many,
    /// Countries that the article is about: ISO 3166-1 alpha-3, XKX for Kosovo.
    #[serde(default)]
    pub(crate) country: Many,
    /// Names of places.
    #[serde(default)]
    pub(crate) place: Many,
    /// Sources, with `*` for any part: `*.example.org`.
    #[serde(default)]
    pub(crate) source: Many,
    /// ISO 639-1 codes.
    #[serde(default)]
    pub(crate) language: Many,
    /// Categories of signals, such as `threat_of_force`.
    #[serde(default)]
    pub(crate) signal: Many,
    /// `high` (that or above), `>=high`, `=calm`, `<watch`.
    #[serde(default)]
    pub(crate) level: Option<At<String>>,
    /// Score of the escalation, 0 to 1: `>=0.5`, `0.4..0.8`.
    #[serde(default)]
    pub(crate) escalation: Many,
    /// Sentiment of the article, -1 to 1: `<-0.3`.
    #[serde(default)]
    pub(crate) sentiment: Many,
    /// Sentiment towards an actor.
    #[serde(default)]
    pub(crate) towards: Option<At<RawTowards>>,
    /// Who acts upon whom: `SRB-XKX`, `SRB~XKX` (either way). Short for `event: {dyad: …}`.
    #[serde(default)]
    pub(crate) dyad: Many,
    /// One event of which all of this holds.
    #[serde(default)]
    pub(crate) event: Option<At<RawEvent>>,
}

/// Sentiment towards an actor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTowards {
    /// Ids of actors, with `*` for any part.
    pub(crate) actor: Many,
    /// -1 to 1: `<-0.3`.
    pub(crate) sentiment: Many,
}

/// One event of which all of this holds.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEvent {
    /// PLOVER types: `ASSAULT`, `THREATEN`.
    #[serde(default, rename = "type")]
    pub(crate) plover: Many,
    /// CAMEO codes or what they begin with: `138`, `19`.
    #[serde(default)]
    pub(crate) cameo: Many,
    /// `verbal_cooperation`, `material_cooperation`, `verbal_conflict`, `material_conflict`.
    #[serde(default)]
    pub(crate) quad: Many,
    /// `actual`, `threatened`, `hypothetical`, `negated`, `past`. Default: `actual` or `threatened`.
    #[serde(default)]
    pub(crate) modality: Many,
    /// Who acts upon whom: `SRB-XKX`, `SRB~XKX` (either way).
    #[serde(default)]
    pub(crate) dyad: Many,
    /// Who acts: a country's code, or an actor's id with `*` for any part.
    #[serde(default)]
    pub(crate) source: Many,
    /// Who is acted upon.
    #[serde(default)]
    pub(crate) target: Many,
    /// Sectors of either side: `GOV`, `MIL`.
    #[serde(default)]
    pub(crate) sector: Many,
    /// Goldstein's value, -10 to 10: `<=-5`.
    #[serde(default)]
    pub(crate) goldstein: Many,
}

/// How many articles make an alert. One condition at most.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWhen {
    /// So many within a time.
    #[serde(default)]
    pub(crate) frequency: Option<At<RawFrequency>>,
    /// So many different values within a time.
    #[serde(default)]
    pub(crate) cardinality: Option<At<RawCardinality>>,
    /// Unusually many against the group's own past.
    #[serde(default)]
    pub(crate) spike: Option<At<RawSpike>>,
    /// Silence.
    #[serde(default)]
    pub(crate) flatline: Option<At<RawFlatline>>,
    /// Something that was not seen for long.
    #[serde(default)]
    pub(crate) new_term: Option<At<RawNewTerm>>,
    /// One thing and then another, of the same group.
    #[serde(default)]
    pub(crate) sequence: Option<At<RawSequence>>,
    /// A field is not what it was in the group's article before.
    #[serde(default)]
    pub(crate) change: Option<At<RawChange>>,
    /// The tension index is above a threshold.
    #[serde(default)]
    pub(crate) threshold: Option<At<RawThreshold>>,
    /// One alert for each value of these: `country`, `dyad` (who acts first), `pair` (either way), `actor`, `source`, `signal`, `event`,
    /// `place`, `language`, `level`, `story`.
    #[serde(default)]
    pub(crate) group_by: Many,
    /// What counts once: `article` or `story`. Default: `story`.
    #[serde(default)]
    pub(crate) distinct: Option<At<String>>,
    /// At least so many different sources. Default: 1.
    #[serde(default)]
    pub(crate) sources: Option<At<u32>>,
}

/// So many within a time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFrequency {
    /// How many.
    pub(crate) at_least: At<u32>,
    /// `30m`, `6h`, `2d`, `1w`.
    pub(crate) within: At<String>,
}

/// So many different values within a time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCardinality {
    /// Of what: as in `group_by`.
    pub(crate) of: At<String>,
    /// How many.
    pub(crate) at_least: At<u32>,
    /// `30m`, `6h`, `2d`, `1w`.
    pub(crate) within: At<String>,
}

/// Unusually many within a time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSpike {
    /// `6h`, `1d`, `1w`.
    pub(crate) within: At<String>,
    /// `ears_c2` (the seven stretches of that length up to two before), `ears_c3` (slower rises), `hour_of_week` (the same stretch of the
    /// weeks before). Default: `ears_c2`.
    #[serde(default)]
    pub(crate) baseline: Option<At<String>>,
    /// No alert below so many, however unusual. Default: 3.
    #[serde(default)]
    pub(crate) at_least: Option<At<u32>>,
}

/// Silence.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFlatline {
    /// `30m`, `6h`, `2d`.
    pub(crate) within: At<String>,
    /// Fewer than so many are silence. Default: 1.
    #[serde(default)]
    pub(crate) below: Option<At<u32>>,
}

/// Something that was not seen for long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawNewTerm {
    /// What: as in `group_by`.
    pub(crate) of: At<String>,
    /// `7d`, `30d`.
    pub(crate) unseen_for: At<String>,
}

/// One thing and then another, in articles that the rule matches.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSequence {
    /// Which of them come first.
    pub(crate) first: At<RawMatch>,
    /// Which come later.
    pub(crate) then: At<RawMatch>,
    /// How much later at most: `6h`, `2d`.
    pub(crate) within: At<String>,
}

/// A field that changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawChange {
    /// Which: as in `group_by`.
    pub(crate) of: At<String>,
}

/// The tension index of the group's stories.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawThreshold {
    /// 0 to 100.
    pub(crate) above: At<f64>,
    /// Over the stories of so long: `6h`, `1d`.
    pub(crate) within: At<String>,
}

/// When an alert opens, closes, and is told again.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCalm {
    /// The condition must hold for so long before the alert opens. Default: it opens at once.
    #[serde(default, rename = "for")]
    pub(crate) lasting: Option<At<String>>,
    /// The alert closes when the figure is below this. Default: when the condition no longer holds.
    #[serde(default)]
    pub(crate) close_below: Option<At<f64>>,
    /// It must be so for so long before the alert closes. Default: 0.
    #[serde(default)]
    pub(crate) close_after: Option<At<String>>,
    /// While open the alert is told again after so long. Default: never.
    #[serde(default)]
    pub(crate) repeat: Option<At<String>>,
    /// After it was closed it does not open again for so long. Default: 0.
    #[serde(default)]
    pub(crate) rest: Option<At<String>>,
    /// Alerts open only in these hours; what comes in others opens when they begin, if it still holds. Default: at any time.
    #[serde(default)]
    pub(crate) active: Option<At<RawActive>>,
    /// All groups of the rule together open no more alerts than this; what comes beyond it opens later, if it still holds.
    #[serde(default)]
    pub(crate) rate: Option<At<RawRate>>,
}

/// Hours of the week.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawActive {
    /// `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`. Default: every day.
    #[serde(default)]
    pub(crate) days: Many,
    /// `07:30`. Default: from the day's start.
    #[serde(default)]
    pub(crate) from: Option<At<String>>,
    /// `22:00`; before `from` it is on the next day. Default: to the day's end.
    #[serde(default)]
    pub(crate) to: Option<At<String>>,
    /// Name of the time zone, such as `Europe/Belgrade`. Default: `UTC`.
    #[serde(default)]
    pub(crate) zone: Option<At<String>>,
}

/// So many alerts within a time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRate {
    /// How many.
    pub(crate) at_most: At<u32>,
    /// `1h`, `1d`.
    pub(crate) within: At<String>,
}
