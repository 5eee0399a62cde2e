//! The embedded table answers, and only for what is registered.

use std::net::IpAddr;

use weir_detect::country::{TruncatedAddress, look_up, published};

#[test]
fn d18_well_known_networks_are_where_they_are_registered() {
    assert!(published().is_some_and(|day| day > 20_260_000));
    for (address, country) in [
        ("8.8.8.8", Some("US")),
        ("193.0.6.139", Some("NL")),
        ("133.11.0.1", Some("JP")),
        ("141.20.0.1", Some("DE")),
        ("2001:67c:2e8::1", Some("NL")),
        ("203.0.113.42", None),
        ("10.1.2.3", None),
        ("127.0.0.1", None),
        ("::1", None),
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(look_up(TruncatedAddress::of(address)).code(), country, "{address}");
    }
}
