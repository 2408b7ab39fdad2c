// Where state is kept, and names that are nearly right.

import Control
import Testing
import Vocabulary

struct StateDirectoryTests {
    @Test func `root keeps its state in the system's place, others in their home`() {
        #expect(StateDirectory.standard(isRoot: true, environment: ["HOME": "/root"]).path == "/var/lib/portico")
        #expect(
            StateDirectory.standard(isRoot: false, environment: ["HOME": "/home/ada"]).path
                == "/home/ada/.local/state/portico")
        #expect(
            StateDirectory.standard(isRoot: false, environment: ["HOME": "/h", "XDG_STATE_HOME": "/s"]).path
                == "/s/portico")
        #expect(
            StateDirectory.standard(isRoot: false, environment: ["HOME": "/h", "XDG_STATE_HOME": "s"]).path
                == "/h/.local/state/portico")
        #expect(StateDirectory.standard(isRoot: false, environment: [:]).path.hasSuffix("/.local/state/portico"))
    }

    @Test func `the slash at the end does not matter`() {
        #expect(StateDirectory("/s//").adminSocket == "/s/admin.sock")
        #expect(StateDirectory("/").adminSocket == "//admin.sock")
        #expect(StateDirectory("s").instanceLogs(service: "shop") == "s/logs/shop")
    }
}
