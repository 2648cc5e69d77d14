//! No authorizer, no credentials, no quotas, no transactions: whoever asks for the list is told so as on an Apache Kafka
//! that has none either, rather than that the question is not understood.

use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::describe_client_quotas_request::ComponentData;
use kafka_protocol::messages::describe_user_scram_credentials_request::UserName;
use kafka_protocol::messages::{
    CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest, DescribeClientQuotasRequest,
    DescribeUserScramCredentialsRequest, ListConfigResourcesRequest, ListTransactionsRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::common::raw::Raw;
use crate::common::start;

const SECURITY_DISABLED: i16 = 54;

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_authorizer() {
    let here = start().await;
    let mut raw = here.connect();
    for version in 1..=3 {
        let described = raw.call(version, &DescribeAclsRequest::default());
        assert_eq!(described.error_code, SECURITY_DISABLED);
        assert_eq!(described.error_message, Some(text("No Authorizer is configured on the broker")));
        let two = vec![AclCreation::default().with_principal(text("User:a")); 2];
        let created = raw.call(version, &CreateAclsRequest::default().with_creations(two));
        assert_eq!(created.results.iter().map(|line| line.error_code).collect::<Vec<_>>(), [SECURITY_DISABLED; 2]);
        let deleted = raw.call(version, &DeleteAclsRequest::default().with_filters(vec![DeleteAclsFilter::default()]));
        assert_eq!(deleted.filter_results[0].error_code, SECURITY_DISABLED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credentials() {
    let here = start().await;
    let mut raw = here.connect();
    let mut ask = |users: Option<&[&'static str]>| {
        let users = users.map(|users| users.iter().map(|user| UserName::default().with_name(text(user))).collect());
        let answer = raw.call(0, &DescribeUserScramCredentialsRequest::default().with_users(users));
        assert_eq!(answer.error_code, 0);
        answer.results.into_iter().map(|line| (line.user.to_string(), line.error_code)).collect::<Vec<_>>()
    };
    assert_eq!((ask(None), ask(Some(&[]))), (vec![], vec![]));
    assert_eq!(ask(Some(&["b", "a", "b"])), [("a".to_owned(), 91), ("b".to_owned(), 92)]);
}

/// The error, and whether there is a list.
fn quotas(raw: &mut Raw, filters: &[(&'static str, i8, Option<&'static str>)]) -> (i16, bool) {
    let component = |(kind, how, what): &(&'static str, i8, Option<&'static str>)| {
        ComponentData::default().with_entity_type(text(kind)).with_match_type(*how).with_match(what.map(text))
    };
    let components = filters.iter().map(component).collect();
    let answer = raw.call(1, &DescribeClientQuotasRequest::default().with_components(components));
    assert!(answer.entries.as_ref().is_none_or(Vec::is_empty));
    (answer.error_code, answer.entries.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_quotas() {
    let here = start().await;
    let mut raw = here.connect();
    let exact = |kind| (kind, 0, Some("x"));
    let good = [&[][..], &[exact("user")], &[exact("user"), ("client-id", 1, None)], &[("ip", 2, None)]];
    for filters in good {
        assert_eq!(quotas(&mut raw, filters), (0, true), "{filters:?}");
    }
    let wrong = [
        &[exact("")][..],
        &[exact("user"), exact("user")],
        &[exact("user"), exact("ip")],
        &[("user", 0, None)],
        &[("user", 1, Some("x"))],
        &[("user", 3, None)],
        &[("user", -1, None)],
    ];
    for filters in wrong {
        assert_eq!(quotas(&mut raw, filters), (42, false), "{filters:?}");
    }
    assert_eq!(quotas(&mut raw, &[exact("planet")]), (35, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_transactions() {
    let here = start().await;
    let states = ["Ongoing", "Sleeping", "", "Empty", "Sleeping"];
    let filtered = ListTransactionsRequest::default().with_state_filters(states.map(text).to_vec());
    for version in [0, 1] {
        let answer = here.connect().call(version, &filtered);
        assert_eq!((answer.error_code, answer.transaction_states.len()), (0, 0));
        assert_eq!(answer.unknown_state_filters, [text("Sleeping"), text("")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn configs_are_those_of_topics_and_of_the_broker() {
    let here = start().await;
    let mut raw = here.connect();
    raw.create_topic("a", 1);
    raw.create_topic("b", 1);
    let mut list = |types: &[i8]| {
        let answer = raw.call(1, &ListConfigResourcesRequest::default().with_resource_types(types.to_vec()));
        let lines =
            answer.config_resources.into_iter().map(|line| (line.resource_type, line.resource_name.to_string()));
        (answer.error_code, lines.collect::<Vec<_>>())
    };
    let line = |kind, name: &str| (kind, name.to_owned());
    let (topics, broker) = (vec![line(2, "a"), line(2, "b")], vec![line(4, "1")]);

    assert_eq!(list(&[]), (0, [topics.clone(), broker.clone()].concat()));
    assert_eq!((list(&[2]), list(&[4, 4, 16, 32])), ((0, topics), (0, broker)));
    assert_eq!(list(&[4, 3]), (35, vec![]), "UNSUPPORTED_VERSION: a type from the future");
    let of_client_metrics = raw.call(0, &ListConfigResourcesRequest::default());
    assert_eq!((of_client_metrics.error_code, of_client_metrics.config_resources.len()), (0, 0));
}
