//! Peoples named by the adjective of one country who live in another: "ethnic Serbs", "Turks living in Germany".

use faultline_schemas::ActorType;

use super::cast::{ActorDraft, Cast, slug};
use super::names::Name;
use super::scene::{Scene, Tag};
use crate::lexicon::Cue;
use crate::text::TokenKind;

/// How far after the name the country they live in is looked for, in tokens.
const HOME_REACH: usize = 9;
/// Names and links of a list: "ethnic Serb and Albanian residents".
const LIST_REACH: usize = 6;

/// The actor, if the demonym names a people rather than a state.
pub(super) fn ethnic_group(scene: &Scene<'_>, cast: &mut Cast, name: &Name) -> Option<usize> {
    let origin = name.demonym?;
    let told = home_after(scene, name, origin);
    let is_plural = scene.document.slice(name.first, name.end).ends_with('s');
    let lives_elsewhere = is_plural && lives(scene, name.end) && told.is_none_or(|home| home != origin)
        || is_plural && told.is_some() && scene.is_word(name.end, "in");
    let home = told.or_else(|| home_before(scene, name, origin));
    let is_part_of_people = scene.has(name.end, Cue::PeopleNoun) && home.is_some();
    if !is_called_ethnic(scene, name.first) && !lives_elsewhere && !is_part_of_people {
        return None;
    }
    Some(cast.actor(draft(scene, name, home, origin)))
}

fn lives(scene: &Scene<'_>, at: usize) -> bool {
    ["living", "residing", "resident"].iter().any(|word| scene.is_word(at, word))
}

/// "Ethnic" before the name, or before the list that it stands in.
pub(super) fn is_called_ethnic(scene: &Scene<'_>, first: usize) -> bool {
    for at in (first.saturating_sub(LIST_REACH)..first).rev() {
        let is_link = ["and", "or", ","].iter().any(|word| scene.is_word(at, word));
        let is_listed =
            matches!(scene.tags[at], Tag::Name(position) if scene.names[position as usize].demonym.is_some());
        if scene.is_word(at, "ethnic") {
            return true;
        }
        if !is_link && !is_listed {
            return false;
        }
    }
    false
}

/// "Residents of Ruritania", "in northern Ruritania": the other country that follows.
fn home_after(scene: &Scene<'_>, name: &Name, origin: u32) -> Option<u32> {
    let sentence_end = scene.document.sentences[scene.document.sentence_of(name.first)].end;
    for at in name.end..sentence_end.min(name.end + HOME_REACH) {
        let token = &scene.document.tokens[at];
        if !token.is_word() && token.kind != TokenKind::Number {
            return None;
        }
        if ["in", "of"].iter().any(|word| scene.is_word(at, word)) {
            let lead = scene.token(at + 1).is_some_and(|t| t.is_word() && !t.is_capitalised());
            let country = scene.country_from(at + 1).or_else(|| scene.country_from(at + 1 + usize::from(lead)));
            return country.filter(|country| *country != origin);
        }
    }
    None
}

/// The last other country named before in the sentence: "Ruritania said Serbs living in its north".
fn home_before(scene: &Scene<'_>, name: &Name, origin: u32) -> Option<u32> {
    let sentence = scene.document.sentences[scene.document.sentence_of(name.first)];
    let end = scene.names.partition_point(|other| other.first < name.first);
    let names = scene.names[..end].iter().rev().take(LIST_REACH).take_while(|other| other.first >= sentence.first);
    names.filter_map(|other| other.country).find(|country| *country != origin)
}

/// "Kosovo Serbs", or "ethnic Serbs" where their home is not told. The id is that of the list, where it has them.
fn draft(scene: &Scene<'_>, name: &Name, home: Option<u32>, origin: u32) -> ActorDraft {
    let written = scene.document.slice(name.first, name.end);
    let ends_plural = ["s", "sh", "ch", "ese"].iter().any(|ending| written.ends_with(ending));
    let plural = if ends_plural { written.to_owned() } else { format!("{written}s") };
    let country = &scene.knowledge.countries.all[home.unwrap_or(origin) as usize];
    let lead = home.map_or("ethnic", |_| country.name.as_str());
    let name = format!("{lead} {plural}");
    ActorDraft {
        id: format!("{}/CVL/{}", country.cameo, slug(&name)),
        name,
        kind: ActorType::EthnicGroup,
        country: Some(home.unwrap_or(origin)),
        sectors: vec!["CVL".to_owned()],
        cameo: Some(format!("{}CVL", country.cameo)),
        is_unlisted: false,
        is_presumed: false,
        is_abroad: false,
    }
}
