//! Whose name a request was sent to, where nobody needs a token because only this machine reaches the endpoint.
//!
//! A web page can have its own name lead here (DNS rebinding), and then counts for the browser as the page's own server.
//! The name that it asks for gives it away.

use axum::http::{HeaderMap, header, uri::Authority};

/// Whether the `Host` is a name or an address that means this machine to whoever uses it.
pub(super) fn is_local(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()).is_some_and(|host| is_loopback(host.host()))
}

fn is_loopback(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.to_canonical().is_loopback());
    }
    if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
        return address.is_loopback();
    }
    // No other server can have this name, nor one below it (RFC 6761, 6.3).
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_mean_this_machine_are_local() {
        let of = |host: &str| HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        for host in [
            "127.0.0.1:8620",
            "127.8.9.1",
            "localhost",
            "LOCALHOST:80",
            "localhost.",
            "a.localhost:1",
            "[::1]:8620",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_local(&of(host)), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8620",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "[2001:db8::1]",
            "evil.example@127.0.0.2.example",
            "\u{e9}",
        ] {
            assert!(!is_local(&of(host)), "{host}");
        }
        assert!(!is_local(&HeaderMap::new()), "none at all");
        let mut twice = of("localhost");
        twice.append(header::HOST, "evil.example".parse().unwrap());
        assert!(!is_local(&twice), "two of them");
    }
}
