//! Oracle's client library, which is nobody's to give away: it is looked for when a connection is first made, and a program
//! without it runs everything else.

use std::sync::OnceLock;

use oracle::InitParams;

use super::error::{Error, driver};

/// Loads the library, unless it is there.
///
/// It is looked for where the operating system looks for libraries. A directory of ours would not do: the library loads
/// others beside it, which on Linux are found by the system's own rules alone.
pub(super) fn load() -> Result<(), Error> {
    InitParams::new().init().map(drop).map_err(|error| match driver(error) {
        // Its own advice is about the driver, which nobody here has to know.
        Error::Driver { message, .. } => {
            Error::NoClient { message: message.split(" See https://").next().unwrap_or_default().to_owned() }
        }
        other => other,
    })
}

/// Why this machine cannot work with Oracle, if it cannot. Looked for once: the directories in which it is looked for are read
/// when the program starts.
pub fn missing() -> Option<String> {
    static MISSING: OnceLock<Option<String>> = OnceLock::new();
    MISSING.get_or_init(|| load().err().map(|error| error.to_string())).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_the_library_is_told_what_to_do() {
        let Some(told) = missing() else {
            eprintln!("SKIPPED: Oracle's client library is on this machine");
            return;
        };
        for part in ["Instant Client", "https://www.oracle.com/", "LD_LIBRARY_PATH", "libclntsh.so"] {
            assert!(told.contains(part), "{part} is not in: {told}");
        }
        assert!(told.contains("DPI-") && !told.contains("odpi"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}
