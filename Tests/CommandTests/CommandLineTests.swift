// What the command line accepts, what it refuses, and with which exit code.

import ArgumentParser
import Testing

@testable import portico

struct CommandLineTests {
    private func parsed<Command: ParsableCommand>(_ type: Command.Type, _ line: String) throws -> Command {
        let command = try Portico.parseAsRoot(line.split(separator: " ").map(String.init))
        return try #require(command as? Command)
    }

    @Test func `takes the command of run word by word after the dashes`() throws {
        let command = try parsed(
            RunCommand.self, "run --listen 8080 --instances 2..8 --health /ok -- gunicorn -b 127.0.0.1:$PORT --listen x"
        )
        #expect(command.listen == "8080")
        #expect(command.instances == InstanceRange(argument: "2..8"))
        #expect(command.health == "/ok")
        #expect(command.command == ["gunicorn", "-b", "127.0.0.1:$PORT", "--listen", "x"])
    }

    @Test func `takes several addresses for proxy`() throws {
        #expect(try parsed(ProxyCommand.self, "proxy --to a:1 --to b:2").to == ["a:1", "b:2"])
    }

    @Test func `takes the options of the server that the keeper starts`() throws {
        let line = "server --keeper-descriptor 5 --state /s --admin /s/a --directory /d /f.yaml"
        let command = try parsed(ServerCommand.self, line)
        #expect(command.keeperDescriptor == 5)
        #expect(command.state == "/s")
        #expect(command.admin == "/s/a")
        #expect(command.directory == "/d")
        #expect(command.file == "/f.yaml")
    }

    @Test func `takes short options of logs`() throws {
        let command = try parsed(LogsCommand.self, "logs shop -f -n 5")
        #expect(command.follow)
        #expect(command.lines == 5)
    }

    @Test func `finds the admin socket by option, by state directory, or in the default place`() throws {
        #expect(try parsed(StatusCommand.self, "status --admin /x/a.sock").server.socket == "/x/a.sock")
        #expect(try parsed(StatusCommand.self, "status --admin unix:/x/a.sock --state /y").server.socket == "/x/a.sock")
        #expect(try parsed(StatusCommand.self, "status --state /y/").server.socket == "/y/admin.sock")
        #expect(try parsed(StatusCommand.self, "status").server.socket.hasSuffix("/portico/admin.sock"))
    }

    @Test(arguments: [
        "run --listen 8080", "run --instances 8..2 -- x", "run --health ok -- x", "run x", "proxy", "scale shop",
        "scale shop many", "logs", "logs shop -n -1", "events -n 10001", "rollout start shop",
        "rollout start shop --release v2 --strategy canary", "check", "config show", "status --colour", "serve",
    ])
    func `a misuse ends with 64`(line: String) throws {
        let arguments = line.split(separator: " ").map(String.init)
        let error = try #require(throws: (any Error).self) { _ = try Portico.parseAsRoot(arguments) }
        #expect(Portico.exitCode(for: error).rawValue == 64)
        #expect(Portico.misuseCode(of: error, arguments: arguments) == nil)
    }

    @Test(arguments: ["verify", "verify --seed x s.yaml", "verify s.yaml --sede 3"])
    func `a misused verify ends with 3`(line: String) throws {
        let arguments = line.split(separator: " ").map(String.init)
        let error = try #require(throws: (any Error).self) { _ = try Portico.parseAsRoot(arguments) }
        #expect(Portico.misuseCode(of: error, arguments: arguments)?.rawValue == 3)
    }

    @Test func `asking for help is no misuse`() throws {
        var help = try Portico.parseAsRoot(["verify", "--help"])
        let error = try #require(throws: (any Error).self) { try help.run() }
        #expect(Portico.misuseCode(of: error, arguments: ["verify", "--help"]) == nil)
        #expect(Portico.exitCode(for: error).isSuccess)
    }

    @Test func `suggests the subcommand that was meant`() {
        let error = #expect(throws: ValidationError.self) { try Portico.requireKnownSubcommand(["statsu"]) }
        #expect(error?.message == "there is no subcommand `statsu`: did you mean `status`?")
        for arguments in [[], ["--help"], ["help", "run"], ["rollout"], ["server"]] {
            #expect(throws: Never.self) { try Portico.requireKnownSubcommand(arguments) }
        }
    }

    @Test func `every subcommand explains itself`() {
        for command in Portico.configuration.subcommands {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
        }
        let help = Portico.helpMessage()
        #expect(help.contains("portico run --listen 8080"))
        #expect(!help.contains("server "))
    }

    @Test(arguments: [
        ("http://shop.example.com/api/x?y=1#z", "shop.example.com", "/api/x"),
        ("HTTPS://Shop.Example.com:8443", "Shop.Example.com:8443", "/"), ("http://[::1]:80?q", "[::1]:80", "/"),
        ("/api/x?y", nil, "/api/x"),
    ])
    func `reads host and path out of the URL of route explain`(url: String, host: String?, path: String) {
        let target = RouteTarget(url)
        #expect(target?.host == host && target?.path == path)
    }

    @Test(arguments: ["", "shop.example.com/x", "http:///x", "ftp://a/"])
    func `refuses what is no URL to explain`(url: String) {
        #expect(RouteTarget(url) == nil)
    }

    @Test func `takes method, URL and file for route explain`() throws {
        let command = try parsed(RouteCommand.Explain.self, "route explain GET /x --file a.yaml --json")
        #expect(command.method == "GET" && command.url == "/x" && command.file == "a.yaml" && command.output.json)
    }
}
