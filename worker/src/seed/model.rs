//! The rows of one table, before the database has seen them.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::catalog::{Family, Table, TableName};
use crate::database::rows::{NewRow, Value};
use crate::database::{DatabaseError, Dialect, Session};

use super::compat::Shape;
use super::compose::{Choice, Composed, Group, compose};
use super::conditions::{self, Component, Scene};
use super::edges;
use super::keys::{Strictness, Taken};
use super::plan::{self, Link, TablePlan, Timing};
use super::values::Field;
use super::{Edge, EdgeSet, Request, RowKind};

/// Edges in the order of their rows, labels apart.
const EDGES: [Edge; 9] = [
    Edge::Nulls,
    Edge::Largest,
    Edge::Smallest,
    Edge::NonAscii,
    Edge::Blanks,
    Edge::LetterCase,
    Edge::Punctuation,
    Edge::Empty,
    Edge::Duplicate,
];
/// The most rows that show further labels.
const LABELS: u16 = 32;
/// How many values are offered for a unique column, at first and when those do not do.
const FEW: usize = 3;
const MANY: usize = 60;
/// How many parents are tried for one row.
const PARENTS: usize = 64;
/// Literals that some type without samples may accept.
const GUESSES: [&str; 16] = [
    "a",
    "1",
    "0",
    "{}",
    "[]",
    "()",
    "(,)",
    "(,,)",
    "(,,,)",
    "(1,1)",
    "1.0",
    "2021-01-01",
    "10.0.0.1",
    "true",
    "empty",
    "<a/>",
];

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
    dialect: &'a dyn Dialect,
    pub(super) plan: &'a TablePlan<'a>,
    pub(super) fields: Vec<Field<'a>>,
    pub(super) taken: Taken,
    components: Vec<Component>,
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
        for field in fields.iter_mut().filter(|field| field.shape == Shape::Samples(Vec::new())) {
            let samples = accepted(session, &field.column.ty.native).await?;
            field.set_samples(samples);
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
        let only = match self.request.edges {
            EdgeSet::Only(Edge::Label(only)) => Some(only),
            _ => None,
        };
        let count = match (&self.request.edges, only) {
            (EdgeSet::All, _) => LABELS,
            (_, Some(only)) => only.saturating_add(1),
            _ => 0,
        };
        for number in 0..if self.plan.requested { count } else { 0 } {
            let (wanted, branches) = self.unseen(&drafts);
            if wanted.is_empty() && branches.is_empty() {
                break;
            }
            match self.draft(RowKind::Edge(Edge::Label(number)), wanted, branches, rows, &drafts) {
                Some(draft) => drafts.push(draft),
                None => break,
            }
        }
        if let Some(only) = only {
            drafts.retain(|draft| !matches!(draft.kind, RowKind::Edge(Edge::Label(other)) if other != only));
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
        self.plan.requested
            && match &self.request.edges {
                EdgeSet::All => true,
                EdgeSet::None => false,
                EdgeSet::Only(only) => *only == edge,
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
        let row = try_with(Strictness::Careful, FEW)
            .or_else(|| try_with(Strictness::Careful, MANY))
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
                    let tuples = self.parents(link, rows, 0);
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

    /// Tuples that the link's columns may have: ordinary parents first, `ordinal` says where to begin.
    fn parents(&self, link: &Link<'_>, rows: &Rows, ordinal: usize) -> Vec<Vec<Value>> {
        let placed = rows.get(&link.key.parent).map_or(&[][..], Vec::as_slice);
        let (edge, ordinary): (Vec<&Placed>, Vec<&Placed>) =
            placed.iter().partition(|row| matches!(row.kind, RowKind::Edge(_)));
        let tuple = |row: &&Placed| {
            let values = link.key.parent_columns.iter().map(|name| row.values.get(name));
            self.carried(link, values)
        };
        let mut tuples: Vec<Vec<Value>> = Vec::new();
        for rows in [ordinary, edge] {
            let start = ordinal % rows.len().max(1);
            tuples.extend(rows.iter().cycle().skip(start).take(rows.len()).filter_map(tuple));
        }
        if placed.is_empty() {
            tuples = self.existing(link);
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
            branches.extend(unseen.map(|branch| (number, branch.clone())));
        }
        (wanted, branches)
    }
}

/// Makes the groups of one row.
struct Maker<'m, 'a> {
    model: &'m Model<'a>,
    kind: RowKind,
    tweak: &'m Tweak,
    wanted: &'m BTreeMap<usize, Value>,
    branches: &'m BTreeMap<usize, Vec<Value>>,
    rows: &'m Rows,
    earlier: &'m [Draft],
    /// How many values are offered for a column that must be new.
    breadth: usize,
}

impl Maker<'_, '_> {
    /// Groups that share columns or unique sets first, those that nothing depends on last.
    fn groups(&self) -> Vec<Group> {
        let model = self.model;
        let mut groups: Vec<Group> =
            (0..model.components.len()).filter_map(|number| self.component(number)).collect();
        let (own, mut links): (Vec<&Link<'_>>, Vec<&Link<'_>>) =
            model.plan.links.iter().partition(|link| link.timing == Timing::Itself);
        links.sort_by_key(|link| std::cmp::Reverse(link.key.columns.len()));
        groups.extend(links.into_iter().map(|link| self.link(link)));
        let waits = |at: &usize| {
            let name = model.fields.get(*at).map(|field| &field.column.name);
            own.iter().any(|link| {
                name.is_some_and(|name| {
                    link.key.columns.contains(name) && !link.key.parent_columns.contains(name)
                })
            })
        };
        let unique = |at: &usize| model.taken.sets.iter().any(|set| set.columns.contains(at));
        let mut free: Vec<usize> = (0..model.fields.len()).collect();
        free.retain(|at| model.fields.get(*at).is_some_and(|field| !field.column.generated));
        let (late, mut free): (Vec<usize>, Vec<usize>) = free.into_iter().partition(waits);
        free.sort_by_key(|at| !unique(at));
        let singles =
            |free: Vec<usize>| free.into_iter().map(|at| self.single(at, unique(&at))).collect::<Vec<_>>();
        groups.extend(singles(free));
        groups.extend(own.into_iter().map(|link| self.link(link)));
        groups.extend(singles(late));
        groups
    }

    fn edge(&self) -> Option<Edge> {
        match self.kind {
            RowKind::Edge(edge) => Some(edge),
            _ => None,
        }
    }

    fn shift(&self, columns: &[usize]) -> usize {
        columns.iter().filter_map(|at| self.tweak.shift.get(at)).max().copied().unwrap_or(0)
    }

    /// The first ordinary row, which a duplicate repeats.
    fn first(&self, columns: &[usize]) -> Option<Vec<Option<Value>>> {
        let first = self.earlier.iter().find(|draft| draft.kind == RowKind::Ordinary(0))?;
        Some(columns.iter().map(|at| first.row.values.get(*at).cloned().flatten()).collect())
    }

    /// Repeating the first row in these columns is worth a row: none of them has to be new.
    fn repeats(&self, columns: &[usize]) -> bool {
        !self.model.taken.sets.iter().any(|set| set.here && set.columns.iter().any(|at| columns.contains(at)))
    }

    fn component(&self, number: usize) -> Option<Group> {
        let component = self.model.components.get(number)?;
        let columns = &component.columns;
        let full =
            |tuple: &Vec<Value>, edge| Choice { values: tuple.iter().cloned().map(Some).collect(), edge };
        let ordinal = usize::try_from(ordinal(self.kind)).unwrap_or(0);
        let shift = self.shift(columns);
        let (best, rest) = component.ordinary.split_at(component.best.min(component.ordinary.len()));
        let mut ordinary: Vec<Choice> = Vec::new();
        // Rows begin at different tuples; those with more NULLs come last, whatever the row.
        for part in [best, rest] {
            let start = (ordinal + shift * 7) % part.len().max(1);
            ordinary.extend(part.iter().cycle().skip(start).take(part.len()).map(|tuple| full(tuple, false)));
        }
        let mut choices = Vec::new();
        let plain = columns.iter().any(|at| self.tweak.plain.contains(at));
        match self.edge().filter(|_| !plain) {
            Some(Edge::Label(_)) => {
                let wanted: Vec<(usize, &Value)> = columns
                    .iter()
                    .enumerate()
                    .filter_map(|(place, at)| Some((place, self.wanted.get(at)?)))
                    .collect();
                let met = |tuple: &Vec<Value>| {
                    wanted.iter().filter(|(place, value)| tuple.get(*place) == Some(value)).count()
                };
                let mut showing: Vec<&Vec<Value>> =
                    component.here.iter().filter(|tuple| met(tuple) > 0).collect();
                showing.sort_by_key(|tuple| std::cmp::Reverse(met(tuple)));
                choices.extend(self.branches.get(&number).map(|branch| full(branch, true)));
                choices.extend(showing.into_iter().take(200).map(|tuple| full(tuple, true)));
            }
            Some(Edge::Duplicate) => {
                choices
                    .extend(self.first(columns).map(|values| Choice { values, edge: self.repeats(columns) }));
            }
            Some(edge) => choices
                .extend(component.edges.get(&edge).into_iter().flatten().map(|tuple| full(tuple, true))),
            None => {}
        }
        choices.extend(ordinary);
        Some(Group { columns: columns.clone(), choices, own: None, fallback: false })
    }

    fn link(&self, link: &Link<'_>) -> Group {
        let model = self.model;
        let columns = model.places(&link.key.columns);
        let null = |edge| Choice {
            values: columns
                .iter()
                .map(|at| model.fields.get(*at).filter(|field| field.column.nullable).map(|_| Value::Null))
                .collect(),
            edge,
        };
        let full = |tuple: Vec<Value>| Choice { values: tuple.into_iter().map(Some).collect(), edge: false };
        let mut choices: Vec<Choice> = Vec::new();
        let mut own = None;
        let later = matches!(link.timing, Timing::Afterwards | Timing::Never);
        if later {
            choices.push(null(self.edge() == Some(Edge::Nulls) && link.timing == Timing::Afterwards));
        } else {
            let start = usize::try_from(ordinal(self.kind)).unwrap_or(0) + self.shift(&columns);
            let mut tuples = Vec::new();
            if link.timing == Timing::Itself {
                let of = model.places(&link.key.parent_columns);
                let earlier =
                    self.earlier.iter().rev().filter(|draft| matches!(draft.kind, RowKind::Ordinary(_)));
                let tuple = |draft: &Draft| -> Option<Vec<Value>> {
                    of.iter().map(|at| draft.row.values.get(*at).cloned().flatten()).collect()
                };
                tuples.extend(earlier.filter_map(tuple).filter(|tuple| !tuple.contains(&Value::Null)));
                if !link.optional && tuples.is_empty() {
                    own = Some(of);
                }
            }
            if link.timing != Timing::Itself || self.rows.contains_key(&link.key.parent) {
                tuples.extend(model.parents(link, self.rows, start));
            }
            choices.extend(tuples.into_iter().map(full));
            let root = link.timing == Timing::Itself && link.optional && self.kind == RowKind::Ordinary(0);
            if link.timing == Timing::Together && choices.is_empty() {
                // The first draft of rows that need each other: only their keys count.
                choices.push(Choice { values: vec![None; columns.len()], edge: false });
            }
            match self.edge() {
                _ if root => choices.insert(0, null(false)),
                Some(Edge::Nulls)
                    if link.nullable && self.tweak.plain.is_disjoint(&columns.iter().copied().collect()) =>
                {
                    choices.insert(0, null(true));
                }
                Some(Edge::Duplicate) => {
                    let same = self.first(&columns).filter(|values| !values.contains(&None));
                    if let Some(values) = same {
                        choices.insert(0, Choice { values, edge: false });
                    }
                }
                _ => {}
            }
            if link.nullable && !root {
                choices.push(null(false));
            }
        }
        Group { columns, choices, own, fallback: false }
    }

    fn single(&self, at: usize, unique: bool) -> Group {
        let mut group = Group { columns: vec![at], choices: Vec::new(), own: None, fallback: true };
        let Some(field) = self.model.fields.get(at) else { return group };
        let column = field.column;
        let ordinal = ordinal(self.kind);
        let shift = self.shift(&[at]);
        let choice = |value: Option<Value>, edge| Choice { values: vec![value], edge };
        let extreme = |edge: Edge| -> Vec<Choice> {
            let values = edges::values(field, edge, ordinal, self.model.dialect).into_iter().skip(shift);
            // Both truth values are in ordinary rows already.
            let counts = column.ty.family != Family::Boolean;
            values.map(|value| choice(Some(value), counts)).collect()
        };
        if !self.tweak.plain.contains(&at) {
            group.choices = match self.edge() {
                Some(Edge::Nulls) if column.nullable && !field.primary => {
                    vec![choice(Some(Value::Null), true)]
                }
                Some(Edge::Nulls) | None => Vec::new(),
                Some(Edge::Duplicate) => {
                    let edge = self.repeats(&[at]);
                    self.first(&[at]).into_iter().map(|values| Choice { values, edge }).collect()
                }
                Some(Edge::Label(_)) => {
                    self.wanted.get(&at).map(|label| choice(Some(label.clone()), true)).into_iter().collect()
                }
                Some(edge) => extreme(edge),
            };
        }
        if self.tweak.lean && !unique {
            if column.default.is_some() {
                group.choices.push(choice(None, false));
            } else if column.nullable {
                group.choices.push(choice(Some(Value::Null), false));
            }
        }
        let count = if unique { self.breadth } else { 1 };
        let ordinary = field.choices(ordinal, count + shift);
        let skip = if shift < ordinary.len() { shift } else { 0 };
        for value in ordinary.into_iter().skip(skip) {
            // A type of which nothing is known.
            let left_out = value == Value::Null && !column.nullable;
            group.choices.push(choice((!left_out).then_some(value), false));
        }
        group
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
        _ => Some(Value::Text(text.to_owned())),
    }
}

/// Literals that a type accepts.
async fn accepted(session: &mut dyn Session, native: &str) -> Result<Vec<Value>, DatabaseError> {
    let guesses: Vec<Vec<Value>> = GUESSES.iter().map(|text| vec![Value::Text((*text).to_owned())]).collect();
    let columns = [("guess".to_owned(), native.to_owned())];
    match session.satisfying("guess IS NOT NULL", &columns, &guesses).await {
        Ok(answers) => Ok(guesses
            .into_iter()
            .zip(answers)
            .filter(|(_, holds)| *holds)
            .flat_map(|(value, _)| value)
            .collect()),
        Err(DatabaseError::Refused { .. }) => Ok(Vec::new()),
        Err(gone) => Err(gone),
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
            (
                Value::Text(text),
                Family::Text { padded: false, .. } | Family::Uuid { .. } | Family::Enum(_),
            ) => Some(Some(text.clone())),
            _ => None,
        }
    };
    table.primary_key.iter().map(text).collect()
}
