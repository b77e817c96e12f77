//! A report with everything in it, built by hand.

use std::collections::BTreeMap;

use mrt_report::problems;
use mrt_report::{
    Accepted, AttributeChange, Cell, Coverage, Evidence, Finding, FindingKind, NotSeeded, Proof, Report,
    RowChange, Severity, StaticFinding, Verdict,
};

/// What a migration can carry into a page, a table of Markdown, a comment that pings people, a block of code and a terminal.
pub(crate) const HOSTILE: &str = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">--> ]]> {{ 7*7 }} \
     `x` ```y``` **b** [c](https://example.org/) ![d](https://example.org/d.png) @team #12 | \u{202e}cod\u{1b}[31m\u{0}\r\n::error::e</pre>";

pub(crate) fn everything() -> Report {
    let mut cells = Vec::new();
    let both = ["sqlite", "postgres:15"];
    for (revision, title) in [
        ("1c0ffee00001", "create customers"),
        ("1c0ffee00002", "create orders"),
        ("1c0ffee00003", "add totals"),
    ] {
        cells.extend(both.map(|target| cell(revision, title, target, Verdict::Pass)));
    }
    // One that was judged the second time.
    cells[3].attempts = 2;
    cells[3].coverage.rows_seeded = 23;
    cells.extend(both.map(drop_phone));
    cells.push(cell("1c0ffee00005", "widen names", "sqlite", Verdict::Pass));
    cells.push(note(cell("1c0ffee00005", "widen names", "postgres:15", Verdict::Pass)));
    cells.push(cell("1c0ffee00006", "add order status", "sqlite", Verdict::Pass));
    cells.push(enum_left_behind());
    cells.extend(both.map(lower_case));
    cells.push(Cell {
        reason: Some("needs a feature of PostgreSQL".to_owned()),
        ..cell("1c0ffee00008", "partition events", "sqlite", Verdict::Skip)
    });
    cells.push(view_changed());
    cells.push(accepted());
    cells.push(Cell {
        reason: Some("server of postgres:15 ended: out of memory\nexit code 137".to_owned()),
        attempts: 3,
        ..cell("1c0ffee00009", "purge", "postgres:15", Verdict::Error)
    });
    cells.push(upgrade_failed());
    for (revision, title) in [("0011_blocked_one", "one"), ("0012_blocked_two", "two")] {
        cells.push(Cell {
            suite: "billing".to_owned(),
            reason: Some("0010_hostile cannot be applied on sqlite".to_owned()),
            ..cell(revision, title, "sqlite", Verdict::Blocked)
        });
    }
    Report::new(cells)
}

/// The report of the night before: two things were not wrong yet, one is repaired since, of one nobody knows, one was accepted.
pub(crate) fn earlier() -> Report {
    let mut report = everything();
    report.cells.retain(|cell| (cell.revision.as_str(), cell.target.as_str()) != ("0010_hostile", "sqlite"));
    for cell in &mut report.cells {
        match (cell.revision.as_str(), cell.target.as_str()) {
            ("1c0ffee00002", _) => cell.findings.push(finding(
                FindingKind::SchemaLeftBehind,
                Severity::Fail,
                "orders_id_seq",
                "sequence orders_id_seq survives the rollback",
            )),
            ("1c0ffee00009", "postgres:15") => {
                cell.verdict = Verdict::Warn;
                cell.findings.push(finding(FindingKind::RowsLost, Severity::Warn, "carts", "rows are gone"));
            }
            ("1c0ffee00004", "postgres:15") => cell.findings.clear(),
            ("1c0ffee00006", "postgres:15") => {
                cell.findings[0].accepted = Some(Accepted { reason: "for now".to_owned(), until: None });
            }
            ("0011_blocked_one", _) => cell.verdict = Verdict::Pass,
            _ => {}
        }
    }
    Report::new(report.cells)
}

/// A report in which everything that a project fills in is hostile.
pub(crate) fn hostile() -> Report {
    let text = || HOSTILE.to_owned();
    let mut changed = finding(FindingKind::DataChanged, Severity::Fail, HOSTILE, HOSTILE);
    changed.statement = Some(text());
    changed.file = text();
    changed.evidence = Evidence {
        rows: vec![RowChange {
            table: text(),
            row: text(),
            seed: text(),
            column: Some(text()),
            before: Some(text()),
            after: None,
        }],
        catalog: vec![AttributeChange {
            object: text(),
            attribute: text(),
            before: None,
            after: Some(text()),
        }],
        error: Some(text()),
        depends_on: vec![text()],
        output: Some(text()),
        omitted: 0,
    };
    let accepted = Finding {
        accepted: Some(Accepted { reason: text(), until: Some(text()) }),
        object: format!("{HOSTILE}."),
        ..changed.clone()
    };
    let said = StaticFinding {
        message: text(),
        file: text(),
        ..said(HOSTILE, problems::Severity::Error, Proof::Open)
    };
    let cell = Cell {
        suite: text(),
        target: text(),
        findings: vec![changed, accepted],
        static_findings: vec![said.clone(), StaticFinding { proof: Proof::Confirmed, ..said }],
        kept: Some(text()),
        coverage: Coverage {
            not_seeded: vec![NotSeeded { table: text(), reason: text() }],
            ..Coverage::default()
        },
        phases_ms: BTreeMap::from([(text(), 7)]),
        attempts: 2,
        ..cell(HOSTILE, HOSTILE, HOSTILE, Verdict::Fail)
    };
    let untried = [Verdict::Blocked, Verdict::Error, Verdict::Skip].map(|verdict| Cell {
        target: verdict.to_string(),
        verdict,
        reason: Some(text()),
        findings: Vec::new(),
        ..cell.clone()
    });
    Report::new(std::iter::once(cell).chain(untried).collect())
}

/// So many cells in suites of 250 revisions on four targets, a tenth of which has a finding: the night of a monorepo.
pub(crate) fn many(cells: usize) -> Report {
    let targets = ["sqlite", "postgres:16", "mysql:8.4", "mariadb:11.8"];
    let all = (0..cells).map(|n| {
        let (at, target) = (n / targets.len(), targets[n % targets.len()]);
        let (suite, revision) = (at / 250, at % 250);
        let of_cell = |verdict| Cell {
            suite: format!("services/suite-{suite:02}"),
            duration_ms: 40 + (n as u64 * 7919) % 900,
            phases_ms: BTreeMap::from([("seed".to_owned(), 20), ("upgrade".to_owned(), 15)]),
            ..cell(
                &format!("{:012x}", (at as u64 + 1) * 0x9e37_79b9_7f4a % (1 << 48)),
                &format!("change {revision} of the chain"),
                target,
                verdict,
            )
        };
        if n % 10 != 3 {
            return of_cell(Verdict::Pass);
        }
        let (severity, verdict) =
            if n % 50 == 3 { (Severity::Fail, Verdict::Fail) } else { (Severity::Warn, Verdict::Warn) };
        let mut lost = finding(
            FindingKind::DataLost,
            severity,
            &format!("customers.phone_{revision}"),
            "the values are gone after the rollback; copy them aside before the column is dropped and bring them back",
        );
        lost.evidence.rows = (0..5)
            .map(|row_id| {
                let before = format!("+49 30 {n} {row_id}");
                row(&format!("id={row_id}"), "ordinary row", Some("phone"), Some(&before), None)
            })
            .collect();
        lost.statement = Some(format!("ALTER TABLE customers DROP COLUMN phone_{revision}"));
        Cell { findings: vec![lost], ..of_cell(verdict) }
    });
    Report::new(all.collect())
}

pub(crate) fn cell(revision: &str, title: &str, target: &str, verdict: Verdict) -> Cell {
    Cell {
        suite: "shop".to_owned(),
        revision: revision.to_owned(),
        target: target.to_owned(),
        verdict,
        attempts: 1,
        duration_ms: 12,
        title: title.to_owned(),
        reason: None,
        coverage: Coverage { tables: 2, tables_seeded: 2, rows_seeded: 0, not_seeded: Vec::new() },
        findings: Vec::new(),
        static_findings: Vec::new(),
        kept: None,
        phases_ms: BTreeMap::from([("upgrade".to_owned(), 5)]),
    }
}

fn finding(kind: FindingKind, severity: Severity, object: &str, message: &str) -> Finding {
    Finding {
        kind,
        severity,
        object: object.to_owned(),
        message: message.to_owned(),
        evidence: Evidence::default(),
        statement: None,
        file: "migrations/versions/some_file.py".to_owned(),
        line: 21,
        accepted: None,
    }
}

fn said(code: &str, severity: problems::Severity, proof: Proof) -> StaticFinding {
    StaticFinding {
        code: code.to_owned(),
        severity,
        message: "`customers.phone` is dropped, and \u{1b}[2J what stood in it does not come back".to_owned(),
        file: "migrations/versions/some_file.py".to_owned(),
        line: 22,
        proof,
    }
}

fn row(row: &str, seed: &str, column: Option<&str>, before: Option<&str>, after: Option<&str>) -> RowChange {
    RowChange {
        table: "customers".to_owned(),
        row: row.to_owned(),
        seed: seed.to_owned(),
        column: column.map(str::to_owned),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}

/// The same finding, with the same proof, on both targets; and one that needs an edge row.
fn drop_phone(target: &str) -> Cell {
    let mut lost = finding(
        FindingKind::DataLost,
        Severity::Fail,
        "customers.phone",
        "the values of customers.phone are gone after the rollback; copy them aside before the column is dropped \
         and bring them back in downgrade",
    );
    lost.evidence.rows = vec![
        row("id=1001", "ordinary row 1", Some("phone"), Some("+49 30 1001"), None),
        row("id=1002", "ordinary row 2", Some("phone"), Some("+49 30 1002"), None),
    ];
    lost.evidence.omitted = 4;
    lost.evidence.depends_on = vec!["ordinary row 1".to_owned(), "ordinary row 2".to_owned()];
    lost.statement = Some("ALTER TABLE customers ADD COLUMN phone VARCHAR(32)".to_owned());
    let mut rows = finding(
        FindingKind::RowsLost,
        Severity::Warn,
        "customers",
        "rows of customers are gone after the rollback",
    );
    rows.evidence.rows = vec![row("id=1009", "edge row: NULL in phone", None, Some("(1009, NULL)"), None)];
    rows.evidence.depends_on = vec!["edge row: NULL in phone".to_owned()];
    Cell {
        findings: vec![rows, lost],
        static_findings: vec![
            said("MRT201", problems::Severity::Error, Proof::Confirmed),
            said("MRT407", problems::Severity::Warning, Proof::Open),
            said("MRT303", problems::Severity::Warning, Proof::Refuted),
        ],
        kept: (target == "sqlite").then(|| "sqlite:///tmp/kept.db".to_owned()),
        ..cell("1c0ffee00004", "drop customers.phone", target, Verdict::Fail)
    }
}

fn note(cell: Cell) -> Cell {
    let mut order = finding(
        FindingKind::SchemaNotRestored,
        Severity::Note,
        "customers",
        "the columns of customers stand in another order",
    );
    order.evidence.catalog = vec![AttributeChange {
        object: "table customers".to_owned(),
        attribute: "column order".to_owned(),
        before: Some("id, name, email".to_owned()),
        after: Some("id, email, name".to_owned()),
    }];
    Cell { findings: vec![order], ..cell }
}

fn enum_left_behind() -> Cell {
    let mut left = finding(
        FindingKind::SchemaLeftBehind,
        Severity::Fail,
        "order_status",
        "type order_status survives the rollback",
    );
    left.evidence.catalog = vec![AttributeChange {
        object: "enum order_status".to_owned(),
        attribute: "labels".to_owned(),
        before: None,
        after: Some("new, paid, shipped".to_owned()),
    }];
    let mut again = finding(
        FindingKind::ReupgradeFailed,
        Severity::Fail,
        "order_status",
        "the second upgrade fails; drop the type in downgrade",
    );
    again.statement = Some("CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped')".to_owned());
    again.evidence.error = Some("DuplicateObject: type \"order_status\" already exists".to_owned());
    Cell {
        findings: vec![left, again],
        ..cell("1c0ffee00006", "add order status", "postgres:15", Verdict::Fail)
    }
}

/// The same claim on both targets with different proofs, a difference at the end of a long value, and a gap.
fn lower_case(target: &str) -> Cell {
    let mut changed = finding(
        FindingKind::DataChanged,
        Severity::Warn,
        "customers.email",
        "customers.email differs after the rollback",
    );
    let long = format!("{}@example.org", "x".repeat(180));
    changed.evidence.rows = vec![
        row(
            "id=1007",
            "edge row: letter case",
            Some("email"),
            Some("Zoë@Example.org"),
            Some("zoë@example.org"),
        ),
        row("id=1008", "edge row: longest text", Some("email"), Some(&format!("{long} ")), Some(&long)),
        row("id=1009", "edge row: blanks", Some("email"), Some(""), Some("\u{a0}\u{1b}[31mred\u{7}")),
    ];
    if target == "sqlite" {
        changed.evidence.rows.truncate(1);
    }
    changed.evidence.depends_on = vec!["edge row: letter case".to_owned()];
    Cell {
        coverage: Coverage {
            tables: 2,
            tables_seeded: 1,
            rows_seeded: 0,
            not_seeded: vec![NotSeeded {
                table: "audit".to_owned(),
                reason: "a trigger refuses every insert: audit is closed".to_owned(),
            }],
        },
        findings: vec![changed],
        ..cell("1c0ffee00007", "lower-case e-mail addresses", target, Verdict::Warn)
    }
}

/// A definition that fits into no table.
fn view_changed() -> Cell {
    let mut view = finding(
        FindingKind::SchemaNotRestored,
        Severity::Fail,
        "active_customers",
        "view active_customers did not come back as it was",
    );
    let definition = "SELECT id, name, email FROM customers WHERE deleted_at IS NULL AND email IS NOT NULL";
    view.evidence.catalog = vec![AttributeChange {
        object: "view active_customers".to_owned(),
        attribute: "definition".to_owned(),
        before: Some(format!("{definition}\nORDER BY name")),
        after: Some(definition.to_owned()),
    }];
    view.evidence.output = Some("INFO rebuilding views\n\tdone\n".to_owned());
    Cell {
        findings: vec![view],
        duration_ms: 4_210,
        phases_ms: BTreeMap::from([("seed".to_owned(), 210), ("upgrade".to_owned(), 3_900)]),
        ..cell("1c0ffee00008", "partition events", "postgres:15", Verdict::Fail)
    }
}

fn accepted() -> Cell {
    let mut one_way = finding(
        FindingKind::Irreversible,
        Severity::Fail,
        "1c0ffee00009",
        "there is no downgrade; write one, or accept this finding",
    );
    one_way.accepted = Some(Accepted {
        reason: "old carts are purged on purpose".to_owned(),
        until: Some("2030-12-31".to_owned()),
    });
    Cell { findings: vec![one_way], ..cell("1c0ffee00009", "purge", "sqlite", Verdict::Pass) }
}

/// Another suite, whose revision says things that a terminal must not obey.
fn upgrade_failed() -> Cell {
    let mut failed = finding(
        FindingKind::UpgradeFailed,
        Severity::Fail,
        "0010_hostile",
        "the upgrade fails: ]]> <b>\u{1b}]0;title\u{7}",
    );
    failed.evidence.error =
        Some("OperationalError: near \"\u{1b}[2J\u{202e}\": syntax error\r\nline 2".to_owned());
    failed.evidence.output = Some("\u{1b}[32mINFO\u{1b}[0m & done \u{fffe}".to_owned());
    let table = "<script>alert(1)</script>";
    let mut lost =
        finding(FindingKind::DataChanged, Severity::Warn, table, "a value is gone after the rollback");
    lost.evidence.rows = vec![RowChange {
        table: table.to_owned(),
        ..row("id=1", "ordinary row 1", Some("a|b"), Some("<b>1</b>"), None)
    }];
    Cell {
        suite: "billing".to_owned(),
        findings: vec![failed, lost],
        ..cell("0010_hostile", "hostile \u{1b}[31mtitle", "sqlite", Verdict::Fail)
    }
}
