//! How much the roles have before them.

use faultline_schemas::topic::{self, Topic};
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
};

use super::{
    TopicError,
    admin::{Admin, Complaints, PATIENCE, uncreatable},
    describe::unsettled,
};
use crate::{client, settings::Common};

/// What an article passes on its way to the store: a consumer group, and the topic that it reads.
const WAY: [(&str, &Topic); 2] = [("enricher", &topic::ARTICLES), ("sink", &topic::ENRICHED)];

/// Asks how far behind the roles are, again and again, over the same connections.
pub struct Backlog<'a> {
    admin: Admin<'a>,
    groups: Vec<(&'static Topic, String, BaseConsumer<Complaints>)>,
}

impl<'a> Backlog<'a> {
    /// Connects in the background.
    ///
    /// # Errors
    /// When the settings of the client are wrong.
    pub fn new(common: &'a Common) -> Result<Self, TopicError> {
        let group = |(group, topic): (&str, &'static Topic)| {
            let consumer = client::consumer_config(common, group)?.create_with_context(Complaints::default());
            Ok((topic, common.topics.name(topic), consumer.map_err(uncreatable)?))
        };
        Ok(Self { admin: Admin::new(common)?, groups: WAY.into_iter().map(group).collect::<Result<_, TopicError>>()? })
    }

    /// Messages before the role that is furthest behind. All of its topic where it has never settled any.
    ///
    /// # Errors
    /// [`TopicError`] when the broker cannot be asked.
    pub fn largest(&self) -> Result<u64, TopicError> {
        let metadata = self.admin.metadata()?;
        let mut largest = 0;
        for (topic, name, consumer) in &self.groups {
            let partitions = self.admin.partitions(&metadata, topic)?;
            let mut asked = TopicPartitionList::new();
            for partition in &partitions {
                asked.add_partition(name, partition.partition);
            }
            if asked.count() == 0 {
                continue;
            }
            let committed = consumer
                .committed_offsets(asked, PATIENCE)
                .map_err(|source| TopicError::Kafka { what: "ask for committed offsets", source })?
                .to_topic_map();
            let (_, before) = unsettled(&partitions, |p| committed.get(&(name.clone(), p.partition)).copied());
            largest = largest.max(u64::try_from(before).unwrap_or_default());
        }
        Ok(largest)
    }
}
