// The documents service as its clients see it: statuses, bodies, and who may write.

import Hummingbird
import Testing

@testable import samples

struct DocumentsServiceTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func `a created document is read back as it was sent`() async throws {
        let client = try await ServiceClient(.v1, in: directory)
        let data = #"{"list":[1,2.5,null,true],"text":"ü/\""}"#
        let created = try await client.send(
            .post, "/json", token: ServiceClient.token, body: #"{"id":"a","data":\#(data)}"#)
        #expect(created.status == 201)
        #expect(created.headers[.location] == "/json/a")
        let read = try await client.send(.get, "/json/a")
        #expect(read.status == 200)
        #expect(read.text == created.text)
        #expect(try read.member("data") == #"{"list":[1,2.5,null,true],"text":"ü\/\""}"#)
    }

    @Test func `an id is created once and replaced any number of times`() async throws {
        let client = try await ServiceClient(.v1, in: directory)
        let body = #"{"id":"a","data":1}"#
        #expect(try await client.send(.put, "/json/a", token: ServiceClient.token, body: body).status == 201)
        #expect(try await client.send(.post, "/json", token: ServiceClient.token, body: body).status == 409)
        let again = try await client.send(.put, "/json/a", token: ServiceClient.token, body: #"{"data":2}"#)
        #expect(again.status == 200)
        #expect(try await client.send(.get, "/json/a").member("data") == "2")
    }

    @Test func `a deleted document is not found, and not deleted twice`() async throws {
        let client = try await ServiceClient(.v1, in: directory)
        #expect(try await client.send(.delete, "/json/welcome", token: ServiceClient.token).status == 204)
        #expect(try await client.send(.delete, "/json/welcome", token: ServiceClient.token).status == 404)
        #expect(try await client.send(.get, "/json/welcome").status == 404)
    }

    @Test(
        arguments: [
            (HTTPRequest.Method.post, "/json"), (.put, "/json/welcome"), (.delete, "/json/welcome"),
        ])
    func `writing without a token is 401 and with a wrong one 403`(method: HTTPRequest.Method, path: String)
        async throws
    {
        let client = try await ServiceClient(.v1, in: directory)
        let body = #"{"id":"welcome","data":1}"#
        let without = try await client.send(method, path, body: body)
        #expect(without.status == 401)
        #expect(without.headers[.wwwAuthenticate] != nil)
        for wrong in ["", "a-toke", "a-tokenn", "b-token"] {
            let status = try await client.send(method, path, token: wrong, body: body).status
            #expect(status == (wrong.isEmpty ? 401 : 403))
        }
        #expect(try await client.send(.get, "/json/welcome").member("data") == #""A document store on SQLite.""#)
    }

    @Test(
        arguments: [
            (#"{"data":"#, 400), (#"{"id":"other","data":1}"#, 400), (#"{"id":"a"}"#, 400), ("[]", 400), ("", 400),
        ])
    func `a body that is not a document is refused`(body: String, status: Int) async throws {
        let client = try await ServiceClient(.v1, in: directory)
        let answer = try await client.send(.put, "/json/a", token: ServiceClient.token, body: body)
        #expect(answer.status == status)
        #expect(try answer.member("error") != nil)
        #expect(try await client.send(.get, "/json/a").status == 404)
    }

    @Test func `a body over the limit is refused as too large`() async throws {
        let client = try await ServiceClient(.v1, in: directory)
        let body = #"{"data":""# + String(repeating: "x", count: DocumentsService.bodyBytesMax) + #""}"#
        let answer = try await client.send(.put, "/json/a", token: ServiceClient.token, body: body)
        #expect(answer.status == 413)
        #expect(try await client.send(.get, "/json/a").status == 404)
    }

    @Test func `ids that would need escaping are refused`() async throws {
        let client = try await ServiceClient(.v1, in: directory)
        for id in ["a%20b", "a%2Fb", String(repeating: "a", count: 129)] {
            #expect(try await client.send(.get, "/json/\(id)").status == 400)
        }
        #expect(try await client.send(.get, "/json/\(String(repeating: "a", count: 128))").status == 404)
    }

    @Test func `a media type other than JSON is refused`() async throws {
        let client = try await ServiceClient(.v1, in: directory)
        for (type, status) in [("text/plain", 415), ("application/json; charset=utf-8", 200)] {
            let answer = try await client.send(
                .put, "/json/welcome", token: ServiceClient.token, type: type, body: #"{"data":1}"#)
            #expect(answer.status == status)
        }
    }

    @Test func `a known path with another method is 405 and says what is allowed`() async throws {
        let client = try await ServiceClient(.v1, in: directory)
        let answer = try await client.send(.patch, "/json/welcome")
        #expect(answer.status == 405)
        #expect(answer.headers[.allow] == "GET, HEAD, PUT, DELETE")
        #expect(try await client.send(.get, "/nothing").status == 404)
    }

    @Test func `every answer says which release and instance it is from`() async throws {
        let client = try await ServiceClient(.v2, in: directory, instance: "documents-3")
        for path in ["/health", "/json/welcome", "/json/none", "/nothing"] {
            let answer = try await client.send(.get, path)
            #expect(answer.headers[.init("X-Release")!] == "v2")
            #expect(answer.headers[.init("X-Instance")!] == "documents-3")
        }
    }

    @Test func `the broken releases are broken in the way their names say`() async throws {
        let failing = try await ServiceClient(.broken500, in: directory)
        #expect(try await failing.send(.get, "/health").status == 200)
        #expect(try await failing.send(.get, "/json/welcome").status == 500)
        #expect(
            try await failing.send(.post, "/json", token: ServiceClient.token, body: #"{"id":"a","data":1}"#).status
                == 500)
        let never = try await ServiceClient(.neverReady, in: directory)
        #expect(try await never.send(.get, "/health").status == 503)
    }
}
