"""Calls of gRPC through the front door, with messages of plain bytes and no generated code.

    calls.py serve PORT       a server of four methods
    calls.py call HOST:PORT   calls each of them; exit code 0 when every answer, status and trailer is right
"""

import sys
from concurrent import futures

import grpc


def trailing(context):
    return {key: value for key, value in context.trailing_metadata() or ()}


def unary(request, context):
    if request == b"missing":
        context.abort(grpc.StatusCode.NOT_FOUND, "there is none")
    given = dict(context.invocation_metadata())
    context.set_trailing_metadata((("x-length", str(len(request))), ("x-given", given.get("x-given", ""))))
    return request[::-1]


def down(request, context):
    for number in range(int(request)):
        yield b"%d" % number
    context.set_trailing_metadata((("x-sent", request.decode()),))


def up(requests, context):
    return b"%d" % sum(len(request) for request in requests)


def both(requests, context):
    for request in requests:
        yield request.upper()
    context.set_code(grpc.StatusCode.DATA_LOSS)
    context.set_details("on purpose")


def serve(port):
    server = grpc.server(futures.ThreadPoolExecutor(8))
    handlers = {
        "unary": grpc.unary_unary_rpc_method_handler(unary),
        "down": grpc.unary_stream_rpc_method_handler(down),
        "up": grpc.stream_unary_rpc_method_handler(up),
        "both": grpc.stream_stream_rpc_method_handler(both),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Calls", handlers),))
    server.add_insecure_port("127.0.0.1:%d" % port)
    server.start()
    print("ready", flush=True)
    server.wait_for_termination()


def expect(found, wanted):
    if found != wanted:
        sys.exit("expected %r, got %r" % (wanted, found))


def call(address):
    with grpc.insecure_channel(address, options=[("grpc.enable_retries", 0)]) as channel:
        method = channel.unary_unary("/test.Calls/unary")
        for size in (0, 1, 100_000):
            reply, details = method.with_call(b"ab" * size, metadata=(("x-given", "yes"),), timeout=10)
            expect(reply, b"ba" * size)
            expect(trailing(details).get("x-length"), str(2 * size))
            expect(trailing(details).get("x-given"), "yes")
        try:
            method(b"missing", timeout=10)
            sys.exit("expected an error")
        except grpc.RpcError as error:
            expect((error.code(), error.details()), (grpc.StatusCode.NOT_FOUND, "there is none"))
        stream = channel.unary_stream("/test.Calls/down")(b"1000", timeout=10)
        expect(list(stream), [b"%d" % number for number in range(1000)])
        expect(trailing(stream).get("x-sent"), "1000")
        expect(channel.stream_unary("/test.Calls/up")(iter([b"x" * 1000] * 300), timeout=10), b"300000")
        stream = channel.stream_stream("/test.Calls/both")(iter([b"a", b"b", b"c"]), timeout=10)
        replies = []
        try:
            for reply in stream:
                replies.append(reply)
            sys.exit("expected an error")
        except grpc.RpcError as error:
            expect((error.code(), error.details()), (grpc.StatusCode.DATA_LOSS, "on purpose"))
        expect(replies, [b"A", b"B", b"C"])
        try:
            channel.unary_unary("/test.Calls/none")(b"", timeout=10)
            sys.exit("expected an error")
        except grpc.RpcError as error:
            expect(error.code(), grpc.StatusCode.UNIMPLEMENTED)
        calls = [method.future(b"%d" % number, timeout=10) for number in range(300)]
        for number, pending in enumerate(calls):
            expect(pending.result(), (b"%d" % number)[::-1])
        endless = channel.stream_stream("/test.Calls/both")(iter(lambda: b"x", None))
        expect(next(endless), b"X")
        endless.cancel()
        expect(method(b"after", timeout=10), b"retfa")


if __name__ == "__main__":
    serve(int(sys.argv[2])) if sys.argv[1] == "serve" else call(sys.argv[2])
