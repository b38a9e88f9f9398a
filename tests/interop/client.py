"""An independent client for the interoperability tests: librdkafka and fastavro, told what to do by one JSON document on stdin."""

import io
import json
import struct
import sys
import urllib.request

import fastavro
from confluent_kafka import Consumer, Producer, TopicPartition

HEADER = struct.Struct(">bI")


def schema_of(registry, schema_id):
    with urllib.request.urlopen(f"{registry}/schemas/ids/{schema_id}", timeout=10) as answer:
        return fastavro.parse_schema(json.loads(json.load(answer)["schema"]))


def read(job):
    """Every record of a topic, Avro values decoded by the schema whose id they carry."""
    consumer = Consumer({"bootstrap.servers": job["brokers"], "group.id": "none", "check.crcs": True})
    schemas = {}
    found = []
    for partition in range(job["partitions"]):
        slot = TopicPartition(job["topic"], partition)
        first, end = consumer.get_watermark_offsets(slot, timeout=10)
        consumer.assign([TopicPartition(job["topic"], partition, first)])
        for _ in range(end - first):
            message = consumer.poll(20)
            if message is None or message.error():
                raise SystemExit(f"nothing read: {message and message.error()}")
            magic, schema_id = HEADER.unpack_from(message.value())
            assert magic == 0
            if schema_id not in schemas:
                schemas[schema_id] = schema_of(job["registry"], schema_id)
            body = io.BytesIO(message.value()[HEADER.size :])
            tick = fastavro.schemaless_reader(body, schemas[schema_id], return_record_name=True)
            assert body.read() == b"", "trailing bytes"
            name, payload = tick["payload"]
            found.append(
                {
                    "partition": partition,
                    "offset": message.offset(),
                    "key": message.key().decode(),
                    "timestampMs": message.timestamp()[1],
                    "value": message.value().hex(),
                    "exchange": tick["exchange"],
                    "symbol": tick["symbol"],
                    "eventTime": int(tick["eventTime"].timestamp() * 1_000_000 + 0.5),
                    "name": name,
                    "price": payload["price"],
                    "size": payload["size"],
                }
            )
    consumer.close()
    return found


def write(job):
    """One partition per codec; the same ticks in each, encoded by fastavro."""
    schema = schema_of(job["registry"], job["schemaId"])
    for partition, codec in enumerate(job["codecs"]):
        producer = Producer({"bootstrap.servers": job["brokers"], "compression.type": codec, "linger.ms": 50})
        for tick in job["ticks"]:
            body = io.BytesIO()
            value = {**tick, "payload": ("crosstide.Trade", tick["payload"])}
            fastavro.schemaless_writer(body, schema, value)
            producer.produce(
                job["topic"],
                key=tick["symbol"].encode(),
                value=HEADER.pack(0, job["schemaId"]) + body.getvalue(),
                partition=partition,
                timestamp=tick["receiveTime"] // 1000,
            )
        if producer.flush(20) > 0:
            raise SystemExit("not all was sent")
    return len(job["ticks"])


json.dump({"read": read, "write": write}[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
