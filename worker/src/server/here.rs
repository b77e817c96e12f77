//! Whether an address is this machine's own.

use std::net::IpAddr;

use nix::ifaddrs::{InterfaceAddress, getifaddrs};

/// Whether some interface of this machine has this address.
pub(super) fn is_ours(address: IpAddr) -> bool {
    let holds = |interface: InterfaceAddress| {
        let held = interface.address?;
        let four = held.as_sockaddr_in().map(|held| IpAddr::V4(held.ip()));
        four.or_else(|| held.as_sockaddr_in6().map(|held| IpAddr::V6(held.ip())))
    };
    getifaddrs().is_ok_and(|mut all| all.any(|interface| holds(interface) == Some(address)))
}
