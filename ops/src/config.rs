//! Settings from the command line, the environment and a file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, Error, value_parser};
use toml::Value;

const CONFIG: &str = "config";

/// How alike a name must be to be what was meant, from 0 to 1.
const ALIKE: f64 = 0.7;

/// Parses this program's arguments. Adds the option `--config FILE` (`MRT_CONFIG`): a TOML file whose keys are the long names
/// of the program's options. What stands on the command line wins over the environment, and that over the file. Ends the
/// process where clap would.
pub fn parse<P: clap::Parser>() -> P {
    parse_from(std::env::args_os()).unwrap_or_else(|error| error.exit())
}

/// What [`parse()`] does, with these arguments, of which the first is the program's name.
///
/// # Errors
/// When the arguments, the environment or the file are wrong, or ask for help.
pub fn parse_from<P: clap::Parser>(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
) -> Result<P, Error> {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let mut command = P::command().arg(option());
    // What may be missing here stands in the file.
    let first = command.clone().ignore_errors(true).try_get_matches_from(&arguments)?;
    let mut matches = match first.get_one::<PathBuf>(CONFIG) {
        Some(path) => {
            let settings = read(path, &mut command)?;
            // The file's values are the options' defaults, so that clap knows what wins, and looks at them as at all others.
            command = with_defaults(command, &settings);
            let parsed = command.try_get_matches_from_mut(arguments);
            parsed.map_err(|error| placed(error, path, &settings))?
        }
        None => command.try_get_matches_from_mut(arguments)?,
    };
    P::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

fn option() -> Arg {
    Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .env("MRT_CONFIG")
        .value_parser(value_parser!(PathBuf))
        .global(true)
        .help("TOML file with options, by their long names; the command line and the environment win over it")
}

/// Values of options, by their long names.
type Settings = BTreeMap<String, Vec<String>>;

fn read(path: &Path, command: &mut Command) -> Result<Settings, Error> {
    let place = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| command.error(ErrorKind::Io, format!("cannot read {place}: {error}")))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| {
        command
            .error(ErrorKind::InvalidValue, format!("{place} is not TOML: {}", error.to_string().trim_end()))
    })?;
    let mut known = BTreeMap::new();
    collect(command, &mut known);
    let mut settings = Settings::new();
    for (key, value) in table {
        let Some(takes_list) = known.get(&key) else {
            let nearest = nearest(&key, known.keys())
                .map_or_else(|| "try --help".to_owned(), |name| format!("did you mean `{name}`?"));
            let message = format!("unknown option `{key}` in {place}; {nearest}");
            return Err(command.error(ErrorKind::UnknownArgument, message));
        };
        let values = values(value, *takes_list).map_err(|expected| {
            command.error(ErrorKind::InvalidValue, format!("`{key}` in {place} has to be {expected}"))
        })?;
        settings.insert(key, values);
    }
    Ok(settings)
}

/// The long names of all options, and whether they may be given several times.
fn collect(command: &Command, known: &mut BTreeMap<String, bool>) {
    for argument in command.get_arguments().filter(|argument| argument.get_id() != CONFIG) {
        if let Some(name) = argument.get_long() {
            known.insert(name.to_owned(), matches!(argument.get_action(), ArgAction::Append));
        }
    }
    for command in command.get_subcommands() {
        collect(command, known);
    }
}

fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    let rated = known.map(|name| (strsim::jaro_winkler(key, name), name.as_str()));
    let (alike, name) = rated.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (alike >= ALIKE).then_some(name)
}

fn values(value: Value, takes_list: bool) -> Result<Vec<String>, &'static str> {
    match value {
        Value::Array(values) if takes_list => {
            values.into_iter().map(|value| scalar(value).ok_or("a list of single values")).collect()
        }
        value => {
            let expected = if takes_list { "one value or a list" } else { "one value" };
            scalar(value).map(|value| vec![value]).ok_or(expected)
        }
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(yes) => Some(yes.to_string()),
        Value::Datetime(time) => Some(time.to_string()),
        Value::Array(_) | Value::Table(_) => None,
    }
}

fn with_defaults(command: Command, settings: &Settings) -> Command {
    let command = command.mut_args(|argument| {
        let values = argument.get_long().and_then(|name| settings.get(name));
        match values.cloned() {
            Some(values) => argument.required(false).default_values(values),
            None => argument,
        }
    });
    command.mut_subcommands(|command| with_defaults(command, settings))
}

/// A value that clap refuses may be the file's.
fn placed(mut error: Error, path: &Path, settings: &Settings) -> Error {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let option = context(ContextKind::InvalidArg).unwrap_or_default();
    let name = option.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
    let is_ours = settings.get(name).is_some_and(|values| {
        context(ContextKind::InvalidValue).is_some_and(|value| values.contains(&value))
    });
    if is_ours {
        let tip = format!("it stands in {}", path.display());
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[arg(long, value_name = "ADDR")]
        listen: SocketAddr,
        #[arg(long, default_value = "a")]
        tls_cert: String,
        #[arg(long)]
        target: Vec<String>,
        #[arg(long)]
        insecure: bool,
        #[arg(long)]
        jobs: Option<u32>,
    }

    fn with(file: &str, arguments: &[&str]) -> Result<Program, String> {
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&path, file).unwrap();
        let config = ["mrt", "--config", path.path().to_str().unwrap()];
        parse_from(config.iter().chain(arguments))
            .map_err(|error| error.to_string().replace(path.path().to_str().unwrap(), "FILE"))
    }

    #[test]
    fn the_file_gives_what_nobody_else_does() {
        let file =
            "listen = '0.0.0.0:1'\ntls-cert = 'b'\ntarget = ['one', 'two']\ninsecure = true\njobs = 3\n";
        let program = with(file, &[]).unwrap();
        assert_eq!(program.listen.to_string(), "0.0.0.0:1");
        assert_eq!((program.tls_cert.as_str(), program.insecure, program.jobs), ("b", true, Some(3)));
        assert_eq!(program.target, ["one", "two"]);
    }

    #[test]
    fn the_command_line_wins_as_a_whole() {
        let file = "listen = '0.0.0.0:1'\ntls-cert = 'b'\ntarget = ['one', 'two']\n";
        let program = with(file, &["--listen", "0.0.0.0:2", "--target", "three", "--tls-cert", "a"]).unwrap();
        assert_eq!(program.listen.to_string(), "0.0.0.0:2");
        // Also where it says what would be the default.
        assert_eq!(program.tls_cert, "a");
        assert_eq!(program.target, ["three"]);
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest() {
        let error = with("tls-crt = 'b'\n", &["--listen", "0.0.0.0:2"]).unwrap_err();
        assert!(
            error.starts_with("error: unknown option `tls-crt` in FILE; did you mean `tls-cert`?\n"),
            "{error}"
        );
        let error = with("config = 'other'\n", &["--listen", "0.0.0.0:2"]).unwrap_err();
        assert!(error.starts_with("error: unknown option `config` in FILE"), "{error}");
        let error = with("xyz = 1\n", &["--listen", "0.0.0.0:2"]).unwrap_err();
        assert!(error.starts_with("error: unknown option `xyz` in FILE; try --help"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_placed() {
        let error = with("listen = 'nowhere'\n", &[]).unwrap_err();
        assert!(error.contains("invalid value 'nowhere' for '--listen <ADDR>'"), "{error}");
        assert!(error.contains("it stands in FILE"), "{error}");
        let error = with("listen = '0.0.0.0:1'\n", &["--listen", "nowhere"]).unwrap_err();
        assert!(error.contains("invalid value 'nowhere'") && !error.contains("FILE"), "{error}");
        let error = with("listen = ['0.0.0.0:1']\n", &[]).unwrap_err();
        assert!(error.starts_with("error: `listen` in FILE has to be one value\n"), "{error}");
        let error = with("[listen]\n", &[]).unwrap_err();
        assert!(error.starts_with("error: `listen` in FILE has to be one value\n"), "{error}");
        let error = with("listen = \n", &[]).unwrap_err();
        assert!(error.starts_with("error: FILE is not TOML: "), "{error}");
        let error = parse_from::<Program>(["mrt", "--config", "/nowhere"]).unwrap_err().to_string();
        assert!(error.starts_with("error: cannot read /nowhere: No such file"), "{error}");
    }

    #[test]
    fn what_nobody_gives_is_missing_and_help_knows_the_file() {
        let error = with("", &[]).unwrap_err();
        assert!(error.contains("--listen <ADDR>"), "{error}");
        let help = with("listen = '0.0.0.0:1'\n", &["--help"]).unwrap_err();
        assert!(help.contains("--config <FILE>") && help.contains("[env: MRT_CONFIG="), "{help}");
    }

    #[test]
    fn subcommands_have_their_options_too() {
        #[derive(Debug, Parser)]
        struct Many {
            #[arg(long, global = true)]
            jobs: Option<u32>,
            #[command(subcommand)]
            command: Sub,
        }
        #[derive(Debug, clap::Subcommand)]
        enum Sub {
            One {
                #[arg(long)]
                name: String,
            },
            Two,
        }
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&path, "name = 'n'\njobs = 2\n").unwrap();
        let config = path.path().to_str().unwrap();
        let many: Many = parse_from(["mrt", "one", "--config", config]).unwrap();
        assert!(matches!(many, Many { jobs: Some(2), command: Sub::One { name } } if name == "n"));
        let many: Many = parse_from(["mrt", "--config", config, "two"]).unwrap();
        assert!(matches!(many, Many { jobs: Some(2), command: Sub::Two }));
    }
}
