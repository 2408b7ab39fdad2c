# An origin with what the streaming tests need, on asyncio: run as a program, it prints its port.
#
#   GET /            200 `ok`
#   GET /zeros/N     N bytes
#   HEAD /           the head of that
#   PUT, POST /      reads the body, answers its size
#   GET /events      server-sent events, one each time a line comes to the control port
#   GET /slow/N      N bytes, slowly: 64 KiB each 10 ms
#   PUT /slow        reads 64 KiB each 10 ms, answers the size
#   GET /wait/S      answers after S seconds

import asyncio
import sys

ZEROS = bytes(256 * 1024)


class Origin:
    def __init__(self):
        self.listeners = []

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                method, path, _ = lines[0].split(" ")
                fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                if method in ("PUT", "POST"):
                    await self.take(reader, writer, fields, slowly=path == "/slow")
                elif path.startswith("/zeros/") or path.startswith("/slow/"):
                    await self.give(writer, int(path.rsplit("/", 1)[1]), slowly=path.startswith("/slow/"))
                elif path == "/events":
                    return await self.tell(writer)
                else:
                    if path.startswith("/wait/"):
                        await asyncio.sleep(float(path.rsplit("/", 1)[1]))
                    self.answer(writer, b"ok", isShown=method != "HEAD")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @staticmethod
    def answer(writer, body, isShown=True):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head + body if isShown else head)

    async def take(self, reader, writer, fields, slowly):
        size = 0
        step = 65536 if slowly else 1 << 20
        if fields.get("transfer-encoding") == "chunked":
            while True:
                length = int((await reader.readline()).split(b";")[0], 16)
                left = length
                while left:
                    piece = await reader.read(min(left, step))
                    if not piece:
                        raise ConnectionError
                    left -= len(piece)
                size += length
                await reader.readline()
                if length == 0:
                    break
        else:
            total = int(fields["content-length"])
            while size < total:
                piece = await reader.read(min(total - size, step))
                if not piece:
                    raise ConnectionError
                size += len(piece)
                if slowly:
                    await asyncio.sleep(0.01)
        self.answer(writer, b"%d" % size)

    async def give(self, writer, size, slowly):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        step = 65536 if slowly else len(ZEROS)
        while size:
            count = min(size, step)
            writer.write(ZEROS[:count])
            size -= count
            await writer.drain()
            if slowly:
                await asyncio.sleep(0.01)

    async def tell(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n")
        await writer.drain()
        queue = asyncio.Queue()
        self.listeners.append(queue)
        while True:
            text = await queue.get()
            if text is None:
                return
            writer.write(b"data: " + text + b"\n\n")
            await writer.drain()

    async def control(self):
        loop = asyncio.get_running_loop()
        while True:
            line = await loop.run_in_executor(None, sys.stdin.buffer.readline)
            for queue in self.listeners:
                queue.put_nowait(line.strip() or None)
            if not line:
                return


async def main():
    origin = Origin()
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, limit=1 << 20, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await origin.control()
    server.close()


asyncio.run(main())
