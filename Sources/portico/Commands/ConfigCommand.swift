// `portico config schema` and `portico config show`.

import ArgumentParser
import Settings

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show what settings mean.",
        subcommands: [Schema.self, Show.self])

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the JSON Schema of settings files, for your editor.",
            discussion: """
                Example:
                  portico config schema > portico.schema.json
                """)

        func run() {
            Terminal.print(Settings.schemaJSON)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every setting with its value and where the value comes from, defaults included.",
            discussion: """
                What is printed is a settings file itself.

                Example:
                  portico config show --effective portico.yaml
                """)

        @Flag(help: "All values that take effect, defaults included; the only view there is.")
        var effective = false

        @Argument(help: ArgumentHelp("The settings file.", valueName: "file"))
        var file: String

        func run() throws {
            Terminal.print(try SettingsLoading.load(file).orReport(code: .failure).effectiveYAML(showOrigins: true))
        }
    }
}
