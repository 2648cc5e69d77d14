use std::ops::Range;
use std::path::{Path, PathBuf};

/// The text of a settings file and where it came from: what every message points into.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub path: PathBuf,
    pub text: String,
}

impl Source {
    /// The line of this place, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.text[..self.floor(at)].matches('\n').count() + 1
    }

    /// Where a line of its own can go after the line that holds `at`.
    pub fn line_end(&self, at: usize) -> usize {
        let at = self.floor(at);
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    pub fn slice(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or("")
    }

    /// Where a part of the value at `span` stands; the whole of it, where it is written in another way than it reads.
    pub fn find(&self, span: &Range<usize>, part: &str) -> Range<usize> {
        match self.slice(span.clone()).find(part) {
            Some(at) => span.start + at..span.start + at + part.len(),
            None => span.clone(),
        }
    }

    /// A path of the file is relative to the file, wherever the command was started.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// The parser's spans are byte offsets of its own making; a message must not panic over one.
    fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}
