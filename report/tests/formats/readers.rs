//! Programs of others that know the formats.

use mrt_report::problems::{github, gitlab, sarif};
use mrt_report::{Digest, FailOn, Report, comment, html, json, junit};

use crate::sample::{earlier, everything, hostile};
use crate::support::reader;
use crate::{hostile_problems, problems};

#[test]
fn sarif_is_what_the_standard_s_schema_describes() {
    let Some(read) = reader("sarif", &problems(|problems, unsaid| sarif(problems, unsaid).unwrap())) else {
        return;
    };
    let read = read.unwrap();
    assert_eq!(read.lines().count(), 9, "{read}");
    assert!(
        read.contains("error data-lost services/shop/migrations/versions/some_file.py:21 the values of"),
        "{read}"
    );
    reader("sarif", &hostile_problems(|problems, unsaid| sarif(problems, unsaid).unwrap())).unwrap().unwrap();
}

#[test]
fn gitlab_is_given_what_it_asks_for() {
    let Some(read) = reader("gitlab", &problems(|problems, _| gitlab(problems).unwrap())) else { return };
    assert_eq!(read.unwrap().lines().count(), 9);
    reader("gitlab", &hostile_problems(|problems, _| gitlab(problems).unwrap())).unwrap().unwrap();
}

#[test]
fn github_is_given_what_another_program_would_print() {
    let Some(printed) = reader("github", &problems(github)) else { return };
    // With the warning that not all was judged.
    assert_eq!(printed.unwrap().lines().count(), 10);
    reader("github", &hostile_problems(github)).unwrap().unwrap();
}

#[test]
fn a_reader_of_junit_finds_the_same_cases() {
    let report = everything();
    let Some(read) = reader("junit", &junit(&Digest::new(&report), FailOn::Fail).unwrap()) else { return };
    let read = read.unwrap();
    let cases: Vec<&str> = read.lines().collect();
    assert_eq!(cases.len(), report.cells.len(), "{read}");
    assert!(cases.contains(&"shop on sqlite 1c0ffee00001 create customers passed"), "{read}");
    let failed = "shop on sqlite 1c0ffee00004 drop customers.phone failed data-lost data-lost customers.phone: the values";
    assert!(cases.iter().any(|case| case.starts_with(failed)), "{read}");
    reader("junit", &junit(&Digest::new(&hostile()), FailOn::Fail).unwrap()).unwrap().unwrap();
}

#[test]
fn junit_is_what_its_schema_allows() {
    let (now, before) = (everything(), earlier());
    for digest in [Digest::new(&now), Digest::against(&now, &before), Digest::new(&hostile())] {
        let text = junit(&digest, FailOn::Warn).unwrap();
        let Some(read) = reader("junit_schema", &text) else { return };
        read.unwrap();
    }
    // One that is not: the reader looks.
    let wrong = reader("junit_schema", "<testsuites skipped=\"1\"/>").unwrap().unwrap_err();
    assert!(wrong.contains("'skipped'"), "{wrong}");
}

#[test]
fn markdown_has_no_link_image_or_tag_that_is_not_ours() {
    let ours = |report: &Report| reader("markdown", &comment(&Digest::new(report)));
    let Some(read) = ours(&everything()) else { return };
    let read = read.unwrap();
    assert!(read.contains("table 3 columns 7 rows"), "{read}");
    let read = ours(&hostile()).unwrap().unwrap();
    assert!(read.contains("table 5 columns 1 rows"), "{read}");
    // One that has: the reader looks.
    let wrong = reader("markdown", "a [link](https://example.org/)").unwrap().unwrap_err();
    assert!(wrong.contains("link_open"), "{wrong}");
}

#[test]
fn a_browser_shows_a_page_and_obeys_nothing_in_it() {
    let (now, before, hostile) = (everything(), earlier(), hostile());
    let page = html(&Digest::against(&now, &before)).unwrap();
    // The last one is wrong: the browser looks.
    let wrong = page.replace("</main>", "<img src=\"https://example.org/\"></main>");
    let pages = [page, html(&Digest::new(&hostile)).unwrap(), wrong];
    let Some(read) = reader("browser", &serde_json::to_string(&pages).unwrap()) else { return };
    let read = read.unwrap();
    let (seen, refused) = read.trim_end().rsplit_once('\n').unwrap();
    assert!(refused.contains("violates the following Content Security Policy"), "{refused}");
    insta::assert_snapshot!(seen);
}

#[test]
fn json_is_what_our_schema_describes() {
    let schema = include_str!("../../schema/report.schema.json");
    let check = |report: &str| reader("json", &format!("[{schema},{report}]"));
    let Some(read) = check(&json(&everything()).unwrap()) else { return };
    assert_eq!(read.unwrap(), "21 cells\n");
    check(&json(&hostile()).unwrap()).unwrap().unwrap();
    let wrong = json(&everything()).unwrap().replacen("\"verdict\": \"fail\"", "\"verdict\": \"bad\"", 1);
    let complaint = check(&wrong).unwrap().unwrap_err();
    assert!(complaint.contains("'bad' is not valid"), "{complaint}");
}
