//! The product's own images.

use std::path::Path;

use crate::images::{self, BASE, BASE_SUITE};
use crate::plugins::Plugin;
use crate::process::{Build, Problem, built, command, read};
use crate::root;

/// What is built, by the target's name in deploy/Containerfile.
const TARGETS: [&str; 3] = ["coordinator", "worker", "cli"];
/// The authorities that this machine trusts; on some machines all that leaves them is looked into.
pub(super) const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The name of an image, as deploy/compose.yaml names it.
fn name(target: &str) -> String {
    format!("mrt-{target}:{}", env!("CARGO_PKG_VERSION"))
}

/// Builds them all. Where this machine is of the base's own release, from programs that are built here; else they are compiled
/// in an image of Rust's, which a registry has to have.
pub(super) fn build(from: Build) -> Result<(), Problem> {
    let buildx = Plugin::find("buildx")?;
    images::provide(&[BASE.to_owned()], false)?;
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let here = release.lines().any(|line| line == format!("VERSION_CODENAME={BASE_SUITE}"));
    let mut settings = vec![format!("BINARIES={}", if here { "built" } else { "compiled" })];
    settings.push(format!("BUILT={}", from.directory()));
    if here {
        built(from, ["mrt-coordinator", "mrt-worker", "mrt-cli"])?;
    }
    if images::is_stand_in(BASE)? {
        // Where there is no registry, there is no archive of old packages either.
        settings.push("SNAPSHOT=".to_owned());
    }
    // As it is here, if it is set.
    settings.push("PIP_INDEX_URL".to_owned());
    for target in TARGETS {
        let mut build = buildx.command();
        build.args([
            "build",
            "--load",
            "--file",
            "deploy/Containerfile",
            "--target",
            target,
            "--tag",
            &name(target),
        ]);
        build.args(settings.iter().flat_map(|setting| ["--build-arg", setting]));
        if Path::new(AUTHORITIES).exists() {
            build.args(["--secret", &format!("id=certificates,src={AUTHORITIES}")]);
        }
        read(build.arg(".").current_dir(root()))?;
        let size =
            read(&mut command("docker", ["image", "inspect", "--format", "{{.Size}}", &name(target)]))?;
        let megabytes = size.parse::<u64>().unwrap_or_default() / 1_000_000;
        eprintln!("{}: built, {megabytes} MB", name(target));
    }
    Ok(())
}
