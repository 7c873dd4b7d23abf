//! The broker's storage: topics, groups and producers as tansu keeps them, records in the [`Log`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tansu_sans_io::create_topics_request::CreatableTopic;
use tansu_sans_io::delete_groups_response::DeletableGroupResult;
use tansu_sans_io::delete_records_request::DeleteRecordsTopic;
use tansu_sans_io::delete_records_response::DeleteRecordsTopicResult;
use tansu_sans_io::describe_cluster_response::DescribeClusterBroker;
use tansu_sans_io::describe_configs_response::DescribeConfigsResult;
use tansu_sans_io::describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic;
use tansu_sans_io::incremental_alter_configs_request::AlterConfigsResource;
use tansu_sans_io::incremental_alter_configs_response::AlterConfigsResourceResponse;
use tansu_sans_io::list_groups_response::ListedGroup;
use tansu_sans_io::record::deflated::Batch;
use tansu_sans_io::txn_offset_commit_response::TxnOffsetCommitResponseTopic;
use tansu_sans_io::{
    ConfigResource, ErrorCode, IsolationLevel, ListOffset, ScramMechanism, to_system_time, to_timestamp,
};
use tansu_storage::{
    BrokerRegistrationRequest, Error, GroupDetail, ListOffsetResponse, MetadataResponse, NamedGroupDetail,
    OffsetCommitRequest, OffsetStage, ProducerIdResponse, Result, ScramCredential, Storage, StorageContainer, TopicId,
    Topition, TxnAddPartitionsRequest, TxnAddPartitionsResponse, TxnOffsetCommitRequest, UpdateError, Version,
};
use url::Url;
use uuid::Uuid;

use crate::log::{Log, Policy, Topic};

/// What Kafka keeps where a topic does not say.
const DEFAULT_RETENTION_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What the broker's services work on.
#[derive(Clone)]
pub(crate) struct Store {
    /// Everything but records.
    tansu: StorageContainer,
    log: Arc<Log>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Store")
    }
}

impl Store {
    /// Opens the log at `path` and learns from `tansu` which topics there are.
    pub(crate) async fn open(tansu: StorageContainer, path: &Path) -> Result<Self> {
        let store = Self { tansu, log: Arc::new(Log::open(path).await?) };
        store.learn_topics().await?;
        Ok(store)
    }

    /// The records.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    async fn learn_topics(&self) -> Result<()> {
        let metadata = self.tansu.metadata(None).await?;
        let mut topics = Vec::new();
        for topic in metadata.topics() {
            if let (Some(name), Some(id)) = (&topic.name, topic.topic_id) {
                let partitions = i32::try_from(topic.partitions.as_ref().map_or(0, Vec::len))?;
                topics.push(Topic { id: Uuid::from_bytes(id), name: name.clone(), partitions });
            }
        }
        self.log.know(&topics).await
    }

    async fn policy(&self, topic: &str) -> Result<Policy> {
        let described = self.tansu.describe_config(topic, ConfigResource::Topic, None).await?;
        let configs = described.configs.unwrap_or_default();
        let value = |name: &str| configs.iter().find(|config| config.name == name).and_then(|c| c.value.as_deref());
        let cleanup = value("cleanup.policy").unwrap_or("delete");
        let retention_ms = value("retention.ms").and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_RETENTION_MS);
        Ok(Policy {
            // Minus one stands for ever.
            retention_ms: Some(retention_ms).filter(|ms| cleanup.contains("delete") && *ms >= 0),
            compact: cleanup.contains("compact"),
        })
    }

    async fn list_offset(&self, topition: &Topition, wanted: &ListOffset) -> Result<ListOffsetResponse> {
        let partition = self.log.partition(topition.topic(), topition.partition())?;
        let span = partition.span();
        let (offset, timestamp) = match wanted {
            ListOffset::Earliest => (span.start, None),
            ListOffset::Latest => (span.next, None),
            ListOffset::Timestamp(time) => match self.log.first_since(&partition, to_timestamp(time)?).await? {
                Some((offset, found)) => (offset, Some(to_system_time(found)?)),
                None => (-1, None),
            },
        };
        Ok(ListOffsetResponse { offset: Some(offset), timestamp, ..ListOffsetResponse::default() })
    }
}

#[async_trait]
impl Storage for Store {
    async fn produce(&self, _transaction_id: Option<&str>, topition: &Topition, batch: Batch) -> Result<i64> {
        let partition = self.log.partition(topition.topic(), topition.partition())?;
        self.log.append(&partition, batch).await
    }

    async fn fetch(
        &self,
        topition: &Topition,
        offset: i64,
        _min_bytes: u32,
        max_bytes: u32,
        _isolation: IsolationLevel,
    ) -> Result<Vec<Batch>> {
        let partition = self.log.partition(topition.topic(), topition.partition())?;
        self.log.read(&partition, offset, usize::try_from(max_bytes)?).await
    }

    /// Only tansu's own fetch asks for it, and this broker has another.
    async fn offset_stage(&self, _topition: &Topition) -> Result<OffsetStage> {
        Err(Error::Api(ErrorCode::UnsupportedVersion))
    }

    async fn list_offsets(
        &self,
        _isolation: IsolationLevel,
        offsets: &[(Topition, ListOffset)],
    ) -> Result<Vec<(Topition, ListOffsetResponse)>> {
        let mut answers = Vec::with_capacity(offsets.len());
        for (topition, wanted) in offsets {
            let answer = match self.list_offset(topition, wanted).await {
                Err(Error::Api(error_code)) => ListOffsetResponse { error_code, ..ListOffsetResponse::default() },
                other => other?,
            };
            answers.push((topition.clone(), answer));
        }
        Ok(answers)
    }

    async fn create_topic(&self, topic: CreatableTopic, validate_only: bool) -> Result<Uuid> {
        let id = self.tansu.create_topic(topic, validate_only).await?;
        self.learn_topics().await?;
        Ok(id)
    }

    async fn delete_topic(&self, topic: &TopicId) -> Result<ErrorCode> {
        let code = self.tansu.delete_topic(topic).await?;
        self.learn_topics().await?;
        Ok(code)
    }

    async fn maintain(&self, now: SystemTime) -> Result<()> {
        for topic in self.log.topic_names() {
            self.log.clean(&topic, self.policy(&topic).await?, to_timestamp(&now)?).await?;
        }
        self.tansu.maintain(now).await
    }

    // From here on tansu answers.

    async fn register_broker(&self, broker_registration: BrokerRegistrationRequest) -> Result<()> {
        self.tansu.register_broker(broker_registration).await
    }

    async fn incremental_alter_resource(&self, resource: AlterConfigsResource) -> Result<AlterConfigsResourceResponse> {
        self.tansu.incremental_alter_resource(resource).await
    }

    async fn delete_records(&self, topics: &[DeleteRecordsTopic]) -> Result<Vec<DeleteRecordsTopicResult>> {
        self.tansu.delete_records(topics).await
    }

    async fn brokers(&self) -> Result<Vec<DescribeClusterBroker>> {
        self.tansu.brokers().await
    }

    async fn offset_commit(
        &self,
        group_id: &str,
        retention_time_ms: Option<Duration>,
        offsets: &[(Topition, OffsetCommitRequest)],
    ) -> Result<Vec<(Topition, ErrorCode)>> {
        self.tansu.offset_commit(group_id, retention_time_ms, offsets).await
    }

    async fn offset_fetch(
        &self,
        group_id: Option<&str>,
        topics: &[Topition],
        require_stable: Option<bool>,
    ) -> Result<BTreeMap<Topition, i64>> {
        self.tansu.offset_fetch(group_id, topics, require_stable).await
    }

    async fn committed_offset_topitions(&self, group_id: &str) -> Result<BTreeMap<Topition, i64>> {
        self.tansu.committed_offset_topitions(group_id).await
    }

    async fn metadata(&self, topics: Option<&[TopicId]>) -> Result<MetadataResponse> {
        self.tansu.metadata(topics).await
    }

    async fn upsert_user_scram_credential(
        &self,
        user: &str,
        mechanism: ScramMechanism,
        credential: ScramCredential,
    ) -> Result<()> {
        self.tansu.upsert_user_scram_credential(user, mechanism, credential).await
    }

    async fn delete_user_scram_credential(&self, user: &str, mechanism: ScramMechanism) -> Result<()> {
        self.tansu.delete_user_scram_credential(user, mechanism).await
    }

    async fn user_scram_credential(&self, user: &str, mechanism: ScramMechanism) -> Result<Option<ScramCredential>> {
        self.tansu.user_scram_credential(user, mechanism).await
    }

    async fn describe_config(
        &self,
        name: &str,
        resource: ConfigResource,
        keys: Option<&[String]>,
    ) -> Result<DescribeConfigsResult> {
        self.tansu.describe_config(name, resource, keys).await
    }

    async fn list_groups(&self, states_filter: Option<&[String]>) -> Result<Vec<ListedGroup>> {
        self.tansu.list_groups(states_filter).await
    }

    async fn delete_groups(&self, group_ids: Option<&[String]>) -> Result<Vec<DeletableGroupResult>> {
        self.tansu.delete_groups(group_ids).await
    }

    async fn describe_groups(
        &self,
        group_ids: Option<&[String]>,
        include_authorized_operations: bool,
    ) -> Result<Vec<NamedGroupDetail>> {
        self.tansu.describe_groups(group_ids, include_authorized_operations).await
    }

    async fn describe_topic_partitions(
        &self,
        topics: Option<&[TopicId]>,
        partition_limit: i32,
        cursor: Option<Topition>,
    ) -> Result<Vec<DescribeTopicPartitionsResponseTopic>> {
        self.tansu.describe_topic_partitions(topics, partition_limit, cursor).await
    }

    async fn update_group(
        &self,
        group_id: &str,
        detail: GroupDetail,
        version: Option<Version>,
    ) -> Result<Version, UpdateError<GroupDetail>> {
        self.tansu.update_group(group_id, detail, version).await
    }

    async fn init_producer(
        &self,
        transaction_id: Option<&str>,
        transaction_timeout_ms: i32,
        producer_id: Option<i64>,
        producer_epoch: Option<i16>,
    ) -> Result<ProducerIdResponse> {
        self.tansu.init_producer(transaction_id, transaction_timeout_ms, producer_id, producer_epoch).await
    }

    async fn txn_add_offsets(
        &self,
        transaction_id: &str,
        producer_id: i64,
        producer_epoch: i16,
        group_id: &str,
    ) -> Result<ErrorCode> {
        self.tansu.txn_add_offsets(transaction_id, producer_id, producer_epoch, group_id).await
    }

    async fn txn_add_partitions(&self, partitions: TxnAddPartitionsRequest) -> Result<TxnAddPartitionsResponse> {
        self.tansu.txn_add_partitions(partitions).await
    }

    async fn txn_offset_commit(&self, offsets: TxnOffsetCommitRequest) -> Result<Vec<TxnOffsetCommitResponseTopic>> {
        self.tansu.txn_offset_commit(offsets).await
    }

    async fn txn_end(
        &self,
        transaction_id: &str,
        producer_id: i64,
        producer_epoch: i16,
        committed: bool,
    ) -> Result<ErrorCode> {
        self.tansu.txn_end(transaction_id, producer_id, producer_epoch, committed).await
    }

    async fn cluster_id(&self) -> Result<String> {
        self.tansu.cluster_id().await
    }

    async fn node(&self) -> Result<i32> {
        self.tansu.node().await
    }

    async fn advertised_listener(&self) -> Result<Url> {
        self.tansu.advertised_listener().await
    }

    async fn ping(&self) -> Result<()> {
        self.tansu.ping().await
    }
}
