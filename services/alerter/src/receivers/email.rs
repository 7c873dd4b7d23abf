//! E-mail by SMTP.

use std::{net::SocketAddr, time::Duration};

use faultline_outbound::{Guard, GuardError, innermost};
use faultline_platform::config::Secret;
use faultline_schemas::Alert;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use url::Url;

use super::{
    SendError,
    batch::{by_urgency, key},
    http::{SECTION, guard},
    page::page,
    secret::read,
    settings::{EmailSettings, Encryption},
    template::Template,
    told::Told,
};
use crate::settings::AlertWebSettings;

/// More alerts than this in one message nobody reads.
const ALERTS: usize = 100;
/// So many addresses of a mail server are tried.
const ADDRESSES: usize = 3;

pub(super) struct Email {
    host: String,
    port: u16,
    guard: Guard,
    tls: Tls,
    login: Option<(String, Secret)>,
    from: Mailbox,
    to: Vec<Mailbox>,
    subject: Template,
    timeout: Duration,
}

// Written by hand: what the library would print is not known.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Email").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl Email {
    pub(super) fn open(settings: &EmailSettings, web: &AlertWebSettings) -> Result<Self, String> {
        let port = settings.port.unwrap_or(match settings.encryption {
            Encryption::Starttls | Encryption::StarttlsIfOffered => 587,
            Encryption::Tls => 465,
            Encryption::None => 25,
        });
        let guard = guard(web);
        check_host(&settings.host, &guard)?;
        let from = mailbox("from", &settings.from)?;
        let to = settings.to.iter().map(|to| mailbox("to", to)).collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err("to is empty: name at least one recipient".to_owned());
        }
        Ok(Self {
            tls: tls(settings, web)?,
            login: login(settings)?,
            host: settings.host.clone(),
            port,
            guard,
            from,
            to,
            subject: Template::new("subject", &settings.subject)?,
            timeout: Duration::from_secs(settings.timeout_seconds.into()),
        })
    }

    pub(super) fn place(&self) -> String {
        let to: Vec<String> = self.to.iter().map(|to| to.email.to_string()).collect();
        format!("{} by {}:{}", to.join(", "), self.host, self.port)
    }

    pub(super) async fn send(&self, batch: &[Alert]) -> Result<(), SendError> {
        let message = self.message(batch).map_err(SendError::refused)?;
        let handed_over = tokio::time::timeout(self.timeout, self.hand_over(message)).await;
        handed_over.unwrap_or_else(|_| {
            Err(SendError::retry(format!("{} took no message within {} s", self.host, self.timeout.as_secs())))
        })
    }

    async fn hand_over(&self, message: Message) -> Result<(), SendError> {
        let resolved = self.guard.addresses(&self.host).await.map_err(|error| match error.downcast_ref() {
            Some(GuardError::NoAddress { .. }) | None => {
                SendError::retry(format!("failed to find the mail server {}: {error}", self.host))
            }
            Some(refused) => SendError::refused(refused.to_string()),
        })?;
        let mut outcome = Err(SendError::retry(format!("the mail server {} has no address", self.host)));
        for address in resolved.into_iter().take(ADDRESSES) {
            match self.transport(address).send(message.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) => {
                    let answered = error.status().is_some() || error.is_client();
                    outcome = Err(self.explain(&error));
                    if answered {
                        break;
                    }
                }
            }
        }
        outcome
    }

    /// To the address that passed, whatever the name leads to by now.
    fn transport(&self, address: SocketAddr) -> AsyncSmtpTransport<Tokio1Executor> {
        // An address of the operator's has a port of its own.
        let port = if address.port() == 0 { self.port } else { address.port() };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
            .port(port)
            .timeout(Some(self.timeout))
            .tls(self.tls.clone());
        let login = self.login.as_ref();
        let credentials = login.map(|(user, password)| Credentials::new(user.clone(), password.expose().to_owned()));
        match credentials {
            Some(credentials) => transport.credentials(credentials).build(),
            None => transport.build(),
        }
    }

    fn explain(&self, error: &smtp::Error) -> SendError {
        let why = format!("the mail server {} did not take the message: {}", self.host, innermost(error));
        if error.is_permanent() || error.is_client() { SendError::refused(why) } else { SendError::retry(why) }
    }

    fn message(&self, batch: &[Alert]) -> Result<Message, String> {
        let subject = self.subject.fill(batch).map_err(|why| format!("subject cannot be filled in: {why}"))?;
        let alerts = by_urgency(batch);
        let left_out = alerts.len().saturating_sub(ALERTS);
        let told: Vec<Told> = alerts.into_iter().take(ALERTS).map(Told::of).collect();
        let mut plain = told.iter().map(Told::plain).collect::<Vec<_>>().join("\n----\n\n");
        if left_out > 0 {
            plain.push_str(&format!("\n{left_out} more are not shown: faultline alerts list has them.\n"));
        }
        let domain = self.from.email.domain();
        // The same batch has the same id: a server that has it already may drop it.
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(format!("<{}@{domain}>", key(batch))))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        // All messages about one alert name the same first message, which never was: mail programs gather them.
        if let Some((first, others)) = batch.split_first()
            && others.iter().all(|other| other.fingerprint == first.fingerprint)
        {
            let thread = format!("<{}@{domain}>", first.fingerprint);
            builder = builder.in_reply_to(thread.clone()).references(thread);
        }
        let html = page(&told, left_out)?;
        builder
            .multipart(MultiPart::alternative_plain_html(plain, html))
            .map_err(|error| format!("the message cannot be put together: {error}"))
    }
}

fn mailbox(setting: &str, text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|error| {
        format!("{setting} has {text:?}, which is no address ({error}): write it as Desk <desk@example.org>")
    })
}

fn check_host(host: &str, guard: &Guard) -> Result<(), String> {
    // Without its port: that of an address of the operator's own is the operator's.
    let url = Url::parse(&format!("https://{host}/")).ok().filter(|url| url.host_str() == Some(host));
    let Some(url) = url else {
        return Err(format!("host is {host:?}, which is no name of a server: write it as mail.example.org"));
    };
    guard.check(&url).map_err(|error| error.to_string())
}

fn login(settings: &EmailSettings) -> Result<Option<(String, Secret)>, String> {
    let password = read("password", settings.password_file.as_deref(), settings.password_env.as_deref())?;
    let is_encrypted = matches!(settings.encryption, Encryption::Starttls | Encryption::Tls);
    match (&settings.user, password) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) if !is_encrypted => {
            Err("a password is set and encryption is not sure: set encryption to \"starttls\" or \"tls\"".to_owned())
        }
        (Some(user), Some(password)) => Ok(Some((user.clone(), password))),
        (Some(_), None) => Err("user is set and no password: set password_file or password_env".to_owned()),
        (None, Some(_)) => Err("a password is set and no user: set user".to_owned()),
    }
}

fn tls(settings: &EmailSettings, web: &AlertWebSettings) -> Result<Tls, String> {
    if settings.encryption == Encryption::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &web.ca_file {
        // As it is read for the others, who say what is wrong with it.
        faultline_outbound::tls(Some(path)).map_err(|error| format!("{SECTION}.ca_file: {error}"))?;
        let failed = |why: String| format!("{SECTION}.ca_file {}: {why}", path.display());
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let authorities = Certificate::from_pem(&pem).map_err(|error| failed(error.to_string()))?;
        parameters = parameters.add_root_certificate(authorities);
    }
    let parameters = parameters.build_rustls().map_err(|error| format!("failed to set up TLS: {error}"))?;
    Ok(match settings.encryption {
        Encryption::Starttls => Tls::Required(parameters),
        Encryption::StarttlsIfOffered => Tls::Opportunistic(parameters),
        Encryption::Tls => Tls::Wrapper(parameters),
        Encryption::None => Tls::None,
    })
}
