//! Every service, method, message and field says what it is.

#![allow(clippy::unwrap_used)]

use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// Paths into a descriptor, as `SourceCodeInfo` spells them (descriptor.proto): 4 messages, 6 services; within these 2
/// fields and methods.
fn named(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    let mut named = Vec::new();
    let number = |at: usize| i32::try_from(at).unwrap();
    for (at, message) in file.message_type.iter().enumerate() {
        // Entries of maps are made by the compiler.
        named.push((vec![4, number(at)], message.name().to_owned()));
        for (field, it) in message.field.iter().enumerate() {
            named.push((vec![4, number(at), 2, number(field)], format!("{}.{}", message.name(), it.name())));
        }
    }
    for (at, service) in file.service.iter().enumerate() {
        named.push((vec![6, number(at)], service.name().to_owned()));
        for (method, it) in service.method.iter().enumerate() {
            named.push((vec![6, number(at), 2, number(method)], format!("{}.{}", service.name(), it.name())));
        }
    }
    named
}

#[test]
fn everything_is_described() {
    let set = FileDescriptorSet::decode(mrt_proto::DESCRIPTORS).unwrap();
    let mut silent = Vec::new();
    let mut seen = 0;
    for file in set.file.iter().filter(|file| file.package() == "mrt.v1") {
        let info = file.source_code_info.as_ref().unwrap();
        for (path, name) in named(file) {
            seen += 1;
            let location = info.location.iter().find(|location| location.path == path).unwrap();
            if location.leading_comments().trim().is_empty() {
                silent.push(name);
            }
        }
    }
    assert!(seen > 50, "{seen}");
    assert_eq!(silent, Vec::<String>::new());
}
