//! Names and passwords that are made for a run.

use std::io::Read as _;

use sha2::{Digest as _, Sha256};

/// Random bytes in hexadecimal.
pub(super) fn random_hex(bytes: usize) -> std::io::Result<String> {
    let mut buffer = vec![0; bytes];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(hex(&buffer))
}

/// The password of whoever runs migrations on a server of ours: it follows from the administrator's, so that a server which is
/// opened again still has the same URLs.
pub(super) fn derived_password(administrators: &str) -> String {
    let digest = Sha256::new().chain_update("who runs migrations\0").chain_update(administrators).finalize();
    hex(&digest[..16])
}

/// Tells passwords apart without telling them, by what a server keeps of them.
pub(super) fn fingerprint(stored: &str) -> String {
    let digest = Sha256::new().chain_update("password\0").chain_update(stored).finalize();
    format!("set, fingerprint {}", hex(&digest[..4]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
