//! The manifests and templates of `deploy/`: rendered, and validated strictly.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::process::{Problem, command, is_installed, read, run as run_command};
use crate::{images, python, root, workshop};

/// The first release of Kustomize that knows all that the manifests use; kubectl carries one.
const KUSTOMIZE: u32 = 5;
/// Debian's release whose kubectl is new enough, and its package.
const SUITE: &str = "trixie";
const PACKAGE: &str = "kubectl";
/// What is laid over overlays, each of them with all of these.
const COMPONENTS: [&str; 3] = ["autoscaling", "cert-manager", "monitoring"];
/// Templates for CI systems, with the schemas that are known for them.
const TEMPLATES: [(&str, &str); 4] = [
    ("deploy/ci/github-actions.yaml", "vendor.github-workflows"),
    (".github/workflows/test.yaml", "vendor.github-workflows"),
    ("deploy/ci/gitlab-ci.yaml", "vendor.gitlab-ci"),
    ("deploy/ci/buildkite.yaml", "vendor.buildkite"),
];

/// `cargo xtask manifests`: says where what was rendered lies.
pub(crate) fn run() -> Result<(), Problem> {
    let rendered = check(&renderer()?)?;
    println!("rendered: {}", rendered.display());
    Ok(())
}

/// A kubectl that renders: the machine's own, or else Debian's, which is unpacked beside what tasks keep.
pub(crate) fn renderer() -> Result<PathBuf, Problem> {
    let unpacked = workshop()?.join("kubectl");
    let program = unpacked.join("root/usr/bin/kubectl");
    for kubectl in [Path::new("kubectl"), &program] {
        if renders(kubectl) {
            return Ok(kubectl.to_owned());
        }
    }
    if !is_installed("apt-get") || !is_installed("dpkg-deb") {
        let wanted = format!("rendering needs a kubectl with Kustomize {KUSTOMIZE} or later; install one");
        return Err(Problem::Missing(wanted));
    }
    unpack(&unpacked)?;
    match renders(&program) {
        true => Ok(program),
        false => {
            Err(Problem::Missing(format!("the kubectl of Debian {SUITE} does not run here; install one")))
        }
    }
}

fn renders(kubectl: &Path) -> bool {
    let arguments = ["version", "--client", "--output=json"];
    let Ok(told) = read(&mut command(&kubectl.to_string_lossy(), arguments)) else { return false };
    let told: serde_json::Value = serde_json::from_str(&told).unwrap_or_default();
    let version = told["kustomizeVersion"].as_str().unwrap_or_default().trim_start_matches('v');
    version.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_some_and(|it| it >= KUSTOMIZE)
}

/// Unpacks Debian's package without installing it, from lists of its own: this machine may be of another release. Needs no root.
fn unpack(dir: &Path) -> Result<(), Problem> {
    eprintln!("unpacking {PACKAGE} of Debian {SUITE} into {}", dir.display());
    let failed = |source| Problem::File { path: dir.to_owned(), source };
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(failed)?;
    }
    for part in ["lists/partial", "cache/archives/partial", "root"] {
        fs::create_dir_all(dir.join(part)).map_err(failed)?;
    }
    let sources = dir.join("sources.list");
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let source = format!("deb [signed-by={keys}] {} {SUITE} main\n", images::mirror());
    fs::write(&sources, source).map_err(failed)?;
    let apt = |arguments: &[&str]| {
        let mut apt = command("apt-get", ["-q"]);
        let settings = [
            ("Dir::Etc::SourceList", sources.clone()),
            ("Dir::Etc::SourceParts", PathBuf::from("/dev/null")),
            ("Dir::State::Lists", dir.join("lists")),
            // What is installed has no say in it.
            ("Dir::State::Status", PathBuf::from("/dev/null")),
            ("Dir::Cache", dir.join("cache")),
        ];
        apt.args(settings.map(|(name, path)| format!("--option={name}={}", path.display())));
        // Its own user could not write here.
        apt.arg("--option=APT::Sandbox::User=root").args(arguments).current_dir(dir);
        read(&mut apt)
    };
    apt(&["update"])?;
    apt(&["download", PACKAGE])?;
    let files = fs::read_dir(dir).map_err(failed)?.filter_map(|entry| Some(entry.ok()?.path()));
    let package = files.into_iter().find(|file| file.extension().is_some_and(|it| it == "deb"));
    let package = package.ok_or_else(|| Problem::unusable(format!("apt-get left no {PACKAGE} behind")))?;
    let (package, files) = (package.to_string_lossy(), dir.join("root"));
    read(&mut command("dpkg-deb", ["--extract", &package, &files.to_string_lossy()])).map(drop)
}

/// Renders all that `deploy/kubernetes` has and validates it, and the templates of `deploy/ci`. Returns a directory with each
/// rendering as a list of objects in JSON, for the tests that read them.
pub(crate) fn check(kubectl: &Path) -> Result<PathBuf, Problem> {
    let python = python::environment("manifests-venv", "xtask/manifests/requirements.txt")?;
    let python = python.to_string_lossy();
    let output = workshop()?.join("manifests");
    let failed = |source| Problem::File { path: output.clone(), source };
    if output.exists() {
        fs::remove_dir_all(&output).map_err(failed)?;
    }
    let mut validate = command(&python, []);
    validate.arg(root().join("xtask/manifests/validate.py"));
    validate.arg("--schemas").arg(root().join("xtask/manifests/schemas")).arg("--output").arg(&output);
    for (name, kustomization) in wanted()? {
        let dir = output.join("kustomizations").join(&name);
        fs::create_dir_all(&dir).map_err(failed)?;
        fs::write(dir.join("kustomization.yaml"), kustomization).map_err(failed)?;
        let rendered = read(&mut command(&kubectl.to_string_lossy(), ["kustomize", &dir.to_string_lossy()]))?;
        let file = output.join(format!("{name}.yaml"));
        fs::write(&file, rendered).map_err(failed)?;
        validate.arg(format!("{name}={}", file.display()));
    }
    let secrets =
        read(&mut command(&root().join("deploy/kubernetes/secrets.sh").to_string_lossy(), ["farm.example"]))?;
    let file = output.join("secrets.yaml");
    fs::write(&file, secrets).map_err(failed)?;
    validate.arg(format!("secrets={}", file.display()));
    run_command(&mut validate)?;
    for (template, schema) in TEMPLATES {
        let path = root().join(template);
        run_command(&mut command(
            &python,
            ["-m", "check_jsonschema", "--builtin-schema", schema, &path.to_string_lossy()],
        ))?;
    }
    let mut parse = command(&python, []);
    parse.arg(root().join("xtask/manifests/parse_groovy.py")).arg(root().join("deploy/ci/Jenkinsfile"));
    run_command(&mut parse)?;
    Ok(output)
}

/// What is rendered, by name: the base and the overlays, each alone and with all components, and the example of
/// `deploy/README.md`. JSON is YAML.
fn wanted() -> Result<Vec<(String, String)>, Problem> {
    let kustomization = |parts: &[String], components: &[&str]| {
        let there = |part: &str| format!("../../../../../deploy/kubernetes/{part}");
        let parts: Vec<_> = parts.iter().map(|part| there(part)).collect();
        let components: Vec<_> = components.iter().map(|it| there(&format!("components/{it}"))).collect();
        json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": parts,
            "components": components,
        })
        .to_string()
    };
    let overlays = root().join("deploy/kubernetes/overlays");
    let failed = |source| Problem::File { path: overlays.clone(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(&overlays).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut all = vec![("base".to_owned(), kustomization(&["base".to_owned()], &[]))];
    for name in names {
        let overlay = [format!("overlays/{name}")];
        all.push((name.clone(), kustomization(&overlay, &[])));
        all.push((format!("{name}+{}", COMPONENTS.join("+")), kustomization(&overlay, &COMPONENTS)));
    }
    let pods = ["overlays/pods".to_owned()];
    all.push(("pods+code-apart".to_owned(), kustomization(&pods, &["code-apart"])));
    all.push(("pods+example".to_owned(), example()?));
    Ok(all)
}

/// The kustomization that people are told to begin with.
fn example() -> Result<String, Problem> {
    const BEGIN: &str = "```yaml\n# farm/kustomization.yaml\n";
    let path = root().join("deploy/README.md");
    let text = fs::read_to_string(&path).map_err(|source| Problem::File { path: path.clone(), source })?;
    let example = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once("```"));
    let (example, _) =
        example.ok_or_else(|| Problem::unusable("deploy/README.md shows no farm/kustomization.yaml"))?;
    Ok(example.replace("../mrt/deploy/", "../../../../../deploy/"))
}
