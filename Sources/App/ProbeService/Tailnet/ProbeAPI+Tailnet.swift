import FoundationEssentials
import Lifecycle
import LocalHTTP
import NIOCore
import Tailnet

/// The tailnet's part of the probe's API.
///
/// | request | answer |
/// | --- | --- |
/// | `GET /v1/tailnet` | the `TailnetReport` |
/// | `POST /v1/tailnet/login` with a `TailnetLogin` | 200 once tailscaled has taken it; what comes of it is observed |
/// | `POST /v1/tailnet/configure` with a `TailnetLogin` | 200 once the node has its name and tags |
/// | `POST /v1/tailnet/logout` | 200 once the node is out of its tailnet |
///
/// Each is 502 with tailscaled's words where it does not do it, and 404 without a tailnet.
extension ProbeService {
  func answerTailnet(_ request: HTTPRequest, _ what: String?) -> EventLoopFuture<HTTPResponse> {
    guard let tailnet else { return say(404, "there is no tailnet here") }
    if request.method == "GET", what == nil {
      return loop.makeSucceededFuture(Self.json(200, tailnet.watch.report))
    }
    guard request.method == "POST", let what else { return say(404, "the tailnet takes login, configure or logout") }
    switch what {
    case "logout":
      return answered(tailnet.api.logOut(within: .seconds(6)), "logged out", failing: "cannot log the node out")
    case "login", "configure":
      guard let login = try? JSONDecoder().decode(TailnetLogin.self, from: Data(request.body)) else {
        return say(400, "cannot log in: the request has no login")
      }
      return what == "login"
        ? answered(tailnet.logIn(login), "put to tailscaled", failing: "cannot log the node in")
        : answered(
          tailnet.api.configure(login).map { _ in }, "configured", failing: "cannot give the node its name and tags")
    default: return say(404, "the tailnet takes login, configure or logout, not '\(what)'")
    }
  }

  private func answered(
    _ done: EventLoopFuture<Void>, _ message: String, failing: String
  ) -> EventLoopFuture<HTTPResponse> {
    done.map { Self.json(200, ProbeAnswer(ok: true, message: message)) }.flatMapErrorThrowing { error in
      Self.json(502, ProbeAnswer(ok: false, message: "\(failing): \(error)"))
    }
  }
}
