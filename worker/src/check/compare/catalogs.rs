//! Catalogs, object by object.

use std::collections::{BTreeMap, BTreeSet};

use mrt_report::{AttributeChange, Evidence, FindingKind};

use super::Difference;
use crate::database::catalog::{COLUMN_ORDER, Catalog, MEMBER, ObjectKey, ObjectKind, PASSWORD, SERVED_KEY};

/// Which of two readings of the catalog is being compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// S0 with S0'.
    Rollback,
    /// S1 with S1'.
    Again,
}

/// Compares two catalogs object by object. Objects whose owner differs as a whole are not listed one by one.
pub(crate) fn catalogs(before: &Catalog, after: &Catalog, comparison: Comparison) -> Vec<Difference> {
    let mut found = Vec::new();
    let keys: BTreeSet<&ObjectKey> = before.objects.keys().chain(after.objects.keys()).collect();
    let missing = owners(before, after);
    let extra = owners(after, before);
    for key in keys {
        let owner_differs =
            key.owner.as_ref().is_some_and(|owner| missing.contains(owner) || extra.contains(owner));
        if owner_differs || goes_with_its_member(key, before, after, &missing, &extra) {
            continue;
        }
        let name = format!("{} {}", key.kind, key.path);
        let (was, is) = (before.objects.get(key), after.objects.get(key));
        let mut changes: Vec<AttributeChange> = Vec::new();
        let attributes: BTreeSet<&str> = was
            .into_iter()
            .chain(is)
            .flat_map(|attributes| attributes.keys().copied())
            .filter(|attribute| *attribute != SERVED_KEY)
            .collect();
        for attribute in attributes {
            let pick = |side: Option<&BTreeMap<&'static str, String>>| {
                side.and_then(|attributes| attributes.get(attribute)).cloned()
            };
            let (old, new) = (pick(was), pick(is));
            // A password that a revision makes up is another one each time.
            let made_up = comparison == Comparison::Again
                && key.kind == ObjectKind::ServerWide
                && attribute == PASSWORD
                && old.is_some() == new.is_some();
            let order_kept = attribute == COLUMN_ORDER
                && old.as_deref().zip(new.as_deref()).is_some_and(|(old, new)| same_order(old, new));
            if old != new && !made_up && !order_kept {
                changes.push(AttributeChange {
                    object: name.clone(),
                    attribute: attribute.to_owned(),
                    before: old,
                    after: new,
                });
            }
        }
        let presence = match (was, is) {
            (Some(_), None) => Presence::Missing,
            (None, Some(_)) => Presence::Extra,
            _ if changes.is_empty() => continue,
            _ => Presence::Changed,
        };
        if presence != Presence::Changed && changes.is_empty() {
            changes.push(AttributeChange {
                object: name.clone(),
                attribute: "exists".to_owned(),
                before: was.map(|_| "yes".to_owned()),
                after: is.map(|_| "yes".to_owned()),
            });
        }
        let order_alone =
            presence == Presence::Changed && changes.iter().all(|change| change.attribute == COLUMN_ORDER);
        let (kind, message) = sentence(comparison, presence, key, &changes, order_alone);
        found.push(Difference {
            kind,
            object: key.path.clone(),
            note: order_alone || role_left_behind(comparison, presence, key),
            message,
            evidence: Evidence { catalog: changes, ..Evidence::default() },
            rows: BTreeSet::new(),
            about_b: false,
        });
    }
    found
}

/// An index that the server has made for a foreign key stays when the key is dropped, in every correct migration. `between`
/// is the catalog in which the key was still there.
pub(crate) fn excuse_served_keys(found: &mut [Difference], between: &Catalog) {
    let is_served = |path: &str| {
        between
            .objects
            .iter()
            .any(|(key, attributes)| key.path == path && attributes.contains_key(SERVED_KEY))
    };
    for one in found.iter_mut().filter(|one| one.kind == FindingKind::SchemaLeftBehind) {
        if is_served(&one.object) {
            one.note = true;
            one.message = format!(
                "index {} is still there after the downgrade: the server has made it for a foreign key, and keeps it when that is dropped; drop it too where the schema has to be as it was",
                one.object
            );
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Missing,
    Extra,
    Changed,
}

/// Whether the columns of both sides stand in the same order. Those of one side alone are findings of their own.
fn same_order(before: &str, after: &str) -> bool {
    let common = |of: &str, other: &str| -> Vec<String> {
        let others: BTreeSet<&str> = other.split(", ").collect();
        of.split(", ").filter(|name| others.contains(name)).map(str::to_owned).collect()
    };
    common(before, after) == common(after, before)
}

/// Paths of objects that are in `here` and not in `there`, and take what belongs to them along.
fn owners(here: &Catalog, there: &Catalog) -> BTreeSet<String> {
    here.objects.keys().filter(|key| !there.objects.contains_key(key)).map(|key| key.path.clone()).collect()
}

/// A membership belongs to two roles, and goes with either.
fn goes_with_its_member(
    key: &ObjectKey,
    before: &Catalog,
    after: &Catalog,
    missing: &BTreeSet<String>,
    extra: &BTreeSet<String>,
) -> bool {
    key.kind == ObjectKind::ServerWide
        && [before, after]
            .iter()
            .filter_map(|catalog| catalog.objects.get(key)?.get(MEMBER))
            .any(|member| missing.contains(member) || extra.contains(member))
}

/// Leaving a role behind can be right, since other databases may use it. Whether the upgrade copes with that is seen
/// when it runs again.
fn role_left_behind(comparison: Comparison, presence: Presence, key: &ObjectKey) -> bool {
    comparison == Comparison::Rollback
        && presence == Presence::Extra
        && key.kind == ObjectKind::ServerWide
        && key.owner.is_none()
}

fn sentence(
    comparison: Comparison,
    presence: Presence,
    key: &ObjectKey,
    changes: &[AttributeChange],
    order_alone: bool,
) -> (FindingKind, String) {
    let object = format!("{} {}", key.kind, key.path);
    let listed = changes.iter().map(|change| change.attribute.as_str()).collect::<Vec<_>>().join(", ");
    match (comparison, presence) {
        (Comparison::Rollback, _) if order_alone => (
            FindingKind::SchemaNotRestored,
            format!(
                "the columns of {object} come back in another order; code that relies on the order would notice"
            ),
        ),
        (Comparison::Rollback, Presence::Missing) => (
            FindingKind::SchemaNotRestored,
            format!("{object} is gone after the downgrade; recreate it there"),
        ),
        (Comparison::Rollback, Presence::Extra) if role_left_behind(comparison, presence, key) => (
            FindingKind::SchemaLeftBehind,
            format!(
                "{object} is still there after the downgrade; other databases of the server may use it, so that can be meant"
            ),
        ),
        (Comparison::Rollback, Presence::Extra) => (
            FindingKind::SchemaLeftBehind,
            format!("{object} is still there after the downgrade; drop it there"),
        ),
        (Comparison::Rollback, Presence::Changed) => (
            FindingKind::SchemaNotRestored,
            format!("{object} comes back with another {listed}; restore it as it was in the downgrade"),
        ),
        (Comparison::Again, _) if order_alone => (
            FindingKind::ReupgradeDiffers,
            format!("the columns of {object} stand in another order after the second upgrade"),
        ),
        (Comparison::Again, Presence::Missing) => (
            FindingKind::ReupgradeDiffers,
            format!(
                "{object} is missing after the second upgrade; the downgrade leaves something that the upgrade trips over"
            ),
        ),
        (Comparison::Again, Presence::Extra) => (
            FindingKind::ReupgradeDiffers,
            format!("{object} is there only after the second upgrade; the downgrade leaves it behind"),
        ),
        (Comparison::Again, Presence::Changed) => (
            FindingKind::ReupgradeDiffers,
            format!("{object} has another {listed} after the second upgrade than after the first"),
        ),
    }
}
