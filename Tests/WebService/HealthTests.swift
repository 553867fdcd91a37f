import Lifecycle
import LocalHTTP
import NIOCore
import Synchronization
import Testing

@testable import WebService

private let well = #"{"causes":[],"ok":true}"#
private let unwell = #"{"causes":[{"about":"paper","state":"wedged","why":"it accepts and says nothing"}],"ok":false}"#

@Suite struct HealthTests {
  @Test(arguments: ["/health", "/ready", "/ready?mode=live"])
  func `the supervisor's yes is OK`(target: String) throws {
    let site = try Site()
    try site.serve(.supervisor, answering: 200, well)
    let answer = try site.ask(target)
    #expect(answer.status == 200)
    #expect(answer.body == "OK\n")
  }

  @Test(arguments: ["/health", "/ready"])
  func `the supervisor's no is 503 with its causes`(target: String) throws {
    let site = try Site()
    try site.serve(.supervisor, answering: 503, unwell)
    let answer = try site.ask(target)
    #expect(answer.status == 503)
    #expect(answer.contentType == "application/json")
    #expect(answer.body == unwell + "\n")
  }

  @Test(arguments: [
    ("/health", "/v1/health?level=live"), ("/ready", "/v1/health?level=ready"),
    ("/ready?mode=paper", "/v1/health?level=ready&mode=paper"),
  ])
  func `each path asks for its own level and mode`(target: String, asked: String) throws {
    let site = try Site()
    try site.serve(.supervisor) { request, responder in
      let query = ["level", "mode"].compactMap { name in request.query[name].map { "\(name)=\($0)" } }
      let isAsked = "\(request.path)?\(query.joined(separator: "&"))" == asked
      responder.respond(HTTPResponse(status: isAsked ? 200 : 503, body: Array((isAsked ? well : unwell).utf8)))
    }
    #expect(try site.ask(target).status == 200)
  }

  @Test(arguments: [
    (200, unwell), (503, well), (200, #"{"ok":true,"causes":[{"about":"paper","state":"wedged","why":""}]}"#),
    (200, #"{"ok":false,"causes":[]}"#), (503, #"{"ok":false,"causes":[]}"#), (200, "OK"), (200, ""), (200, "{}"),
    (200, "[]"), (204, ""), (301, well), (404, #"{"ok":false,"message":"there is no such request"}"#), (500, ""),
  ])
  func `an answer that is no plain yes is never OK`(status: Int, body: String) throws {
    let site = try Site()
    try site.serve(.supervisor, answering: status, body)
    for target in ["/health", "/ready"] {
      let answer = try site.ask(target)
      #expect(answer.status == 503)
      #expect(answer.body.contains(#""about":"ibgw","state":"broken""#))
    }
  }

  @Test(arguments: ["/health", "/ready", "/metrics", "/api/v1/status"])
  func `a supervisor that is not there is 503, and is the cause`(target: String) throws {
    let site = try Site()
    let answer = try site.ask(target)
    #expect(answer.status == 503)
    #expect(answer.body.contains(#""about":"ibgw","state":"unreachable""#))
    #expect(answer.body.contains("\(site.directory.path)/supervisor.sock"))
  }

  @Test(arguments: ["/health", "/ready", "/metrics", "/api/v1/status"])
  func `a supervisor that says nothing is 503, and is the cause`(target: String) throws {
    let site = try Site()
    try site.serve(.supervisor) { _, _ in }
    let answer = try site.ask(target)
    #expect(answer.status == 503)
    #expect(answer.body.contains(#""about":"ibgw","state":"silent""#))
  }

  @Test func `however many ask, the supervisor is asked once at a time`() throws {
    let site = try Site()
    let questions = (0..<2).map { _ in site.loop.makePromise(of: HTTPResponder.self) }
    let asked = Mutex(0)
    try site.serve(.supervisor) { _, responder in
      let number = asked.withLock { asked in
        asked += 1
        return asked
      }
      if number <= questions.count { questions[number - 1].succeed(responder) }
    }
    let waiting = (0..<50).map { _ in site.begin("/ready") }
    let first = try questions[0].futureResult.wait()
    let late = site.begin("/ready")
    try site.loop.submit {}.wait()
    #expect(asked.withLock { $0 } == 1)
    first.respond(HTTPResponse(status: 200, body: Array(well.utf8)))
    for answer in waiting + [late] { #expect(try answer.wait().status == 200) }
    #expect(asked.withLock { $0 } == 1)

    // The next question is a new one: an answer is shared, and never kept.
    let next = site.begin("/ready")
    try questions[1].futureResult.wait().respond(HTTPResponse(status: 503, body: Array(unwell.utf8)))
    #expect(try next.wait().status == 503)
  }
}

@Suite struct PathTests {
  @Test(arguments: [
    "/", "/healthz", "/health/", "/ready/live", "//ready", "/READY", "/%72eady", "/api/v1/status/", "/api/v1",
    "/v1/health",
    "",
  ])
  func `any other path is 404, whatever the supervisor says`(path: String) throws {
    let site = try Site()
    try site.serve(.supervisor, answering: 200, well)
    #expect(try site.ask(path).status == 404)
  }

  @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS"])
  func `nothing can be done to a path but read it`(method: String) throws {
    let site = try Site()
    try site.serve(.supervisor, answering: 200, well)
    #expect(try site.ask("/ready", method: method).status == 405)
  }

  @Test func `a mode that there is not is told so`() throws {
    let site = try Site()
    try site.serve(.supervisor, answering: 200, well)
    #expect(try site.ask("/ready?mode=demo").status == 400)
    #expect(try site.ask("/ready?mode=").status == 400)
  }

  @Test func `the status is the supervisor's own, byte for byte`() throws {
    let site = try Site()
    try site.serve(.supervisor, answering: 200, #"{"version":"9","new":[1]}"#)
    let answer = try site.ask("/api/v1/status")
    #expect(answer.status == 200 && answer.contentType == "application/json")
    #expect(answer.body == #"{"version":"9","new":[1]}"# + "\n")
  }

  @Test func `a status that is refused is 503`() throws {
    let site = try Site()
    try site.serve(.supervisor, answering: 404, "{}")
    #expect(try site.ask("/api/v1/status").status == 503)
  }
}
