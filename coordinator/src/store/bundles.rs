//! Bundles, in the same database: what one coordinator has taken in, all can hand out.

use mrt_bundle::Digest;
use sqlx::Row as _;
use tokio::runtime::Handle;

use super::load::Fields;
use super::{Store, StoreError, Turn, read, stored, write};
use crate::lease::Time;

/// The largest part that is kept in one row, in bytes.
const PART: usize = 1 << 20;

/// Runs that are removed in one turn: each may be many rows, and everybody waits meanwhile.
const RUNS: i64 = 20;

/// Whether an open run needs a bundle.
macro_rules! needed {
    () => {
        "EXISTS (SELECT 1 FROM chains JOIN runs ON runs.id = chains.run \
         WHERE chains.bundle = bundles.digest AND runs.ended_ms IS NULL)"
    };
}

/// Bytes of the parts that belong to no bundle.
macro_rules! on_their_way {
    () => {
        "(SELECT COALESCE(SUM(LENGTH(data)), 0) FROM parts \
         WHERE NOT EXISTS (SELECT 1 FROM bundles WHERE bundles.upload = parts.upload))"
    };
}

/// What bundles may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundles {
    /// Bytes of all bundles together.
    pub bytes: u64,
    /// How long one is kept that no open run needs, in milliseconds.
    pub keep: u64,
}

/// Why a bundle is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// What cannot be removed leaves no room for it.
    #[error(
        "the coordinator has no room for this bundle beside those that open runs need; wait until runs have ended, or \
         raise its --bundles"
    )]
    Full,
    /// What has come of it was removed before its end: it took longer than any upload may.
    #[error(
        "of the {expected} parts of this bundle {found} are there, since it has taken longer than an hour to come; upload \
         it again"
    )]
    Lost {
        /// How many parts have come.
        expected: u64,
        /// How many are still there.
        found: u64,
    },
    /// The state cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A bundle on its way in. Without [`Upload::keep`] its parts are removed when it is dropped. Needs a tokio runtime.
#[derive(Debug)]
pub struct Upload {
    store: Store,
    /// One that nobody else uses.
    name: String,
    /// Bytes of all bundles together.
    limit: u64,
    parts: u64,
    pending: Vec<u8>,
    size: u64,
    /// There may be parts that nobody needs once it is dropped.
    is_loose: bool,
}

impl Upload {
    /// One into a store whose bundles may have so many bytes together.
    pub fn new(store: &Store, limit: u64) -> Self {
        let name = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        Self { store: store.clone(), name, limit, parts: 0, pending: Vec::new(), size: 0, is_loose: false }
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes further bytes.
    ///
    /// # Errors
    /// When there is no room for them, or they cannot be written.
    pub async fn add(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.size += bytes.len() as u64;
        self.pending.extend_from_slice(bytes);
        while self.pending.len() >= PART {
            let rest = self.pending.split_off(PART);
            let part = std::mem::replace(&mut self.pending, rest);
            self.write(part).await?;
        }
        Ok(())
    }

    async fn write(&mut self, part: Vec<u8>) -> Result<(), UploadError> {
        // Not only when all of it has come: that may be much.
        if self.store.taken_bytes().await?.saturating_add(part.len() as u64) > self.limit {
            return Err(UploadError::Full);
        }
        self.is_loose = true;
        sqlx::query(self.store.kind.insert_part())
            .bind(self.name.as_str())
            .bind(stored(self.parts))
            .bind(part)
            .execute(&self.store.pool)
            .await
            .map_err(write)?;
        self.parts += 1;
        Ok(())
    }

    /// All of it has come, and is what its digest says. Bundles that nobody needs make room for it.
    ///
    /// # Errors
    /// When there is no room for it, parts of it are gone, or it cannot be written.
    pub async fn keep(mut self, digest: Digest) -> Result<(), UploadError> {
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            self.write(rest).await?;
        }
        let mut turn = self.store.turn().await?;
        // Somebody else may have sent the same; the parts of this one are then nobody's.
        let is_new = !turn.use_bundle(&digest.to_string()).await?;
        if is_new {
            let (expected, found) = (self.parts, turn.count_parts(&self.name).await?);
            if found != expected {
                return Err(UploadError::Lost { expected, found });
            }
            if !turn.make_room(self.limit).await? {
                return Err(UploadError::Full);
            }
            sqlx::query("INSERT INTO bundles (digest, upload, size, used_ms) VALUES ($1, $2, $3, $4)")
                .bind(digest.to_string())
                .bind(self.name.as_str())
                .bind(stored(self.size))
                .bind(stored(turn.now.0))
                .execute(&mut *turn.connection)
                .await
                .map_err(write)?;
        }
        turn.commit().await?;
        self.is_loose = !is_new;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Where there is no runtime any more, they go when they are old.
        let Some(runtime) = Handle::try_current().ok().filter(|_| self.is_loose) else { return };
        let (store, name) = (self.store.clone(), std::mem::take(&mut self.name));
        runtime.spawn(async move {
            if let Err(error) = store.remove_parts(&name).await {
                tracing::warn!("the parts of a bundle that did not come stay for a while: {error}");
            }
        });
    }
}

/// A bundle that no open run needs.
struct Unneeded {
    digest: String,
    upload: String,
    size: u64,
    used: Time,
}

impl super::Kind {
    fn insert_part(self) -> &'static str {
        match self {
            Self::Sqlite => concat!(
                "INSERT INTO parts (upload, part, data, stored_ms) VALUES ($1, $2, $3, ",
                sqlite_now!(),
                ")"
            ),
            Self::Postgres => concat!(
                "INSERT INTO parts (upload, part, data, stored_ms) VALUES ($1, $2, $3, ",
                postgres_now!(),
                ")"
            ),
        }
    }
}

impl Store {
    /// Bytes of a bundle, when it is there.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn bundle_size(&self, digest: Digest) -> Result<Option<u64>, StoreError> {
        let found = sqlx::query("SELECT size FROM bundles WHERE digest = $1")
            .bind(digest.to_string())
            .fetch_optional(&self.pool)
            .await
            .map_err(read)?;
        found.map(|row| Fields(&row).number("size")).transpose()
    }

    /// A part of a bundle; nothing behind its last one.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn bundle_part(&self, digest: Digest, part: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query(
            "SELECT data FROM parts JOIN bundles ON bundles.upload = parts.upload WHERE digest = $1 AND part = $2",
        )
        .bind(digest.to_string())
        .bind(stored(part))
        .fetch_optional(&self.pool)
        .await
        .map_err(read)?;
        row.map(|row| row.try_get("data").map_err(read)).transpose()
    }

    /// Bytes of all bundles.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn bundle_bytes(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM bundles")
            .fetch_one(&self.pool)
            .await
            .map_err(read)?;
        Fields(&row).number("bytes")
    }

    /// Bytes that no upload can have: bundles that open runs need, and parts on their way.
    async fn taken_bytes(&self) -> Result<u64, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT CAST((SELECT COALESCE(SUM(size), 0) FROM bundles WHERE ",
            needed!(),
            ") + ",
            on_their_way!(),
            " AS BIGINT) AS bytes"
        ))
        .fetch_one(&self.pool)
        .await
        .map_err(read)?;
        Fields(&row).number("bytes")
    }

    /// Removes the parts of an upload, unless it has become a bundle. In a turn: a transaction that makes it one may still be
    /// under way, of which nobody knows how it has ended.
    async fn remove_parts(&self, upload: &str) -> Result<(), StoreError> {
        let mut turn = self.turn().await?;
        sqlx::query(
            "DELETE FROM parts WHERE upload = $1 AND NOT EXISTS (SELECT 1 FROM bundles WHERE bundles.upload = parts.upload)",
        )
        .bind(upload)
        .execute(&mut *turn.connection)
        .await
        .map_err(write)?;
        turn.commit().await
    }
}

impl Turn {
    /// Whether the bundle is there; it then stays for a while.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn use_bundle(&mut self, digest: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE bundles SET used_ms = $1 WHERE digest = $2")
            .bind(stored(self.now.0))
            .bind(digest)
            .execute(&mut *self.connection)
            .await
            .map_err(write)?;
        Ok(done.rows_affected() > 0)
    }

    async fn count_parts(&mut self, upload: &str) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS parts FROM parts WHERE upload = $1")
            .bind(upload)
            .fetch_one(&mut *self.connection)
            .await
            .map_err(read)?;
        Fields(&row).number("parts")
    }

    /// Removes bundles that no open run needs, the longest unused first, until all bundles, and parts on their way, have no
    /// more than so many bytes. The answer is whether they do.
    async fn make_room(&mut self, limit: u64) -> Result<bool, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT CAST((SELECT COALESCE(SUM(size), 0) FROM bundles) + ",
            on_their_way!(),
            " AS BIGINT) AS bytes"
        ))
        .fetch_one(&mut *self.connection)
        .await
        .map_err(read)?;
        let mut over = Fields(&row).number("bytes")?.saturating_sub(limit);
        if over > 0 {
            for bundle in self.unneeded_bundles().await? {
                self.remove_bundle(&bundle).await?;
                over = over.saturating_sub(bundle.size);
                if over == 0 {
                    break;
                }
            }
        }
        Ok(over == 0)
    }

    /// The bundles that no open run needs, the longest unused first.
    async fn unneeded_bundles(&mut self) -> Result<Vec<Unneeded>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT digest, upload, size, used_ms FROM bundles WHERE NOT ",
            needed!(),
            " ORDER BY used_ms, digest"
        ))
        .fetch_all(&mut *self.connection)
        .await
        .map_err(read)?;
        let bundle = |row| {
            let row = Fields(row);
            let (digest, upload) = (row.text("digest")?, row.text("upload")?);
            Ok(Unneeded { digest, upload, size: row.number("size")?, used: Time(row.number("used_ms")?) })
        };
        rows.iter().map(bundle).collect()
    }

    async fn remove_bundle(&mut self, bundle: &Unneeded) -> Result<(), StoreError> {
        for (sql, name) in [
            ("DELETE FROM bundles WHERE digest = $1", &bundle.digest),
            ("DELETE FROM parts WHERE upload = $1", &bundle.upload),
        ] {
            sqlx::query(sql).bind(name.as_str()).execute(&mut *self.connection).await.map_err(write)?;
        }
        Ok(())
    }

    /// Removes what nobody needs: some runs that ended before `runs`, bundles beyond what is allowed, uploads that never came to
    /// their end.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn collect(&mut self, runs: Time, bundles: Bundles) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE ended_ms < $1 ORDER BY ended_ms, id LIMIT $2)")
            .bind(stored(runs.0))
            .bind(RUNS)
            .execute(&mut *self.connection)
            .await
            .map_err(write)?;
        let old = Time(self.now.0.saturating_sub(bundles.keep));
        for bundle in self.unneeded_bundles().await?.iter().filter(|bundle| bundle.used < old) {
            self.remove_bundle(bundle).await?;
        }
        // What open runs need stays, whether there is room for it or not.
        self.make_room(bundles.bytes).await?;
        let connection = &mut *self.connection;
        // Long enough for any upload that is still on its way. These are of a coordinator that has stopped.
        let hour = 3_600_000;
        sqlx::query(
            "DELETE FROM parts WHERE stored_ms < $1 AND NOT EXISTS \
             (SELECT 1 FROM bundles WHERE bundles.upload = parts.upload)",
        )
        .bind(stored(self.now.0.saturating_sub(hour)))
        .execute(&mut *connection)
        .await
        .map_err(write)?;
        sqlx::query("DELETE FROM workers WHERE seen_ms < $1")
            .bind(stored(self.now.0.saturating_sub(24 * hour)))
            .execute(&mut *connection)
            .await
            .map_err(write)?;
        Ok(())
    }
}
