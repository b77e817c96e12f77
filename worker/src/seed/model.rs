//! The rows of one table, before the database has seen them.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::catalog::{Family, Table, TableName};
use crate::database::rows::{NewRow, Value};
use crate::database::{DatabaseError, Dialect, Session};

use super::compose::{Composed, compose};
use super::conditions::{self, Component, Scene};
use super::groups::Maker;
use super::keys::{Strictness, Taken};
use super::plan::{self, Link, TablePlan, Timing};
use super::probe;
use super::values::{Field, array};
use super::{Edge, EdgeSet, Request, RowKind};

/// Edges in the order of their rows, labels apart.
pub(super) const EDGES: [Edge; 10] = [
    Edge::Nulls,
    Edge::Largest,
    Edge::Smallest,
    Edge::NonAscii,
    Edge::Blanks,
    Edge::LetterCase,
    Edge::Punctuation,
    Edge::Empty,
    Edge::Duplicate,
    Edge::Twin,
];
/// The most rows that show further labels.
const LABELS: u16 = 32;
/// How many values are offered for a unique column, at first and when those do not do.
const FEW: usize = 3;
const MANY: usize = 60;
/// How many parents are tried for one row.
const PARENTS: usize = 64;
/// A row that is in the database, as far as others need it.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) kind: RowKind,
    pub(super) values: BTreeMap<String, Value>,
}

/// Rows by table.
pub(super) type Rows = BTreeMap<TableName, Vec<Placed>>;

/// What the next attempt at a row does otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tweak {
    /// How many choices are passed over, by column.
    pub(super) shift: BTreeMap<usize, usize>,
    /// Columns of an edge row that go back to ordinary values.
    pub(super) plain: BTreeSet<usize>,
    /// Nullable columns are NULL and defaults are left to the server.
    pub(super) lean: bool,
}

/// A row that is to be inserted.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) kind: RowKind,
    pub(super) row: Composed,
    pub(super) tweak: Tweak,
    /// Labels that the row is to show, by column.
    wanted: BTreeMap<usize, Value>,
    /// Tuples of components that the row is to show.
    branches: BTreeMap<usize, Vec<Value>>,
}

/// A table, ready to have rows made.
pub(super) struct Model<'a> {
    request: &'a Request<'a>,
    pub(super) dialect: &'a dyn Dialect,
    pub(super) plan: &'a TablePlan<'a>,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) taken: Taken,
    pub(super) components: Vec<Component>,
}

impl<'a> Model<'a> {
    /// Learns what the table's conditions and unusual types accept.
    pub(super) async fn new(
        session: &mut dyn Session,
        dialect: &'a dyn Dialect,
        request: &'a Request<'a>,
        plan: &'a TablePlan<'a>,
        rows: &Rows,
    ) -> Result<Self, DatabaseError> {
        let mut fields: Vec<Field<'a>> =
            plan.table.columns.iter().map(|column| Field::new(request, dialect, plan, column)).collect();
        for field in &mut fields {
            probe::learn(session, dialect, request, plan, field).await?;
        }
        let taken = Taken::new(&fields, plan.name, plan.table, plan.other, request.avoid);
        let mut model = Self { request, dialect, plan, fields, taken, components: Vec::new() };
        let (given, unknown) = model.given(rows);
        let edges: Vec<Edge> = EDGES.into_iter().filter(|edge| model.wants(*edge)).collect();
        let scene = Scene {
            fields: &model.fields,
            table: plan.table,
            other: plan.other,
            given: &given,
            unknown: &unknown,
            edges: &edges,
            dialect,
        };
        let mut components = conditions::solve(session, &scene).await?;
        components.retain(|component| !component.ordinary.is_empty());
        model.components = components;
        Ok(model)
    }

    /// The rows of the table; their values count as taken.
    pub(super) fn drafts(&mut self, rows: &Rows) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = Vec::new();
        for at in 0..self.plan.ordinary {
            let kind = RowKind::Ordinary(u16::try_from(at).unwrap_or(u16::MAX));
            drafts.extend(self.draft(kind, BTreeMap::new(), BTreeMap::new(), rows, &drafts));
        }
        for edge in EDGES {
            if !self.wants(edge) {
                continue;
            }
            let draft = self.draft(RowKind::Edge(edge), BTreeMap::new(), BTreeMap::new(), rows, &drafts);
            drafts.extend(draft);
        }
        // Which labels are left for a row depends on the rows before it, so those are drafted too.
        let count = match &self.request.edges {
            EdgeSet::All => LABELS,
            EdgeSet::None => 0,
            EdgeSet::Only(only) => match only.last() {
                Some(Edge::Label(last)) => last.saturating_add(1),
                _ => 0,
            },
        };
        for number in 0..if self.plan.edges { count } else { 0 } {
            let (wanted, branches) = self.unseen(&drafts);
            if wanted.is_empty() && branches.is_empty() {
                break;
            }
            match self.draft(RowKind::Edge(Edge::Label(number)), wanted, branches, rows, &drafts) {
                Some(draft) => drafts.push(draft),
                None => break,
            }
        }
        if let EdgeSet::Only(only) = &self.request.edges {
            drafts.retain(|draft| match draft.kind {
                RowKind::Edge(edge) => only.contains(&edge),
                _ => true,
            });
        }
        drafts
    }

    /// Another attempt at a row, as its tweak says; `false` when there is none.
    pub(super) fn redo(&mut self, draft: &mut Draft, rows: &Rows, earlier: &[Draft]) -> bool {
        match self.composed(draft.kind, &draft.tweak, &draft.wanted, &draft.branches, rows, earlier) {
            Some(row) => {
                self.taken.add(&row.values);
                draft.row = row;
                true
            }
            None => false,
        }
    }

    /// The row as the database takes it.
    pub(super) fn new_row(&self, draft: &Draft) -> NewRow {
        let named = self.fields.iter().zip(&draft.row.values);
        let values: Vec<(String, Value)> =
            named.filter_map(|(field, value)| Some((field.column.name.clone(), value.clone()?))).collect();
        NewRow {
            table: self.plan.name.clone(),
            overrides_identity: self.plan.table.columns.iter().any(|column| column.identity_always),
            primary_key: self.plan.table.primary_key.clone(),
            values,
        }
    }

    /// Indexes of columns by their names.
    pub(super) fn places(&self, names: &[String]) -> Vec<usize> {
        names
            .iter()
            .filter_map(|name| self.fields.iter().position(|field| field.column.name == *name))
            .collect()
    }

    fn wants(&self, edge: Edge) -> bool {
        self.plan.edges
            && match &self.request.edges {
                EdgeSet::All => true,
                EdgeSet::None => false,
                EdgeSet::Only(only) => only.contains(&edge),
            }
    }

    fn draft(
        &mut self,
        kind: RowKind,
        wanted: BTreeMap<usize, Value>,
        branches: BTreeMap<usize, Vec<Value>>,
        rows: &Rows,
        earlier: &[Draft],
    ) -> Option<Draft> {
        let tweak = Tweak::default();
        let row = self.composed(kind, &tweak, &wanted, &branches, rows, earlier)?;
        self.taken.add(&row.values);
        Some(Draft { kind, row, tweak, wanted, branches })
    }

    fn composed(
        &self,
        kind: RowKind,
        tweak: &Tweak,
        wanted: &BTreeMap<usize, Value>,
        branches: &BTreeMap<usize, Vec<Value>>,
        rows: &Rows,
        earlier: &[Draft],
    ) -> Option<Composed> {
        let both = !matches!(kind, RowKind::Edge(_));
        let try_with = |strictness, breadth| {
            let maker = Maker { model: self, kind, tweak, wanted, branches, rows, earlier, breadth };
            compose(self.fields.len(), &maker.groups(), &self.taken, strictness, both)
        };
        let careful = match kind {
            RowKind::Edge(Edge::Twin) => Strictness::Literal,
            _ => Strictness::Careful,
        };
        let row = try_with(careful, FEW)
            .or_else(|| try_with(careful, MANY))
            .or_else(|| try_with(Strictness::Needed, MANY))?;
        // An edge row in which nothing is at its edge would be one more ordinary row.
        (both || row.edges > 0).then_some(row)
    }

    /// Values of columns that refer to other rows, as far as they are known, and columns that are not known yet.
    fn given(&self, rows: &Rows) -> (BTreeMap<usize, Vec<Value>>, BTreeSet<usize>) {
        let (mut given, mut unknown): (BTreeMap<usize, Vec<Value>>, _) = (BTreeMap::new(), BTreeSet::new());
        for link in &self.plan.links {
            let places = self.places(&link.key.columns);
            let nullable =
                places.iter().filter(|at| self.fields.get(**at).is_some_and(|field| field.column.nullable));
            match link.timing {
                Timing::Itself | Timing::Together => unknown.extend(places),
                Timing::Afterwards | Timing::Never => given.extend(nullable.map(|at| (*at, Vec::new()))),
                Timing::Before => {
                    let tuples = self.parents(link, rows, 0, true);
                    for (place, at) in places.iter().enumerate() {
                        let mut values: Vec<Value> = Vec::new();
                        for value in tuples.iter().filter_map(|tuple| tuple.get(place)) {
                            if !values.contains(value) && values.len() < 16 {
                                values.push(value.clone());
                            }
                        }
                        given.entry(*at).or_insert(values);
                    }
                }
            }
        }
        (given, unknown)
    }

    /// Tuples that the link's columns may have: ordinary parents first, `ordinal` says where to begin. Without
    /// `edges`, edge rows are parents only where there are no others: ordinary rows are the same whichever edge
    /// rows are asked for.
    pub(super) fn parents(
        &self,
        link: &Link<'_>,
        rows: &Rows,
        ordinal: usize,
        edges: bool,
    ) -> Vec<Vec<Value>> {
        let placed = rows.get(&link.key.parent).map_or(&[][..], Vec::as_slice);
        let (edge, ordinary): (Vec<&Placed>, Vec<&Placed>) =
            placed.iter().partition(|row| matches!(row.kind, RowKind::Edge(_)));
        let tuple = |row: &&Placed| {
            let values = link.key.parent_columns.iter().map(|name| row.values.get(name));
            self.carried(link, values)
        };
        let mut tuples: Vec<Vec<Value>> = Vec::new();
        let edge = if edges || ordinary.is_empty() { edge } else { Vec::new() };
        // Edge rows leave the last ordinary parent alone, so that parents differ in how many children they have.
        let spared = usize::from(edges && ordinary.len() > 1);
        for (rows, spared) in [(ordinary, spared), (edge, 0)] {
            let start = ordinal % (rows.len() - spared.min(rows.len())).max(1);
            tuples.extend(rows.iter().cycle().skip(start).take(rows.len()).filter_map(tuple));
        }
        if placed.is_empty() {
            tuples = self.existing(link);
            let start = ordinal % tuples.len().max(1);
            tuples.rotate_left(start);
        }
        tuples.truncate(PARENTS);
        tuples
    }

    /// Keys that are there already, perhaps: what must be avoided includes rows that only the revision writes.
    fn existing(&self, link: &Link<'_>) -> Vec<Vec<Value>> {
        let Some(parent) = self.request.here.tables.get(&link.key.parent) else { return Vec::new() };
        let known = self.request.avoid.iter().filter_map(|contents| contents.tables.get(&link.key.parent));
        let mut tuples = Vec::new();
        for known in known {
            for row in known.rows.iter().take(PARENTS) {
                let values: Vec<Option<Value>> = link
                    .key
                    .parent_columns
                    .iter()
                    .map(|name| {
                        let at = known.columns.iter().position(|column| column == name)?;
                        read(&plan::column(parent, name)?.ty.family, row.get(at)?.as_deref()?)
                    })
                    .collect();
                tuples.extend(self.carried(link, values.iter().map(Option::as_ref)));
            }
        }
        tuples
    }

    /// A parent's values as values of the child's columns; nothing when one is NULL or does not fit.
    fn carried<'v>(
        &self,
        link: &Link<'_>,
        values: impl Iterator<Item = Option<&'v Value>>,
    ) -> Option<Vec<Value>> {
        let columns = link.key.columns.iter().map(|name| plan::column(self.plan.table, name));
        values
            .zip(columns)
            .map(|(value, column)| match (value?, &column?.ty.family) {
                (Value::Null, _) => None,
                (Value::Integer(number), Family::Text { .. }) => Some(Value::Text(number.to_string())),
                (Value::Text(text), Family::Integer { .. }) => text.parse().ok().map(Value::Integer),
                (Value::Integer(number), Family::Integer { min, max }) if !(min..=max).contains(&number) => {
                    None
                }
                (value, _) => Some(value.clone()),
            })
            .collect()
    }

    /// Labels and branches that no row shows yet, one of each column.
    fn unseen(&self, drafts: &[Draft]) -> (BTreeMap<usize, Value>, BTreeMap<usize, Vec<Value>>) {
        let mut wanted = BTreeMap::new();
        let shown = |at: usize, label: &Value| {
            drafts.iter().any(|draft| {
                draft.row.values.get(at).is_some_and(|value| value.as_ref() == Some(label))
                    || draft.wanted.get(&at) == Some(label)
            })
        };
        for (at, field) in self.fields.iter().enumerate() {
            let component = self.components.iter().find(|component| component.columns.contains(&at));
            let labels: Vec<Value> = match (component, &field.column.ty.family) {
                (Some(component), _) => component.labels.get(&at).cloned().unwrap_or_default(),
                (None, Family::Enum(labels)) => labels.iter().cloned().map(Value::Text).collect(),
                (None, Family::Array(inner)) => match &inner.family {
                    Family::Enum(labels) => {
                        labels.iter().map(|label| Value::Text(array(&[Value::Text(label.clone())]))).collect()
                    }
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            let linked = self.plan.links.iter().any(|link| link.key.columns.contains(&field.column.name));
            if let Some(label) =
                labels.iter().find(|label| !linked && !field.column.generated && !shown(at, label))
            {
                wanted.insert(at, label.clone());
            }
        }
        let mut branches = BTreeMap::new();
        for (number, component) in self.components.iter().enumerate() {
            let same = |draft: &&Draft, branch: &Vec<Value>| {
                let nulls = component.columns.iter().map(|at| draft.row.values.get(*at).cloned().flatten());
                nulls
                    .zip(branch)
                    .all(|(value, wanted)| (value == Some(Value::Null)) == (*wanted == Value::Null))
                    || draft.branches.get(&number) == Some(branch)
            };
            let unseen =
                component.branches.iter().find(|branch| !drafts.iter().any(|draft| same(&draft, branch)));
            let values = |draft: &Draft| -> Vec<Option<Value>> {
                component.columns.iter().map(|at| draft.row.values.get(*at).cloned().flatten()).collect()
            };
            let empty = component.partitions.iter().find(|taken| {
                let holds = |tuple: &Vec<Value>| {
                    let wanted: Vec<_> = tuple.iter().cloned().map(Some).collect();
                    drafts
                        .iter()
                        .any(|draft| values(draft) == wanted || draft.branches.get(&number) == Some(tuple))
                };
                !taken.is_empty() && !taken.iter().any(holds)
            });
            let missing = unseen.or_else(|| empty.and_then(|taken| taken.first()));
            branches.extend(missing.map(|branch| (number, branch.clone())));
        }
        (wanted, branches)
    }
}

/// The place of a row among the rows of its batch; the same whichever rows are asked for.
pub(super) fn ordinal(kind: RowKind) -> u64 {
    match kind {
        RowKind::Ordinary(at) if at < 10 => u64::from(at),
        RowKind::Ordinary(at) => 100 + u64::from(at),
        RowKind::Edge(edge) => ordinal_of_edge(edge),
        RowKind::Own => 0,
    }
}

pub(super) fn ordinal_of_edge(edge: Edge) -> u64 {
    match edge {
        Edge::Label(number) => 20 + u64::from(number),
        edge => 10 + EDGES.iter().position(|other| *other == edge).unwrap_or(0) as u64,
    }
}

/// A canonical text as a value.
fn read(family: &Family, text: &str) -> Option<Value> {
    match family {
        Family::Integer { .. } => text.parse().ok().map(Value::Integer),
        Family::Decimal { .. } | Family::Float { .. } => Some(Value::Number(text.to_owned())),
        Family::Boolean | Family::Bytes { .. } => None,
        // Text that could be taken for a number is shown in quotes by some engines.
        Family::Text { .. } if text.trim_matches('\'').parse::<f64>().is_ok() => {
            Some(Value::Text(text.trim_matches('\'').to_owned()))
        }
        _ => Some(Value::Text(text.to_owned())),
    }
}

/// The canonical primary key of a row, where its text is certain.
pub(super) fn canonical_key(table: &Table, row: &NewRow) -> Option<Vec<Option<String>>> {
    if table.primary_key.is_empty() {
        return None;
    }
    let text = |name: &String| {
        let family = &plan::column(table, name)?.ty.family;
        let value = &row.values.iter().find(|(column, _)| column == name)?.1;
        match (value, family) {
            (Value::Integer(number), Family::Integer { .. }) => Some(Some(number.to_string())),
            // Text that could be taken for a number or a literal is shown otherwise by some engines.
            (
                Value::Text(text),
                Family::Text { padded: false, .. } | Family::Uuid { .. } | Family::Enum(_),
            ) if text.parse::<f64>().is_err() && !text.contains('\'') => Some(Some(text.clone())),
            _ => None,
        }
    };
    table.primary_key.iter().map(text).collect()
}
