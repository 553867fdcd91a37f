import Files
import Glibc
import Lifecycle
import Trading

/// Where a gateway leaves its session for the next start: `FOLDER/autorestart` in its settings folder.
enum SessionFolder {
  /// The session files below a settings folder, sorted by their paths. They lie one level down, where ibcstart.sh looks for them.
  static func files(in settings: String) -> [SessionFile] {
    let folders = (try? FileSystem.list(settings)) ?? []
    return folders.compactMap { folder in
      let path = "\(settings)/\(folder)/\(SessionFiles.name)"
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return SessionFile(
        path: path, modified: Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000)
    }
  }

  /// Gives a file a name that nobody looks for. Returns the new path; nil when that cannot be.
  static func moveAside(_ file: SessionFile, at now: Moment) -> String? {
    let aside = "\(file.path).stale-\(now.wall / 1000)"
    return rename(file.path, aside) == 0 ? aside : nil
  }
}

extension Supervisor {
  /// Before a start: a session that is of no use any more would leave the gateway at its login window.
  func quarantineSessions(of mode: Mode) {
    guard let settings = configuration.settingsFolders[mode] else { return }
    let (name, now) = (ServiceName.gateway(mode).text, now)
    let stopped = lifecycle.gateway(mode)?.budget.stoppedAt
    let files = SessionFolder.files(in: settings)
    guard let stale = SessionFiles.stale(files, stoppedAt: stopped, now: now.wall) else {
      if let file = files.first { say(.info, name, "takes up the session that \(file.path) has kept") }
      return
    }
    for file in stale.files {
      if let aside = SessionFolder.moveAside(file, at: now) {
        say(.warning, name, "the session in \(file.path) is not used: \(stale.why); it is kept as \(aside)")
      } else {
        say(.error, name, "cannot move \(file.path) aside: \(String(cString: strerror(errno))); remove it: \(stale.why)")
      }
    }
  }

  /// After a stop that was to keep the session: whether it has.
  func verifySession(of mode: Mode, since stop: Int64) {
    guard let settings = configuration.settingsFolders[mode] else { return }
    let files = SessionFolder.files(in: settings)
    let name = ServiceName.gateway(mode).text
    if SessionFiles.isKept(files, since: stop) {
      say(.info, name, "the session is kept in \(files[0].path): the next start needs no login")
    } else {
      say(.warning, name, "no session was kept in \(settings): the next start needs a full login")
    }
  }
}
