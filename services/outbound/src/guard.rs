//! Which addresses may be connected to.

use std::{
    collections::BTreeMap,
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why an address is not connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// It is no address of the web.
    #[error("{address:?} is no address that can be reached: {why}")]
    BadAddress {
        /// The address, as written.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// It leads into a network of one's own.
    #[error(
        "{host} is {address}, which is not on the public internet: correct the address, or set \
         {section}.allow_private_addresses"
    )]
    Private {
        /// The host, as written.
        host: String,
        /// What it resolves to.
        address: IpAddr,
        /// The section of the settings that decides.
        section: &'static str,
    },
    /// Its name leads nowhere.
    #[error("failed to reach {host}: the name has no address")]
    NoAddress {
        /// The host, as written.
        host: String,
    },
}

/// Checks addresses as they are written, and as names resolve. It is the only resolver that the client has, so a
/// connection goes to an address that passed, whatever the name says when it is asked again.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Section of the settings that decides, for messages.
    pub section: &'static str,
    /// Addresses that are not on the public internet may be connected to as well.
    pub allow_private: bool,
    /// Names that the operator has given an address: allowed wherever that is, and nothing else of that machine is.
    pub hosts: Arc<BTreeMap<String, SocketAddr>>,
}

impl Guard {
    /// Checks what can be told without asking for the name.
    ///
    /// # Errors
    /// [`GuardError`] where it may not be connected to.
    pub fn check(&self, url: &Url) -> Result<(), GuardError> {
        let bad = |why: &str| GuardError::BadAddress { address: url.to_string(), why: why.to_owned() };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("only http and https are spoken"));
        }
        let address = match url.host() {
            None => return Err(bad("it has no host")),
            Some(Host::Domain(name)) => {
                // A port in the address would be asked in the place of the operator's.
                let own = self.hosts.get(name).filter(|address| url.port().is_some_and(|port| port != address.port()));
                let other =
                    own.map(|address| bad(&format!("{}.hosts has it on port {}", self.section, address.port())));
                return other.map_or(Ok(()), Err);
            }
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
        };
        if self.allow_private || is_public(address) {
            return Ok(());
        }
        Err(self.private(&address.to_string(), address))
    }

    /// Where a host may be connected to.
    ///
    /// # Errors
    /// [`GuardError`] where it may not be, or the failure to ask for its name.
    pub async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        if let Some(address) = self.hosts.get(host) {
            return Ok(vec![*address]);
        }
        let resolved = tokio::net::lookup_host((host, 0)).await?.collect();
        Ok(self.pass(host, resolved)?)
    }

    fn private(&self, host: &str, address: IpAddr) -> GuardError {
        GuardError::Private { host: host.to_owned(), address, section: self.section }
    }

    /// Those of the addresses of a name that may be connected to.
    ///
    /// One that may not is enough to refuse them all: a public name has no business with a private address.
    fn pass(&self, host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, GuardError> {
        let private = addresses.iter().map(SocketAddr::ip).find(|address| !is_public(*address));
        match private.filter(|_| !self.allow_private) {
            Some(address) => Err(self.private(host, address)),
            None if addresses.is_empty() => Err(GuardError::NoAddress { host: host.to_owned() }),
            None => Ok(addresses),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses: Addrs = Box::new(guard.addresses(name.as_str()).await?.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address belongs to the public internet: none of IANA's special-purpose ranges, neither as it stands nor
/// as the IPv4 address inside of it.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        // This network, private, shared (carrier-grade), loopback.
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            // Link-local, where clouds keep their metadata.
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            // Protocol assignments, examples, the old 6to4 relay, benchmarks.
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            // Multicast, reserved, broadcast.
            | (224..=255, ..)
    );
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Only this eighth is given out; unique-local, link-local, multicast, loopback and the rest lie outside.
    let is_global_unicast = a & 0xe000 == 0x2000;
    let is_special = matches!((a, b), (0x2001, 0..0x0200 | 0x0db8) | (0x3fff, 0..0x1000));
    is_global_unicast && !is_special
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64, 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 1, .., high, low] | [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public() -> Guard {
        Guard { section: "producer.web", allow_private: false, hosts: Arc::default() }
    }

    fn private() -> Guard {
        Guard { allow_private: true, ..public() }
    }

    #[test]
    fn addresses_inside_a_network_are_refused_however_they_are_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[fc00::1]",
            "[ff02::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:db8::1]",
            "[::7f00:1]",
        ] {
            let url = Url::parse(&format!("http://{host}/feed")).unwrap();
            assert!(matches!(public().check(&url), Err(GuardError::Private { .. })), "{host}");
            assert_eq!(private().check(&url), Ok(()), "{host}");
        }
    }

    #[test]
    fn public_addresses_and_names_pass() {
        for host in
            ["93.184.216.34", "172.32.0.1", "192.0.1.1", "[2606:2800:220:1::1]", "[2a00:1450::1]", "news.example"]
        {
            let url = Url::parse(&format!("https://{host}/feed")).unwrap();
            assert_eq!(public().check(&url), Ok(()), "{host}");
        }
    }

    #[test]
    fn other_schemes_are_refused_even_where_private_addresses_are_not() {
        for address in ["file:///etc/passwd", "ftp://news.example/feed", "gopher://news.example", "data:text/plain,x"] {
            let refused = private().check(&Url::parse(address).unwrap());
            assert!(matches!(refused, Err(GuardError::BadAddress { .. })), "{address}");
        }
    }

    #[test]
    fn a_name_with_one_private_address_among_public_ones_is_refused() {
        let address = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
        let both = vec![address("93.184.216.34"), address("10.0.0.1")];
        assert!(matches!(public().pass("news.example", both.clone()), Err(GuardError::Private { .. })));
        assert_eq!(private().pass("news.example", both.clone()), Ok(both.clone()));
        assert_eq!(public().pass("news.example", both[..1].to_vec()).unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_name_that_the_operator_gave_an_address_leads_there_and_nowhere_else_on_that_machine() {
        let address: SocketAddr = "127.0.0.1:8000".parse().unwrap();
        let guard = Guard { hosts: Arc::new([("paper.example".to_owned(), address)].into()), ..public() };
        let resolved = guard.resolve("paper.example".parse().unwrap()).await.ok().map(Iterator::collect::<Vec<_>>);
        assert_eq!(resolved, Some(vec![address]));
        let check = |address: &str| guard.check(&Url::parse(address).unwrap());
        assert_eq!((check("http://paper.example/feed"), check("http://paper.example:8000/feed")), (Ok(()), Ok(())));
        assert!(matches!(check("http://paper.example:22/"), Err(GuardError::BadAddress { .. })));
        assert!(matches!(check("http://127.0.0.1:8000/feed"), Err(GuardError::Private { .. })));
    }

    #[tokio::test]
    async fn a_name_is_checked_when_it_is_resolved() {
        let error = public().resolve("localhost".parse().unwrap()).await.err().expect("refused");
        assert!(error.to_string().contains("producer.web.allow_private_addresses"), "{error}");
        assert!(private().resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
