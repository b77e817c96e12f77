//! Where what is checked comes from: its branch, its commit, the job that checks it. CI systems say so, and git does.

use std::env;
use std::path::Path;
use std::process::Command;

/// Looks up what the environment says; what is empty is not said.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

fn said(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The labels of what is submitted from a directory: `branch` and `commit`, as far as they are known.
pub(crate) fn labels(root: &Path) -> Vec<(String, String)> {
    let branch = branch(&said).or_else(|| git(root, &["symbolic-ref", "--quiet", "--short", "HEAD"]));
    let commit = first(&said, &["GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "GIT_COMMIT"])
        .or_else(|| git(root, &["rev-parse", "--verify", "--quiet", "HEAD"]));
    let known = [("branch", branch), ("commit", commit)].into_iter();
    known.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The branch that a change is to go into, where one is checked.
pub(crate) fn goes_into() -> Option<String> {
    base(&said)
}

/// The page of the job that this is.
pub(crate) fn job() -> Option<String> {
    page(&said)
}

// GitHub: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
// GitLab: https://docs.gitlab.com/ci/variables/predefined_variables/
// Buildkite: https://buildkite.com/docs/pipelines/configure/environment-variables
// Jenkins: https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables

/// A change is a branch of its own whatever it is called where it comes from: a fork has a `main`, too.
fn branch(said: Variables<'_>) -> Option<String> {
    if let Some(number) = said("CI_MERGE_REQUEST_IID") {
        return Some(format!("merge-request/{number}"));
    }
    let number = said("BUILDKITE_PULL_REQUEST").filter(|number| number != "false");
    if let Some(number) = number.or_else(|| said("CHANGE_ID")) {
        return Some(format!("pull-request/{number}"));
    }
    // Of a pull request GitHub's is `17/merge`.
    first(said, &["GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH", "BRANCH_NAME"])
}

fn base(said: Variables<'_>) -> Option<String> {
    let names = [
        "GITHUB_BASE_REF",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        "CHANGE_TARGET",
    ];
    first(said, &names)
}

fn page(said: Variables<'_>) -> Option<String> {
    let github = || {
        let (server, repository) = (said("GITHUB_SERVER_URL")?, said("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", said("GITHUB_RUN_ID")?))
    };
    github().or_else(|| first(said, &["CI_JOB_URL", "BUILDKITE_BUILD_URL", "BUILD_URL"]))
}

fn first(said: Variables<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| said(name))
}

/// What git answers; nothing where it has none, or there is no git.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| output.status.success() && !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(set: &[(&str, &str)], ask: impl Fn(Variables<'_>) -> T) -> T {
        let said = |name: &str| {
            let (_, value) = set.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        };
        ask(&said)
    }

    #[test]
    fn a_change_is_a_branch_of_its_own() {
        let told = |set: &[(&str, &str)]| (with(set, branch), with(set, base));
        let words = |branch: &str, base: &str| (Some(branch.to_owned()), Some(base.to_owned()));
        let github =
            [("GITHUB_REF_NAME", "17/merge"), ("GITHUB_HEAD_REF", "main"), ("GITHUB_BASE_REF", "main")];
        assert_eq!(told(&github), words("17/merge", "main"));
        let gitlab = [
            ("CI_MERGE_REQUEST_IID", "17"),
            ("CI_COMMIT_REF_NAME", "main"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "dev"),
        ];
        assert_eq!(told(&gitlab), words("merge-request/17", "dev"));
        let buildkite = [
            ("BUILDKITE_PULL_REQUEST", "17"),
            ("BUILDKITE_BRANCH", "main"),
            ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "dev"),
        ];
        assert_eq!(told(&buildkite), words("pull-request/17", "dev"));
        let jenkins = [("CHANGE_ID", "17"), ("BRANCH_NAME", "PR-17"), ("CHANGE_TARGET", "dev")];
        assert_eq!(told(&jenkins), words("pull-request/17", "dev"));
    }

    #[test]
    fn a_nightly_is_of_its_branch() {
        let told = |set: &[(&str, &str)]| (with(set, branch), with(set, base));
        for set in [
            &[("GITHUB_REF_NAME", "main")][..],
            &[("CI_COMMIT_REF_NAME", "main")],
            &[("BUILDKITE_PULL_REQUEST", "false"), ("BUILDKITE_BRANCH", "main")],
            &[("BRANCH_NAME", "main")],
        ] {
            assert_eq!(told(set), (Some("main".to_owned()), None), "{set:?}");
        }
        assert_eq!(told(&[]), (None, None));
    }

    #[test]
    fn the_page_of_a_job_is_known() {
        let github = [
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_REPOSITORY", "shop/shop"),
            ("GITHUB_RUN_ID", "7"),
        ];
        assert_eq!(with(&github, page).as_deref(), Some("https://github.example/shop/shop/actions/runs/7"));
        assert_eq!(with(&github[..2], page), None);
        assert_eq!(with(&[("CI_JOB_URL", "https://ci/7")], page).as_deref(), Some("https://ci/7"));
        assert_eq!(with(&[("BUILD_URL", "https://ci/8")], page).as_deref(), Some("https://ci/8"));
    }
}
