"""Frames on the worker's Unix socket: a length (32 bits, big endian), then JSON."""

import json
import socket
import struct
import threading

LENGTH = struct.Struct(">I")


class Channel:
    """A connection to the worker, introduced by a token that only we know."""

    def __init__(self, path, token, role, pid):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.lock = threading.Lock()
        self.send({"op": "hello", "token": token, "role": role, "pid": pid})

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def send(self, message):
        self.send_bytes(frame(message))

    def send_bytes(self, data):
        with self.lock:
            self.socket.sendall(data)

    def receive(self):
        """The next message, or None when the worker closed the connection."""
        header = self._exactly(LENGTH.size)
        if header is None:
            return None
        body = self._exactly(LENGTH.unpack(header)[0])
        return None if body is None else json.loads(body.decode("utf-8"))

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.socket.recv(size - len(data))
            except ConnectionError:
                return None
            if not more:
                return None
            data += more
        return data


def frame(message):
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return LENGTH.pack(len(body)) + body


def clip(text, limit):
    """Text that fits: bounded, and without the lone surrogates that JSON readers refuse."""
    text = text if isinstance(text, str) else str(text)
    if len(text) > limit:
        text = text[:limit] + " ..."
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
