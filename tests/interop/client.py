"""An independent client for the interoperability tests: librdkafka and fastavro, told what to do by one JSON document on stdin."""

import datetime
import io
import json
import struct
import sys
import urllib.request

import fastavro
from confluent_kafka import Consumer, Producer, TopicPartition

HEADER = struct.Struct(">bI")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


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


def plain(value):
    """As JSON: moments as microseconds since the epoch."""
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def records(job):
    """Every record of one partition, whatever its schema; `reader` is a schema of the reader's own."""
    consumer = Consumer({"bootstrap.servers": job["brokers"], "group.id": "none", "check.crcs": True})
    first, end = consumer.get_watermark_offsets(TopicPartition(job["topic"], 0), timeout=10)
    consumer.assign([TopicPartition(job["topic"], 0, first)])
    reader = fastavro.parse_schema(job["reader"]) if job.get("reader") else None
    found = []
    for _ in range(end - first):
        message = consumer.poll(20)
        if message is None or message.error():
            raise SystemExit(f"nothing read: {message and message.error()}")
        _, schema_id = HEADER.unpack_from(message.value())
        body = io.BytesIO(message.value()[HEADER.size :])
        value = fastavro.schemaless_reader(body, schema_of(job["registry"], schema_id), reader)
        assert body.read() == b"", "trailing bytes"
        found.append({"key": message.key().decode(), "timestampMs": message.timestamp()[1], "value": plain(value)})
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


json.dump({"read": read, "records": records, "write": write}[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
