//! Examples as files: a rule's text has what matters, and the rest is the same everywhere.

/// Between two revisions of one example.
const NEXT: &str = "# the next revision\n";
/// How the class of Django's migrations begins.
const CLASS: &str = "class Migration(migrations.Migration):\n";

/// Whether an example is of Django.
pub fn is_of_django(example: &str) -> bool {
    example.contains(CLASS)
}

/// The files of an example, the oldest first, by their names. Each follows the one before, unless it says otherwise: revisions are
/// called `r1`, `r2`, …, and migrations of Django `shop.0001`, `shop.0002`, …
pub fn files(example: &str) -> Vec<(String, String)> {
    let of = if is_of_django(example) { migration } else { revision };
    example.split(NEXT).enumerate().map(|(index, text)| of(index, text)).collect()
}

fn revision(index: usize, text: &str) -> (String, String) {
    let down = if index == 0 { "None".to_owned() } else { format!("\"r{index}\"") };
    let id = index + 1;
    let text = format!(
        "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = \"r{id}\"\ndown_revision = {down}\n\n\n{text}"
    );
    (format!("{id}.py"), text)
}

fn migration(index: usize, text: &str) -> (String, String) {
    let dependencies = if index == 0 || text.contains("dependencies =") {
        String::new()
    } else {
        format!("    dependencies = [(\"shop\", \"{index:04}\")]\n")
    };
    let text = text.replace(CLASS, &format!("{CLASS}{dependencies}"));
    // An example may give its file another name.
    let name =
        text.strip_prefix("# ").and_then(|rest| rest.split_once(".py\n")).map(|(name, _)| name.to_owned());
    let name = name.unwrap_or_else(|| format!("{:04}", index + 1));
    let imports = "from django.contrib.postgres.operations import AddIndexConcurrently\nfrom django.db import migrations, models\n";
    (format!("shop/migrations/{name}.py"), format!("{imports}\n\n{text}"))
}

/// The files of an example that begins with an `env.py`, and has revisions beside it.
pub fn files_of_environment(example: &str) -> Vec<(String, String)> {
    let (environment, rest) = example.split_once(NEXT).map_or((example, None), |(it, rest)| (it, Some(rest)));
    let environment = ("env.py".to_owned(), environment.to_owned());
    rest.into_iter().flat_map(files).chain([environment]).collect()
}
