//! From single files to a chain: names become revisions, and revisions get an order.

use std::collections::BTreeMap;

use super::syntax::Draft;
use super::{Chain, GraphError, Revision};
use crate::text;

/// Characters that mean something in `alembic upgrade a@b+1` and `a:b`.
const ILLEGAL: [char; 4] = ['@', '-', '+', ':'];

/// Resolves and orders what the files say.
pub(super) fn chain(mut drafts: Vec<Draft>) -> Result<Chain, GraphError> {
    drafts.sort_by(|a, b| {
        (&a.revision.id, &a.revision.display_file).cmp(&(&b.revision.id, &b.revision.display_file))
    });
    check_ids(&drafts)?;
    let labels = labels(&drafts)?;
    // Sorted by id, a position is a rank: comparing positions compares ids.
    let names = Names { ids: drafts.iter().map(|draft| draft.revision.id.clone()).collect(), labels };

    let mut parents = Vec::with_capacity(drafts.len());
    let mut revisions = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let (revision, positions) = names.resolve(draft)?;
        revisions.push(revision);
        parents.push(positions);
    }
    let children = reversed(&parents);
    let order = order(&parents, &children).map_err(|stuck| cycle(&revisions, &parents, &stuck))?;
    Ok(arrange(revisions, &parents, &children, &order))
}

fn check_ids(drafts: &[Draft]) -> Result<(), GraphError> {
    for draft in drafts {
        let id = &draft.revision.id;
        let problem = if id.is_empty() {
            "empty".to_owned()
        } else if let Some(illegal) = id.chars().find(|character| ILLEGAL.contains(character)) {
            format!("not allowed to contain `{illegal}`")
        } else {
            continue;
        };
        return Err(GraphError::IllegalId {
            file: draft.revision.display_file.clone(),
            line: draft.revision_line,
            id: id.clone(),
            problem,
        });
    }
    match drafts.windows(2).find(|pair| pair[0].revision.id == pair[1].revision.id) {
        Some(pair) => Err(GraphError::DuplicateId {
            id: pair[0].revision.id.clone(),
            first: pair[0].revision.display_file.clone(),
            second: pair[1].revision.display_file.clone(),
        }),
        None => Ok(()),
    }
}

/// Branch labels, each with the position of its revision.
fn labels(drafts: &[Draft]) -> Result<BTreeMap<String, usize>, GraphError> {
    let mut labels: BTreeMap<String, usize> = BTreeMap::new();
    for (position, draft) in drafts.iter().enumerate() {
        for label in &draft.revision.labels {
            let same_id = drafts.binary_search_by(|other| other.revision.id.as_str().cmp(label)).ok();
            if let Some(other) = same_id.or_else(|| labels.insert(label.clone(), position)) {
                return Err(GraphError::DuplicateLabel {
                    label: label.clone(),
                    first: drafts[other].revision.display_file.clone(),
                    second: draft.revision.display_file.clone(),
                });
            }
        }
    }
    Ok(labels)
}

/// What a revision can be called in another revision's file.
struct Names {
    /// Sorted; an index is a draft's position.
    ids: Vec<String>,
    labels: BTreeMap<String, usize>,
}

impl Names {
    fn id(&self, name: &str) -> Option<usize> {
        self.ids.binary_search_by(|id| id.as_str().cmp(name)).ok()
    }

    /// Alembic looks `down_revision` up among the ids, `depends_on` among the ids and labels; neither may be partial.
    fn resolve(&self, draft: Draft) -> Result<(Revision, Vec<usize>), GraphError> {
        let mut revision = draft.revision;
        let missing = |variable, line, name: &str| GraphError::MissingParent {
            file: revision.display_file.clone(),
            line,
            variable,
            revision: revision.id.clone(),
            missing: name.to_owned(),
            hint: self.hint(variable, name),
        };
        let mut positions = Vec::new();
        for name in &revision.down {
            positions.push(self.id(name).ok_or_else(|| missing("down_revision", draft.down_line, name))?);
        }
        let mut depends_on = Vec::new();
        for name in revision.depends_on.iter().filter(|name| !name.is_empty()) {
            let position = self.id(name).or_else(|| self.labels.get(name).copied());
            depends_on.push(position.ok_or_else(|| missing("depends_on", draft.depends_on_line, name))?);
        }
        revision.depends_on = depends_on.iter().map(|position| self.ids[*position].clone()).collect();
        positions.extend(depends_on);
        positions.sort_unstable();
        positions.dedup();
        Ok((revision, positions))
    }

    fn hint(&self, variable: &str, name: &str) -> String {
        if variable == "down_revision" && self.labels.contains_key(name) {
            return "it is a branch label: write the revision's id".to_owned();
        }
        if name.is_empty() {
            return "a first revision says `down_revision = None`".to_owned();
        }
        match text::nearest(name, self.ids.iter().map(String::as_str)) {
            Some(near) if near.starts_with(name) => format!("Alembic wants the full id here: `{near}`"),
            Some(near) => format!("did you mean `{near}`?"),
            None => "add the missing file, or correct the id".to_owned(),
        }
    }
}

fn reversed(parents: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); parents.len()];
    for (child, parents) in parents.iter().enumerate() {
        for parent in parents {
            children[*parent].push(child);
        }
    }
    children
}

/// Kahn's algorithm with a stack: what became ready last is taken first, so that a branch is followed to its end.
/// Fails with the positions that never become ready.
fn order(parents: &[Vec<usize>], children: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut missing: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..parents.len()).rev().filter(|position| missing[*position] == 0).collect();
    let mut order = Vec::with_capacity(parents.len());
    while let Some(position) = ready.pop() {
        order.push(position);
        for child in children[position].iter().rev() {
            missing[*child] -= 1;
            if missing[*child] == 0 {
                ready.push(*child);
            }
        }
    }
    if order.len() == parents.len() {
        Ok(order)
    } else {
        Err((0..parents.len()).filter(|position| missing[*position] > 0).collect())
    }
}

/// One cycle among the positions that never become ready. Each of those has a parent among them, so that walking
/// from parent to parent must come back to where it was.
fn cycle(revisions: &[Revision], parents: &[Vec<usize>], stuck: &[usize]) -> GraphError {
    let mut walk: Vec<usize> = Vec::new();
    let mut next = stuck.first().copied();
    while let Some(position) = next {
        if let Some(start) = walk.iter().position(|earlier| *earlier == position) {
            walk.drain(..start);
            break;
        }
        walk.push(position);
        next = parents[position].iter().copied().find(|parent| stuck.binary_search(parent).is_ok());
    }
    let smallest =
        walk.iter().enumerate().min_by_key(|(_, position)| **position).map_or(0, |(index, _)| index);
    walk.rotate_left(smallest);
    let member =
        |position: &usize| (revisions[*position].id.clone(), revisions[*position].display_file.clone());
    GraphError::Cycle { members: walk.iter().map(member).collect() }
}

fn arrange(
    revisions: Vec<Revision>,
    parents: &[Vec<usize>],
    children: &[Vec<usize>],
    order: &[usize],
) -> Chain {
    let mut place = vec![0; order.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    let moved = |links: &[Vec<usize>]| -> Vec<Vec<usize>> {
        let sorted = |old: &usize| {
            let mut positions: Vec<usize> = links[*old].iter().map(|position| place[*position]).collect();
            positions.sort_unstable();
            positions
        };
        order.iter().map(sorted).collect()
    };
    let (parents, children) = (moved(parents), moved(children));
    let mut placed: Vec<(usize, Revision)> = place.into_iter().zip(revisions).collect();
    placed.sort_unstable_by_key(|(position, _)| *position);
    let positions = placed.iter().map(|(position, revision)| (revision.id.clone(), *position)).collect();
    let revisions = placed.into_iter().map(|(_, revision)| revision).collect();
    Chain { revisions, positions, parents, children }
}
