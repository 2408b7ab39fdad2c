// Every request the driver made, in the order of their numbers. What the judges read; not how they were made.

/// The client's ledger.
package struct ClientLedger: Sendable {
    /// The text before the number in every request id of the run: `<nonce>-`.
    package var idPrefix: String
    /// By number: `records[i].number == i`.
    package var records: [RequestRecord]
    package var texts: TextTable

    package init(idPrefix: String, records: [RequestRecord] = [], texts: TextTable = TextTable()) {
        self.idPrefix = idPrefix
        self.records = records
        self.texts = texts
    }

    package func id(of record: RequestRecord) -> String { idPrefix + String(record.number) }
}
