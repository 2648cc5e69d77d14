"""The admin client of confluent-kafka: topics, partitions, configs, records, groups, the cluster.

usage: admin.py BOOTSTRAP TOPIC
"""

import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

bootstrap, topic = sys.argv[1:3]
admin = AdminClient({"bootstrap.servers": bootstrap})


def one(futures):
    [future] = futures.values()
    return future.result(20)


def refused(futures):
    try:
        one(futures)
    except KafkaException as refusal:
        return refusal.args[0].name()
    raise AssertionError("it was not refused")


one(admin.create_topics([NewTopic(topic, 2, 1, config={"retention.ms": "86400000"})], operation_timeout=10))
assert refused(admin.create_topics([NewTopic(topic, 2, 1)])) == "TOPIC_ALREADY_EXISTS"
assert refused(admin.create_topics([NewTopic(topic + "3", 1, 3)])) == "INVALID_REPLICATION_FACTOR"
one(admin.create_partitions([NewPartitions(topic, 3)]))
assert len(admin.list_topics(topic).topics[topic].partitions) == 3
cluster = one({"cluster": admin.describe_cluster()})
assert len(cluster.nodes) == 1 and cluster.cluster_id

resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
assert one(admin.describe_configs([resource]))["retention.ms"].value == "86400000"
change = ConfigResource(
    ConfigResource.Type.TOPIC,
    topic,
    incremental_configs=[ConfigEntry("retention.ms", "1000000", incremental_operation=AlterConfigOpType.SET)],
)
one(admin.incremental_alter_configs([change]))
assert one(admin.describe_configs([resource]))["retention.ms"].value == "1000000"

producer = Producer({"bootstrap.servers": bootstrap})
for n in range(10):
    producer.produce(topic, str(n), partition=0)
assert producer.flush(20) == 0
first = TopicPartition(topic, 0)
assert one(admin.list_offsets({first: OffsetSpec.latest()})).offset == 10
assert one(admin.delete_records([TopicPartition(topic, 0, 4)])).low_watermark == 4
assert one(admin.list_offsets({first: OffsetSpec.earliest()})).offset == 4

consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest"})
consumer.commit(offsets=[TopicPartition(topic, 0, 7, "where it stands")], asynchronous=False)
[committed] = consumer.committed([first])
assert (committed.offset, committed.metadata) == (7, "where it stands")
consumer.close()
assert topic in [group.group_id for group in admin.list_consumer_groups().result(20).valid]
one(admin.delete_consumer_groups([topic]))

one(admin.delete_topics([topic]))
assert refused(admin.delete_topics([topic])) == "UNKNOWN_TOPIC_OR_PART"
print("ok")
