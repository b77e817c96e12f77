//! Which revisions are under way: whoever watches us knows whom to suspect when we are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// The revisions of which something runs, or is about to.
pub(crate) struct UnderWay<'a> {
    /// By slot.
    now: Mutex<BTreeMap<usize, BTreeSet<usize>>>,
    tell: &'a (dyn Fn(BTreeSet<usize>) + Send + Sync),
}

impl<'a> UnderWay<'a> {
    pub(crate) fn new(tell: &'a (dyn Fn(BTreeSet<usize>) + Send + Sync)) -> Self {
        Self { now: Mutex::default(), tell }
    }

    /// To be called before anything of these revisions runs in a slot.
    pub(crate) fn begin(&self, slot: usize, revisions: BTreeSet<usize>) {
        self.change(|now| drop(now.insert(slot, revisions)));
    }

    pub(crate) fn end(&self, slot: usize) {
        self.change(|now| drop(now.remove(&slot)));
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<usize, BTreeSet<usize>>)) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let all = |now: &BTreeMap<usize, BTreeSet<usize>>| now.values().flatten().copied().collect();
        let before: BTreeSet<usize> = all(&now);
        change(&mut now);
        let after = all(&now);
        if after != before {
            (self.tell)(after);
        }
    }
}
