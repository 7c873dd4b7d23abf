//! Why an entry does not become an article, and what is set aside in one that does.

/// Why an entry was refused. It goes to the dead letters with its untouched bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The line does not parse.
    #[error("line {line}, column {column}: not JSON: {error}: correct the line, or set the source's format")]
    NotJson {
        /// Line of the input, from 1.
        line: u64,
        /// Byte within the line, from 1.
        column: usize,
        /// What the parser says.
        error: String,
    },
    /// The line is JSON, but not an object.
    #[error("line {line}: expected one JSON object a line, found {found}{hint}")]
    NotAnObject {
        /// Line of the input, from 1.
        line: u64,
        /// What it is instead.
        found: &'static str,
        /// What to do about it.
        hint: &'static str,
    },
    /// No field holds a text.
    #[error(
        "line {line}: no text: none of the fields {looked_for} holds a string, the line has {found}: name the field in fields.text"
    )]
    TextMissing {
        /// Line of the input, from 1.
        line: u64,
        /// Names looked under.
        looked_for: String,
        /// Names that are there.
        found: String,
    },
    /// There is a text, and it has no characters.
    #[error("line {line}: the text is empty")]
    TextEmpty {
        /// Line of the input, from 1.
        line: u64,
    },
    /// There is a text, and it has no visible characters.
    #[error("line {line}: the text is only white space")]
    TextBlank {
        /// Line of the input, from 1.
        line: u64,
    },
    /// The bytes are not UTF-8.
    #[error("line {line}: not UTF-8 at byte {byte}: convert the input to UTF-8 (iconv -f WINDOWS-1252 -t UTF-8)")]
    InvalidUtf8 {
        /// Line of the input where the entry starts, from 1.
        line: u64,
        /// First offending byte of the entry, from 1.
        byte: usize,
    },
    /// A NUL character: the input is not text, and PostgreSQL could not store it.
    #[error("line {line}: NUL character in the {field}: remove it, if this is text at all")]
    NulCharacter {
        /// Line of the input, from 1.
        line: u64,
        /// Part of the article that holds it.
        field: &'static str,
    },
    /// So many control characters that the input is not text.
    #[error("line {line}: {controls} of {characters} characters are control characters: this is not text")]
    ControlCharacters {
        /// Line of the input, from 1.
        line: u64,
        /// How many there are.
        controls: usize,
        /// Out of how many.
        characters: usize,
    },
    /// More text than the limit allows.
    #[error(
        "line {line}: {bytes} bytes where at most {limit} are taken: split the article, or raise producer.max_article_bytes"
    )]
    TooLarge {
        /// Line of the input, from 1.
        line: u64,
        /// Its size.
        bytes: u64,
        /// The largest size taken.
        limit: u64,
    },
    /// Markup where text was expected.
    #[error("line {line}: the text is HTML (found {found:?}): extract its text first")]
    Html {
        /// Line of the input, from 1.
        line: u64,
        /// The markup that gave it away.
        found: String,
    },
    /// An id that cannot be a key.
    #[error("line {line}: the article's id is {problem}: give it a short plain id, or none")]
    BadId {
        /// Line of the input, from 1.
        line: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A field that is opened by a quote and never closed.
    #[error("line {line}: a quote opens a field that is never closed, down to the end of the file: close it")]
    UnclosedQuote {
        /// Line of the input on which its row starts, from 1.
        line: u64,
    },
    /// A row that does not fit the table.
    #[error(
        "line {line}: {found} fields where the header has {columns}: put quotes around fields that hold separators"
    )]
    RowWidth {
        /// Line of the input on which the row starts, from 1.
        line: u64,
        /// How many columns there are.
        columns: usize,
        /// How many fields the row has; counting stops after the first that is too many.
        found: usize,
    },
    /// A record that cannot be read.
    #[error("record {record} at byte {at}: {why}: what comes before and after it is taken")]
    BrokenRecord {
        /// Number of the record in the file, from 1.
        record: u64,
        /// Where it starts, in the decompressed file.
        at: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A file that ends where a record does not.
    #[error(
        "record {record} at byte {at}: the file ends within it: get the whole file, and it is gone on with from there"
    )]
    CutRecord {
        /// Number of the record in the file, from 1.
        record: u64,
        /// Where it starts, in the decompressed file.
        at: u64,
    },
    /// A page that is too large, or becomes so when it is decompressed.
    #[error(
        "record {record} at byte {at}: a page of more than {limit} bytes: raise producer.web.max_page_bytes if it is one"
    )]
    PageTooLarge {
        /// Number of the record in the file, from 1.
        record: u64,
        /// Where it starts, in the decompressed file.
        at: u64,
        /// The largest size taken.
        limit: u64,
    },
    /// Nothing is wrong, but there is no article here: it is counted, and is no dead letter.
    #[error("record {record}: {why}")]
    PassedOver {
        /// Number of the record in the file, from 1.
        record: u64,
        /// What it is instead.
        why: Passed,
    },
    /// More than the topic takes.
    #[error("line {line}: {error}")]
    LargerThanTopic {
        /// Line of the input, from 1.
        line: u64,
        /// What the client or broker says.
        error: String,
    },
}

impl Refusal {
    /// Whether nothing is wrong: there is just no article in it.
    #[must_use]
    pub fn is_passed_over(&self) -> bool {
        matches!(self, Self::PassedOver { .. })
    }

    /// Stable name, for counting.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not_json",
            Self::NotAnObject { .. } => "not_an_object",
            Self::TextMissing { .. } => "text_missing",
            Self::TextEmpty { .. } => "text_empty",
            Self::TextBlank { .. } => "text_blank",
            Self::InvalidUtf8 { .. } => "invalid_utf8",
            Self::NulCharacter { .. } => "nul_character",
            Self::ControlCharacters { .. } => "control_characters",
            Self::TooLarge { .. } => "too_large",
            Self::Html { .. } => "html",
            Self::BadId { .. } => "bad_id",
            Self::UnclosedQuote { .. } => "unclosed_quote",
            Self::RowWidth { .. } => "row_width",
            Self::BrokenRecord { .. } => "broken_record",
            Self::CutRecord { .. } => "cut_record",
            Self::PageTooLarge { .. } => "page_too_large",
            Self::PassedOver { why, .. } => why.reason(),
            Self::LargerThanTopic { .. } => "larger_than_topic",
        }
    }
}

/// Why a record of a crawl is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Passed {
    /// A request, a note of the crawler, or what came by another protocol.
    #[error("it is no response to a request for a page")]
    NoResponse,
    /// The server said no, or sent the crawler elsewhere.
    #[error("the server did not answer 200")]
    Status,
    /// A picture, a style sheet, a film.
    #[error("it is no HTML")]
    NotHtml,
    /// Its publisher asks not to keep it, in its robots field or header.
    #[error("the page asks not to be kept")]
    Forbidden,
    /// It is for subscribers, and says nothing of what is in it.
    #[error("it is for subscribers, and has no summary")]
    Paywall,
    /// A front page, a list, a form.
    #[error("no article was found on the page")]
    NoArticle,
}

impl Passed {
    /// Stable name, for counting.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoResponse => "no_response",
            Self::Status => "status",
            Self::NotHtml => "not_html",
            Self::Forbidden => "forbidden",
            Self::Paywall => "paywall",
            Self::NoArticle => "no_article",
        }
    }
}

/// What was set aside in an article that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Warning {
    /// The date could not be told: the article goes without.
    DateBroken,
    /// The date lies far in the future: the article goes without.
    DateInFuture,
    /// `targets` is not a list of spans: the article goes without.
    TargetsIgnored,
}

impl Warning {
    /// Stable name, for counting.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::DateBroken => "date_broken",
            Self::DateInFuture => "date_in_future",
            Self::TargetsIgnored => "targets_ignored",
        }
    }
}
