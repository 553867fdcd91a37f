"""The stand-in gateway, with as much of the API as it takes to be found serving: accounts, an order id, and the time of day."""

import socket
import struct
import sys
import threading
import time

from gateway import PORTS, Gateway

START_API, CURRENT_TIME = "71", "49"


class Serving(Gateway):
    def do_listen(self):
        server = socket.create_server(("", PORTS[self.program, self.mode]), family=socket.AF_INET6, dualstack_ipv6=True)

        def accept():
            while True:
                threading.Thread(target=converse, args=(server.accept()[0].makefile("rwb"),), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        self.note("listens")


def converse(client):
    if client.read(4) != b"API\0" or not frame(client):
        return
    say(client, "187", time.strftime("%Y%m%d %H:%M:%S UTC"))
    while body := frame(client):
        kind = body.split(b"\0")[0].decode()
        if kind == START_API:
            say(client, "15", "1", "DU1234567")
            say(client, "9", "1", "1")
        elif kind == CURRENT_TIME:
            say(client, CURRENT_TIME, "1", str(int(time.time())))


def frame(client):
    """The next message's body; empty at the end."""
    length = client.read(4)
    return client.read(struct.unpack(">I", length)[0]) if len(length) == 4 else b""


def say(client, *fields):
    body = "".join(field + "\0" for field in fields).encode()
    client.write(struct.pack(">I", len(body)) + body)
    client.flush()


if __name__ == "__main__":
    gateway = Serving(sys.argv[1:])
    gateway.run()
