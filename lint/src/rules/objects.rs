//! MRT5xx: sequences, triggers and types.

use mrt_chain::settings::EngineKind;

use super::{Case, Check, Findings, Rule, Shows};
use crate::case::certainly;
use crate::finding::Severity;
use crate::operation::{Kind, ObjectKind};
use crate::undo::{Gap, Object, Part};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "MRT501",
        name: "sequence changed or left behind",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Rows, Shows::Schema, Shows::Failure],
        about: "`upgrade()` makes a sequence that `downgrade()` does not drop (an error), or changes one or its position and \
                `downgrade()` does not change it back (a warning).",
        bad: "def upgrade():\n    op.execute(\"ALTER SEQUENCE order_numbers INCREMENT BY 10\")\n\n\n\
              def downgrade():\n    op.execute(\"UPDATE orders SET number = 1 WHERE number = 2\")\n",
        good: "def upgrade():\n    op.execute(\"ALTER SEQUENCE order_numbers INCREMENT BY 10\")\n\n\n\
               def downgrade():\n    op.execute(\"ALTER SEQUENCE order_numbers INCREMENT BY 1\")\n",
        check: Check::Migration(sequences),
    },
    Rule {
        code: "MRT502",
        name: "trigger left behind",
        severity: Severity::Error,
        engines: &[],
        shows: &[Shows::Schema, Shows::Failure],
        about: "`upgrade()` makes a trigger that `downgrade()` does not drop: it goes on changing rows, or fails on what is gone.",
        bad: "def upgrade():\n    op.execute(\"CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()\")\n\n\n\
              def downgrade():\n    op.execute(\"UPDATE users SET name = 'x' WHERE name = 'y'\")\n",
        good: "def upgrade():\n    op.execute(\"CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()\")\n\n\n\
               def downgrade():\n    op.execute(\"DROP TRIGGER touch ON users\")\n",
        check: Check::Migration(triggers),
    },
    Rule {
        code: "MRT503",
        name: "type left behind",
        severity: Severity::Error,
        engines: &[EngineKind::Postgres],
        shows: &[Shows::Schema, Shows::Failure],
        about: "`upgrade()` makes a type, in SQL or by a column with `sa.Enum` in a new table, that `downgrade()` does not drop: \
                dropping the table leaves the type, and the next upgrade fails, since it is there already. Drop it: \
                `sa.Enum(name=\"mood\").drop(op.get_bind())`.",
        bad: "def upgrade():\n    op.create_table(\"people\", sa.Column(\"mood\", sa.Enum(\"sad\", \"glad\", name=\"mood\")))\n\n\n\
              def downgrade():\n    op.drop_table(\"people\")\n",
        good: "def upgrade():\n    op.create_table(\"people\", sa.Column(\"mood\", sa.Enum(\"sad\", \"glad\", name=\"mood\")))\n\n\n\
               def downgrade():\n    op.drop_table(\"people\")\n    sa.Enum(name=\"mood\").drop(op.get_bind())\n",
        check: Check::Migration(types),
    },
];

fn sequences(case: &Case<'_>, findings: &mut Findings<'_>) {
    left(case, findings, ObjectKind::Sequence);
    if !case.comes_back() || !case.migration.downgrade_is_clear() {
        return;
    }
    for operation in &case.migration.upgrade {
        let Kind::Alter { object: ObjectKind::Sequence, name, .. } = &operation.kind else { continue };
        let back = case.migration.down().iter().any(|down| match &down.kind {
            Kind::Alter { object: ObjectKind::Sequence, name: own, .. }
            | Kind::Drop { object: ObjectKind::Sequence, name: own, .. } => own.eq_ignore_ascii_case(name),
            Kind::DropTable { .. } => true,
            _ => false,
        });
        let own = case.undo.after_upgrade(case.before, &Object::other(ObjectKind::Sequence, name));
        let is_new = own.and_then(|state| state.facts.as_ref()).is_some_and(|facts| !facts.original);
        if !back && !is_new {
            findings.add_as(
                Severity::Warning,
                operation.line,
                format!("the sequence `{name}` is changed, and `downgrade()` does not change it back; change it back"),
            );
        }
    }
}

fn triggers(case: &Case<'_>, findings: &mut Findings<'_>) {
    left(case, findings, ObjectKind::Trigger);
}

fn types(case: &Case<'_>, findings: &mut Findings<'_>) {
    left(case, findings, ObjectKind::Type);
}

fn left(case: &Case<'_>, findings: &mut Findings<'_>, kind: ObjectKind) {
    let gaps = case.left().filter(|gap: &&Gap| gap.object.part == Part::Other(kind));
    for gap in gaps {
        findings.add_as(
            certainly(gap.certain),
            case.line(gap),
            format!("the {kind} `{}` stays after the rollback; let `downgrade()` drop it", gap.object),
        );
    }
}
