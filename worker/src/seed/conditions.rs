//! Rows that meet conditions: candidates are collected, the database says which combinations hold.
//!
//! Conditions over common columns belong together, so columns fall into components. What the database answers is
//! the only truth; a condition that it cannot answer about, or that no candidate meets, is left to the table itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::catalog::{Family, Table};
use crate::database::rows::Value;
use crate::database::{DatabaseError, Dialect, Session};

use super::Edge;
use super::combinations::{combinations, subsets};
use super::edges;
use super::hints::{self, Hint};
use super::model::ordinal_of_edge;
use super::plan;
use super::values::Field;

/// The most candidates for a column that stands alone.
const ALONE: usize = 250;
/// The most candidates for one column of several.
const SHARED: usize = 80;
/// Partitions that are to hold a row each.
const PARTITIONS: usize = 16;
/// Ordinary values among the candidates.
const ORDINARY: u64 = 30;

/// Columns whose conditions hang together, and the tuples that meet them.
#[derive(Debug, Clone, Default)]
pub(super) struct Component {
    /// Indexes of the columns.
    pub(super) columns: Vec<usize>,
    /// Tuples that both sides accept, the best first.
    pub(super) ordinary: Vec<Vec<Value>>,
    /// How many of them are equally good: those with the fewest NULLs.
    pub(super) best: usize,
    /// Tuples that the side that is here accepts.
    pub(super) here: Vec<Vec<Value>>,
    /// Tuples for edge rows, the most extreme first.
    pub(super) edges: BTreeMap<Edge, Vec<Vec<Value>>>,
    /// Members of closed lists, by column.
    pub(super) labels: BTreeMap<usize, Vec<Value>>,
    /// One tuple for each way in which columns must be NULL.
    pub(super) branches: Vec<Vec<Value>>,
    /// For each partition the tuples that it takes, the best first.
    pub(super) partitions: Vec<Vec<Vec<Value>>>,
}

/// What the search knows of a table.
pub(super) struct Scene<'a> {
    pub(super) fields: &'a [Field<'a>],
    pub(super) table: &'a Table,
    pub(super) other: Option<&'a Table>,
    /// Values of columns that refer to other rows.
    pub(super) given: &'a BTreeMap<usize, Vec<Value>>,
    /// Columns whose values are not known yet; conditions over them are left to the table.
    pub(super) unknown: &'a BTreeSet<usize>,
    /// Edges that are wanted.
    pub(super) edges: &'a [Edge],
    pub(super) dialect: &'a dyn Dialect,
}

/// One condition, as a question.
struct Question {
    condition: String,
    columns: Vec<usize>,
    /// Names and types; a second spelling of the types where the other side's may not exist here.
    typed: Vec<Vec<(String, String)>>,
    hints: BTreeMap<usize, Vec<Hint>>,
    here: bool,
}

/// A candidate and who accepts it.
#[derive(Debug, Clone)]
struct Candidate {
    value: Value,
    here: bool,
    both: bool,
}

/// Finds the components of a table and the tuples that meet their conditions.
pub(super) async fn solve(
    session: &mut dyn Session,
    scene: &Scene<'_>,
) -> Result<Vec<Component>, DatabaseError> {
    let questions = questions(scene);
    let mut components = Vec::new();
    for columns in connected(&questions) {
        let mine: Vec<&Question> = questions
            .iter()
            .filter(|question| question.columns.iter().all(|at| columns.contains(at)))
            .collect();
        let (single, several): (Vec<&Question>, Vec<&Question>) =
            mine.iter().partition(|question| question.columns.len() == 1);
        let mut pools = BTreeMap::new();
        for &at in &columns {
            let about: Vec<&Question> =
                single.iter().copied().filter(|question| question.columns == [at]).collect();
            pools.insert(at, pool(session, scene, at, &mine, &about, columns.len()).await?);
        }
        let mut component = if several.is_empty() {
            alone(scene, columns, &pools, &mine)
        } else {
            together(session, scene, columns, &pools, &mine, &several).await?
        };
        partitions(session, scene, &mut component).await?;
        components.push(component);
    }
    Ok(components)
}

fn questions(scene: &Scene<'_>) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    for (side, here) in [(Some(scene.table), true), (scene.other, false)] {
        let Some(side) = side else { continue };
        let index = |name: &String| scene.fields.iter().position(|field| field.column.name == *name);
        let native = |name: &str| plan::column(side, name).map_or("", |column| column.ty.native.as_str());
        let checks = side.checks.iter().map(|check| (check.condition.clone(), check.columns.clone(), None));
        let domains = side.columns.iter().flat_map(|column| {
            let conditions = column.ty.domain_checks.iter();
            conditions.map(|condition| {
                (condition.clone(), vec![column.name.clone()], Some(scene.dialect.fold("VALUE")))
            })
        });
        for (condition, names, alias) in checks.chain(domains) {
            let columns: Option<Vec<usize>> = names.iter().map(index).collect();
            let Some(columns) = columns.filter(|columns| !columns.is_empty()) else { continue };
            let open = |at: &usize| {
                !scene.unknown.contains(at)
                    && scene.fields.get(*at).is_some_and(|field| !field.column.generated)
            };
            if !columns.iter().all(open) {
                continue;
            }
            let said: Vec<String> = alias.map_or(names.clone(), |alias| vec![alias]);
            let mine = |at: &usize| scene.fields.get(*at).map_or("", |field| field.column.ty.native.as_str());
            let first: Vec<(String, String)> =
                said.iter().zip(&names).map(|(said, name)| (said.clone(), native(name).to_owned())).collect();
            let second: Vec<(String, String)> =
                said.iter().zip(&columns).map(|(said, at)| (said.clone(), mine(at).to_owned())).collect();
            let mut typed = vec![first];
            if !typed.contains(&second) {
                typed.push(second);
            }
            if questions.iter().any(|question| {
                question.condition == condition && question.columns == columns && question.typed == typed
            }) {
                continue;
            }
            let found = hints::of_condition(&condition, &said, scene.dialect);
            let hints = said
                .iter()
                .zip(&columns)
                .filter_map(|(said, at)| Some((*at, found.get(said)?.clone())))
                .collect();
            questions.push(Question { condition, columns, typed, hints, here });
        }
    }
    questions
}

/// Sets of columns that conditions connect.
fn connected(questions: &[Question]) -> Vec<Vec<usize>> {
    let mut sets: Vec<BTreeSet<usize>> = Vec::new();
    for question in questions {
        let mut merged: BTreeSet<usize> = question.columns.iter().copied().collect();
        sets.retain(|set| {
            let apart = set.is_disjoint(&merged);
            if !apart {
                merged.extend(set);
            }
            apart
        });
        sets.push(merged);
    }
    sets.into_iter().map(|set| set.into_iter().collect()).collect()
}

/// The candidates for one column, and which of them its own conditions accept.
async fn pool(
    session: &mut dyn Session,
    scene: &Scene<'_>,
    at: usize,
    mine: &[&Question],
    about: &[&Question],
    width: usize,
) -> Result<Vec<Candidate>, DatabaseError> {
    let Some(field) = scene.fields.get(at) else { return Ok(Vec::new()) };
    let hints: Vec<Hint> =
        mine.iter().filter_map(|question| question.hints.get(&at)).flatten().cloned().collect();
    let mut values: Vec<Value> = Vec::new();
    match scene.given.get(&at) {
        Some(given) => values.extend(given.iter().cloned()),
        None => {
            let plain: Vec<Value> = (0..ORDINARY).map(|ordinal| field.ordinary(ordinal)).collect();
            let mut hinted = hints::candidates(field, &hints, 0);
            if let Family::Enum(labels) = &field.column.ty.family {
                hinted.extend(labels.iter().take(64).cloned().map(Value::Text));
            }
            // The fewer columns, the more of each column's candidates are asked about; the first ones surely are.
            let first = match width {
                1 => plain.len(),
                2 => 12,
                _ => 4,
            };
            let (first, rest) = plain.split_at(first.min(plain.len()));
            values.extend([first, &hinted, rest].into_iter().flatten().cloned());
        }
    }
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.clone()));
    values.truncate(if width == 1 { ALONE } else { SHARED });
    if field.column.nullable && seen.insert(Value::Null) {
        values.push(Value::Null);
    }
    let mut extreme = Vec::new();
    if !scene.given.contains_key(&at) {
        for edge in scene.edges {
            extreme.extend(edges::values(field, *edge, ordinal_of_edge(*edge), scene.dialect));
        }
    }
    extreme.retain(|value| seen.insert(value.clone()));
    values.extend(extreme);

    let there_null = scene
        .other
        .and_then(|other| plan::column(other, &field.column.name))
        .is_none_or(|column| column.nullable);
    let tuples: Vec<Vec<Value>> = values.iter().map(|value| vec![value.clone()]).collect();
    let Verdict { here, there, .. } = judge(session, about, &[at], &tuples).await?;
    Ok(values
        .into_iter()
        .zip(here.into_iter().zip(there))
        .map(|(value, (here, there))| {
            let both = here && there && (value != Value::Null || there_null);
            Candidate { value, here, both }
        })
        .collect())
}

/// What the conditions of the two sides say about tuples.
struct Verdict<'q> {
    here: Vec<bool>,
    there: Vec<bool>,
    /// Conditions that the database could answer about and some tuple met, with the types that did it.
    understood: Vec<(&'q Question, &'q [(String, String)])>,
}

/// Which tuples the conditions of either side accept. A condition that accepts none is not counted.
async fn judge<'q>(
    session: &mut dyn Session,
    questions: &[&'q Question],
    columns: &[usize],
    tuples: &[Vec<Value>],
) -> Result<Verdict<'q>, DatabaseError> {
    let all = vec![true; tuples.len()];
    let mut verdict = Verdict { here: all.clone(), there: all, understood: Vec::new() };
    for question in questions {
        for typed in &question.typed {
            if !understood(session, &question.condition, typed).await? {
                continue;
            }
            let answers = ask(session, question, typed, columns, tuples).await?;
            // Where only NULLs hold, the types do not fit the condition, or no candidate does.
            let single = question.columns.len() == 1;
            let met =
                |(tuple, holds): (&Vec<Value>, &bool)| *holds && !(single && tuple.contains(&Value::Null));
            if tuples.iter().zip(&answers).any(met) {
                let side = if question.here { &mut verdict.here } else { &mut verdict.there };
                side.iter_mut().zip(answers).for_each(|(side, holds)| *side &= holds);
                verdict.understood.push((question, typed));
                break;
            }
        }
    }
    Ok(verdict)
}

/// What one condition says about each tuple over `columns`.
async fn ask(
    session: &mut dyn Session,
    question: &Question,
    typed: &[(String, String)],
    columns: &[usize],
    tuples: &[Vec<Value>],
) -> Result<Vec<bool>, DatabaseError> {
    let places: Vec<usize> =
        question.columns.iter().filter_map(|at| columns.iter().position(|column| column == at)).collect();
    let project = |tuple: &Vec<Value>| -> Vec<Value> {
        places.iter().map(|place| tuple.get(*place).cloned().unwrap_or(Value::Null)).collect()
    };
    let distinct: Vec<Vec<Value>> = tuples.iter().map(project).collect::<BTreeSet<_>>().into_iter().collect();
    let answers = match session.satisfying(&question.condition, typed, &distinct).await {
        Ok(answers) => answers,
        Err(DatabaseError::Refused { .. }) => vec![false; distinct.len()],
        Err(gone) => return Err(gone),
    };
    let answers: BTreeMap<&Vec<Value>, bool> = distinct.iter().zip(answers).collect();
    Ok(tuples.iter().map(|tuple| answers.get(&project(tuple)).copied().unwrap_or(false)).collect())
}

/// Whether the database can evaluate the condition outside its table at all; asked first because an error costs
/// many questions.
async fn understood(
    session: &mut dyn Session,
    condition: &str,
    typed: &[(String, String)],
) -> Result<bool, DatabaseError> {
    let nulls = vec![Value::Null; typed.len()];
    match session.satisfying(&format!("({condition}) OR 1 = 1"), typed, &[nulls]).await {
        Ok(answers) => Ok(answers == [true]),
        Err(DatabaseError::Refused { .. }) => Ok(false),
        Err(gone) => Err(gone),
    }
}

/// The component of one column.
fn alone(
    scene: &Scene<'_>,
    columns: Vec<usize>,
    pools: &BTreeMap<usize, Vec<Candidate>>,
    mine: &[&Question],
) -> Component {
    let Some((at, pool)) = columns.first().and_then(|at| Some((*at, pools.get(at)?))) else {
        return Component::default();
    };
    let extreme = extremes(scene, at, pool);
    let usual = |candidate: &&Candidate| !extreme.values().flatten().any(|value| *value == candidate.value);
    let tuples = |both: bool| -> Vec<Vec<Value>> {
        let fits = pool.iter().filter(|candidate| if both { candidate.both } else { candidate.here });
        let (usual, rest): (Vec<&Candidate>, Vec<&Candidate>) = fits.partition(usual);
        usual.into_iter().chain(rest).map(|candidate| vec![candidate.value.clone()]).collect()
    };
    let edges = extreme
        .iter()
        .map(|(edge, values)| (*edge, values.iter().map(|value| vec![value.clone()]).collect()));
    let edges = edges.collect();
    let component =
        Component { columns, here: tuples(false), ordinary: tuples(true), edges, ..Component::default() };
    finish(scene, component, mine)
}

/// The component of several columns.
async fn together(
    session: &mut dyn Session,
    scene: &Scene<'_>,
    columns: Vec<usize>,
    pools: &BTreeMap<usize, Vec<Candidate>>,
    mine: &[&Question],
    several: &[&Question],
) -> Result<Component, DatabaseError> {
    let extreme: BTreeMap<usize, BTreeMap<Edge, Vec<Value>>> =
        pools.iter().map(|(at, pool)| (*at, extremes(scene, *at, pool))).collect();
    let usual: Vec<Vec<&Candidate>> = columns
        .iter()
        .map(|at| {
            // What is an edge of the column comes last; for truth values and the like it is all there is.
            let extreme: Vec<&Value> =
                extreme.get(at).into_iter().flat_map(BTreeMap::values).flatten().collect();
            let accepted = pools.get(at).into_iter().flatten().filter(|candidate| candidate.here);
            let (usual, rest): (Vec<&Candidate>, Vec<&Candidate>) =
                accepted.partition(|candidate| !extreme.contains(&&candidate.value));
            [usual, rest].concat()
        })
        .collect();
    let null = |candidate: &Candidate| candidate.value == Value::Null;
    let combined = combinations(&usual, null);
    let tuples: Vec<Vec<Value>> = combined
        .iter()
        .map(|tuple| tuple.iter().map(|candidate| candidate.value.clone()).collect())
        .collect();
    let Verdict { here, there, understood } = judge(session, several, &columns, &tuples).await?;
    let mut component = Component { columns, ..Component::default() };
    for ((tuple, values), (here, there)) in combined.iter().zip(tuples).zip(here.into_iter().zip(there)) {
        if here && there && tuple.iter().all(|candidate| candidate.both) {
            component.ordinary.push(values.clone());
        }
        if here {
            component.here.push(values);
        }
    }
    let mut component = finish(scene, component, mine);

    // Edge tuples: an ordinary one with as many columns as possible at their edge.
    let mut wanted: Vec<(Edge, Vec<Value>)> = Vec::new();
    for edge in scene.edges {
        let at_edge: Vec<Option<&Value>> = component
            .columns
            .iter()
            .map(|at| extreme.get(at).and_then(|values| values.get(edge)).and_then(|values| values.first()))
            .collect();
        let places: Vec<usize> =
            (0..at_edge.len()).filter(|place| at_edge.get(*place).is_some_and(Option::is_some)).collect();
        for base in component.ordinary.iter().take(2) {
            for chosen in subsets(&places) {
                let mut tuple = base.clone();
                for place in chosen {
                    if let (Some(slot), Some(Some(value))) = (tuple.get_mut(place), at_edge.get(place)) {
                        *slot = (*value).clone();
                    }
                }
                if tuple != *base {
                    wanted.push((*edge, tuple));
                }
            }
        }
    }
    let tuples: Vec<Vec<Value>> = wanted.iter().map(|(_, tuple)| tuple.clone()).collect();
    if !tuples.is_empty() {
        let mut here = vec![true; tuples.len()];
        for (question, typed) in understood.into_iter().filter(|(question, _)| question.here) {
            let answers = ask(session, question, typed, &component.columns, &tuples).await?;
            here.iter_mut().zip(answers).for_each(|(here, holds)| *here &= holds);
        }
        for ((edge, tuple), holds) in wanted.into_iter().zip(here) {
            if holds {
                component.edges.entry(edge).or_default().push(tuple);
            }
        }
    }
    Ok(component)
}

/// Which of the component's tuples each partition takes.
async fn partitions(
    session: &mut dyn Session,
    scene: &Scene<'_>,
    component: &mut Component,
) -> Result<(), DatabaseError> {
    let typed: BTreeMap<&str, (usize, &str)> = component
        .columns
        .iter()
        .filter_map(|at| {
            let column = scene.fields.get(*at)?.column;
            Some((column.name.as_str(), (*at, column.ty.native.as_str())))
        })
        .collect();
    for check in scene.table.partitions.iter().take(PARTITIONS).filter_map(|p| p.takes.as_ref()) {
        let known: Option<Vec<_>> =
            check.columns.iter().map(|name| Some((name, typed.get(name.as_str())?))).collect();
        let Some(known) = known.filter(|known| !known.is_empty()) else { continue };
        let typed: Vec<(String, String)> =
            known.iter().map(|(name, (_, native))| ((*name).clone(), (*native).to_owned())).collect();
        let columns = known.iter().map(|(_, (at, _))| *at).collect();
        let condition = check.condition.clone();
        let question = Question { condition, columns, typed: Vec::new(), hints: BTreeMap::new(), here: true };
        let tuples: Vec<Vec<Value>> = component.ordinary.iter().chain(&component.here).cloned().collect();
        let answers = ask(session, &question, &typed, &component.columns, &tuples).await?;
        let taken = tuples.into_iter().zip(answers).filter(|(_, holds)| *holds);
        component.partitions.push(taken.map(|(tuple, _)| tuple).collect());
    }
    Ok(())
}

/// What both kinds of components have in common: preference, labels, branches.
fn finish(scene: &Scene<'_>, mut component: Component, mine: &[&Question]) -> Component {
    let nulls = |tuple: &Vec<Value>| tuple.iter().filter(|value| **value == Value::Null).count();
    if component.ordinary.is_empty() {
        component.ordinary.clone_from(&component.here);
    }
    component.ordinary.sort_by_key(nulls);
    component.here.sort_by_key(nulls);
    let fewest = component.ordinary.first().map_or(0, nulls);
    component.best = component.ordinary.iter().filter(|tuple| nulls(tuple) == fewest).count();
    if fewest > 0 {
        let mut patterns = BTreeSet::new();
        let pattern =
            |tuple: &Vec<Value>| tuple.iter().map(|value| *value == Value::Null).collect::<Vec<_>>();
        let best = component.ordinary.iter().take(component.best);
        component.branches = best.filter(|tuple| patterns.insert(pattern(tuple))).take(8).cloned().collect();
    }
    for (place, at) in component.columns.iter().enumerate() {
        let Some(field) = scene.fields.get(*at) else { continue };
        let hints: Vec<Hint> =
            mine.iter().filter(|q| q.here).filter_map(|q| q.hints.get(at)).flatten().cloned().collect();
        let mut labels = hints::labels(field, &hints);
        if let Family::Enum(all) = &field.column.ty.family {
            labels.extend(all.iter().cloned().map(Value::Text));
        }
        let holds = |label: &Value| component.here.iter().any(|tuple| tuple.get(place) == Some(label));
        let mut seen = BTreeSet::new();
        labels.retain(|label| holds(label) && seen.insert(label.clone()));
        if !labels.is_empty() {
            component.labels.insert(*at, labels);
        }
    }
    component
}

/// The accepted edge values of a column; where a condition forbids the type's limits, its own are the edge.
fn extremes(scene: &Scene<'_>, at: usize, pool: &[Candidate]) -> BTreeMap<Edge, Vec<Value>> {
    let mut extremes = BTreeMap::new();
    let Some(field) = scene.fields.get(at) else { return extremes };
    let accepted = |value: &Value| pool.iter().any(|candidate| candidate.here && candidate.value == *value);
    for edge in scene.edges {
        let mut values: Vec<Value> = match edge {
            Edge::Nulls => vec![Value::Null],
            _ if scene.given.contains_key(&at) => Vec::new(),
            edge => edges::values(field, *edge, ordinal_of_edge(*edge), scene.dialect),
        };
        let possible = !values.is_empty();
        values.retain(accepted);
        if values.is_empty() && possible {
            let measured = pool
                .iter()
                .filter(|candidate| candidate.here)
                .filter_map(|c| Some((measure(&c.value)?, &c.value)));
            let furthest = match edge {
                Edge::Largest => measured.max_by(|(a, _), (b, _)| a.total_cmp(b)),
                Edge::Smallest => measured.min_by(|(a, _), (b, _)| a.total_cmp(b)),
                _ => None,
            };
            values.extend(furthest.map(|(_, value)| value.clone()));
        }
        if !values.is_empty() {
            extremes.insert(*edge, values);
        }
    }
    extremes
}

/// How large a value is, where that can be said.
fn measure(value: &Value) -> Option<f64> {
    match value {
        Value::Null | Value::Bool(_) => None,
        #[allow(clippy::cast_precision_loss, reason = "an order among few candidates")]
        Value::Integer(number) => Some(*number as f64),
        Value::Number(text) => text.parse().ok(),
        Value::Text(text) => Some(text.chars().count() as f64),
        Value::Bytes(bytes) => Some(bytes.len() as f64),
    }
}
