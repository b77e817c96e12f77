//! Names and texts that look like SQL.

use super::{places, run};
use crate::database::catalog::{Family, ObjectKind, TableName};

#[tokio::test]
async fn nothing_in_a_name_or_text_is_taken_for_sql() {
    for place in places("odd").await {
        let mut connection = place.fresh().await;
        run(
            &mut connection,
            r#"create table `odd``, (t` (
                `a,b` int comment ') ENGINE=x COMMENT ''y'' */ PARTITION BY HASH (z) /*',
                `c)d` varchar(40) default ',\n`\\ ''CHECK (1)' comment 'ends in \\',
                `key` enum('x,y', 'it''s', '(z', 'back\\slash', 'é"', '') not null,
                `null` int,
                constraint `c``h` check (`null` > 1 and `c)d` <> 'a)'),
                index `u (` (`a,b`, `c)d`(3)),
                index `i,` (`null`)
            ) comment 'k''s `x` \\ "q", AUTO_INCREMENT=5'
            partition by range (`a,b`) (partition `p 0` values less than (5) comment = 'a */ (PARTITION', partition p1 values less than maxvalue)"#,
        )
        .await;
        let catalog = place.read(&mut connection).await;
        let shown = super::dump(&catalog);
        let table = &catalog.tables[&TableName { schema: None, name: "odd`, (t".to_owned() }];
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a,b", "c)d", "key", "null"]);
        let labels = ["x,y", "it's", "(z", r"back\slash", "é\"", ""].map(str::to_owned).to_vec();
        assert_eq!(table.columns[2].ty.family, Family::Enum(labels), "{shown}");
        assert!(!table.columns[2].nullable && table.columns[3].nullable);
        assert_eq!(table.columns[1].default.as_deref(), Some(r"',\n`\\ ''CHECK (1)'"), "{shown}");
        let check = &table.checks[0];
        assert_eq!(
            (check.name.as_deref(), &check.columns),
            (Some("c`h"), &vec!["null".to_owned(), "c)d".to_owned()])
        );
        let attribute = |kind, path: &str, name: &str| {
            let found = catalog.objects.iter().find(|(key, _)| key.kind == kind && key.path == path);
            found.unwrap_or_else(|| panic!("{path}\n{shown}")).1.get(name).cloned()
        };
        let of = |last: &str| format!("odd`, (t.{last}");
        assert_eq!(
            attribute(ObjectKind::Table, "odd`, (t", "comment").unwrap(),
            "k's `x` \\ \"q\", AUTO_INCREMENT=5"
        );
        assert_eq!(
            attribute(ObjectKind::Column, &of("a,b"), "comment").unwrap(),
            ") ENGINE=x COMMENT 'y' */ PARTITION BY HASH (z) /*"
        );
        assert_eq!(attribute(ObjectKind::Column, &of("c)d"), "comment").unwrap(), r"ends in \");
        assert_eq!(attribute(ObjectKind::Index, &of("u ("), "columns").unwrap(), "a,b, c)d(3)");
        assert_eq!(attribute(ObjectKind::Index, &of("i,"), "columns").unwrap(), "null");
        assert_eq!(
            attribute(ObjectKind::Table, "odd`, (t", "partitions").unwrap(),
            "p 0 values less than (5) comment 'a */ (PARTITION', p1 values less than (MAXVALUE)"
        );
        assert_eq!(attribute(ObjectKind::Table, "odd`, (t", "options"), None);
        place.drop(connection).await;
    }
}
