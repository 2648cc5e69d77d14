use super::PATIENCE;
use onefold_core::guarantee::Kept;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;

/// How long a topic keeps its records; `None` where the cluster does not tell.
pub async fn retention(client: &ClientConfig, topic: &str) -> Option<Kept> {
    let admin: AdminClient<DefaultClientContext> = client.create().ok()?;
    let options = AdminOptions::new().request_timeout(Some(PATIENCE));
    let answers = admin.describe_configs([&ResourceSpecifier::Topic(topic)], &options).await.ok()?;
    let config = answers.into_iter().next()?.ok()?;
    let value = |name: &str| config.get(name).and_then(|entry| entry.value.clone());
    if value("cleanup.policy").is_some_and(|policy| policy.contains("compact")) {
        return Some(Kept::ForEver);
    }
    match value("retention.ms")?.parse::<i64>().ok()? {
        ms @ 0.. => Some(Kept::Millis(ms.unsigned_abs())),
        _ => Some(Kept::ForEver),
    }
}
