//! Service Broker: queues and what goes through them. What the server brings has numbers below 65536.

use super::{Listing, PATH, class, listing, yes};
use crate::database::catalog::ObjectKind;

pub(super) fn listings() -> Vec<Listing> {
    vec![
        listing(
            ObjectKind::Other,
            class::MESSAGE_TYPE,
            "EXISTS (SELECT 1 FROM sys.service_message_types WHERE message_type_id >= 65536)",
            &["owner", "validation", "schemas"],
            "SELECT t.message_type_id, NULL, 'message type ' + t.name, p.name, t.validation_desc, \
             SCHEMA_NAME(x.schema_id) + '.' + x.name FROM sys.service_message_types t \
             LEFT JOIN sys.xml_schema_collections x ON x.xml_collection_id = t.xml_collection_id AND t.xml_collection_id <> 0 \
             LEFT JOIN sys.database_principals p ON p.principal_id = t.principal_id WHERE t.message_type_id >= 65536"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::CONTRACT,
            "EXISTS (SELECT 1 FROM sys.service_contracts WHERE service_contract_id >= 65536)",
            &["owner", "messages"],
            "SELECT c.service_contract_id, NULL, 'contract ' + c.name, p.name, \
             (SELECT STRING_AGG(CONCAT(CONVERT(nvarchar(max), t.name), IIF(u.is_sent_by_initiator = 1, ' by the initiator', ''), \
             IIF(u.is_sent_by_target = 1, ' by the target', '')), ', ') WITHIN GROUP (ORDER BY t.name) \
             FROM sys.service_contract_message_usages u \
             JOIN sys.service_message_types t ON t.message_type_id = u.message_type_id \
             WHERE u.service_contract_id = c.service_contract_id) FROM sys.service_contracts c \
             LEFT JOIN sys.database_principals p ON p.principal_id = c.principal_id WHERE c.service_contract_id >= 65536"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::OBJECT,
            "EXISTS (SELECT 1 FROM sys.service_queues WHERE is_ms_shipped = 0)",
            &[
                "owner",
                "activates",
                "readers",
                "runs as",
                "activation",
                "receives",
                "takes messages",
                "retention",
                "poison message handling",
            ],
            format!(
                "SELECT q.object_id, NULL, 'queue ' + {PATH} q.name, p.name, q.activation_procedure, q.max_readers, \
                 CASE q.execute_as_principal_id WHEN -2 THEN 'owner' ELSE e.name END, {}, {}, {}, {}, {} \
                 FROM sys.service_queues q JOIN sys.schemas s ON s.schema_id = q.schema_id \
                 LEFT JOIN sys.database_principals p ON p.principal_id = q.principal_id \
                 LEFT JOIN sys.database_principals e ON e.principal_id = q.execute_as_principal_id WHERE q.is_ms_shipped = 0",
                yes("q.is_activation_enabled"),
                yes("q.is_receive_enabled"),
                yes("q.is_enqueue_enabled"),
                yes("q.is_retention_enabled"),
                yes("q.is_poison_message_handling_enabled")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::SERVICE,
            "EXISTS (SELECT 1 FROM sys.services WHERE service_id >= 65536)",
            &["owner", "queue", "contracts"],
            "SELECT v.service_id, NULL, 'service ' + v.name, p.name, SCHEMA_NAME(q.schema_id) + '.' + q.name, \
             (SELECT STRING_AGG(CONVERT(nvarchar(max), c.name), ', ') WITHIN GROUP (ORDER BY c.name) \
             FROM sys.service_contract_usages u JOIN sys.service_contracts c ON c.service_contract_id = u.service_contract_id \
             WHERE u.service_id = v.service_id) FROM sys.services v \
             LEFT JOIN sys.service_queues q ON q.object_id = v.service_queue_id \
             LEFT JOIN sys.database_principals p ON p.principal_id = v.principal_id WHERE v.service_id >= 65536"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::ROUTE,
            "EXISTS (SELECT 1 FROM sys.routes WHERE name <> 'AutoCreatedLocal')",
            &["owner", "service", "broker", "address", "mirror address"],
            "SELECT r.route_id, NULL, 'route ' + r.name, p.name, r.remote_service_name, r.broker_instance, r.address, \
             r.mirror_address FROM sys.routes r LEFT JOIN sys.database_principals p ON p.principal_id = r.principal_id \
             WHERE r.name <> 'AutoCreatedLocal'"
                .to_owned(),
        ),
        listing(
            ObjectKind::Other,
            class::REMOTE_BINDING,
            "EXISTS (SELECT 1 FROM sys.remote_service_bindings)",
            &["owner", "service", "user", "anonymous"],
            format!(
                "SELECT b.remote_service_binding_id, NULL, 'remote service binding ' + b.name, p.name, b.remote_service_name, \
                 u.name, {} FROM sys.remote_service_bindings b \
                 LEFT JOIN sys.database_principals p ON p.principal_id = b.principal_id \
                 LEFT JOIN sys.database_principals u ON u.principal_id = b.remote_principal_id",
                yes("b.is_anonymous_on")
            ),
        ),
        listing(
            ObjectKind::Other,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.conversation_priorities)",
            &["contract", "local service", "remote service", "priority"],
            "SELECT 0, NULL, 'broker priority ' + y.name, c.name, v.name, y.remote_service_name, y.priority \
             FROM sys.conversation_priorities y \
             LEFT JOIN sys.service_contracts c ON c.service_contract_id = y.service_contract_id \
             LEFT JOIN sys.services v ON v.service_id = y.local_service_id"
                .to_owned(),
        ),
        listing(
            ObjectKind::EventTrigger,
            class::NONE,
            "EXISTS (SELECT 1 FROM sys.event_notifications)",
            &["on", "service", "events"],
            "SELECT 0, NULL, 'event notification ' + n.name, n.parent_class_desc, n.service_name, \
             (SELECT STRING_AGG(CONVERT(nvarchar(max), e.type_desc), ', ') WITHIN GROUP (ORDER BY e.type) FROM sys.events e \
             WHERE e.object_id = n.object_id) FROM sys.event_notifications n"
                .to_owned(),
        ),
    ]
}
