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
const GUESSES: [&str; 13] =
    ["a", "1", "0", "{}", "[]", "()", "(1,1)", "1.0", "2021-01-01", "10.0.0.1", "true", "empty", "<a/>"];

/// What a field of a composite type may hold, none with a comma or bracket in it.
const FIELD_GUESSES: [&str; 8] = [
    "word",
    "12",
    "2021-02-03",
    "2021-02-03 04:05:06",
    "true",
    "{}",
    "10.0.0.1",
    "7b9ad8b5-57ba-4c07-a0a5-1df0b3c4d5e6",
];

/// The most fields of a composite type that are looked for.
const FIELDS: usize = 32;

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
            let native = &field.column.ty.native;
            let mut samples = valid(session, native, GUESSES.map(str::to_owned).to_vec()).await?;
            samples.extend(composite(session, native).await?);
            field.shape = Shape::Samples(samples);
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

/// The literals of a type among some guesses.
async fn valid(
    session: &mut dyn Session,
    native: &str,
    guesses: Vec<String>,
) -> Result<Vec<Value>, DatabaseError> {
    // Of a composite whose fields are NULL it is neither true that it is NULL nor that it is not.
    let condition = "CAST(guess AS text) IS NOT NULL";
    let guesses = guesses.into_iter().map(Value::Text).collect();
    accepted(session, condition, ("guess".to_owned(), native), guesses).await
}

/// A value of a composite type with something in each field, for which each field is asked about by itself.
async fn composite(session: &mut dyn Session, native: &str) -> Result<Vec<Value>, DatabaseError> {
    let literal = |fields: &[String]| format!("({})", fields.join(","));
    let empty = (1..=FIELDS).map(|count| literal(&vec![String::new(); count])).collect();
    // Were other numbers of fields accepted too, it would be no composite type.
    let [Value::Text(found)] = &valid(session, native, empty).await?[..] else { return Ok(Vec::new()) };
    let mut fields = vec![String::new(); found.split(',').count()];
    for at in 0..fields.len() {
        let with = |guess: &&str| {
            let mut fields = fields.clone();
            fields[at] = (*guess).to_owned();
            literal(&fields)
        };
        // The first guess that fits stays in its field.
        let guesses = FIELD_GUESSES.iter().map(with).collect();
        if let Some(Value::Text(better)) = valid(session, native, guesses).await?.first() {
            let inner = better.trim_start_matches('(').trim_end_matches(')');
            fields = inner.split(',').map(str::to_owned).collect();
        }
    }
    Ok(vec![Value::Text(literal(&fields))])
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
