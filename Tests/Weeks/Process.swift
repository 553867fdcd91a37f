import Lifecycle

/// The processes of one service: a daemon's or a script's one, or ibcstart.sh and its java.
struct Process {
  let run: Int
  /// It takes no notice of TERM, nor of IBC's command server.
  let isDeaf: Bool
  var leads = true
  /// Which java it is; nil while there is none.
  var java: Int?
  var attempts = 0
  var isLoggedIn = false
  var loggedInAt: Int64 = 0
  var apiIsOpen = false
  var wedgedSince: Int64?
  /// Its clients still get data though new ones are not answered.
  var flows = false
  var linkIsLost = false

  /// What a probe sees of it.
  var observation: APIObservation {
    guard java != nil, isLoggedIn, apiIsOpen else { return .refused }
    if wedgedSince != nil { return .silent }
    return linkIsLost ? .linkLost : .serving
  }

  mutating func forgetJava() {
    (java, isLoggedIn, apiIsOpen, wedgedSince, flows, linkIsLost) = (nil, false, false, nil, false, false)
  }
}
