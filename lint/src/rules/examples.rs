//! Examples as files: a rule's text has what matters, and the rest is the same everywhere.

/// Between two revisions of one example.
const NEXT: &str = "# the next revision\n";

/// The revision files of an example, the oldest first. Each is called `r1`, `r2`, … and follows the one before, unless it says
/// otherwise.
pub fn revisions(example: &str) -> Vec<String> {
    let parts = example.split(NEXT).enumerate();
    parts
        .map(|(index, text)| {
            let down = if index == 0 { "None".to_owned() } else { format!("\"r{index}\"") };
            let id = index + 1;
            format!(
                "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = \"r{id}\"\ndown_revision = {down}\n\n\n{text}"
            )
        })
        .collect()
}

/// The `env.py` of an example that is about one, and the revisions beside it.
pub fn environment_of(example: &str) -> (&str, Vec<String>) {
    match example.split_once(NEXT) {
        Some((environment, rest)) => (environment, revisions(rest)),
        None => (example, Vec::new()),
    }
}
