"""The harness's own floor: frames of a stream's size at a stream's pace, without HTTP or JSON work; raw sockets.

`python -m tests.bench.servers.pacer PORT FIRST_MS STEP_MS EVENTS`. Each frame says when it was handed to the kernel, so
that what the client measures can be compared to what was.
"""

import gc
import heapq
import select
import socket
import sys
import time

NS = 1_000_000_000
STREAM = b'"stream":true'
NOTHING = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = b'data: {"sent_ns":%019d,"padding":"' + b"x" * 256 + b'"}\n\n'
CHUNK = b"%x\r\n%b\r\n"
END = CHUNK % (14, b"data: [DONE]\n\n") + b"0\r\n\r\n"


def serve(port: int, first_ns: int, step_ns: int, count: int) -> None:
    """Answer whatever asks for a stream with one, for ever."""
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    listener.settimeout(0)
    poll = select.epoll()
    poll.register(listener.fileno(), select.EPOLLIN)
    clients: dict[int, socket.socket] = {}
    due: list[tuple[int, int, int]] = []
    while True:
        wait_s = (due[0][0] - time.monotonic_ns()) / NS if due else -1
        for fd, _ in poll.poll(max(wait_s, 0) if due else -1):
            if fd == listener.fileno():
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                clients[client.fileno()] = client
                poll.register(client.fileno(), select.EPOLLIN)
            elif asked := clients[fd].recv(65536):
                if STREAM in asked:
                    heapq.heappush(due, (time.monotonic_ns() + first_ns, fd, 0))
                else:
                    clients[fd].send(NOTHING)
            else:
                poll.unregister(fd)
                clients.pop(fd).close()
        emit(clients, due, step_ns, count)


def emit(clients: dict[int, socket.socket], due: list[tuple[int, int, int]], step_ns: int, count: int) -> None:
    """Send what is due."""
    now = time.monotonic_ns()
    while due and due[0][0] <= now:
        at_ns, fd, index = heapq.heappop(due)
        if fd not in clients:
            continue
        event = EVENT % time.clock_gettime_ns(time.CLOCK_REALTIME)
        frame = CHUNK % (len(event), event)
        try:
            clients[fd].send((b"" if index else HEAD) + frame + (END if index == count - 1 else b""))
        except OSError:
            continue
        if index < count - 1:
            heapq.heappush(due, (at_ns + step_ns, fd, index + 1))


if __name__ == "__main__":
    gc.disable()
    port, first_ms, step_ms, events = sys.argv[1:]
    serve(int(port), round(float(first_ms) * 1e6), round(float(step_ms) * 1e6), int(events))
