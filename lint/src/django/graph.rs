//! The order of a project's migrations, as `manage.py migrate` would run them on an empty database.

use std::collections::{BTreeMap, BTreeSet};

use super::written::{Dependency, Written};

/// A migration in the graph.
pub(super) struct Node<'a> {
    pub(super) app: &'a str,
    pub(super) name: &'a str,
    pub(super) written: &'a Written,
}

/// The order, and what is wrong with the graph.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// What is run, by position among the nodes.
    pub(super) plan: Vec<usize>,
    /// What is not run, since others stand for it or it stands for others that are there, and the node before which it would be.
    pub(super) apart: Vec<(usize, Option<usize>)>,
    pub(super) problems: Vec<Problem>,
    /// What runs before each node.
    pub(super) before: Vec<BTreeSet<usize>>,
}

/// Something that is wrong with the graph.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) node: usize,
    pub(super) kind: ProblemKind,
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// Several migrations of an application have nothing behind them.
    Leaves,
    /// There is no order.
    NoOrder,
}

/// Puts migrations in order.
pub(super) fn order(nodes: &[Node<'_>]) -> Order {
    let mut graph = Graph::new(nodes);
    let mut out = Order::default();
    let edges = graph.edges(&mut out.problems);
    out.plan = graph.plan(&edges, &mut out.problems);
    graph.leaves(&edges, &mut out.problems);
    let first = |squashed: usize| {
        let own = &graph.stands_for[&squashed];
        out.plan.iter().copied().find(|node| own.contains(node))
    };
    out.apart = graph
        .apart
        .iter()
        .map(|node| (*node, if graph.stands_for.contains_key(node) { first(*node) } else { None }))
        .collect();
    out.before = edges;
    out
}

struct Graph<'n, 'a> {
    nodes: &'n [Node<'a>],
    by_name: BTreeMap<(&'a str, &'a str), usize>,
    apps: BTreeMap<&'a str, Vec<usize>>,
    /// The nodes that are there of those for which one stands.
    stands_for: BTreeMap<usize, BTreeSet<usize>>,
    /// The node that stands for one that is not there, or not run.
    instead: BTreeMap<(&'a str, &'a str), usize>,
    apart: BTreeSet<usize>,
}

impl<'n, 'a> Graph<'n, 'a> {
    fn new(nodes: &'n [Node<'a>]) -> Self {
        let by_name: BTreeMap<_, _> =
            nodes.iter().enumerate().map(|(at, node)| ((node.app, node.name), at)).collect();
        let mut apps: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        by_name.iter().for_each(|((app, _), at)| apps.entry(app).or_default().push(*at));
        let (mut stands_for, mut instead, mut apart) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for (at, node) in nodes.iter().enumerate() {
            let replaces = &node.written.replaces;
            let find = |(app, name): &Dependency| by_name.get(&(app.as_str(), name.as_str())).copied();
            let there: BTreeSet<usize> = replaces.iter().filter_map(find).filter(|own| *own != at).collect();
            if !there.is_empty() && there.len() == replaces.len() {
                apart.insert(at);
                stands_for.insert(at, there);
            } else {
                instead.extend(replaces.iter().map(|(app, name)| ((app.as_str(), name.as_str()), at)));
                apart.extend(there);
            }
        }
        Self { nodes, by_name, apps, stands_for, instead, apart }
    }

    /// The nodes that a name means; `None` where there is none in an application that is there.
    fn resolve(&self, (app, name): &Dependency) -> Option<Vec<usize>> {
        let Some(own) = self.apps.get(app.as_str()) else { return Some(Vec::new()) };
        match name.as_str() {
            "__first__" => {
                let begins = |at: &&usize| {
                    !self.nodes[**at].written.dependencies.iter().any(|(other, _)| other == app)
                };
                return Some(own.iter().find(begins).into_iter().copied().collect());
            }
            "__latest__" => return Some(own.clone()),
            _ => {}
        }
        let key = (app.as_str(), name.as_str());
        match (self.instead.get(&key), self.by_name.get(&key)) {
            (Some(at), _) => Some(vec![*at]),
            (None, Some(at)) => match self.stands_for.get(at) {
                Some(originals) => Some(originals.iter().copied().collect()),
                None => Some(vec![*at]),
            },
            (None, None) => None,
        }
    }

    /// What runs before each node.
    fn edges(&mut self, problems: &mut Vec<Problem>) -> Vec<BTreeSet<usize>> {
        let mut edges = vec![BTreeSet::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for dependency in &node.written.dependencies {
                match self.resolve(dependency) {
                    Some(before) => edges[at].extend(before.into_iter().filter(|before| *before != at)),
                    None => problems.push(Problem {
                        node: at,
                        kind: ProblemKind::NoOrder,
                        message: format!(
                            "it depends on `{}.{}`, which is not there: Django loads no migration then; correct `dependencies`, or \
                             bring the file back",
                            dependency.0, dependency.1
                        ),
                    }),
                }
            }
            for later in node.written.run_before.iter().filter_map(|later| self.resolve(later)).flatten() {
                if later != at {
                    edges[later].insert(at);
                }
            }
        }
        edges
    }

    fn plan(&self, edges: &[BTreeSet<usize>], problems: &mut Vec<Problem>) -> Vec<usize> {
        let is_run = |at: &usize| !self.apart.contains(at);
        let mut waits: Vec<usize> =
            edges.iter().map(|before| before.iter().filter(|at| is_run(at)).count()).collect();
        let mut behind = vec![Vec::new(); edges.len()];
        for (at, before) in edges.iter().enumerate() {
            before.iter().for_each(|own| behind[*own].push(at));
        }
        let key = |at: usize| (self.nodes[at].app, self.nodes[at].name, at);
        let mut ready: BTreeSet<_> =
            (0..edges.len()).filter(is_run).filter(|at| waits[*at] == 0).map(key).collect();
        let mut plan = Vec::with_capacity(edges.len());
        while let Some((_, _, at)) = ready.pop_first() {
            plan.push(at);
            for later in behind[at].iter().copied().filter(is_run) {
                waits[later] -= 1;
                if waits[later] == 0 {
                    ready.insert(key(later));
                }
            }
        }
        let mut stuck: Vec<usize> = (0..edges.len()).filter(is_run).filter(|at| waits[*at] > 0).collect();
        stuck.sort_by_key(|at| key(*at));
        if let Some(circle) = self.circle(edges, &stuck) {
            let names: Vec<String> = circle.iter().map(|at| self.id(*at)).collect();
            problems.push(Problem {
                node: circle[0],
                kind: ProblemKind::NoOrder,
                message: format!(
                    "its dependencies go round in a circle ({}): Django runs none of them; take one away",
                    names.join(" <- ")
                ),
            });
        }
        plan.extend(stuck);
        plan
    }

    /// A way from a node back to itself.
    fn circle(&self, edges: &[BTreeSet<usize>], stuck: &[usize]) -> Option<Vec<usize>> {
        let mut way: Vec<usize> = Vec::new();
        let mut at = *stuck.first()?;
        loop {
            if let Some(start) = way.iter().position(|own| *own == at) {
                return Some(way.split_off(start));
            }
            way.push(at);
            at = *edges[at].iter().find(|before| stuck.contains(before))?;
        }
    }

    fn leaves(&self, edges: &[BTreeSet<usize>], problems: &mut Vec<Problem>) {
        let broken: BTreeSet<&str> = problems.iter().map(|problem| self.nodes[problem.node].app).collect();
        for (app, own) in self.apps.iter().filter(|(app, _)| !broken.contains(*app)) {
            let followed: BTreeSet<usize> = own.iter().flat_map(|at| &edges[*at]).copied().collect();
            let leaves: Vec<usize> =
                own.iter().copied().filter(|at| !followed.contains(at) && !self.apart.contains(at)).collect();
            if let [.., _, last] = leaves.as_slice() {
                let names: Vec<&str> = leaves.iter().map(|at| self.nodes[*at].name).collect();
                problems.push(Problem {
                    node: *last,
                    kind: ProblemKind::Leaves,
                    message: format!(
                        "`{app}` has several leaf nodes, {}: `manage.py migrate` refuses them; run `manage.py makemigrations --merge`",
                        names.join(" and ")
                    ),
                });
            }
        }
    }

    fn id(&self, at: usize) -> String {
        format!("{}.{}", self.nodes[at].app, self.nodes[at].name)
    }

    /// Migrations that a name says it stands for (`0001_squashed_0004_…`).
    fn said(&self, at: usize) -> Vec<String> {
        let node = &self.nodes[at];
        let Some(behind) = node.name.find("squash") else { return Vec::new() };
        let number =
            |text: &str| text.split('_').filter_map(|word| word.parse::<u32>().ok()).collect::<Vec<_>>();
        let (before, named) = (number(&node.name[..behind]), number(&node.name[behind..]));
        let (first, last) = match (before.first(), named.as_slice()) {
            (_, [first, .., last]) => (*first, *last),
            (Some(first), [last]) => (*first, *last),
            _ => return Vec::new(),
        };
        let is_said = |own: &&usize| {
            let name = self.nodes[**own].name;
            let own_number = name.split('_').next().and_then(|word| word.parse::<u32>().ok());
            **own != at
                && !name.contains("squash")
                && own_number.is_some_and(|number| (first..=last).contains(&number))
        };
        self.apps[node.app].iter().filter(is_said).map(|own| self.nodes[*own].name.to_owned()).collect()
    }
}

/// For each migration that stands for none, those beside it for which its name says that it does.
pub(super) fn stand_beside(nodes: &[Node<'_>]) -> Vec<Vec<String>> {
    let graph = Graph::new(nodes);
    let said = |at: usize| if nodes[at].written.replaces.is_empty() { graph.said(at) } else { Vec::new() };
    (0..nodes.len()).map(said).collect()
}
