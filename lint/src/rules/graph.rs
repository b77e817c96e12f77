//! MRT9xx: the chain, and files that cannot be read.

use mrt_chain::graph::Chain;

use super::{Case, Check, Findings, Rule, Shows};
use crate::finding::Severity;
use crate::operation::Kind;
use crate::undo::Object;

/// The rule of several heads, or of Django's several leaf nodes.
pub(crate) const HEADS: &str = "MRT901";
/// A file that is no revision.
pub(crate) const UNREADABLE: &str = "MRT902";
/// Revisions that are no chain.
pub(crate) const NO_CHAIN: &str = "MRT904";

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: HEADS,
        name: "several heads",
        severity: Severity::Warning,
        engines: &[],
        shows: &[],
        about: "Two revisions build on the same one, and no merge follows: `alembic upgrade head` refuses until somebody says which one, \
                and the order in which they run differs from database to database. Merge them with `alembic merge heads`, or give each \
                branch a label. In an application of Django such migrations are leaf nodes, and `manage.py migrate` refuses them (an \
                error): run `manage.py makemigrations --merge`.",
        bad: "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n# the next revision\ndef upgrade():\n    pass\n\n\n\
              def downgrade():\n    pass\n# the next revision\ndown_revision = \"r1\"\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
        good: "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n# the next revision\ndef upgrade():\n    pass\n\n\n\
               def downgrade():\n    pass\n",
        check: Check::Chain(heads),
    },
    Rule {
        code: UNREADABLE,
        name: "file cannot be checked",
        severity: Severity::Error,
        engines: &[],
        shows: &[],
        about: "A file in a version directory is no Python, no text, larger than 2 MiB or nested beyond reason. Alembic imports every \
                file there, and cannot import one that is broken. The other files are checked all the same.",
        bad: "def upgrade(:\n",
        good: "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
        check: Check::Reader,
    },
    Rule {
        code: "MRT903",
        name: "column that was dropped before",
        severity: Severity::Warning,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema],
        about: "A revision adds a column that an earlier one has dropped. Rolling back over both, the values of the first column come \
                from nowhere, and code that finds the column takes it for the old one. Give the new column another name.",
        bad: "def upgrade():\n    op.create_table(\"users\", sa.Column(\"phone\", sa.String(20)))\n\n\ndef downgrade():\n    op.drop_table(\"users\")\n\
              # the next revision\ndef upgrade():\n    op.drop_column(\"users\", \"phone\")\n\n\n\
              def downgrade():\n    op.add_column(\"users\", sa.Column(\"phone\", sa.String(20)))\n\
              # the next revision\ndef upgrade():\n    op.add_column(\"users\", sa.Column(\"phone\", sa.String(20)))\n\n\n\
              def downgrade():\n    op.drop_column(\"users\", \"phone\")\n",
        good: "def upgrade():\n    op.create_table(\"users\", sa.Column(\"phone\", sa.String(20)))\n\n\ndef downgrade():\n    op.drop_table(\"users\")\n\
               # the next revision\ndef upgrade():\n    op.add_column(\"users\", sa.Column(\"mobile\", sa.String(20)))\n\n\n\
               def downgrade():\n    op.drop_column(\"users\", \"mobile\")\n",
        check: Check::Migration(dropped_before),
    },
    Rule {
        code: NO_CHAIN,
        name: "no chain",
        severity: Severity::Error,
        engines: &[],
        shows: &[],
        about: "The revisions are no chain that Alembic could follow: one names a parent that is not there, two have the same id, or \
                they go round in a circle. Each file is then checked for itself, without what others say of the schema.",
        bad: "down_revision = \"gone\"\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
        good: "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
        check: Check::Reader,
    },
];

fn heads(chain: &Chain) -> Vec<(usize, String)> {
    let heads = chain.heads();
    let open: Vec<&str> =
        heads.iter().filter(|head| head.labels.is_empty()).map(|head| head.id.as_str()).collect();
    if open.len() < 2 {
        return Vec::new();
    }
    // One finding for each revision at which branches part that nobody has joined.
    let mut found = Vec::new();
    for (position, revision) in chain.revisions().iter().enumerate() {
        let ends: Vec<&str> = chain
            .children(&revision.id)
            .filter(|child| child.down.contains(&revision.id))
            .filter_map(|child| {
                let mut last = std::iter::once(child.id.as_str()).chain(open.iter().copied());
                last.find(|id| {
                    open.contains(id)
                        && (*id == child.id
                            || chain
                                .descendants(&child.id)
                                .contains(&chain.position(id).unwrap_or(usize::MAX)))
                })
            })
            .collect();
        if ends.len() > 1 {
            found.push((
                position,
                format!(
                    "several heads come from here: {}; merge them with `alembic merge heads`, or give the branches labels",
                    ends.join(", ")
                ),
            ));
        }
    }
    found
}

fn dropped_before(case: &Case<'_>, findings: &mut Findings<'_>) {
    for operation in &case.migration.upgrade {
        if let Kind::AddColumn { table, column, .. } = &operation.kind
            && case
                .before
                .get(&Object::column(table, &column.name))
                .is_some_and(|state| state.facts.is_none())
        {
            findings.add(
                operation.line,
                format!("an earlier revision has dropped `{table}.{}`; give the new column another name, or fill it", column.name),
            );
        }
    }
}
