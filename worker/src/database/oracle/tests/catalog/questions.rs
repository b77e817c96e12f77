//! The questions to the dictionary: a name that is misspelt there is an error at its first use.

use super::super::{as_owner, db, engines, run};
use super::release;
use crate::database::Engine as _;
use crate::database::oracle::catalog::dictionary::Dictionary;
use crate::database::oracle::catalog::raw::questions;
use crate::database::oracle::wire::Param;

#[tokio::test]
async fn every_question_is_answered() {
    for engine in engines("questions").await {
        let database = db(1);
        engine.create(&database).await.unwrap();
        run(
            &mut as_owner(&engine, &database).await,
            "create table t(id number primary key, n number default 1)",
        )
        .await;
        let mut connection = engine.take().await.unwrap();
        let dictionary = Dictionary::of(&mut connection).await.unwrap();
        let owner = engine.stored(&database);
        let mut refused = Vec::new();
        let mut missing = Vec::new();
        for question in questions() {
            let Some(sql) = question.sql(&dictionary) else {
                missing.push(question.view);
                continue;
            };
            let params = vec![Param::from(owner.as_str()); question.condition.matches(':').count()];
            if let Err(error) = connection.rows(sql.as_str(), &params).await {
                refused.push(format!("{error}\n{sql}"));
            }
            if release(&engine) >= 23 && sql.contains("CAST(NULL") {
                missing.push(question.view);
            }
        }
        assert!(refused.is_empty(), "{}", refused.join("\n\n"));
        // The latest release has everything that any release has.
        assert!(release(&engine) < 23 || missing.is_empty(), "{missing:?}");
        engine.close().await.unwrap();
    }
}
