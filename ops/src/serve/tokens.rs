//! Who may do what.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use tonic::metadata::MetadataMap;
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// Shorter ones could be guessed.
const SHORTEST: usize = 16;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To look at runs.
    Read,
    /// To submit and cancel runs, and to look at them.
    Submit,
    /// To be a worker.
    Work,
}

impl Role {
    const EACH: [Self; 3] = [Self::Read, Self::Submit, Self::Work];

    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Work => "work",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }

    /// With what it includes.
    fn roles(self) -> Roles {
        Roles(self.bit() | if self == Self::Submit { Self::Read.bit() } else { 0 })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one caller may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Everything.
    pub const ALL: Self = Self(0b111);

    /// Whether this role is among them.
    pub fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Lets pass who has the role.
    ///
    /// # Errors
    /// `PermissionDenied`, in words for the caller.
    pub fn require(self, role: Role) -> Result<(), Status> {
        if self.has(role) {
            return Ok(());
        }
        Err(Status::permission_denied(format!("this needs a token with the role `{role}`; yours has {self}")))
    }

    /// Those that [`Gate`] has found for a request.
    ///
    /// # Errors
    /// `Internal` when the service has no gate: then nobody knows.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let roles = request.extensions().get().copied();
        roles.ok_or_else(|| Status::internal("the service does not look at tokens"))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Role::EACH.into_iter().filter(|role| self.has(*role)).collect();
        for (index, name) in names.iter().enumerate() {
            let separator = if index == 0 { "" } else { " and " };
            write!(f, "{separator}`{name}`")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roles({self})")
    }
}

/// What can be wrong with a list of tokens. None of these shows a line: it may hold a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokensError {
    /// Not two words.
    #[error("line {line} is no `ROLE TOKEN`; write for example `work` and 32 random characters")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// No such role.
    #[error("line {line} does not begin with a role; write `read`, `submit` or `work` before the token")]
    Role {
        /// Counted from 1.
        line: usize,
    },
    /// Easily guessed.
    #[error("the token in line {line} is too short; take at least {SHORTEST} random characters")]
    Short {
        /// Counted from 1.
        line: usize,
    },
    /// It could not be sent.
    #[error(
        "the token in line {line} has characters that cannot be sent; take letters, digits and punctuation of ASCII"
    )]
    Characters {
        /// Counted from 1.
        line: usize,
    },
    /// Perhaps it was cut off; to let everybody in, no list is given.
    #[error("there is no token in it; write lines of `ROLE TOKEN`, or leave it out to do without tokens")]
    Empty,
}

/// The tokens that are known. Of each only the digest is kept.
#[derive(Clone)]
pub struct Tokens(Arc<[Known]>);

struct Known {
    digest: [u8; 32],
    roles: Roles,
}

impl Tokens {
    /// No tokens are used: everybody may do everything.
    pub fn none() -> Self {
        Self(Arc::new([]))
    }

    /// Reads lines of `ROLE TOKEN`; what follows `#` at the beginning of a line is a comment. A token in several lines has all their
    /// roles.
    ///
    /// # Errors
    /// When a line is wrong, or there is none.
    pub fn parse(text: &str) -> Result<Self, TokensError> {
        let mut known = Vec::new();
        for (line, content) in text.lines().enumerate().map(|(index, content)| (index + 1, content.trim())) {
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let mut words = content.split_whitespace();
            let (Some(role), Some(token), None) = (words.next(), words.next(), words.next()) else {
                return Err(TokensError::Line { line });
            };
            let role = Role::EACH.into_iter().find(|known| known.name() == role);
            let roles = role.ok_or(TokensError::Role { line })?.roles();
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(TokensError::Characters { line });
            }
            if token.len() < SHORTEST {
                return Err(TokensError::Short { line });
            }
            known.push(Known { digest: digest(token.as_bytes()), roles });
        }
        if known.is_empty() { Err(TokensError::Empty) } else { Ok(Self(known.into())) }
    }

    /// Whether no tokens are used.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// What the sender of a request may do.
    ///
    /// # Errors
    /// `Unauthenticated` when tokens are used, and it has sent none that is known.
    pub fn roles_of(&self, metadata: &MetadataMap) -> Result<Roles, Status> {
        if self.is_none() {
            return Ok(Roles::ALL);
        }
        let header = metadata.get("authorization").map(|value| value.as_bytes());
        let Some((scheme, token)) = header.and_then(|header| header.split_at_checked("Bearer ".len())) else {
            return Err(Status::unauthenticated("a token is needed, and none was sent"));
        };
        if !scheme.eq_ignore_ascii_case(b"Bearer ") {
            return Err(Status::unauthenticated("a token is needed, and none was sent"));
        }
        self.roles(token).ok_or_else(|| Status::unauthenticated("the token that was sent is not known"))
    }

    /// What somebody may do who has this token; nothing where tokens are used and it is none of them.
    pub fn roles(&self, token: &[u8]) -> Option<Roles> {
        if self.is_none() {
            return Some(Roles::ALL);
        }
        let digest = digest(token);
        // All of them, whichever it is: the time that this takes is to tell nothing.
        let roles = self.0.iter().fold(0, |roles, known| {
            roles | u8::conditional_select(&0, &known.roles.0, known.digest.ct_eq(&digest))
        });
        (roles != 0).then_some(Roles(roles))
    }

    /// Lets pass to a service who has this role.
    pub fn require(&self, role: Role) -> Gate {
        Gate { tokens: self.clone(), role }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Stands before a service, and lets pass who has a role. Methods that need more ask [`Roles::of`] the request.
#[derive(Debug, Clone)]
pub struct Gate {
    tokens: Tokens,
    role: Role,
}

impl Interceptor for Gate {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let roles = self.tokens.roles_of(request.metadata())?;
        roles.require(self.role)?;
        request.extensions_mut().insert(roles);
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "one-0123456789abcdef";
    const TWO: &str = "two-0123456789abcdef";

    fn with(header: &str) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", header.parse().unwrap());
        metadata
    }

    fn roles(tokens: &Tokens, header: &str) -> Result<Vec<Role>, tonic::Code> {
        let roles = tokens.roles_of(&with(header)).map_err(|status| status.code())?;
        Ok(Role::EACH.into_iter().filter(|role| roles.has(*role)).collect())
    }

    #[test]
    fn a_token_has_the_roles_of_all_its_lines() {
        let text = format!("# all\n  read {ONE}\n\nwork\t{TWO}\nwork {ONE}\n");
        let tokens = Tokens::parse(&text).unwrap();
        assert_eq!(roles(&tokens, &format!("Bearer {ONE}")), Ok(vec![Role::Read, Role::Work]));
        assert_eq!(roles(&tokens, &format!("bearer {TWO}")), Ok(vec![Role::Work]));
        let submitter = Tokens::parse(&format!("submit {ONE}")).unwrap();
        assert_eq!(roles(&submitter, &format!("Bearer {ONE}")), Ok(vec![Role::Read, Role::Submit]));
    }

    #[test]
    fn whatever_is_not_a_token_is_nobodys() {
        let tokens = Tokens::parse(&format!("work {ONE}\nread {TWO}")).unwrap();
        let short = &ONE[..ONE.len() - 1];
        for header in [
            "",
            "Bearer ",
            "Bearer x",
            "Basic eDp5",
            ONE,
            &format!("Bearer {short}"),
            &format!("Bearer {ONE}x"),
            &format!("Bearer {ONE} "),
            &format!("Bearer  {ONE}"),
        ] {
            assert_eq!(roles(&tokens, header), Err(tonic::Code::Unauthenticated), "{header}");
        }
        let none = tokens.roles_of(&MetadataMap::new()).unwrap_err();
        assert_eq!(none.message(), "a token is needed, and none was sent");
    }

    #[test]
    fn a_token_alone_has_the_same_roles() {
        let tokens = Tokens::parse(&format!("work {ONE}\nread {TWO}")).unwrap();
        assert!(
            tokens.roles(ONE.as_bytes()).is_some_and(|roles| roles.has(Role::Work) && !roles.has(Role::Read))
        );
        assert!(tokens.roles(&TWO.as_bytes()[1..]).is_none() && tokens.roles(b"").is_none());
        assert_eq!(Tokens::none().roles(b""), Some(Roles::ALL));
    }

    #[test]
    fn without_tokens_everybody_may_everything() {
        let roles = Tokens::none().roles_of(&MetadataMap::new()).unwrap();
        assert_eq!(roles, Roles::ALL);
        assert!(Role::EACH.into_iter().all(|role| roles.require(role).is_ok()));
    }

    #[test]
    fn mistakes_are_told_without_the_line() {
        for (text, expected) in [
            ("", TokensError::Empty),
            ("# read\n\n", TokensError::Empty),
            ("\nread", TokensError::Line { line: 2 }),
            (ONE, TokensError::Line { line: 1 }),
            ("read 0123456789abcdef more", TokensError::Line { line: 1 }),
            ("write 0123456789abcdef", TokensError::Role { line: 1 }),
            ("0123456789abcdef read", TokensError::Role { line: 1 }),
            ("read 0123456789abcde", TokensError::Short { line: 1 }),
            ("read 0123456789abcd\u{fc}", TokensError::Characters { line: 1 }),
        ] {
            let error = Tokens::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("0123"), "{error}");
        }
        assert!(Tokens::parse("read 0123456789abcdef").is_ok());
    }

    #[test]
    fn nothing_shows_a_token() {
        let tokens = Tokens::parse(&format!("work {ONE}")).unwrap();
        assert_eq!(format!("{tokens:?}"), "Tokens(1)");
        assert!(!format!("{:?}", tokens.require(Role::Read)).contains(ONE));
    }

    #[test]
    fn roles_are_unknown_without_a_gate() {
        assert_eq!(Roles::of(&Request::new(())).unwrap_err().code(), tonic::Code::Internal);
    }
}
