#!/usr/bin/env python3
"""Both sides of pool protocols, with the timing of a small miner sped up: jobs every 4 s, shares about every 2 s.

  stratum.py serve v1|monero|eth PORT        stratum.py mine v1|monero|eth ADDRESS PORT SECONDS SOURCE

Our own words for the messages that pools document (Stratum v1 of 2012, the Monero pools' login protocol, eth_* over TCP)."""
import json
import random
import socket
import sys
import threading
import time

RANDOM = random.Random(7)


def hex_text(count):
    return "".join(RANDOM.choice("0123456789abcdef") for _ in range(count))


def job(kind, number):
    if kind == "v1":
        return {"id": None, "method": "mining.notify",
                "params": [f"{number:x}", hex_text(64), hex_text(110), hex_text(90), [hex_text(64) for _ in range(8)], "20000000", "17034219",
                           hex_text(8), True]}
    if kind == "monero":
        return {"jsonrpc": "2.0", "method": "job",
                "params": {"blob": hex_text(152), "job_id": f"{number:x}", "target": "b88d0600", "algo": "rx/0", "height": 3000000 + number}}
    return {"id": 0, "jsonrpc": "2.0", "result": ["0x" + hex_text(64), "0x" + hex_text(64), "0x" + hex_text(64)]}


def answer(kind, request, number):
    method, ident = request.get("method"), request.get("id")
    if method == "mining.subscribe":
        return {"id": ident, "result": [[["mining.notify", hex_text(8)]], hex_text(8), 4], "error": None}
    if method == "login":
        return {"id": ident, "jsonrpc": "2.0", "error": None,
                "result": {"id": hex_text(16), "job": job("monero", number)["params"], "status": "OK"}}
    if method == "eth_getWork":
        return {"id": ident, "jsonrpc": "2.0", "result": job("eth", number)["result"]}
    if kind == "monero":
        return {"id": ident, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}
    return {"id": ident, "result": True, "error": None}


def send(connection, message):
    connection.sendall(json.dumps(message).encode() + b"\n")


def pool(kind, connection):
    lock, number = threading.Lock(), [1]

    def jobs():
        try:
            while True:
                time.sleep(4)
                number[0] += 1
                with lock:
                    send(connection, job(kind, number[0]))
        except OSError:
            pass

    started = False
    for line in connection.makefile():
        request = json.loads(line)
        with lock:
            send(connection, answer(kind, request, number[0]))
            if request["method"] == "mining.authorize":
                send(connection, {"id": None, "method": "mining.set_difficulty", "params": [8192]})
                send(connection, job(kind, number[0]))
        if not started and request["method"] in ("mining.authorize", "login", "eth_submitLogin"):
            started = True
            threading.Thread(target=jobs, daemon=True).start()


def mine(kind, address, port, seconds, source):
    connection = socket.create_connection((address, port), 5, (source, 0))
    threading.Thread(target=lambda: [None for _ in connection.makefile()], daemon=True).start()
    first = {"v1": [{"id": 1, "method": "mining.configure", "params": [["version-rolling"], {"version-rolling.mask": "1fffe000"}]},
                    {"id": 2, "method": "mining.subscribe", "params": ["rig/1.0"]},
                    {"id": 3, "method": "mining.authorize", "params": ["worker.office7", "x"]}],
             "monero": [{"id": 1, "jsonrpc": "2.0", "method": "login",
                         "params": {"login": "4" + hex_text(94), "pass": "office7", "agent": "rig/1.0", "algo": ["rx/0", "cn/r"]}}],
             "eth": [{"id": 1, "jsonrpc": "2.0", "method": "eth_submitLogin", "params": ["0x" + hex_text(40)], "worker": "office7"},
                     {"id": 2, "jsonrpc": "2.0", "method": "eth_getWork", "params": []}]}[kind]
    for message in first:
        send(connection, message)
        time.sleep(0.3)
    end, ident = time.time() + seconds, 10
    while time.time() < end:
        time.sleep(RANDOM.uniform(1, 3))
        ident += 1
        send(connection, {
            "v1": {"id": ident, "method": "mining.submit", "params": ["worker.office7", "1", hex_text(8), hex_text(8), hex_text(8)]},
            "monero": {"id": ident, "jsonrpc": "2.0", "method": "submit",
                       "params": {"id": "office7", "job_id": "1", "nonce": hex_text(8), "result": hex_text(64)}},
            "eth": {"id": ident, "jsonrpc": "2.0", "method": "eth_submitWork", "params": ["0x" + hex_text(16), "0x" + hex_text(64), "0x" + hex_text(64)]},
        }[kind])
    connection.close()


if sys.argv[1] == "serve":
    listener = socket.create_server(("", int(sys.argv[3])))
    while True:
        threading.Thread(target=pool, args=(sys.argv[2], listener.accept()[0]), daemon=True).start()
else:
    mine(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6])
