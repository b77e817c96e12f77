//! Words that an engine takes for no name unless they stand in quotes: those that people use as names. Words that open a part of a
//! statement (CHECK, KEY, PRIMARY, ONLY, …) are left out, since where they stand they may well be meant.

use mrt_chain::settings::EngineKind;

/// Of MySQL and MariaDB.
const MYSQL_AND_MARIADB: &str = "\
    all alter analyze and as asc before between both by call cascade case change character condition continue convert create \
    cross cursor database databases declare default delayed delete desc describe distinct div drop dual each else escaped exists \
    exit explain false fetch for force from grant group having if in infile inner inout insert interval into is iterate join keys \
    kill leading leave left limit lines load lock loop match mod natural null on optimize option or order out outer precision \
    procedure purge range read references release rename repeat replace require restrict return revoke right rows schema schemas \
    select sensitive separator set show specific sql ssl starting table terminated then to trailing trigger true undo union \
    unlock unsigned update usage use using values varying when where while with write xor";

/// Of MySQL since 8.0 and not of MariaDB.
const MYSQL: &str = "\
    cube cume_dist dense_rank empty first_value function generated get grouping groups json_table lag last_value lateral lead \
    nth_value ntile of percent_rank rank row row_number stored system virtual window";

const POSTGRES: &str = "\
    all analyse analyze and any array as asc authorization binary both case cast collate create current_date current_time \
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for freeze from full grant \
    group having in initially intersect into is join lateral leading left limit localtime localtimestamp null offset on or order \
    outer overlaps placing references returning right select session_user similar some symmetric table then to trailing true \
    union user using variadic verbose when where window with";

const SQLITE: &str = "\
    all alter and as autoincrement between case collate commit create default deferrable delete distinct drop else escape exists \
    from group having in insert intersect into is isnull join limit notnull null on or order references returning select set \
    table then to transaction union update using values when where";

const SQL_SERVER: &str = "\
    all alter and any as asc authorization backup begin between break browse bulk by case checkpoint close clustered commit \
    compute contains continue convert create current cursor database deallocate declare default delete deny desc disk distinct \
    distributed double drop dump else end escape except exec execute exists exit external fetch file fillfactor for from full \
    function goto grant group having holdlock identity if in inner insert intersect into is join kill left lineno load merge \
    national null of off offsets on open option or order outer over percent pivot plan precision print proc procedure public \
    raiserror read reconfigure references replication restore restrict return revert revoke right rollback rowcount rule save \
    schema select session_user set setuser shutdown some statistics system_user table then to tran transaction trigger truncate \
    union update use user values varying view waitfor when where while with";

const ORACLE: &str = "\
    access all alter and any as asc audit between by cluster comment compress connect create current date default delete desc \
    distinct drop else exclusive exists file for from grant group having identified immediate in increment initial insert \
    intersect into is level lock long minus mode modify nowait null number of offline on online option or order pctfree prior \
    public raw rename resource revoke rowid rownum select session set share size start successful synonym sysdate table then to \
    trigger uid union update user validate values view whenever where with";

/// Whether a word is reserved on an engine.
pub(super) fn is_reserved(word: &str, engine: EngineKind) -> bool {
    let lists: &[&str] = match engine {
        EngineKind::Sqlite => &[SQLITE],
        EngineKind::Postgres => &[POSTGRES],
        EngineKind::MySql => &[MYSQL_AND_MARIADB, MYSQL],
        EngineKind::MariaDb => &[MYSQL_AND_MARIADB],
        EngineKind::SqlServer => &[SQL_SERVER],
        EngineKind::Oracle => &[ORACLE],
    };
    lists.iter().flat_map(|list| list.split(' ')).any(|own| own.eq_ignore_ascii_case(word))
}
