//! `cargo xtask corpus`: runs the ground truth and says what was found, missed, and found in error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::process::{self, Build, Problem};
use crate::{root, test};

/// Runs the corpus on the given targets and prints the table.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Targets to run on; all of corpus/mrt.toml when none is given.
    #[arg(long)]
    target: Vec<String>,
    /// Only cases whose directory name contains this.
    #[arg(long)]
    case: Option<String>,
    /// Read this JSON report instead of running.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Print every line, also those that are as expected.
    #[arg(long)]
    all: bool,
    /// Further arguments for `mrt-cli run`.
    #[arg(last = true)]
    arguments: Vec<String>,
    #[arg(skip)]
    build: Build,
}

/// `expect.toml` of a case.
#[derive(Debug, Deserialize)]
struct Expectations {
    class: u32,
    #[expect(dead_code, reason = "for people who read the file")]
    about: String,
    #[serde(flatten)]
    revisions: BTreeMap<String, Expected>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(default)]
    findings: Vec<Wanted>,
    #[serde(default)]
    allow: Vec<Wanted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    kind: String,
    object: String,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    target: Targets,
}

/// Engines and targets; none means all.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Targets {
    #[default]
    All,
    One(String),
    Some(Vec<String>),
}

/// What a step that fails half-way leaves is told beside the failure, on engines that do not take DDL back.
const HALF_APPLIED: &str = "half-applied";

impl Wanted {
    fn is_for(&self, target: &str) -> bool {
        let is = |wanted: &String| wanted == target || engine_of(target) == wanted;
        match &self.target {
            Targets::All => true,
            Targets::One(wanted) => is(wanted),
            Targets::Some(wanted) => wanted.iter().any(is),
        }
    }

    fn allows(&self, finding: &Finding) -> bool {
        let object = self.object == "*" || self.object == finding.object;
        let goes_along = finding.kind == HALF_APPLIED
            && (self.kind.ends_with("-failed") || matches!(&*self.kind, "timeout" | "irreversible"));
        goes_along || (self.kind == finding.kind && object)
    }

    fn matches(&self, finding: &Finding) -> bool {
        self.kind == finding.kind
            && (self.object == "*" || self.object == finding.object)
            && self.severity.as_ref().is_none_or(|severity| *severity == finding.severity)
    }
}

#[derive(Debug, Deserialize)]
struct Report {
    cells: Vec<Cell>,
}

#[derive(Debug, Deserialize)]
struct Cell {
    revision: String,
    target: String,
    verdict: String,
    #[serde(default)]
    reason: Option<String>,
    findings: Vec<Finding>,
    #[serde(default)]
    static_findings: Vec<StaticFinding>,
}

/// What the revision's text says.
#[derive(Debug, Deserialize)]
struct StaticFinding {
    code: String,
    severity: String,
    message: String,
    proof: String,
}

impl StaticFinding {
    /// A word that was called certain, and is not true.
    fn is_refuted(&self) -> bool {
        self.severity == "error" && self.proof == "refuted"
    }
}

#[derive(Debug, Deserialize)]
struct Finding {
    kind: String,
    severity: String,
    object: String,
    message: String,
}

/// A directory of the corpus.
#[derive(Debug)]
pub(crate) struct Case {
    name: String,
    /// Where it is: `cases/mysql/501-…`.
    place: PathBuf,
    expectations: Expectations,
    /// The revisions in the case's directory, by their ids, with the file of each.
    pub(crate) revisions: BTreeMap<String, PathBuf>,
}

impl Case {
    /// The revisions of which a finding is expected; the others are right.
    pub(crate) fn wrong(&self) -> BTreeSet<&String> {
        let revisions = self.expectations.revisions.iter();
        revisions.filter(|(_, expected)| !expected.findings.is_empty()).map(|(id, _)| id).collect()
    }

    #[cfg(test)]
    pub(crate) fn sample(name: &str, wrong: &[&str], correct: &[&str]) -> Self {
        let wanted = || Wanted {
            kind: "data-lost".to_owned(),
            object: "*".to_owned(),
            severity: None,
            target: Targets::All,
        };
        let expected = || Expected { findings: vec![wanted()], allow: Vec::new() };
        let revisions = wrong.iter().map(|id| ((*id).to_owned(), expected())).collect();
        let file = |id: &&str| ((*id).to_owned(), PathBuf::from(format!("{id}.py")));
        Self {
            name: name.to_owned(),
            place: PathBuf::new(),
            expectations: Expectations { class: 1, about: String::new(), revisions },
            revisions: wrong.iter().chain(correct).map(file).collect(),
        }
    }
}

/// Every case of the corpus.
pub(crate) fn cases(corpus: &Path) -> Result<Vec<Case>, Problem> {
    let mut cases = Vec::new();
    read_cases(corpus, Path::new("cases"), &mut cases)?;
    Ok(cases)
}

/// The whole corpus with this interpreter, as a stage of the tests.
pub(crate) fn check(python: &Path) -> Result<(), Problem> {
    let python = python.display().to_string();
    let jobs = test::waiting_jobs();
    let arguments = Arguments {
        target: Vec::new(),
        case: None,
        report: None,
        all: false,
        arguments: ["--python", &python, "--jobs", &jobs.to_string(), "--quiet"].map(str::to_owned).into(),
        build: Build::Tests,
    };
    match run(&arguments)? {
        true => Ok(()),
        false => Err(Problem::unusable("the corpus is not as expected; the table above says where")),
    }
}

/// Runs the command; `Ok(false)` when something is not as expected.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Problem> {
    let root = root();
    let corpus = root.join("corpus");
    let mut cases = cases(&corpus)?;
    let locations = Locations::read(&corpus)?;
    cases.retain(|case| arguments.case.as_ref().is_none_or(|part| case.name.contains(part.as_str())));
    if cases.is_empty() {
        return Err(Problem::unusable("no case has such a name"));
    }
    let text = match &arguments.report {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| Problem::unusable(format!("cannot read {}: {error}", file.display())))?,
        None => report(arguments, &corpus, &cases)?,
    };
    let report: Report = serde_json::from_str(&text)
        .map_err(|error| Problem::unusable(format!("mrt-cli printed no JSON report: {error}")))?;
    if report.cells.is_empty() {
        return Err(Problem::unusable("the report of the corpus holds no cell"));
    }
    let engines: BTreeSet<&str> = report.cells.iter().map(|cell| engine_of(&cell.target)).collect();
    cases.retain(|case| locations.hold(case, &engines));
    Ok(table(&cases, &report, arguments.all))
}

/// `mysql` of `mysql:9.7`.
fn engine_of(target: &str) -> &str {
    target.split_once(':').map_or(target, |(engine, _)| engine)
}

/// Which engines see which directories of cases, as corpus/mrt.toml has it.
struct Locations(BTreeMap<String, Vec<PathBuf>>);

impl Locations {
    fn read(corpus: &Path) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Settings {
            suite: BTreeMap<String, Suite>,
        }
        #[derive(Deserialize)]
        struct Suite {
            version_locations: BTreeMap<String, Vec<PathBuf>>,
        }
        let file = corpus.join("mrt.toml");
        let unusable = |error: String| Problem::unusable(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(&file).map_err(|error| unusable(error.to_string()))?;
        let settings: Settings = toml::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        Ok(Self(settings.suite.into_values().flat_map(|suite| suite.version_locations).collect()))
    }

    /// Whether one of these engines sees a case.
    fn hold(&self, case: &Case, engines: &BTreeSet<&str>) -> bool {
        let of = |engine: &&str| self.0.get(*engine).into_iter().flatten();
        engines.iter().flat_map(of).any(|location| case.place.starts_with(location))
    }
}

fn report(arguments: &Arguments, corpus: &Path, cases: &[Case]) -> Result<String, Problem> {
    let mut command = Command::new(process::mrt_cli(arguments.build)?);
    command.arg("run").arg(corpus).args(["--format", "json"]);
    for target in &arguments.target {
        command.args(["--target", target]);
    }
    if arguments.case.is_some() {
        for revision in cases.iter().flat_map(|case| case.revisions.keys()) {
            command.args(["--only", revision]);
        }
    }
    command.args(&arguments.arguments).stderr(std::process::Stdio::inherit());
    let output =
        command.output().map_err(|error| Problem::unusable(format!("cannot run mrt-cli: {error}")))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads the cases below `place`, which is in the corpus.
fn read_cases(corpus: &Path, place: &Path, cases: &mut Vec<Case>) -> Result<(), Problem> {
    let directory = &corpus.join(place);
    let failed =
        |error: std::io::Error| Problem::unusable(format!("cannot read {}: {error}", directory.display()));
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    let file = directory.join("expect.toml");
    if file.exists() {
        let text = std::fs::read_to_string(&file).map_err(failed)?;
        let expectations: Expectations = toml::from_str(&text)
            .map_err(|error| Problem::unusable(format!("{}: {error}", file.display())))?;
        let mut revisions = BTreeMap::new();
        for path in entries.iter().filter(|path| path.extension().is_some_and(|end| end == "py")) {
            let file = place.join(path.file_name().unwrap_or_default());
            revisions.extend(revision_of(path)?.map(|id| (id, file)));
        }
        if let Some(unknown) = expectations.revisions.keys().find(|id| !revisions.contains_key(*id)) {
            return Err(Problem::unusable(format!(
                "{}: there is no revision {unknown} here",
                file.display()
            )));
        }
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        cases.push(Case { name, place: place.to_owned(), expectations, revisions });
        return Ok(());
    }
    for path in entries.iter().filter(|path| path.is_dir()) {
        read_cases(corpus, &place.join(path.file_name().unwrap_or_default()), cases)?;
    }
    Ok(())
}

/// The id in a revision file's `revision = "…"` line.
fn revision_of(path: &Path) -> Result<Option<String>, Problem> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::unusable(format!("cannot read {}: {error}", path.display())))?;
    Ok(text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let is_revision = name.split(':').next().is_some_and(|name| name.trim() == "revision");
        is_revision.then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    }))
}

fn table(cases: &[Case], report: &Report, all: bool) -> bool {
    let mut cells: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for cell in &report.cells {
        cells.entry(&cell.revision).or_default().push(cell);
    }
    let nothing = Expected::default();
    let (mut wanted, mut found, mut clean, mut false_alarms, mut wrong) = (0, 0, 0, 0, 0);
    let mut classes: BTreeSet<u32> = BTreeSet::new();
    let mut proofs: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    println!("{:<44} {:<13} {:<8} expected -> seen", "case / revision", "target", "verdict");
    for case in cases {
        classes.insert(case.expectations.class);
        for revision in case.revisions.keys() {
            let expected = case.expectations.revisions.get(revision).unwrap_or(&nothing);
            let Some(cells) = cells.get(revision.as_str()) else {
                wrong += 1;
                println!("{revision:<44} {:<13} {:<8} NO CELL", "-", "-");
                continue;
            };
            for cell in cells {
                let mut lines = Vec::new();
                let mine: Vec<&Wanted> =
                    expected.findings.iter().filter(|finding| finding.is_for(&cell.target)).collect();
                for want in &mine {
                    wanted += 1;
                    if cell.findings.iter().any(|finding| want.matches(finding)) {
                        found += 1;
                        if all {
                            lines.push(format!("ok      {} {}", want.kind, want.object));
                        }
                    } else {
                        wrong += 1;
                        lines.push(format!(
                            "MISSED  {} {} {}",
                            want.kind,
                            want.object,
                            want.severity.as_deref().unwrap_or("")
                        ));
                    }
                }
                for finding in cell.findings.iter().filter(|finding| finding.severity != "note") {
                    let allowed =
                        mine.iter().copied().chain(&expected.allow).any(|want| want.allows(finding));
                    if !allowed {
                        wrong += 1;
                        false_alarms += u32::from(mine.is_empty());
                        lines.push(format!(
                            "{}   {} {} {}: {}",
                            if mine.is_empty() { "FALSE" } else { "EXTRA" },
                            finding.severity,
                            finding.kind,
                            finding.object,
                            finding.message
                        ));
                    }
                }
                for text in &cell.static_findings {
                    if text.is_refuted() {
                        wrong += 1;
                        lines.push(format!("REFUTED {} {}", text.code, text.message));
                    }
                    *proofs.entry((text.severity.as_str(), text.proof.as_str())).or_default() += 1;
                }
                if mine.is_empty() {
                    clean += 1;
                }
                if !matches!(cell.verdict.as_str(), "pass" | "warn" | "fail") {
                    wrong += 1;
                    lines.push(format!("NOT CHECKED {}", cell.reason.as_deref().unwrap_or("")));
                }
                if all || !lines.is_empty() {
                    let name = format!("{} / {revision}", case.name);
                    println!("{name:<44} {:<13} {:<8} {}", cell.target, cell.verdict, lines.join("; "));
                }
            }
        }
    }
    classes.remove(&0);
    println!();
    println!("{} cases, {} classes of BUG-CLASSES", cases.len(), classes.len());
    println!("{found} of {wanted} expected findings found");
    println!("{false_alarms} false alarms in {clean} cells that must be clean");
    let proofs: Vec<String> =
        proofs.iter().map(|((severity, proof), n)| format!("{n} {severity}s {proof}")).collect();
    println!("read in the text: {}", proofs.join(", "));
    wrong == 0
}
