"""confluent-kafka: a group stops halfway, commits, and another member goes on; nothing twice, nothing missing."""

import sys
import time
from confluent_kafka import Consumer, Producer, TopicPartition, OFFSET_INVALID
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic, OffsetSpec

BOOTSTRAP, TOPIC, COUNT = sys.argv[1], "confluent", 600


def main():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    admin.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(20)
    admin.create_partitions([NewPartitions(TOPIC, 3)])[TOPIC].result(20)
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        produce(codec)

    first = consume(COUNT // 2, "range")
    rest = consume(COUNT - len(first), "range")
    assert sorted(first + rest) == list(range(COUNT)), (len(first), len(rest))
    two_members_share()
    look_around(admin)
    print("confluent-kafka: ok")


def produce(codec):
    failed = []
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "compression.type": codec, "linger.ms": 2})
    each = COUNT // 5
    start = ["none", "gzip", "snappy", "lz4", "zstd"].index(codec) * each
    for number in range(start, start + each):
        producer.produce(TOPIC, str(number), key=f"key-{number % 50}", headers={"n": b"\xff\x00"}, on_delivery=lambda e, m: e and failed.append(e))
    assert producer.flush(20) == 0 and not failed, failed


def settings(group, strategy):
    return {
        "bootstrap.servers": BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
        "partition.assignment.strategy": strategy, "session.timeout.ms": 6000,
    }


def consume(count, strategy, group="readers", patience=30):
    consumer = Consumer(settings(group, strategy))
    consumer.subscribe([TOPIC])
    seen = []
    while len(seen) < count:
        message = consumer.poll(patience)
        assert message is not None and message.error() is None, message and message.error()
        assert message.headers() == [("n", b"\xff\x00")], message.headers()
        seen.append(int(message.value()))
        consumer.commit(message, asynchronous=False)
    consumer.close()
    return seen


def two_members_share():
    members = [Consumer(settings("pair", "cooperative-sticky")) for _ in range(2)]
    for member in members:
        member.subscribe([TOPIC])
    seen = set()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for member in members:
            message = member.poll(0.05)
            if message is not None:
                assert message.error() is None, message.error()
                seen.add(int(message.value()))
        if len(seen) == COUNT and all(member.assignment() for member in members):
            break
    assert len(seen) == COUNT, len(seen)
    assert sum(len(member.assignment()) for member in members) == 3, [m.assignment() for m in members]
    for member in members:
        member.close()


def look_around(admin):
    ends = [admin.list_offsets({TopicPartition(TOPIC, p): OffsetSpec.latest()})[TopicPartition(TOPIC, p)].result(20).offset for p in range(3)]
    assert sum(ends) == COUNT, ends
    groups = {group.group_id for group in admin.list_consumer_groups().result(20).valid}
    assert {"readers", "pair"} <= groups, groups
    described = admin.describe_consumer_groups(["readers"])["readers"].result(20)
    assert described.group_id == "readers", described
    topic = ConfigResource(ConfigResource.Type.TOPIC, TOPIC)
    assert admin.describe_configs([topic])[topic].result(20), "no configs"
    assert admin.describe_cluster().result(20).cluster_id
    admin.delete_consumer_groups(["pair"])["pair"].result(20)
    consumer = Consumer(settings("readers", "range"))
    offsets = consumer.committed([TopicPartition(TOPIC, p) for p in range(3)], 20)
    assert sum(offset.offset for offset in offsets) == COUNT, offsets
    deleted = admin.delete_records([TopicPartition(TOPIC, 0, ends[0])])
    assert [future.result(20).low_watermark for future in deleted.values()] == [ends[0]]
    admin.delete_topics([TOPIC])[TOPIC].result(20)
    until = time.monotonic() + 20
    # Apache Kafka answers the deletion before its group coordinator hears of it.
    while consumer.committed([TopicPartition(TOPIC, 0)], 20)[0].offset != OFFSET_INVALID:
        assert time.monotonic() < until, "committed offsets outlive their topic"
        time.sleep(0.1)
    consumer.close()


main()
