//! Types of which only the database knows what they accept.

use crate::database::catalog::{Column, Family};
use crate::database::rows::Value;
use crate::database::{DatabaseError, Dialect, Session};

use super::Request;
use super::compat::Shape;
use super::hints;
use super::plan::TablePlan;
use super::values::Field;

/// Literals that some type without samples may accept.
const GUESSES: [&str; 16] = [
    "a",
    "1",
    "0",
    "{}",
    "[]",
    "()",
    "(,)",
    "(,,)",
    "(,,,)",
    "(1,1)",
    "1.0",
    "2021-01-01",
    "10.0.0.1",
    "true",
    "empty",
    "<a/>",
];

/// Asks about a type without samples, and about arrays whose elements meet a domain's conditions.
pub(super) async fn learn(
    session: &mut dyn Session,
    dialect: &dyn Dialect,
    request: &Request<'_>,
    plan: &TablePlan<'_>,
    field: &mut Field<'_>,
) -> Result<(), DatabaseError> {
    match (&field.shape, &field.column.ty.family) {
        (Shape::Samples(known), _) if known.is_empty() => {
            let guesses = GUESSES.iter().map(|text| Value::Text((*text).to_owned())).collect();
            let name = "guess".to_owned();
            field.shape = Shape::Samples(
                accepted(session, "guess IS NOT NULL", (name, &field.column.ty.native), guesses).await?,
            );
        }
        (Shape::Array(_), Family::Array(inner)) if !inner.domain_checks.is_empty() => {
            let column = Column { ty: (**inner).clone(), ..field.column.clone() };
            // The other side's column holds arrays, not elements.
            let alone = TablePlan { other: None, ..plan.clone() };
            let element = Field::new(request, dialect, &alone, &column);
            let value = dialect.fold("VALUE");
            let mut values: Vec<Value> = (0..20).map(|ordinal| element.ordinary(ordinal)).collect();
            for condition in &inner.domain_checks {
                let hints = hints::of_condition(condition, std::slice::from_ref(&value), dialect);
                values.extend(hints::candidates(&element, hints.get(&value).map_or(&[], Vec::as_slice), 0));
            }
            // Later conditions of a domain narrow what the earlier ones let through.
            for condition in &inner.domain_checks {
                values = accepted(session, condition, (value.clone(), &inner.native), values).await?;
            }
            if !values.is_empty() {
                field.shape = Shape::Array(Box::new(Shape::Samples(values)));
            }
        }
        _ => {}
    }
    Ok(())
}

/// The values that meet a condition.
async fn accepted(
    session: &mut dyn Session,
    condition: &str,
    (name, native): (String, &str),
    values: Vec<Value>,
) -> Result<Vec<Value>, DatabaseError> {
    let columns = [(name, native.to_owned())];
    let candidates: Vec<Vec<Value>> = values.into_iter().map(|value| vec![value]).collect();
    match session.satisfying(condition, &columns, &candidates).await {
        Ok(answers) => Ok(candidates
            .into_iter()
            .zip(answers)
            .filter(|(_, holds)| *holds)
            .flat_map(|(value, _)| value)
            .collect()),
        Err(DatabaseError::Refused { .. }) => Ok(Vec::new()),
        Err(gone) => Err(gone),
    }
}
