//! Everything that is no part of a table, said again.

use std::collections::BTreeSet;

use super::text::{ident, idents, literal, piece, renamed};
use super::{Statements, Uncopyable};
use crate::database::oracle::catalog::code_rows::{
    AuditRow, JobRow, MviewLogRow, PolicyRow, SequenceRow, ViewRow,
};
use crate::database::oracle::catalog::names::is_part_of_another;
use crate::database::oracle::catalog::objects::is_noneditionable;
use crate::database::oracle::catalog::raw::Raw;
use crate::database::oracle::catalog::text::normal;

/// Kinds of code that their own text makes, in an order that mostly works.
const MADE_BY_TEXT: &[&str] = &["FUNCTION", "PROCEDURE", "PACKAGE", "TYPE BODY", "PACKAGE BODY"];

/// How a sequence counts; it goes on where the source would.
///
/// A server keeps a number of values ready in memory, and writes only the end of them down: the copy begins there. So does
/// the source when it next loses them, which it may at any time.
pub(super) fn counting(sequence: &SequenceRow) -> String {
    let start = if is_exhausted(sequence) {
        // The last value once more, which is then drawn.
        if is_descending(sequence) { &sequence.min } else { &sequence.max }
    } else if is_past_end(sequence) {
        if is_descending(sequence) { &sequence.max } else { &sequence.min }
    } else {
        &sequence.next
    };
    let cache =
        if sequence.cache == "0" { "NOCACHE".to_owned() } else { format!("CACHE {}", sequence.cache) };
    let said = [(&sequence.cycle, " CYCLE"), (&sequence.order, " ORDER"), (&sequence.keep, " KEEP")];
    let said: String = said.into_iter().filter(|(is, _)| *is == "Y").map(|(_, word)| word).collect();
    let scale = match (sequence.scale.as_str(), sequence.extend.as_str()) {
        ("Y", "Y") => " SCALE EXTEND",
        ("Y", _) => " SCALE NOEXTEND",
        _ => "",
    };
    format!(
        "START WITH {start} INCREMENT BY {} MINVALUE {} MAXVALUE {} {cache}{said}{scale}",
        sequence.increment, sequence.min, sequence.max
    )
}

fn is_descending(sequence: &SequenceRow) -> bool {
    sequence.increment.starts_with('-')
}

fn is_past_end(sequence: &SequenceRow) -> bool {
    let number = |text: &str| text.parse::<i128>().ok();
    match (number(&sequence.next), number(&sequence.min), number(&sequence.max)) {
        (Some(next), Some(min), Some(max)) => next < min || next > max,
        _ => false,
    }
}

/// Whether it has nothing more to give.
fn is_exhausted(sequence: &SequenceRow) -> bool {
    is_past_end(sequence) && sequence.cycle != "Y"
}

/// Makes sequences; those of identity columns come with them.
pub(super) fn sequences(raw: &Raw, to: &str, out: &mut Statements) {
    for sequence in raw.sequences.iter().filter(|it| !is_part_of_another(&it.name)) {
        let name = format!("{}.{}", ident(to), ident(&sequence.name));
        let session = if sequence.session == "Y" { " SESSION" } else { "" };
        out.push(format!("CREATE SEQUENCE {name} {}{session}", counting(sequence)));
        if is_exhausted(sequence) {
            out.push(format!("DECLARE last NUMBER; BEGIN last := {name}.NEXTVAL; END;"));
        }
    }
}

/// Makes code that no table fires, views and synonyms.
pub(super) fn early(raw: &Raw, to: &str, out: &mut Statements) {
    for synonym in &raw.synonyms {
        let link = if synonym.link.is_empty() { String::new() } else { format!("@{}", synonym.link) };
        let owner = match synonym.target_owner.as_str() {
            "" => String::new(),
            owner if owner == raw.owner => format!("{}.", ident(to)),
            owner => format!("{}.", ident(owner)),
        };
        let (name, target) = (ident(&synonym.name), ident(&synonym.target));
        out.push(format!("CREATE SYNONYM {}.{name} FOR {owner}{target}{link}", ident(to)));
    }
    for kind in MADE_BY_TEXT {
        for name in raw.names_of_code(kind) {
            out.push(code(raw, kind, name, to));
        }
    }
    for view in raw.views.iter().filter(|view| is_plain_view(raw, view)) {
        out.push(self::view(raw, view, to));
    }
}

/// Code as it was written; its unqualified name is found in the session's schema.
fn code(raw: &Raw, kind: &str, name: &str, to: &str) -> String {
    let editions = if is_noneditionable(raw, kind, name) { "NONEDITIONABLE " } else { "" };
    format!("CREATE OR REPLACE {editions}{}", renamed(raw.source(kind, name).trim_end(), &raw.owner, to))
}

/// Whether words of ours say all of a view.
pub(super) fn is_plain_view(raw: &Raw, view: &ViewRow) -> bool {
    view.type_name.is_empty()
        && view.above.is_empty()
        && view.editioning != "Y"
        && !raw.dualities.iter().any(|it| it.name == view.name)
        && !raw.annotations.iter().any(|it| it.object == view.name)
}

fn view(raw: &Raw, view: &ViewRow, to: &str) -> String {
    let columns = raw.columns.iter().filter(|column| column.table == view.name);
    let columns = idents(columns.map(|column| column.name.as_str()));
    // Nobody knows the columns of a view that was never valid.
    let columns = if columns.is_empty() { columns } else { format!(" ({columns})") };
    let editions = if is_noneditionable(raw, "VIEW", &view.name) { " NONEDITIONABLE" } else { "" };
    let bequeath = if view.bequeath == "CURRENT_USER" { " BEQUEATH CURRENT_USER" } else { "" };
    let said = normal(&view.text, &raw.owner);
    let check = raw.constraints.iter().find(|it| it.table == view.name && it.kind == "V");
    let takes = match check {
        _ if said.ends_with(" WITH READ ONLY") || said.contains(" WITH CHECK OPTION") => String::new(),
        Some(it) if it.generated != "GENERATED NAME" => {
            format!(" WITH CHECK OPTION CONSTRAINT {}", ident(&it.name))
        }
        Some(_) => " WITH CHECK OPTION".to_owned(),
        None if view.read_only == "Y" => " WITH READ ONLY".to_owned(),
        None => String::new(),
    };
    format!(
        "CREATE OR REPLACE FORCE{editions} VIEW {}.{}{columns}{bequeath} AS {}{takes}",
        ident(to),
        ident(&view.name),
        piece(&view.text, &raw.owner, to)
    )
}

/// Makes what works on rows, once they are in.
pub(super) fn late(raw: &Raw, to: &str, out: &mut Statements) {
    for name in raw.triggers.iter().map(|trigger| trigger.name.as_str()) {
        out.push(code(raw, "TRIGGER", name, to));
    }
    for trigger in raw.triggers.iter().filter(|trigger| trigger.status == "DISABLED") {
        out.push(format!("ALTER TRIGGER {}.{} DISABLE", ident(to), ident(&trigger.name)));
    }
    comments(raw, to, out);
    privileges(raw, to, out);
    let groups: BTreeSet<(&str, &str)> = raw
        .policies
        .iter()
        .filter(|policy| !matches!(policy.group.as_str(), "" | "SYS_DEFAULT"))
        .map(|policy| (policy.object.as_str(), policy.group.as_str()))
        .collect();
    out.extend(groups.into_iter().map(|(object, group)| {
        format!(
            "BEGIN SYS.DBMS_RLS.CREATE_POLICY_GROUP(object_schema => {}, object_name => {}, policy_group => {}); END;",
            literal(to),
            literal(object),
            literal(group)
        )
    }));
    out.extend(raw.policies.iter().map(|policy| self::policy(raw, policy, to)));
    out.extend(raw.audits.iter().map(|policy| audit(raw, policy, to)));
    out.extend(raw.jobs.iter().map(|it| job(raw, it, to)));
}

fn comments(raw: &Raw, to: &str, out: &mut Statements) {
    let to = ident(to);
    for comment in raw.comments.iter().filter(|it| !is_part_of_another(&it.name) && !raw.is_mview(&it.name)) {
        out.push(format!("COMMENT ON TABLE {to}.{} IS {}", ident(&comment.name), literal(&comment.text)));
    }
    for comment in raw.column_comments.iter().filter(|it| !is_part_of_another(&it.table)) {
        let (table, column) = (ident(&comment.table), ident(&comment.column));
        out.push(format!("COMMENT ON COLUMN {to}.{table}.{column} IS {}", literal(&comment.text)));
    }
    for comment in &raw.mview_comments {
        let name = ident(&comment.name);
        out.push(format!("COMMENT ON MATERIALIZED VIEW {to}.{name} IS {}", literal(&comment.text)));
    }
}

/// Grants again, as the owner: an administrator's grant counts as that.
fn privileges(raw: &Raw, to: &str, out: &mut Statements) {
    let option = |grantable: &str| if grantable == "YES" { " WITH GRANT OPTION" } else { "" };
    for it in raw.privileges.iter().filter(|it| !is_part_of_another(&it.object)) {
        let hierarchy = if it.hierarchy == "YES" { " WITH HIERARCHY OPTION" } else { "" };
        let (on, who) = (ident(&it.object), grantee(&it.grantee));
        let option = option(&it.grantable);
        out.push(format!("GRANT {} ON {}.{on} TO {who}{hierarchy}{option}", it.privilege, ident(to)));
    }
    for it in &raw.column_privileges {
        let (on, who) = (ident(&it.table), grantee(&it.grantee));
        let (privilege, column) = (&it.privilege, ident(&it.column));
        let option = option(&it.grantable);
        out.push(format!("GRANT {privilege} ({column}) ON {}.{on} TO {who}{option}", ident(to)));
    }
}

fn grantee(name: &str) -> String {
    if name == "PUBLIC" { name.to_owned() } else { ident(name) }
}

fn boolean(is: bool) -> &'static str {
    if is { "TRUE" } else { "FALSE" }
}

/// The kinds of statements that a policy is for.
fn kinds(on: &[(&str, &str)]) -> String {
    let on = on.iter().filter(|(on, _)| *on == "YES").map(|(_, word)| *word);
    literal(&on.collect::<Vec<_>>().join(","))
}

fn policy(raw: &Raw, it: &PolicyRow, to: &str) -> String {
    let parts: Vec<&str> =
        [it.package.as_str(), it.function.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    let owner = if it.function_owner == raw.owner { to } else { it.function_owner.as_str() };
    let mut columns = Vec::new();
    let mut all_rows = "";
    for column in raw
        .policy_columns
        .iter()
        .filter(|column| column.object == it.object && column.group == it.group && column.policy == it.name)
    {
        columns.push(column.column.as_str());
        if column.option == "ALL_ROWS" {
            all_rows = ", sec_relevant_cols_opt => SYS.DBMS_RLS.ALL_ROWS";
        }
    }
    let columns = match columns.as_slice() {
        [] => String::new(),
        columns => format!(", sec_relevant_cols => {}{all_rows}", literal(&columns.join(","))),
    };
    let on = [
        (it.on_select.as_str(), "SELECT"),
        (&it.on_insert, "INSERT"),
        (&it.on_update, "UPDATE"),
        (&it.on_delete, "DELETE"),
        (&it.on_index, "INDEX"),
    ];
    let group = match it.group.as_str() {
        "" | "SYS_DEFAULT" => "SYS.DBMS_RLS.ADD_POLICY(".to_owned(),
        group => format!("SYS.DBMS_RLS.ADD_GROUPED_POLICY(policy_group => {}, ", literal(group)),
    };
    format!(
        "BEGIN {group}object_schema => {}, object_name => {}, policy_name => {}, function_schema => {}, \
         policy_function => {}, statement_types => {}, update_check => {}, enable => {}, policy_type => SYS.DBMS_RLS.{}, \
         long_predicate => {}{columns}); END;",
        literal(to),
        literal(&it.object),
        literal(&it.name),
        literal(owner),
        literal(&parts.join(".")),
        kinds(&on),
        boolean(it.check_option == "YES"),
        boolean(it.enable == "YES"),
        it.kind,
        boolean(it.long_predicate == "YES"),
    )
}

fn audit(raw: &Raw, it: &AuditRow, to: &str) -> String {
    let optional = |name: &str, value: &str| {
        if value.is_empty() { String::new() } else { format!(", {name} => {}", literal(value)) }
    };
    let parts: Vec<&str> = [it.handler_package.as_str(), it.handler.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let owner = if it.handler_owner == raw.owner { to } else { it.handler_owner.as_str() };
    let on = [
        (it.on_select.as_str(), "SELECT"),
        (&it.on_insert, "INSERT"),
        (&it.on_update, "UPDATE"),
        (&it.on_delete, "DELETE"),
    ];
    format!(
        "BEGIN SYS.DBMS_FGA.ADD_POLICY(object_schema => {}, object_name => {}, policy_name => {}, enable => {}, \
         statement_types => {}{}{}{}{}); END;",
        literal(to),
        literal(&it.object),
        literal(&it.name),
        boolean(it.enabled == "YES"),
        kinds(&on),
        optional("audit_condition", &renamed(&it.condition, &raw.owner, to)),
        optional("audit_column", &it.column),
        optional("handler_schema", owner),
        optional("handler_module", &parts.join(".")),
    )
}

fn job(raw: &Raw, it: &JobRow, to: &str) -> String {
    let optional = |name: &str, value: &str| {
        if value.is_empty() {
            String::new()
        } else {
            format!(", {name} => {}", literal(&renamed(value, &raw.owner, to)))
        }
    };
    format!(
        "BEGIN SYS.DBMS_SCHEDULER.CREATE_JOB(job_name => {}{}{}{}{}{}{}{}{}, job_class => {}, auto_drop => {}, enabled => {}); END;",
        literal(&format!("{}.{}", ident(to), ident(&it.name))),
        optional("program_name", &it.program),
        optional("job_type", &it.kind),
        optional("job_action", &it.action),
        optional("schedule_name", &it.schedule),
        optional("repeat_interval", &it.repeat),
        // One without would begin at once.
        optional("start_date", &it.start),
        optional("end_date", &it.end),
        optional("comments", &it.comment),
        literal(&it.class),
        boolean(it.auto_drop == "TRUE"),
        boolean(it.enabled == "TRUE"),
    )
}

/// A log of a table, from which materialized views are refreshed.
pub(super) fn mview_log(raw: &Raw, log: &MviewLogRow, to: &str) -> String {
    let kept = [
        (&log.rowids, "ROWID"),
        (&log.primary_key, "PRIMARY KEY"),
        (&log.object_id, "OBJECT ID"),
        (&log.sequence, "SEQUENCE"),
        (&log.by_commit, "COMMIT SCN"),
    ];
    let kept: Vec<&str> = kept.iter().filter(|(is, _)| *is == "YES").map(|(_, word)| *word).collect();
    let columns = raw.mview_log_columns.iter().filter(|it| it.table == log.table);
    let columns = idents(columns.map(|it| it.column.as_str()));
    let columns = if columns.is_empty() { columns } else { format!(" ({columns})") };
    let with = if kept.is_empty() { String::new() } else { format!(" WITH {}", kept.join(", ")) };
    let values = if log.new_values == "YES" { "INCLUDING" } else { "EXCLUDING" };
    let purge = match (log.purge_asynchronous.as_str(), log.purge_deferred.as_str()) {
        (_, "YES") if !log.purge_interval.is_empty() => {
            format!(" PURGE START WITH SYSDATE NEXT {}", renamed(&log.purge_interval, &raw.owner, to))
        }
        ("YES", _) => " PURGE IMMEDIATE ASYNCHRONOUS".to_owned(),
        _ => String::new(),
    };
    let table = format!("{}.{}", ident(to), ident(&log.table));
    format!("CREATE MATERIALIZED VIEW LOG ON {table}{with}{columns} {values} NEW VALUES{purge}")
}

/// Makes links to other databases. Only a schema itself can make one that is its own, so a procedure of its does; the
/// password of one that has any is known to nobody.
pub(super) fn links(raw: &Raw, to: &str, out: &mut Statements) -> Result<(), Uncopyable> {
    for link in &raw.links {
        if !link.user.is_empty() {
            return Err(Uncopyable::Link { name: link.name.clone() });
        }
        let create = format!("CREATE DATABASE LINK {} USING {}", link.name, literal(&link.host));
        let procedure = format!("{}.\"MRT_MAKES_A_LINK\"", ident(to));
        // What a role allows does not count in a procedure.
        out.push(format!("GRANT CREATE DATABASE LINK TO {}", ident(to)));
        out.push(format!(
            "CREATE OR REPLACE PROCEDURE {procedure} AS BEGIN EXECUTE IMMEDIATE {}; END;",
            literal(&create)
        ));
        out.push(format!("BEGIN {procedure}; END;"));
        out.push(format!("DROP PROCEDURE {procedure}"));
        out.push(format!("REVOKE CREATE DATABASE LINK FROM {}", ident(to)));
    }
    Ok(())
}
