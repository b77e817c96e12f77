//! The images that tests run on, of databases and of Debian itself: official ones, or stand-ins made from Debian's packages.
//!
//! A stand-in is the real server behind the documented contract of the official image, so the product needs no
//! branch for it. To add one, add an entry to [`catalogue`] and an entry point beside this crate's others.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::process::{
    Problem, can_install, cannot_run, check, command, install, is_installed, is_root, read, run, succeeds,
};
use crate::{docker, workshop};

/// How long a registry may take to say that it has an image.
const REGISTRY_ANSWER: Duration = Duration::from_secs(20);
const ENTRY_POINT: &str = "docker-entrypoint.sh";
/// Debian's own switch against starting services while packages are installed.
const POLICY: &str = "usr/sbin/policy-rc.d";
const DPKG_SETTINGS: &str = "etc/dpkg/dpkg.cfg.d/stand-in";
/// The number of the user in the official images.
const USER: &str = "999";
const MIRROR: &str = "http://deb.debian.org/debian";

/// What the product's own images stand on, as deploy/Containerfile names it.
pub(crate) const BASE: &str = "debian:bookworm-20260824-slim";
/// Debian's release that it is of.
pub(crate) const BASE_SUITE: &str = "bookworm";
/// How an image tells that it is a stand-in.
const LABEL: &str = "mrt.stand-in";

/// What makes a tree of files a server's image.
struct Serves {
    entry_point: &'static str,
    /// Who runs the server, under the number that the official image gives: it can be begun as that user, too.
    user: &'static str,
    /// Where the server has its socket.
    runtime: &'static str,
}

/// How to make the stand-in for an official image.
struct StandIn {
    image: String,
    /// Debian's release that has the server.
    suite: &'static str,
    packages: Vec<String>,
    /// What it serves; the base of other images serves nothing.
    server: Option<Serves>,
    /// What would make an own cluster while the package is installed: path and contents.
    files: Vec<(&'static str, &'static str)>,
    /// Removed after the installation.
    leftovers: Vec<String>,
    /// The server's configuration in place of Debian's: path and contents.
    configuration: Vec<(&'static str, &'static str)>,
    /// Empty directories.
    directories: &'static [&'static str],
    /// What the image says of itself, as `docker import` takes it.
    says: Vec<String>,
    /// A command that shows the server's version.
    version: [&'static str; 2],
}

impl StandIn {
    fn postgres(major: u32, suite: &'static str) -> Self {
        // Since 18 the volume lies above the versions, so that `pg_upgrade` can link files.
        let (data, volume) = match major {
            ..18 => ("/var/lib/postgresql/data".to_owned(), "/var/lib/postgresql/data"),
            18.. => (format!("/var/lib/postgresql/{major}/docker"), "/var/lib/postgresql"),
        };
        Self {
            image: format!("postgres:{major}"),
            suite,
            packages: vec![format!("postgresql-{major}"), "xz-utils".to_owned()],
            server: Some(Serves {
                entry_point: include_str!("../images/postgres-entrypoint.sh"),
                user: "postgres",
                runtime: "run/postgresql",
            }),
            files: vec![("etc/postgresql-common/createcluster.conf", "create_main_cluster = false\n")],
            leftovers: vec![format!("var/lib/postgresql/{major}")],
            configuration: vec![],
            directories: &[],
            says: vec![
                "CMD [\"postgres\"]".to_owned(),
                "EXPOSE 5432".to_owned(),
                format!("VOLUME [\"{volume}\"]"),
                format!(
                    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/{major}/bin"
                ),
                format!("ENV PG_MAJOR={major}"),
                format!("ENV PGDATA={data}"),
            ],
            version: ["postgres", "--version"],
        }
    }

    fn base() -> Self {
        Self {
            image: BASE.to_owned(),
            suite: BASE_SUITE,
            packages: vec![],
            server: None,
            files: vec![],
            leftovers: vec![],
            configuration: vec![],
            directories: &[],
            says: vec!["CMD [\"bash\"]".to_owned()],
            version: ["cat", "/etc/debian_version"],
        }
    }

    /// `suite` must be one that has this version.
    fn mysql(version: &str, suite: &'static str) -> Self {
        Self {
            image: format!("mysql:{version}"),
            packages: ["mysql-server", "tzdata-legacy", "bzip2", "xz-utils", "zstd"]
                .map(str::to_owned)
                .to_vec(),
            // Debian's settings are those of a machine's own server: its address, its log's file.
            configuration: vec![("etc/my.cnf", include_str!("../images/mysql.cnf"))],
            directories: &["etc/mysql/conf.d"],
            ..Self::mysql_like(suite, "mysqld", "EXPOSE 3306 33060")
        }
    }

    /// `suite` must be one that has this version.
    fn mariadb(version: &str, suite: &'static str) -> Self {
        Self {
            image: format!("mariadb:{version}"),
            packages: ["mariadb-server", "bzip2", "xz-utils", "zstd", "tzdata"].map(str::to_owned).to_vec(),
            configuration: vec![("etc/mysql/my.cnf", include_str!("../images/mariadb.cnf"))],
            directories: &["etc/mysql/conf.d", "etc/mysql/mariadb.conf.d"],
            ..Self::mysql_like(suite, "mariadbd", "EXPOSE 3306")
        }
    }

    /// What the images of MySQL and MariaDB have in common.
    fn mysql_like(suite: &'static str, server: &'static str, ports: &str) -> Self {
        Self {
            image: String::new(),
            suite,
            packages: vec![],
            server: Some(Serves {
                entry_point: include_str!("../images/mysql-entrypoint.sh"),
                user: "mysql",
                runtime: "run/mysqld",
            }),
            files: vec![],
            // The installation makes a data directory of its own.
            leftovers: ["var/lib/mysql", "etc/mysql", "etc/my.cnf"].map(str::to_owned).to_vec(),
            configuration: vec![],
            directories: &[],
            says: vec![
                format!("CMD [\"{server}\"]"),
                ports.to_owned(),
                "VOLUME [\"/var/lib/mysql\"]".to_owned(),
            ],
            version: [server, "--version"],
        }
    }
}

/// Every image that can be stood in for. Debian has one version of a server per release.
fn catalogue() -> Vec<StandIn> {
    vec![
        StandIn::postgres(15, "bookworm"),
        StandIn::postgres(17, "trixie"),
        StandIn::postgres(18, "sid"),
        StandIn::mysql("9.7", "sid"),
        StandIn::mariadb("10.11", "bookworm"),
        StandIn::mariadb("11.8", "trixie"),
        StandIn::base(),
    ]
}

/// Provides the images named by `only`, or all. `stand_in` builds without asking a registry.
pub(crate) fn provide(only: &[String], stand_in: bool) -> Result<(), Problem> {
    let known = catalogue();
    if let Some(unknown) = only.iter().find(|name| !known.iter().any(|it| it.image == **name)) {
        let names: Vec<_> = known.iter().map(|it| it.image.as_str()).collect();
        return Err(Problem::Missing(format!(
            "there is no stand-in for {unknown}; known: {}",
            names.join(", ")
        )));
    }
    docker::ensure()?;
    for wanted in known.iter().filter(|it| only.is_empty() || only.contains(&it.image)) {
        let image = &wanted.image;
        if !stand_in && succeeds(&mut command("docker", ["image", "inspect", image])) {
            eprintln!("{image}: is there");
        } else if !stand_in && pull(image) {
            eprintln!("{image}: pulled");
        } else {
            let began = Instant::now();
            build(wanted)?;
            let [program, argument] = wanted.version;
            let version = read(&mut command("docker", ["run", "--rm", image, program, argument]))?;
            eprintln!("{image}: built a stand-in with {version} in {} s", began.elapsed().as_secs());
        }
    }
    Ok(())
}

/// Whether an image that is here was made by us.
pub(crate) fn is_stand_in(image: &str) -> Result<bool, Problem> {
    let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
    Ok(!read(&mut command("docker", ["image", "inspect", "--format", &format, image]))?.is_empty())
}

/// Pulls an image if a registry has it. Where none can be reached this must not take long, and where one can the
/// download may.
fn pull(image: &str) -> bool {
    eprintln!("{image}: asking a registry");
    let mut pull = command("docker", ["pull", image]);
    let Ok(mut child) = pull.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
        return false;
    };
    let (found, wait) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line.contains("Pulling from") {
                    let _ = found.send(());
                }
            }
        });
    }
    if wait.recv_timeout(REGISTRY_ANSWER).is_err() {
        let _ = child.kill();
    }
    child.wait().is_ok_and(|status| status.success())
}

fn build(stand_in: &StandIn) -> Result<(), Problem> {
    if !is_root() {
        return Err(Problem::Missing(format!(
            "{} cannot be pulled, and building a stand-in with debootstrap needs root",
            stand_in.image
        )));
    }
    if !is_installed("debootstrap") {
        if !can_install() {
            return Err(Problem::Missing("building a stand-in needs debootstrap; install it".to_owned()));
        }
        install(&["debootstrap", "debian-archive-keyring"])?;
    }
    let tree = Tree::new(workshop()?.join("image").join(stand_in.image.replace(':', "-")))?;
    eprintln!("{}: building a stand-in from Debian {}", stand_in.image, stand_in.suite);
    let target = tree.path.to_string_lossy();
    let mirror = mirror();
    // Nothing here outlives a crash, so dpkg need not wait for the disk after every file.
    tree.write(DPKG_SETTINGS, "force-unsafe-io\n", 0o644)?;
    read(&mut command("debootstrap", ["--variant=minbase", stand_in.suite, &target, &mirror]))?;

    if let Some(serves) = &stand_in.server {
        tree.install(stand_in, serves)?;
    }
    for leftover in stand_in.leftovers.iter().map(String::as_str).chain([POLICY, DPKG_SETTINGS]) {
        tree.remove(leftover)?;
    }
    for (path, contents) in &stand_in.configuration {
        tree.write(path, contents, 0o644)?;
    }
    for path in stand_in.directories {
        tree.make_directory(path)?;
    }
    tree.import(stand_in)?;
    tree.delete()
}

/// The mirror that this machine uses, if it is one of Debian's.
pub(crate) fn mirror() -> String {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(dir) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(dir.filter_map(|entry| Some(entry.ok()?.path())));
    }
    files.sort();
    let texts: Vec<_> = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    let words = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with('#'));
    let mirror = words
        .flat_map(str::split_whitespace)
        .find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian"));
    mirror.unwrap_or(MIRROR).to_owned()
}

/// The root directory of an image in the making.
struct Tree {
    path: PathBuf,
}

impl Tree {
    fn new(path: PathBuf) -> Result<Self, Problem> {
        let tree = Self { path };
        tree.delete()?;
        tree.make_directory("")?;
        Ok(tree)
    }

    fn file(&self, path: &str, source: std::io::Error) -> Problem {
        Problem::File { path: self.path.join(path), source }
    }

    fn write(&self, path: &str, contents: &str, mode: u32) -> Result<(), Problem> {
        let file = self.path.join(path);
        let written = fs::create_dir_all(file.parent().unwrap_or(&self.path))
            .and_then(|()| fs::write(&file, contents))
            .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(mode)));
        written.map_err(|source| self.file(path, source))
    }

    fn make_directory(&self, path: &str) -> Result<(), Problem> {
        fs::create_dir_all(self.path.join(path)).map_err(|source| self.file(path, source))
    }

    fn remove(&self, path: &str) -> Result<(), Problem> {
        let file = self.path.join(path);
        let removed = if file.is_dir() { fs::remove_dir_all(&file) } else { fs::remove_file(&file) };
        match removed {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(self.file(path, source)),
            _ => Ok(()),
        }
    }

    /// Runs a program inside. It has its own `/proc`, which some packages ask for; that, and every process that
    /// the program leaves running, goes with its namespaces.
    fn run<'a>(&self, program: &'a str, arguments: impl IntoIterator<Item = &'a str>) -> Result<(), Problem> {
        let mut inside = command("unshare", ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        inside.arg("--root").arg(&self.path).arg(program).args(arguments);
        inside.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        read(inside.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8")).map(drop)
    }

    /// Installs a server.
    fn install(&self, stand_in: &StandIn, serves: &Serves) -> Result<(), Problem> {
        self.write(POLICY, "#!/bin/sh\nexit 101\n", 0o755)?;
        for (path, contents) in &stand_in.files {
            self.write(path, contents, 0o644)?;
        }
        // The packages take a user that is there.
        let Serves { entry_point, user, runtime } = serves;
        self.run("groupadd", ["--system", "--gid", USER, user])?;
        self.run("useradd", ["--system", "--uid", USER, "--gid", USER, "--home-dir", "/nonexistent", user])?;
        let packages = stand_in.packages.iter().map(String::as_str).chain(["locales"]);
        let options =
            ["install", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"];
        self.run("apt-get", options.into_iter().chain(packages))?;
        // The locale that official images are set to.
        self.run("localedef", ["-i", "en_US", "-c", "-f", "UTF-8", "en_US.UTF-8"])?;
        self.write(&format!("usr/local/bin/{ENTRY_POINT}"), entry_point, 0o755)?;
        self.make_directory("docker-entrypoint-initdb.d")?;
        self.remove("run")?;
        self.make_directory(runtime)?;
        let anybodys = fs::set_permissions(self.path.join(runtime), fs::Permissions::from_mode(0o1777));
        anybodys.map_err(|source| self.file(runtime, source))
    }

    /// Makes an image of it, without what no server needs.
    fn import(&self, stand_in: &StandIn) -> Result<(), Problem> {
        const SUPERFLUOUS: &[&str] = &[
            "usr/share/doc/*",
            "usr/share/man/*",
            "usr/share/info/*",
            "usr/share/i18n/*",
            "usr/share/locale/*/*",
            "var/cache/apt/*",
            "var/lib/apt/lists/*",
            "var/log/*",
            "dev/*",
            "proc/*",
            "sys/*",
            "tmp/*",
        ];
        let mut tar = command("tar", ["--create"]);
        tar.arg("--directory").arg(&self.path);
        tar.args(SUPERFLUOUS.iter().map(|path| format!("--exclude=./{path}")))
            .arg(".")
            .stdout(Stdio::piped());
        let mut packing = tar.spawn().map_err(|source| cannot_run(&tar, source))?;

        let mut says = vec![format!("LABEL {LABEL}=\"Debian {}\"", stand_in.suite)];
        if stand_in.server.is_some() {
            says.push(format!("ENTRYPOINT [\"{ENTRY_POINT}\"]"));
            says.push("ENV LANG=en_US.utf8".to_owned());
        }
        let mut import = command("docker", ["import"]);
        import.args(says.iter().chain(&stand_in.says).flat_map(|change| ["--change", change]));
        import.args(["-", &stand_in.image]).stdout(Stdio::null());
        import.stdin(packing.stdout.take().map_or_else(Stdio::null, Stdio::from));
        let imported = run(&mut import);
        let packed = packing.wait().map_err(|source| cannot_run(&tar, source))?;
        imported?;
        check(&tar, packed, String::new())
    }

    fn delete(&self) -> Result<(), Problem> {
        // An interrupted debootstrap may have left the kernel's own file systems in the tree.
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let inside = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for mounted in
            inside.filter(|mount| Path::new(mount).starts_with(&self.path)).collect::<Vec<_>>().iter().rev()
        {
            read(&mut command("umount", [*mounted]))?;
        }
        match fs::remove_dir_all(&self.path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(self.file("", source)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_the_one_of_our_images() {
        let containerfile = include_str!("../../deploy/Containerfile");
        assert!(containerfile.contains(&format!("\nARG BASE=docker.io/library/{BASE}\n")));
    }
}
