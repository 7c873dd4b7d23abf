//! `faultline tokens`: who may hand articles in over HTTP.

use clap::{Args, Subcommand, ValueEnum};
use faultline_platform::{
    settings::Common,
    tokens::{self, Token, TokenError, Tokens},
};
use serde_json::json;

use super::output;
use crate::exit::Usage;

const EXAMPLES: &str = "\
Examples:
  faultline tokens add crawler                    a token to hand articles in with; it is shown this once
  faultline tokens list
  faultline tokens revoke crawler                 roles that run notice at the next request

They are kept in the data folder, as hashes. With the first one, requests without a token are refused.";

/// What `faultline tokens` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokensArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token and print it, once
    Add {
        /// Who is to hold it
        name: String,
        /// What it allows; may be given again
        #[arg(long, value_enum, default_value = "push")]
        scope: Vec<Scope>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the tokens there are
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a token back
    Revoke {
        /// Whose
        name: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scope {
    /// Ask questions; nothing is served to ask yet
    Read,
    /// Hand articles in
    Push,
    /// Everything
    Admin,
}

impl From<Scope> for tokens::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Push => Self::Push,
            Scope::Admin => Self::Admin,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When a name is wrong, or the list cannot be read or written.
pub(crate) fn run(arguments: &TokensArguments, common: &Common) -> anyhow::Result<()> {
    let tokens = Tokens::of(&common.data_dir);
    match &arguments.action {
        Action::Add { name, scope, json: as_json } => {
            let scopes: Vec<tokens::Scope> = scope.iter().copied().map(Into::into).collect();
            let token = tokens.add(name, &scopes).map_err(usage)?;
            if *as_json {
                output::json(&json!({"name": name, "token": token}))
            } else {
                output::text(&format!("{token}\n"))
            }
        }
        Action::List { json: as_json } => list(&tokens.list()?, *as_json),
        Action::Revoke { name } => Ok(tokens.revoke(name).map_err(usage)?),
    }
}

/// A bad name is wrong usage.
fn usage(error: TokenError) -> anyhow::Error {
    match error {
        TokenError::BadName(problem) => Usage(problem).into(),
        other => other.into(),
    }
}

fn list(tokens: &[Token], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let shown = |token: &Token| json!({"name": token.name, "scopes": token.scopes, "created_at": token.created_at});
        return output::json(&tokens.iter().map(shown).collect::<Vec<_>>());
    }
    if tokens.is_empty() {
        return output::text("no tokens: only this machine is served\n");
    }
    let width = tokens.iter().map(|token| token.name.chars().count()).max().unwrap_or_default();
    let line = |token: &Token| {
        let scopes = token.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        format!("{:width$}  {}  {scopes}\n", token.name, token.created_at)
    };
    output::text(&tokens.iter().map(line).collect::<String>())
}
