"""aiokafka: idempotent producing, a group that resumes."""

import asyncio
import sys
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

BOOTSTRAP, TOPIC, COUNT = sys.argv[1], "aiokafka", 200


async def main():
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, enable_idempotence=True)
    await producer.start()
    for number in range(COUNT):
        await producer.send_and_wait(TOPIC, str(number).encode())
    await producer.stop()
    first, rest = await consume(COUNT // 2), await consume(COUNT - COUNT // 2)
    assert sorted(first + rest) == list(range(COUNT)), (len(first), len(rest))
    print("aiokafka: ok")


async def consume(count):
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=BOOTSTRAP, group_id="aiokafka", auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    seen = []
    while len(seen) < count:
        message = await asyncio.wait_for(consumer.getone(), 30)
        seen.append(int(message.value))
    await consumer.commit()
    await consumer.stop()
    return seen


asyncio.run(main())
