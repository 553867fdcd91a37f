import Testing
import Trading

@testable import Lifecycle

@Suite struct TaskTests {
  private let plans: [ServicePlan] = [.task("x-scripts"), .gateway(.paper, after: [.finished("x-scripts")])]

  @Test(arguments: [.code(0), .code(1), .signal(9)] as [Exit])
  func `a script's end lets go on what waits for it, whatever its exit code, which is said`(exit: Exit) {
    var stage = Stage(plans)
    _ = stage.begin() + stage.spawned("x-scripts") + stage.wait(1500)
    #expect(stage.say("x-scripts", .ended(exit)) == [.spawn(paper)])
    #expect(stage.state("x-scripts") == .finished)
    #expect(stage.lines == ["\(exit == .code(0) ? "info" : "warning") x-scripts: ended after 1.5 s: \(exit)"])
  }

  @Test func `a script that cannot be started lets go on what waits for it`() {
    var stage = Stage(plans)
    _ = stage.begin()
    let failure = ServiceEvent.spawnFailed(why: "cannot start x-scripts: no bash", missing: true)
    #expect(stage.say("x-scripts", failure) == [.spawn(paper)])
    #expect(stage.state("x-scripts") == .finished)
    #expect(stage.lines == ["error x-scripts: cannot start x-scripts: no bash"])
  }

  @Test func `a script runs once`() {
    var stage = Stage([.task("scripts")])
    _ = stage.begin() + stage.spawned("scripts") + stage.say("scripts", .ended(.code(1)))
    #expect(stage.wait(86_400_000) == [])
    #expect(stage.state("scripts") == .finished)
  }

  @Test func `a script that hangs keeps the gateway waiting, and the status says on what`() {
    var stage = Stage(plans)
    _ = stage.begin() + stage.spawned("x-scripts")
    #expect(stage.wait(86_400_000) == [])
    #expect(stage.report().services.last?.why == "waits for the end of x-scripts")
  }

  @Test func `a script that hangs does not block a stop`() {
    var stage = Stage(plans)
    _ = stage.begin() + stage.spawned("x-scripts")
    #expect(stage.term() == [.terminate("x-scripts")])
    #expect(stage.wait(3000) == [.kill("x-scripts")])
    #expect(stage.say("x-scripts", .ended(.signal(9))) == [.exit(0)])
    #expect(stage.state(paper) == .stopped)
  }

  @Test func `a script that has ended is not ended again`() {
    var stage = Stage(plans)
    stage.everythingUp()
    #expect(stage.term().contains(.terminate("x-scripts")) == false)
    #expect(stage.state("x-scripts") == .finished)
  }
}
