import Glibc
import Processes
import Testing

@Suite struct ConfinementTests {
  @Test func `what is no program is not become`() {
    #expect(Ourselves.become(["/no/such/program"]) == ENOENT)
    #expect(Ourselves.become(["/etc/passwd"]) == EACCES)
  }
}
