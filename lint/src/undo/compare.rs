//! What differs between before the upgrade and after the downgrade.

use std::collections::BTreeSet;

use super::trial::Trial;
use super::{Facts, Gap, Loss, Object, Part, State};
use crate::operation::ObjectKind;

/// Whether the steps can be read as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clear {
    pub(super) upgrade: bool,
    pub(super) downgrade: bool,
}

/// `certain`: what is found is certain, as far as the objects are.
pub(super) fn gaps(trial: &Trial<'_>, clear: Clear, certain: bool) -> Vec<Gap> {
    let objects: BTreeSet<&Object> = trial.now.keys().chain(trial.was.keys()).collect();
    let mut gaps = Vec::new();
    for object in objects {
        let Some((before, known)) = before(trial, object) else { continue };
        let after = trial.now.get(object).cloned();
        let sure =
            certain && after.as_ref().is_none_or(|state| state.sure) && !is_granted_otherwise(trial, object);
        let after = match after {
            Some(state) => state.facts,
            None => continue,
        };
        let (up, down) = trial.touched.get(object).copied().unwrap_or_default();
        // An unreadable step may well be what is missing.
        if (up.is_none() && !clear.upgrade) || (down.is_none() && !clear.downgrade) {
            continue;
        }
        let mut gap = |loss, certain| gaps.push(Gap { object: object.clone(), loss, certain, up, down });
        match (before, after) {
            (None, None) => {}
            (None, Some(facts)) | (Some(facts), None) if has_twin(trial, object, &facts) => {}
            (None, Some(_)) => gap(Loss::Left, sure && known),
            (Some(_), None) => gap(Loss::Missing, sure && known),
            (Some(before), Some(after)) => {
                if !after.original && matches!(object.part, Part::Table | Part::Column) {
                    gap(Loss::Replaced, sure);
                }
                for loss in differences(trial, object, &before, &after) {
                    let certain = sure
                        && matches!(&loss, Loss::Differs { attribute, before: Some(before), after }
                            if is_plain(attribute, before, after) && !may_be_default(object, attribute, before));
                    gap(loss, certain);
                }
            }
        }
    }
    without_parts(gaps)
}

/// Whether the downgrade grants something else on the same: several rights can be said at once or one by one.
fn is_granted_otherwise(trial: &Trial<'_>, object: &Object) -> bool {
    let grant = Part::Other(ObjectKind::Grant);
    let is_other = |(other, (_, down)): (&Object, &(Option<usize>, Option<usize>))| {
        other.part == grant && other != object && down.is_some()
    };
    object.part == grant && trial.touched.iter().any(is_other)
}

/// Whether what is said now may be what the server took before by itself.
fn may_be_default(object: &Object, attribute: &str, before: &str) -> bool {
    matches!(attribute, "collation" | "character set") && (before == "none" || object.part == Part::Table)
}

/// Whether a table has the same constraint or index under another name, where one of the two names is the server's.
fn has_twin(trial: &Trial<'_>, object: &Object, facts: &Facts) -> bool {
    let by_role = |object: &Object| object.name.contains('(');
    // It was dropped by the name that the server had given it; another name is not that one.
    let renamed = |one: &Object, other: &Object| {
        let known = trial.names.get(one);
        known.is_some_and(|name| !by_role(other) && *name != other.name)
    };
    let same = |attribute| move |other: &Facts| other.get(attribute) == facts.get(attribute);
    matches!(object.part, Part::Constraint | Part::Index)
        && trial.keys_of(&object.table).iter().any(|other| {
            if renamed(object, other) || renamed(other, object) {
                return false;
            }
            let is_other =
                other != object && other.part == object.part && (by_role(object) || by_role(other));
            let known = || trial.look(other).and_then(|state| state.facts).or_else(|| trial.before(other));
            is_other
                && known().is_some_and(|known| {
                    same("kind")(&known) && same("columns")(&known) && facts.get("columns").is_some()
                })
        })
}

/// What was before, and whether that is certain.
fn before(trial: &Trial<'_>, object: &Object) -> Option<(Option<Facts>, bool)> {
    match (trial.was.get(object), trial.base.get(object)) {
        (Some(facts), _) => Some((facts.clone(), true)),
        (None, Some(State { facts, sure })) => Some((facts.clone(), *sure)),
        (None, None) => {
            // A part of a table that is known as a whole, or that the upgrade has made.
            let table = object.whole();
            let made = matches!(trial.was.get(&table), Some(None))
                || !trial.base.is_stale(&table)
                    && trial
                        .base
                        .get(&table)
                        .is_some_and(|state| state.facts.as_ref().is_none_or(|facts| facts.complete));
            (made && object.part == Part::Column).then_some((None, true))
        }
    }
}

fn differences(trial: &Trial<'_>, object: &Object, before: &Facts, after: &Facts) -> Vec<Loss> {
    let mut losses = Vec::new();
    for (attribute, value) in after
        .attributes
        .iter()
        .filter(|(attribute, _)| !matches!(**attribute, "spelling" | "made by" | "overloads"))
    {
        let key = (object.clone(), *attribute);
        match before.get(attribute) {
            Some(old) if old == value => {}
            Some(old) => losses.push(Loss::Differs {
                attribute,
                before: Some(old.to_owned()),
                after: value.clone().into_owned(),
            }),
            None if trial.set_up.contains(&key) && !trial.set_down.contains(&key) && after.original => {
                losses.push(Loss::Differs { attribute, before: None, after: value.clone().into_owned() });
            }
            None => {}
        }
    }
    losses
}

/// Whether two values that are written differently are different. Databases and people write expressions in many ways.
fn is_plain(attribute: &str, before: &str, after: &str) -> bool {
    match attribute {
        "condition" | "definition" | "predicate" | "generated" => {
            [before, after].iter().any(|text| matches!(*text, "none" | "no")) || says_another(before, after)
        }
        "text" => {
            let empty = |text: &str| matches!(text, "null" | "none" | "''");
            let is_text = |text: &str| empty(text) || is_literal(text);
            is_text(before) && is_text(after) && !(empty(before) && empty(after))
        }
        "default" => is_literal(before) && is_literal(after),
        _ => true,
    }
}

fn is_literal(text: &str) -> bool {
    let quoted = text.len() > 1 && text.starts_with('\'') && text.ends_with('\'');
    quoted || text == "none" || text.parse::<f64>().is_ok()
}

/// A literal in one spelling: `'1'`, `1.0` and `1` may be the same.
fn plain(literal: &str) -> String {
    let bare = literal.trim_matches('\'');
    bare.parse::<f64>().map_or_else(|_| literal.to_owned(), |number| number.to_string())
}

/// Words of which each says something of its own, so that another one says something else.
const TELLING: &[&str] = &[
    "<",
    "<=",
    "=",
    ">=",
    ">",
    "<>",
    "+",
    "-",
    "*",
    "/",
    "and",
    "or",
    "not",
    "is",
    "null",
    "stored",
    "virtual",
    "before",
    "after",
    "insert",
    "update",
    "delete",
    "truncate",
    "row",
    "statement",
    "where",
    "having",
    "distinct",
    "union",
    "all",
    "limit",
    "definer",
    "invoker",
    "security_barrier",
    "security_invoker",
];

/// Whether two texts that are alike but for a part surely do not say the same: the part has other literals or operators, or
/// stands in one of them alone and begins with a word that tells.
fn says_another(one: &str, other: &str) -> bool {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.split(' ').collect(), other.split(' ').collect());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[..one.len() - end], &other[..other.len() - end]);
    let operators = |part: &[&str]| part.iter().filter(|word| TELLING.contains(word)).count();
    let is_told = |part: &[&str]| {
        part.iter().all(|word| is_literal(word) || matches!(*word, "," | "-") || TELLING.contains(word))
    };
    match (one, other) {
        ([], [first, ..]) | ([first, ..], [])
            if matches!(*first, "where" | "having" | "limit" | "distinct") =>
        {
            true
        }
        ([], part) | (part, []) => {
            part.iter().any(|word| is_literal(word))
                && part.iter().all(|word| is_literal(word) || *word == ",")
        }
        _ => {
            let words = |part: &[&str]| {
                let mut words: Vec<String> = part.iter().map(|word| plain(word)).collect();
                words.sort();
                words
            };
            let literals = |part: &[&str]| part.iter().filter(|word| is_literal(word)).count();
            // `> 0` may be `>= 1`.
            let mixed = operators(one) > 0
                && literals(one) > 0
                && one.iter().any(|word| *word != "-" && TELLING.contains(word));
            is_told(one) && is_told(other) && !mixed && words(one) != words(other)
        }
    }
}

/// Parts of a table that is missing or left go with it.
fn without_parts(gaps: Vec<Gap>) -> Vec<Gap> {
    let whole: BTreeSet<String> = gaps
        .iter()
        .filter(|gap| gap.object.part == Part::Table && matches!(gap.loss, Loss::Missing | Loss::Left))
        .map(|gap| gap.object.table.clone())
        .collect();
    let is_part = |gap: &Gap| gap.object.part != Part::Table && whole.contains(&gap.object.table);
    gaps.into_iter().filter(|gap| !is_part(gap)).collect()
}
