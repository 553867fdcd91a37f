import Files
import NIOCore
import Tailnet

/// The serve config.
extension TailnetObserver {
  /// Applies the file at every transition to Running, and when it has changed since.
  func serveIfDue() {
    guard let file = configuration.serveConfig else { return }
    let isUp = watch.report.backend == "Running" && !watch.report.addresses.isEmpty
    let stamp = Self.stamp(file)
    let isDue = isUp && (!served.isUp || served.stamp != stamp)
    served = (stamp, isUp)
    guard isDue else { return }
    do {
      let text = try FileSystem.readText(file, limit: 1 << 20)
      let config = try ServeConfig(text, domains: watch.domains)
      let bound = NIOLoopBound(self, eventLoop: loop)
      api.serve(config).whenComplete { result in
        switch result {
        case .success: bound.value.serving("applied")
        case .failure(let error): bound.value.serving("refused: tailscaled says: \(error); what it had stays")
        }
      }
    } catch let refusal as ServeConfig.Refusal {
      serving("refused: cannot take \(file): \(refusal.why); what was served stays")
    } catch {
      serving("refused: \(error); what was served stays")
    }
  }

  private func serving(_ what: String) {
    guard !isStopped else { return }
    watch.note(serve: what)
    report(watch.report)
  }
}
