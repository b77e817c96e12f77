//! MRT840: engines that commit at each CREATE, ALTER and DROP.

use mrt_chain::settings::EngineKind;

use crate::finding::Severity;
use crate::operation::Kind;
use crate::rules::{Case, Check, Findings, Rule};
use crate::sql::mentions;

pub(in crate::rules) const RULES: &[Rule] = &[Rule {
    code: "MRT840",
    name: "values changed twice when an upgrade is repeated",
    severity: Severity::Warning,
    engines: &[EngineKind::MySql, EngineKind::MariaDb, EngineKind::Oracle],
    shows: &[],
    about: "The upgrade first sets a column to something made of its own value (`price * 100`), and then alters the schema, which commits what \
            was done before on MySQL, MariaDB and Oracle. Where that step fails, Alembic counts the revision as not run, and the next \
            attempt changes the values a second time. Change the schema first, or the values in a revision of their own.",
    bad: "def upgrade():\n    op.execute(\"UPDATE products SET price = price * 100\")\n    \
          op.create_index(\"ix_price\", \"products\", [\"price\"])\n\n\n\
          def downgrade():\n    op.drop_index(\"ix_price\", table_name=\"products\")\n    op.execute(\"UPDATE products SET price = price / 100\")\n",
    good: "def upgrade():\n    op.execute(\"UPDATE products SET price = price * 100\")\n\n\n\
           def downgrade():\n    op.execute(\"UPDATE products SET price = price / 100\")\n",
    check: Check::Migration(changed_twice),
}];

/// Functions that make of their own result the same again.
const AT_REST: &[&str] = &[
    "upper", "lower", "trim", "ltrim", "rtrim", "coalesce", "ifnull", "nullif", "nvl", "replace", "round",
    "abs", "case",
];

fn changed_twice(case: &Case<'_>, findings: &mut Findings<'_>) {
    // What stands behind a change of the schema is not reached a second time: that change fails before.
    let before = case.migration.upgrade.iter().take_while(|operation| operation.kind.is_data());
    let alters = case.migration.upgrade.iter().any(|operation| {
        !operation.kind.is_data() && !operation.kind.is_opaque() && operation.kind != Kind::Raise
    });
    for operation in before.filter(|_| alters) {
        let Kind::Update { table, columns, reads, .. } = &operation.kind else { continue };
        let rests = AT_REST.iter().any(|function| mentions(reads, function));
        if let Some(column) = columns.iter().find(|column| !rests && mentions(reads, column)) {
            findings.add(
                operation.line,
                format!(
                    "`{table}.{column}` is set to something made of its own value, and a later step of this upgrade commits that: where one \
                     fails, the next attempt changes it twice; change the schema first"
                ),
            );
        }
    }
}
