import Foundation
import Shares
import Testing
import Vocabulary

@Suite struct ShareDirectoryTests {
    @Test func `creates the directory and leaves nothing in it`() throws {
        let path = NSTemporaryDirectory() + "/portico-share-\(UUID().uuidString)/deep"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let share = try ShareDirectory.prepare(name: ShareName("data"), path: path)
        #expect(share.path == path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }

    @Test func `says which directory can't be made`() {
        #expect {
            try ShareDirectory.prepare(name: ShareName("data"), path: "/proc/portico-share")
        } throws: { error in
            "\(error)".contains("/proc/portico-share") && "\(error)".contains("hint:")
        }
    }

    @Test(arguments: [("data", "SHARE_DATA"), ("book-covers", "SHARE_BOOK_COVERS"), ("a1", "SHARE_A1")])
    func `names the variable after the share`(name: String, variable: String) throws {
        let path = NSTemporaryDirectory() + "/portico-share-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try ShareDirectory.prepare(name: ShareName(name), path: path).environmentVariable == variable)
    }
}
