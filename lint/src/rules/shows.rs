//! What a run on a database shows where a finding is true: how the rows that a revision meets confirm or refute its text.

use super::Rule;

/// A kind of thing that a run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// Rows or values are lost, changed or left behind.
    Rows,
    /// The schema does not come back, or something stays behind in it.
    Schema,
    /// A step fails.
    Failure,
    /// There is no way back, or it refuses.
    NoWayBack,
}

impl Rule {
    /// What a run shows where a finding of this rule is true; any one of these. Empty where no run could tell: how long a lock is
    /// held is seen by nobody who has a hundred rows.
    pub fn shows(&self) -> &'static [Shows] {
        use Shows::{Failure, NoWayBack, Rows, Schema};
        match self.code {
            "MRT101" => &[NoWayBack, Failure],
            "MRT102" | "MRT104" | "MRT105" | "MRT301" | "MRT302" | "MRT303" | "MRT501" | "MRT801" => {
                &[Rows, Schema, Failure]
            }
            "MRT103" | "MRT106" | "MRT203" | "MRT204" => &[Rows],
            "MRT201" | "MRT202" | "MRT206" | "MRT208" | "MRT803" | "MRT902" => &[Rows, Schema],
            "MRT205" | "MRT207" | "MRT304" | "MRT408" | "MRT409" | "MRT410" | "MRT802" => &[Schema],
            "MRT401" | "MRT404" | "MRT406" | "MRT804" | "MRT805" | "MRT821" | "MRT822" | "MRT823" => {
                &[Failure]
            }
            "MRT402" | "MRT403" | "MRT502" | "MRT503" => &[Schema, Failure],
            _ => &[],
        }
    }
}
