//! Settings of topics; the broker itself has none that could be told or changed.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult};
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::broker::Broker;
use crate::log::{SETTINGS, Topic, refusal};

/// Kinds of what has settings.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Where a value comes from.
const OF_TOPIC: i8 = 1;
const DEFAULT: i8 = 5;
/// What is done to a setting.
const SET: i8 = 0;
const UNSET: i8 = 1;

impl Broker {
    pub(super) fn describe_configs(&self, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
        let results = request.resources.into_iter().map(|resource| self.describe(resource)).collect();
        DescribeConfigsResponse::default().with_results(results)
    }

    fn describe(&self, resource: DescribeConfigsResource) -> DescribeConfigsResult {
        let described = match resource.resource_type {
            TOPIC => self.log.topic(&resource.resource_name).map(|topic| settings(&topic, &resource)),
            BROKER => Ok(Vec::new()),
            _ => Err(ResponseError::InvalidRequest),
        };
        DescribeConfigsResult::default()
            .with_error_code(described.as_ref().err().map_or(0, ResponseError::code))
            .with_error_message(described.as_ref().err().map(|code| StrBytes::from_string(code.to_string())))
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name)
            .with_configs(described.unwrap_or_default())
    }

    pub(super) async fn alter_configs(
        &self,
        request: IncrementalAlterConfigsRequest,
    ) -> IncrementalAlterConfigsResponse {
        let mut responses = Vec::with_capacity(request.resources.len());
        for resource in request.resources {
            let refused = self.alter(&resource, request.validate_only).await.err();
            let (code, message) = refused.unwrap_or_default();
            responses.push(
                AlterConfigsResourceResponse::default()
                    .with_error_code(code)
                    .with_error_message(message.map(StrBytes::from_string))
                    .with_resource_type(resource.resource_type)
                    .with_resource_name(resource.resource_name),
            );
        }
        IncrementalAlterConfigsResponse::default().with_responses(responses)
    }

    async fn alter(&self, resource: &AlterConfigsResource, validate_only: bool) -> Result<(), (i16, Option<String>)> {
        let refused = |code: ResponseError, message: String| (code.code(), Some(message));
        if resource.resource_type != TOPIC {
            return Err(refused(ResponseError::InvalidRequest, "only topics have settings".to_owned()));
        }
        let mut changes = Vec::with_capacity(resource.configs.len());
        for AlterableConfig { name, config_operation, value, .. } in &resource.configs {
            let value = match *config_operation {
                SET => Some(value.as_deref().unwrap_or_default()),
                UNSET => None,
                _ => {
                    let message = "a setting can be set and deleted, not added to or taken from";
                    return Err(refused(ResponseError::InvalidConfig, message.to_owned()));
                }
            };
            if let Some(message) = value.and_then(|value| refusal(name, value)) {
                return Err(refused(ResponseError::InvalidConfig, message));
            }
            changes.push((name.to_string(), value.map(str::to_owned)));
        }
        let outcome = match validate_only {
            true => self.log.topic(&resource.resource_name).map(drop).map_err(Into::into),
            false => self.log.set(&resource.resource_name, &changes).await,
        };
        outcome.map_err(|error| (self.told(&error).code(), Some(error.to_string())))
    }
}

fn settings(topic: &Topic, resource: &DescribeConfigsResource) -> Vec<DescribeConfigsResourceResult> {
    let is_wanted = |name: &str| match &resource.configuration_keys {
        Some(keys) if !keys.is_empty() => keys.iter().any(|key| key.as_str() == name),
        _ => true,
    };
    let wanted = SETTINGS.into_iter().filter(|(name, _)| is_wanted(name));
    let described = wanted.map(|(name, default)| {
        let set = topic.settings.get(name);
        DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(Some(
                set.map_or(StrBytes::from_static_str(default), |value| StrBytes::from_string(value.clone())),
            ))
            .with_config_source(if set.is_some() { OF_TOPIC } else { DEFAULT })
    });
    described.collect()
}
