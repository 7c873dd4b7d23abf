//! What a hub signs its messages with (WebSub, section 7.1).

use ring::hmac::{self, Algorithm, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};

/// Whether `header` (`X-Hub-Signature: method=hexadecimal`) is the signature of the body. None at all is a wrong one.
pub(super) fn is_right(secret: &str, header: Option<&str>, body: &[u8]) -> bool {
    let Some((method, signature)) = header.and_then(|header| header.trim().split_once('=')) else { return false };
    let (Some(algorithm), Ok(signature)) = (algorithm(method), hex::decode(signature)) else { return false };
    hmac::verify(&hmac::Key::new(algorithm, secret.as_bytes()), body, &signature).is_ok()
}

fn algorithm(method: &str) -> Option<Algorithm> {
    match method.to_ascii_lowercase().as_str() {
        "sha1" => Some(HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "sha256" => Some(HMAC_SHA256),
        "sha384" => Some(HMAC_SHA384),
        "sha512" => Some(HMAC_SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 2 of RFC 2202 (SHA-1) and RFC 4231 (the others).
    #[test]
    fn all_four_methods_are_known_and_nothing_else_passes() {
        let (secret, body) = ("Jefe", b"what do ya want for nothing?".as_slice());
        let sha256 = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let signatures = [
            "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            sha256,
            "SHA256=5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
            "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ];
        for signature in signatures {
            assert!(is_right(secret, Some(signature), body), "{signature}");
            assert!(!is_right("other", Some(signature), body), "{signature}");
            assert!(!is_right(secret, Some(signature), b"other"), "{signature}");
        }
        let cut = &sha256[..sha256.len() - 2];
        let md5 = "md5=750c783e6ab0b503eaa86e310a5db738";
        for header in [None, Some(""), Some("sha256"), Some("sha256="), Some("sha256=zz"), Some(cut), Some(md5)] {
            assert!(!is_right(secret, header, body), "{header:?}");
        }
    }
}
