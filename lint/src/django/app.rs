//! Applications and their labels.

use std::path::Path;

use ruff_python_ast::{Expr, Stmt};

use super::field::ModelKey;
use crate::source::Source;

/// The key of a model as another one names it: `Order`, or `shop.Order`.
pub(super) fn key(app: &str, name: &str) -> ModelKey {
    let (app, name) = name.split_once('.').unwrap_or((app, name));
    (app.to_owned(), name.to_lowercase())
}

/// The label of the application in a directory: what its configuration says, or else the directory's name.
pub(super) fn label(directory: &Path) -> String {
    let said = ["apps.py", "__init__.py"].iter().find_map(|file| said(&directory.join(file)));
    said.unwrap_or_else(|| directory.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

/// `label = "…"` in a class of a file.
fn said(file: &Path) -> Option<String> {
    let source = Source::read(file).ok()?;
    let parsed = source.parse().ok()?;
    let classes = parsed.syntax().body.iter().filter_map(Stmt::as_class_def_stmt);
    classes.flat_map(|class| &class.body).find_map(|statement| {
        let (target, value) = match statement {
            Stmt::Assign(assign) => (assign.targets.first()?, assign.value.as_ref()),
            Stmt::AnnAssign(assign) => (assign.target.as_ref(), assign.value.as_deref()?),
            _ => return None,
        };
        match (target, value) {
            (Expr::Name(name), Expr::StringLiteral(text)) if name.id.as_str() == "label" => {
                Some(text.value.to_str().to_owned())
            }
            _ => None,
        }
    })
}
