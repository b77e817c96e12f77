//! Generates the types of the contracts and the descriptors that reflection serves, without an installed `protoc`.

use std::error::Error;
use std::path::PathBuf;

use prost::Message;

/// What is compiled together, and what its descriptors are called.
const CONTRACTS: [(&str, &[&str]); 2] = [
    ("mrt.v1.bin", &["mrt/v1/submit.proto", "mrt/v1/work.proto"]),
    ("externalscaler.bin", &["keda/externalscaler.proto"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=mrt");
    println!("cargo::rerun-if-changed=keda");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    for (name, files) in CONTRACTS {
        let descriptors = protox::Compiler::new(["."])?
            .include_source_info(true)
            .include_imports(true)
            .open_files(files)?
            .file_descriptor_set();
        std::fs::write(out.join(name), descriptors.encode_to_vec())?;
        tonic_prost_build::configure().compile_fds(descriptors)?;
    }
    Ok(())
}
