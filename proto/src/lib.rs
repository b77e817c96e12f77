//! What goes over the wire: the messages and services of the farm's own contract, `mrt.v1`, and of what a cluster asks of it,
//! generated from the files in `mrt/` and `keda/`, and no logic.

/// Version 1 of the contract.
pub mod v1 {
    #![allow(clippy::all)]
    #![allow(
        missing_docs,
        reason = "that every message and field is described is tested against the descriptors"
    )]

    tonic::include_proto!("mrt.v1");
}

/// KEDA's contract with those who tell it how many replicas are wanted.
pub mod externalscaler {
    #![allow(clippy::all)]
    #![allow(
        missing_docs,
        reason = "that every message and field is described is tested against the descriptors"
    )]

    tonic::include_proto!("externalscaler");

    /// The encoded descriptors of `externalscaler`, comments included, for reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/externalscaler.bin"));
}

/// What this program speaks. It rises when a message changes so that older programs would misunderstand it, and with it
/// both sides have to be upgraded together.
pub const PROTOCOL: u32 = 1;

/// The encoded descriptors of `mrt.v1`, comments included, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mrt.v1.bin"));
