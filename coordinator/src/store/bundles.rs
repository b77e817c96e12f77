//! Bundles, in the same database: what one coordinator has taken in, all can hand out.

use mrt_bundle::Digest;
use sqlx::Row as _;

use super::load::Fields;
use super::{Store, StoreError, Turn, read, stored, write};
use crate::lease::Time;

/// The largest part that is kept in one row, in bytes.
const PART: usize = 1 << 20;

/// What bundles may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundles {
    /// Bytes of all bundles together.
    pub bytes: u64,
    /// How long one is kept that no open run needs, in milliseconds.
    pub keep: u64,
}

/// A bundle on its way in. Without [`Upload::keep`] its parts are removed later on.
#[derive(Debug)]
pub struct Upload {
    name: String,
    parts: u64,
    pending: Vec<u8>,
    size: u64,
}

impl Upload {
    /// Under a name that nobody else uses.
    pub fn new(name: String) -> Self {
        Self { name, parts: 0, pending: Vec::new(), size: 0 }
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes further bytes.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn add(&mut self, store: &Store, bytes: &[u8]) -> Result<(), StoreError> {
        self.size += bytes.len() as u64;
        self.pending.extend_from_slice(bytes);
        while self.pending.len() >= PART {
            let rest = self.pending.split_off(PART);
            let part = std::mem::replace(&mut self.pending, rest);
            self.write(store, part).await?;
        }
        Ok(())
    }

    async fn write(&mut self, store: &Store, part: Vec<u8>) -> Result<(), StoreError> {
        sqlx::query(store.kind.insert_part())
            .bind(self.name.as_str())
            .bind(stored(self.parts))
            .bind(part)
            .execute(&store.pool)
            .await
            .map_err(write)?;
        self.parts += 1;
        Ok(())
    }

    /// All of it has come, and is what its digest says.
    ///
    /// # Errors
    /// When that cannot be written.
    pub async fn keep(mut self, store: &Store, digest: Digest) -> Result<(), StoreError> {
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            self.write(store, rest).await?;
        }
        // Somebody else may have sent the same; the parts of one of both are then nobody's.
        sqlx::query(store.kind.insert_bundle())
            .bind(digest.to_string())
            .bind(self.name.as_str())
            .bind(stored(self.size))
            .execute(&store.pool)
            .await
            .map_err(write)?;
        Ok(())
    }
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

    fn insert_bundle(self) -> &'static str {
        match self {
            Self::Sqlite => concat!(
                "INSERT INTO bundles (digest, upload, size, used_ms) VALUES ($1, $2, $3, ",
                sqlite_now!(),
                ") ON CONFLICT (digest) DO NOTHING"
            ),
            Self::Postgres => concat!(
                "INSERT INTO bundles (digest, upload, size, used_ms) VALUES ($1, $2, $3, ",
                postgres_now!(),
                ") ON CONFLICT (digest) DO NOTHING"
            ),
        }
    }
}

impl Store {
    /// Whether the bundle is there.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn has_bundle(&self, digest: Digest) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT digest FROM bundles WHERE digest = $1")
            .bind(digest.to_string())
            .fetch_optional(&self.pool)
            .await
            .map_err(read)?;
        Ok(found.is_some())
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

    /// Removes what nobody needs: runs that ended before `runs`, bundles beyond what is allowed, uploads that never came to
    /// their end.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn collect(&mut self, runs: Time, bundles: Bundles) -> Result<(), StoreError> {
        let connection = &mut *self.connection;
        sqlx::query("DELETE FROM runs WHERE ended_ms < $1")
            .bind(stored(runs.0))
            .execute(&mut *connection)
            .await
            .map_err(write)?;
        let unneeded = sqlx::query(
            "SELECT digest, size, used_ms, (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM bundles) AS bytes \
             FROM bundles WHERE NOT EXISTS (SELECT 1 FROM chains JOIN runs ON runs.id = chains.run \
             WHERE chains.bundle = bundles.digest AND runs.ended_ms IS NULL) ORDER BY used_ms, digest",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(read)?;
        let mut removed = 0;
        for row in unneeded {
            let row = Fields(&row);
            let is_old = row.number("used_ms")? + bundles.keep < self.now.0;
            if is_old || row.number("bytes")? - removed > bundles.bytes {
                removed += row.number("size")?;
                sqlx::query("DELETE FROM bundles WHERE digest = $1")
                    .bind(row.text("digest")?)
                    .execute(&mut *connection)
                    .await
                    .map_err(write)?;
            }
        }
        // Long enough for any upload that is still on its way.
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
