"""kafka-python 3: produce with acks=all, read half in a group, commit, go on in another member; then by time."""

import sys
import time
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

BOOTSTRAP, TOPIC, COUNT = sys.argv[1], "kafka-python", 300
NOW = int(time.time() * 1000)


def main():
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    admin.create_topics([NewTopic(TOPIC, 2, 1)])
    for idempotent, codec in ((True, None), (False, "gzip")):
        produce(idempotent, codec)
    first, rest = consume(COUNT // 2), consume(COUNT - COUNT // 2)
    assert sorted(first + rest) == list(range(COUNT)), (len(first), len(rest))
    by_time()
    assert TOPIC in admin.list_topics()
    admin.delete_topics([TOPIC])
    admin.close()
    print("kafka-python: ok")


def produce(idempotent, codec):
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", enable_idempotence=idempotent, compression_type=codec)
    start = 0 if idempotent else COUNT // 2
    sent = [
        producer.send(TOPIC, str(number).encode(), key=str(number % 7).encode(), timestamp_ms=NOW + number)
        for number in range(start, start + COUNT // 2)
    ]
    for future in sent:
        future.get(timeout=20)
    producer.close()


def consume(count):
    consumer = KafkaConsumer(
        TOPIC, bootstrap_servers=BOOTSTRAP, group_id="kafka-python", auto_offset_reset="earliest", enable_auto_commit=False,
        max_poll_records=10, consumer_timeout_ms=30_000,
    )
    seen = []
    for message in consumer:
        seen.append(int(message.value))
        if len(seen) == count:
            break
    # The position of the iterator is after the last message that it gave.
    consumer.commit()
    consumer.close()
    return seen


def by_time():
    consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP)
    partitions = [TopicPartition(TOPIC, p) for p in sorted(consumer.partitions_for_topic(TOPIC))]
    assert len(partitions) == 2
    assert set(consumer.beginning_offsets(partitions).values()) == {0}
    assert sum(consumer.end_offsets(partitions).values()) == COUNT
    found = consumer.offsets_for_times({p: NOW + COUNT - 20 for p in partitions})
    assert all(at is None or at.timestamp >= NOW + COUNT - 20 for at in found.values()), found
    assert any(at is not None for at in found.values()), found
    consumer.close()


main()
