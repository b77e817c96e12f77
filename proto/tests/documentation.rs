//! Every service, method, message and field says what it is.

#![allow(clippy::unwrap_used)]

use mrt_proto::externalscaler;
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

/// What says nothing of itself, and how much was looked at.
fn silent(descriptors: &[u8], package: &str) -> (Vec<String>, usize) {
    let set = FileDescriptorSet::decode(descriptors).unwrap();
    let mut silent = Vec::new();
    let mut seen = 0;
    for file in set.file.iter().filter(|file| file.package() == package) {
        let info = file.source_code_info.as_ref().unwrap();
        for (path, name) in named(file) {
            seen += 1;
            let location = info.location.iter().find(|location| location.path == path).unwrap();
            if location.leading_comments().trim().is_empty() {
                silent.push(name);
            }
        }
    }
    (silent, seen)
}

#[test]
fn everything_is_described() {
    for (descriptors, package, least) in
        [(mrt_proto::DESCRIPTORS, "mrt.v1", 50), (externalscaler::DESCRIPTORS, "externalscaler", 20)]
    {
        let (silent, seen) = silent(descriptors, package);
        assert!(seen > least, "{package}: {seen}");
        assert_eq!(silent, Vec::<String>::new(), "{package}");
    }
}

/// KEDA's names and numbers (pkg/scalers/externalscaler/externalscaler.proto): with others nothing would be understood.
#[test]
fn what_keda_speaks_is_spoken() {
    let set = FileDescriptorSet::decode(externalscaler::DESCRIPTORS).unwrap();
    let file = set.file.iter().find(|file| file.package() == "externalscaler").unwrap();
    let methods = file.service[0].method.iter().map(|it| {
        let stream = if it.server_streaming() { "stream " } else { "" };
        format!("{}({}) -> {stream}{}", it.name(), it.input_type(), it.output_type())
    });
    assert_eq!(file.service[0].name(), "ExternalScaler");
    assert_eq!(
        methods.collect::<Vec<_>>(),
        [
            "IsActive(.externalscaler.ScaledObjectRef) -> .externalscaler.IsActiveResponse",
            "StreamIsActive(.externalscaler.ScaledObjectRef) -> stream .externalscaler.IsActiveResponse",
            "GetMetricSpec(.externalscaler.ScaledObjectRef) -> .externalscaler.GetMetricSpecResponse",
            "GetMetrics(.externalscaler.GetMetricsRequest) -> .externalscaler.GetMetricsResponse",
        ]
    );
    let fields = file.message_type.iter().flat_map(|message| {
        let field = |it: &prost_types::FieldDescriptorProto| {
            format!("{}.{} {:?} = {}", message.name(), it.name(), it.r#type(), it.number())
        };
        message.field.iter().map(field).collect::<Vec<_>>()
    });
    assert_eq!(
        fields.collect::<Vec<_>>(),
        [
            "ScaledObjectRef.name String = 1",
            "ScaledObjectRef.namespace String = 2",
            "ScaledObjectRef.scalerMetadata Message = 3",
            "IsActiveResponse.result Bool = 1",
            "GetMetricSpecResponse.metricSpecs Message = 1",
            "MetricSpec.metricName String = 1",
            "MetricSpec.targetSize Int64 = 2",
            "MetricSpec.targetSizeFloat Double = 3",
            "GetMetricsRequest.scaledObjectRef Message = 1",
            "GetMetricsRequest.metricName String = 2",
            "GetMetricsResponse.metricValues Message = 1",
            "MetricValue.metricName String = 1",
            "MetricValue.metricValue Int64 = 2",
            "MetricValue.metricValueFloat Double = 3",
        ]
    );
}
