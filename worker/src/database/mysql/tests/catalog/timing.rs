//! How long a reading takes.

use std::time::Instant;

use super::{places, run};

/// Sixty tables, as in the design's figures. Printed, for a machine that is busy with other things takes what it takes.
#[tokio::test]
async fn sixty_tables_are_read_quickly() {
    for place in places("timing").await {
        let mut connection = place.fresh().await;
        for number in 0..60 {
            let parent = number - 1;
            let key = if number > 0 {
                format!(", constraint f{number} foreign key (b) references t{parent}(id)")
            } else {
                String::new()
            };
            let sql = format!(
                "create table t{number}(id int auto_increment primary key, a int, b int, s varchar(50) not null default 'x', \
                 n decimal(10,2), d datetime, e varchar(100), t text, unique u{number} (s), key k{number} (a, b), \
                 constraint c{number} check (a > 0){key})"
            );
            run(&mut connection, &sql).await;
        }
        let mut times = Vec::new();
        for _ in 0..10 {
            let start = Instant::now();
            let catalog = place.read(&mut connection).await;
            times.push(start.elapsed());
            assert_eq!(catalog.tables.len(), 60);
        }
        let first = times[0];
        times.sort_unstable();
        eprintln!("{:?}: first {first:?}, least {:?}, median {:?}", place.server, times[0], times[5]);
        place.drop(connection).await;
    }
}
