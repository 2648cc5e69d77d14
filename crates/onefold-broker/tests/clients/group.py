"""Groups of confluent-kafka: eager, cooperative and static members join, share the partitions, leave; commits are resumed.

usage: group.py BOOTSTRAP TOPIC (an existing topic of at least 4 partitions)
"""

import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

bootstrap, topic = sys.argv[1:3]
RECORDS = 400


def until(what, condition, seconds=40):
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline, what


def member(group, **settings):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 10000,
            "heartbeat.interval.ms": 500,
            **settings,
        }
    )
    consumer.subscribe([topic])
    return consumer


def owned(consumer):
    return {partition.partition for partition in consumer.assignment()}


def shared(group, partitions, **settings):
    """Two members own all partitions between them, then one owns all again."""
    first, second = member(group, **settings), member(group, **settings)
    seen = []

    def poll():
        for consumer in (first, second):
            message = consumer.poll(0.05)
            if message is not None:
                assert not message.error(), message.error()
                seen.append((message.partition(), message.offset()))

    def both():
        poll()
        a, b = owned(first), owned(second)
        return a and b and not (a & b) and len(a | b) == partitions

    until(f"{group}: two members share {partitions} partitions", both)
    second.close()

    def alone():
        message = first.poll(0.05)
        return len(owned(first)) == partitions

    until(f"{group}: the one that stays owns all", alone)
    first.close()


def resumed(group):
    """What was committed is not read again, what was not is."""
    consumer = member(group)
    read = {}
    count = 0
    while count < RECORDS // 2:
        message = consumer.poll(20)
        assert message is not None and not message.error(), message
        read[message.partition()] = message.offset() + 1
        count += 1
    consumer.commit(asynchronous=False, offsets=[TopicPartition(topic, p, o) for p, o in read.items()])
    consumer.close()

    consumer = member(group)
    rest = 0
    while rest < RECORDS - count:
        message = consumer.poll(20)
        assert message is not None and not message.error(), message
        assert message.offset() >= read.get(message.partition(), 0), "a committed record came again"
        rest += 1
    assert consumer.poll(0.5) is None, "a record came twice"
    consumer.close()


def static(group):
    """A static member that comes back has its partitions again, without a rebalance for the other."""
    first = member(group, **{"group.instance.id": "one"})
    second = member(group, **{"group.instance.id": "two"})
    until("static members share", lambda: (first.poll(0.05), second.poll(0.05)) and owned(first) and owned(second))
    before = owned(second)
    second.close()
    second = member(group, **{"group.instance.id": "two"})
    until("a static member is back", lambda: (first.poll(0.05), second.poll(0.05)) and owned(second))
    assert owned(second) == before, (owned(second), before)
    first.close()
    second.close()


producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
for n in range(RECORDS):
    producer.produce(topic, str(n), key=str(n))
assert producer.flush(30) == 0

admin = AdminClient({"bootstrap.servers": bootstrap})
partitions = len(admin.list_topics(topic).topics[topic].partitions)
shared("eager", partitions, **{"partition.assignment.strategy": "range"})
shared("cooperative", partitions, **{"partition.assignment.strategy": "cooperative-sticky"})
static("static")
resumed("resumed")
described = admin.describe_consumer_groups(["resumed"])["resumed"].result()
assert described.state.name == "EMPTY", described.state
admin.delete_consumer_groups(["resumed"])["resumed"].result()
print("ok")
