import Files
import Settings
import Testing

@testable import Preparation

@Suite struct HeapSizeTests {
  private func options(_ text: String, heap: Int = 1024) -> String {
    String(decoding: HeapSize.options(Array(text.utf8), heap: heap), as: UTF8.self)
  }

  @Test(
    arguments: [
      ("-Xmx768m\n", "-Xmx1024m\n"), ("-Xmx768m", "-Xmx1024m"), ("-Xmx2g\n", "-Xmx1024m\n"),
      ("-Xmx1024m\n", "-Xmx1024m\n"),
      ("-Xms256m\n-Xmx4G\n-XX:+UseG1GC\n", "-Xms256m\n-Xmx1024m\n-XX:+UseG1GC\n"), ("", "-Xmx1024m\n"),
      ("-Xms256m", "-Xms256m\n-Xmx1024m\n"), ("-Xms256m\n", "-Xms256m\n-Xmx1024m\n"),
      ("# -Xmx768m\n", "# -Xmx768m\n-Xmx1024m\n"), ("-Xmx1g -Xss1m -Xmx2g\n", "-Xmx1024m -Xss1m -Xmx1024m\n"),
      ("-Xmx768m\r\n-Xss1m\r\n", "-Xmx1024m\r\n-Xss1m\r\n"), ("  -Xmx768m\n", "  -Xmx1024m\n"),
      ("-Dx=-Xmx1m\n", "-Dx=-Xmx1m\n-Xmx1024m\n"),
    ])
  func `the heap is set whatever stood there`(before: String, after: String) {
    #expect(options(before) == after)
    #expect(options(after) == after)
    #expect(options(options(before, heap: 2048)) == after)
  }

  @Test func `a second change works, and a file that says it already is not written`() throws {
    let image = try ImageLayout()
    let file = "home/Jts/ibgateway/10.45.1j/ibgateway.vmoptions"
    let first = try Preparation.write(image.settings(["JAVA_HEAP_SIZE": "1024"]))
    #expect(first.written.contains { $0.title == "Java options" })
    #expect(try image.text(file) == "# options\n-Xmx1024m\n-XX:+UseG1GC\n")
    _ = try Preparation.write(image.settings(["JAVA_HEAP_SIZE": "2048"]))
    #expect(try image.text(file) == "# options\n-Xmx2048m\n-XX:+UseG1GC\n")
    #expect(FileSystem.permissions(of: image.path(file)) == 0o644)
    let third = try Preparation.write(image.settings(["JAVA_HEAP_SIZE": "2048"]))
    #expect(!third.written.contains { $0.title == "Java options" })
    #expect(!(try Preparation.write(image.settings())).written.contains { $0.title == "Java options" })
  }

  @Test func `TWS uses the options of the installation that ibcstart.sh would choose`() throws {
    let image = try ImageLayout()
    _ = try Preparation.write(image.settings(["GATEWAY_OR_TWS": "tws", "JAVA_HEAP_SIZE": "3000"]))
    #expect(try image.text("home/Jts/ibgateway/10.45.1j/ibgateway.vmoptions").contains("-Xmx3000m"))
    try image.file("home/Jts/10.45.1j/jars/x.jar")
    try image.file("home/Jts/10.45.1j/tws.vmoptions", "-Xmx768m\n")
    _ = try Preparation.write(image.settings(["GATEWAY_OR_TWS": "tws", "JAVA_HEAP_SIZE": "4000"]))
    #expect(try image.text("home/Jts/10.45.1j/tws.vmoptions") == "-Xmx4000m\n")
    #expect(try image.text("home/Jts/ibgateway/10.45.1j/ibgateway.vmoptions").contains("-Xmx3000m"))
  }
}
