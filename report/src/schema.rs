//! The JSON schema of a report is published as `report/schema/report.schema.json`; here it is compared with the types.

use std::path::Path;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::{Report, SCHEMA_VERSION};

fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>().to_value();
    schema["title"] = json!("mrt report");
    schema["description"] = json!(
        "What `mrt-cli run --format json` writes. Later versions of mrt add properties, which readers pass over; \
         schema_version is raised where a reader of this shape would misread one."
    );
    schema["properties"]["schema_version"] = json!({ "const": SCHEMA_VERSION });
    schema
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/report.schema.json");
    let text = format!("{:#}\n", schema());
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&file, &text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    let published = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(published == text, "the types have changed; INSTA_UPDATE=always writes {}", file.display());
}
