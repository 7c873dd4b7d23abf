//! Alerts as a page, for mail programs that show one.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, Error, Value, context, value::Serde};

use super::told::Told;

const NAME: &str = "mail.html";

/// Everything that is filled in is escaped.
static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template(NAME, include_str!("mail.html"))?;
    Ok(environment)
});

/// The page.
pub(super) fn page(alerts: &[Told], left_out: usize) -> Result<String, String> {
    let environment = ENVIRONMENT.as_ref().map_err(ToString::to_string)?;
    let page = environment
        .get_template(NAME)
        .and_then(|page| page.render(context! { alerts => Value::from(Serde(alerts)), left_out }));
    page.map_err(|error| format!("the page of the message cannot be filled in: {error}"))
}
