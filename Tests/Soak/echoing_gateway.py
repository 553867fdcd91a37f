"""The stand-in gateway of the end-to-end tests, which also sends back what a client with an id from 5000 on sends after its start."""

import socket
import struct
import threading
import time

from standin import PORTS, Gateway

ECHOED = 5000


def message(*fields):
    body = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(body)) + body


class EchoingGateway(Gateway):
    def do_listen(self):
        server = socket.create_server(
            ("", PORTS[self.program, self.mode]), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)

        def accept():
            while True:
                threading.Thread(target=self.serve, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        self.note("listens")

    def serve(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with client, client.makefile("rb", 0) as reader:
                self.answer(client, reader)
        except OSError:
            pass

    def answer(self, client, reader):
        def take(count):
            data = b""
            while len(data) < count and (piece := reader.read(count - len(data))):
                data += piece
            return data

        if take(4) != b"API\0":
            return
        take(int.from_bytes(take(4)))
        client.sendall(message(187, time.strftime("%Y%m%d %H:%M:%S UTC")))
        while length := take(4):
            fields = take(int.from_bytes(length)).split(b"\0")
            if fields[0] == b"71":
                client.sendall(message(15, 1, "DU1234567") + message(9, 1, 1))
                if int(fields[2]) >= ECHOED:
                    while piece := client.recv(1 << 17):
                        client.sendall(piece)
                    return
            elif fields[0] == b"49":
                client.sendall(message(49, 1, int(time.time())))


if __name__ == "__main__":
    import sys

    EchoingGateway(sys.argv[1:]).run()
