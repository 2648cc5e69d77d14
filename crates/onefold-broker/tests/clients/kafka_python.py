"""kafka-python 3: topics are made, idempotent records produced, read by a group, committed and resumed.

usage: kafka_python.py BOOTSTRAP TOPIC
"""

import sys
import time

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

bootstrap, topic = sys.argv[1:3]
RECORDS = 300


def member():
    return KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id="kafka-python",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )


def read(consumer, count):
    records = []
    deadline = time.time() + 30
    while len(records) < count:
        assert time.time() < deadline, f"{len(records)} of {count} records came"
        for batch in consumer.poll(500, max_records=count - len(records)).values():
            records += [(record.partition, record.offset, record.value) for record in batch]
    return records


admin = KafkaAdminClient(bootstrap_servers=bootstrap)
admin.create_topics([NewTopic(topic, 3, 1)])

producer = KafkaProducer(bootstrap_servers=bootstrap)
sent = [producer.send(topic, str(n).encode(), key=str(n).encode()) for n in range(RECORDS)]
producer.flush()
places = {(future.get(10).partition, future.get(10).offset) for future in sent}
assert len(places) == RECORDS, "each record has a place of its own"
producer.close()

consumer = member()
first = read(consumer, RECORDS // 2)
consumer.commit()
consumer.close()
consumer = member()
rest = read(consumer, RECORDS - len(first))
consumer.commit()
consumer.close()
assert {(partition, offset) for partition, offset, _ in first + rest} == places, "each is read once"
assert sorted(int(value) for _, _, value in first + rest) == list(range(RECORDS))

admin.delete_topics([topic])
print("ok")
