#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use mrt_chain::graph::Revision;
use proptest::prelude::*;

use tokio::sync::watch;

use super::*;

fn revision(number: usize, down: &[usize], depends_on: &[usize]) -> Revision {
    let ids = |numbers: &[usize]| numbers.iter().map(|n| format!("r{n}")).collect();
    Revision {
        id: format!("r{number}"),
        down: ids(down),
        depends_on: ids(depends_on),
        labels: Vec::new(),
        title: String::new(),
        file: PathBuf::new(),
        display_file: String::new(),
        upgrade_line: 1,
        downgrade_line: None,
    }
}

fn snapshot(name: DatabaseName) -> Snapshot {
    Snapshot { database: name, catalog: Arc::default(), contents: Arc::default(), labels: Arc::default() }
}

fn base() -> Snapshot {
    snapshot(DatabaseName::new("base", 0))
}

/// A DAG over `n` revisions in topological order: each names up to two earlier ones and depends on up to one.
fn graphs() -> impl Strategy<Value = Chain> {
    (1usize..25).prop_flat_map(|n| {
        let edges = (0..n).map(|at| {
            let earlier = 0..at.max(1);
            (prop::collection::btree_set(earlier.clone(), 0..3), prop::collection::btree_set(earlier, 0..2))
        });
        edges.collect::<Vec<_>>().prop_map(|edges| {
            let build = |(at, (down, depends_on)): (usize, (BTreeSet<usize>, BTreeSet<usize>))| {
                let earlier =
                    |set: BTreeSet<usize>| set.into_iter().filter(|&to| to < at).collect::<Vec<_>>();
                revision(at, &earlier(down), &earlier(depends_on))
            };
            Chain::new(edges.into_iter().enumerate().map(build).collect()).unwrap()
        })
    })
}

/// What the databases of a run hold, by name, as a server would know it.
struct Server(BTreeMap<DatabaseName, BTreeSet<usize>>);

impl Server {
    fn advance(&mut self, chain: &Chain, at: usize, plan: &Advance) -> Arc<Pristine> {
        let number = |id: &String| chain.position(id).unwrap();
        let mut holds = self.0.get(plan.source.database()).expect("the source is still there").clone();
        let before = if plan.missing.is_empty() {
            snapshot(plan.source.database().clone())
        } else {
            holds.extend(plan.missing.iter().map(number));
            self.0.insert(plan.parents_name.clone(), holds.clone());
            snapshot(plan.parents_name.clone())
        };
        holds.insert(at);
        self.0.insert(plan.name.clone(), holds);
        Arc::new(Pristine {
            revision: plan.revision.clone(),
            before,
            origin: pristine::Origin::Clone,
            after: snapshot(plan.name.clone()),
            statements: Vec::new(),
            declared: Vec::new(),
            opaque: false,
        })
    }
}

fn ancestors(chain: &Chain, of: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![of];
    while let Some(next) = open.pop() {
        let revision = &chain.revisions()[next];
        for id in revision.down.iter().chain(&revision.depends_on) {
            let parent = chain.position(id).unwrap();
            if found.insert(parent) {
                open.push(parent);
            }
        }
    }
    found
}

proptest! {
    /// Whatever the graph, the selection, the floor, the order in which jobs end and what fails: every selected cell ends
    /// once, is cloned from exactly its ancestors, and at the end only the base is left.
    #[test]
    fn every_cell_ends_once_in_a_clone_of_its_ancestors(
        chain in graphs(),
        picks in prop::collection::vec(any::<bool>(), 25),
        breaks in prop::collection::vec(0u8..10, 25),
        on_floor in prop::option::of(0usize..25),
        choices in prop::collection::vec(any::<usize>(), 200),
        slots in 1usize..4,
        stays in prop::collection::vec(any::<bool>(), 25),
        leave_after in 0usize..40,
    ) {
        let mut cells: BTreeSet<usize> = (0..chain.revisions().len()).filter(|&at| picks[at]).collect();
        let mut floor = BTreeSet::new();
        if let Some(top) = on_floor.map(|at| at % chain.revisions().len()) {
            floor.extend(ancestors(&chain, top));
            floor.insert(top);
            cells.retain(|&cell| floor.is_subset(&ancestors(&chain, cell)));
        }
        let mut server = Server(BTreeMap::from([(base().database, floor.clone())]));
        let unusable = BTreeSet::new();
        let mut state = State::new(&chain, cells.clone(), floor, &unusable, slots, base());
        let mut running: Vec<Job> = Vec::new();
        let mut ended: Vec<usize> = Vec::new();
        // The cells that are left, once some are left out.
        let mut left: Option<BTreeSet<usize>> = None;
        let mut steps = 0;
        let mut choices = choices.into_iter().cycle();
        let mut warm = None;
        let mut begun = BTreeSet::new();
        // Who will tell what was read of the copies that are made.
        let mut reading: BTreeMap<usize, watch::Sender<Option<Snapshot>>> = BTreeMap::new();
        loop {
            steps += 1;
            if steps > leave_after && left.is_none() {
                let wanted: BTreeSet<usize> = cells.iter().copied().filter(|&cell| stays[cell]).collect();
                state.leave_out_all_but(&wanted);
                left = Some(wanted);
            }
            // The slot that advanced last may be prepared for the cell.
            let prepared = warm.take().filter(|_| choices.next().unwrap() % 2 == 0);
            while running.len() < slots && let Some(job) = state.next(prepared.map(|at| state.id(at))) {
                let is_wanted = |at: usize| left.as_ref().map_or(cells.contains(&at), |left| left.contains(&at));
                if let Some(at) = prepared.filter(|&at| is_wanted(at) && !begun.contains(&at)) {
                    prop_assert!(matches!(job, Job::Cell(first, _) if first == at));
                }
                if let Job::Cell(at, _) = &job {
                    begun.insert(*at);
                    prop_assert!(is_wanted(*at), "{at} is begun, and is a cell no more");
                }
                if let Job::Cell(at, pristine) = &job {
                    let holds = server.0.get(&pristine.before.database).expect("not dropped while needed");
                    prop_assert_eq!(holds, &ancestors(&chain, *at));
                }
                if let Job::Advance(at, plan) = &job {
                    let is_needed = |cell: usize| is_wanted(cell) && (cell == *at || ancestors(&chain, cell).contains(at));
                    prop_assert!(cells.iter().any(|&cell| is_needed(cell)), "nobody needs {at}");
                    let holds = server.0.get(plan.source.database()).expect("a source that is there");
                    let missing = plan.missing.iter().map(|id| chain.position(id).unwrap());
                    prop_assert_eq!(holds.iter().copied().chain(missing).collect::<BTreeSet<_>>(), ancestors(&chain, *at));
                    // Some put a copy aside before they end, well or not.
                    let is_read = match &plan.source {
                        Source::Read(_) => true,
                        Source::Copied(copied) => copied.read.borrow().is_some(),
                    };
                    if choices.next().unwrap() % 2 == 0 && plan.missing.is_empty() && is_read {
                        let (sender, read) = watch::channel(None);
                        let mut holds = holds.clone();
                        holds.insert(*at);
                        server.0.insert(plan.name.clone(), holds);
                        state.copied(*at, Copied { database: plan.name.clone(), read });
                        reading.insert(*at, sender);
                    }
                }
                running.push(job);
            }
            ended.extend(state.take_settled().into_iter().map(|(at, _)| at));
            if running.is_empty() {
                break;
            }
            let chosen = choices.next().unwrap() % running.len();
            if let Job::Advance(_, Advance { source: Source::Copied(copied), .. }) = &running[chosen]
                && copied.read.borrow().is_none()
            {
                if copied.read.has_changed().is_ok() {
                    // It waits for the one before.
                    continue;
                }
                let at = running.swap_remove(chosen).revision();
                reading.remove(&at);
                state.discarded(at);
                continue;
            }
            let job = running.swap_remove(chosen);
            let at = job.revision();
            let announce = reading.remove(&at);
            if announce.is_some() && breaks[at] < 2 {
                // It has cleaned up.
                server.0.remove(&DatabaseName::new("after", at));
            }
            match job {
                Job::Advance(..) if breaks[at] == 0 => {
                    if state.broken(at, at) {
                        ended.push(at);
                    }
                }
                Job::Advance(_, plan) if breaks[at] == 2 => {
                    let name = plan.name.clone();
                    let pristine = server.advance(&chain, at, &Advance { missing: Vec::new(), ..plan });
                    let mut holds = ancestors(&chain, at);
                    holds.insert(at);
                    server.0.insert(name, holds);
                    if state.applied_with_ancestors(at, pristine.after.clone()) {
                        ended.push(at);
                    }
                }
                job @ Job::Advance(..) if breaks[at] == 1 => {
                    if let Retry::GiveUp { attempts } = state.failed(job, "no disk") {
                        prop_assert_eq!(attempts, ATTEMPTS);
                        if cells.contains(&at) {
                            ended.push(at);
                        }
                    }
                }
                Job::Advance(_, plan) => {
                    let pristine = server.advance(&chain, at, &plan);
                    if let Some(announce) = announce {
                        announce.send(Some(pristine.after.clone())).unwrap();
                    }
                    state.advanced(at, pristine);
                    warm = Some(at);
                }
                Job::Cell(..) => {
                    state.cell_done(at);
                    ended.push(at);
                }
            }
            for name in state.garbage() {
                prop_assert!(server.0.remove(&name).is_some(), "{} was dropped twice", name);
            }
        }
        for name in state.garbage() {
            server.0.remove(&name);
        }
        let all = ended.len();
        let ended: BTreeSet<usize> = ended.into_iter().collect();
        prop_assert_eq!(all, ended.len(), "some cell ended twice");
        let left = left.unwrap_or(cells.clone());
        prop_assert!(left.is_subset(&ended) && ended.is_subset(&cells), "{ended:?} of {left:?} in {cells:?}");
        prop_assert_eq!(server.0.len(), 1, "databases left: {:?}", server.0.keys());
    }
}
