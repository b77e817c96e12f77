//! Leases as keys of a map.

use mrt_proto::v1;

/// A shard under an epoch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    run: String,
    column: u64,
    shard: u32,
    epoch: u64,
}

impl From<&v1::Lease> for Key {
    fn from(lease: &v1::Lease) -> Self {
        let v1::Lease { run, column, shard, epoch } = lease;
        Self { run: run.clone(), column: *column, shard: *shard, epoch: *epoch }
    }
}

impl Key {
    pub(super) fn lease(&self) -> v1::Lease {
        let Self { run, column, shard, epoch } = self;
        v1::Lease { run: run.clone(), column: *column, shard: *shard, epoch: *epoch }
    }
}
