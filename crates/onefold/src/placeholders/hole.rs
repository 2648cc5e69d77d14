use super::path::Path;
use std::fmt;

/// One placeholder: `{path}`, `{path?}`, `{path:text}`, `{path?:text}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hole {
    pub path: Path,
    /// `?`: a missing value is NULL, not poison.
    pub optional: bool,
    /// `:text`: a number's digits as written.
    pub text: bool,
}

impl Hole {
    /// The text between the braces.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(inner: &str) -> Result<Hole, String> {
        let inner = inner.trim();
        let (path, text) = match inner.rsplit_once(':') {
            Some((path, "text")) => (path, true),
            Some((_, kind)) => return Err(format!("{{{inner}}}: `:{kind}` is unknown, `:text` is all there is")),
            None => (inner, false),
        };
        let (path, optional) = path.strip_suffix('?').map_or((path, false), |path| (path, true));
        let path = Path::parse(path).map_err(|why| format!("{{{inner}}}: the path {why}"))?;
        Ok(Hole { path, optional, text })
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (optional, text) = (if self.optional { "?" } else { "" }, if self.text { ":text" } else { "" });
        write!(f, "{{{}{optional}{text}}}", self.path)
    }
}
