import CLinux
import Glibc

/// Moving bytes from one socket to the other.
extension SpliceLoop {
  /// One read of a flow that is readable and unblocked, and what follows from it. One read for each turn is what makes
  /// connections fair to each other; what is left waits in the run queue.
  @inline(__always)
  mutating func turn(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) {
    if flow.pointee.mode.splices { spliceTurn(flow, token) } else { copyTurn(flow, token) }
  }

  @inline(__always)
  private mutating func copyTurn(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) {
    while true {
      let count = clinux_receive(flow.pointee.source, scratch, Self.scratchSize)
      guard count > 0 else {
        sourceGaveNothing(flow, token, count)
        return
      }
      flow.pointee.bytes &+= UInt64(count)
      if flow.pointee.watched { sniff(token, count) }
      let sent = clinux_send(flow.pointee.sink, scratch, count)
      let isShort = count < Self.scratchSize
      if sent != count {
        let error = errno
        guard sent >= 0 || error == EAGAIN else {
          sinkFailed(flow, token, error)
          return
        }
        keep(flow, from: max(0, sent), to: count)
        if isShort && !flow.pointee.ending { flow.pointee.readable = false }
        return
      }
      let isBulk = flow.pointee.mode.hasRead(count, of: Self.scratchSize)
      guard isShort else {
        if isBulk && limits.transfer == .automatic && !flow.pointee.watched { startSplicing(flow) }
        enqueue(flow, token)
        return
      }
      // A short read has emptied the socket: the next byte makes a new edge. Not so the end that was already reported.
      guard flow.pointee.ending else {
        flow.pointee.readable = false
        return
      }
    }
  }

  private mutating func spliceTurn(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) {
    let count = clinux_splice(flow.pointee.source, flow.pointee.pipe.writeEnd, Int(flow.pointee.pipe.capacity))
    guard count > 0 else {
      if count < 0 && errno == EINVAL { return stopSplicing(flow, token) }
      sourceGaveNothing(flow, token, count)
      return
    }
    flow.pointee.bytes &+= UInt64(count)
    flow.pointee.inPipe = Int32(count)
    let isMessages = flow.pointee.mode.hasSpliced(count)
    guard flush(flow, token) else { return }
    if isMessages && limits.transfer == .automatic { stopSplicing(flow, token) } else { enqueue(flow, token) }
  }

  /// A read has brought no byte: the source is empty for now, has ended, or has failed.
  private mutating func sourceGaveNothing(_ flow: UnsafeMutablePointer<Flow>, _ token: Token, _ count: Int) {
    let error = count < 0 ? errno : 0
    switch error {
    case 0 where count == 0: sourceEnded(flow, token)
    case EAGAIN:
      flow.pointee.readable = false
      flow.pointee.ending = false
    case EINTR: enqueue(flow, token)
    default: sourceFailed(flow, token, error)
    }
  }

  /// Sends what a flow holds. True when all of it went: then the flow is not blocked. False when something is left, or when the
  /// sink has failed and the flow is at its end.
  mutating func flush(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) -> Bool {
    flow.pointee.buffer != nil ? flushBuffer(flow, token) : flushPipe(flow, token)
  }

  private mutating func flushBuffer(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) -> Bool {
    guard let buffer = flow.pointee.buffer else { return true }
    let start = Int(flow.pointee.unsentStart)
    let count = Int(flow.pointee.unsentEnd) - start
    let sent = clinux_send(flow.pointee.sink, buffer + start, count)
    guard sent == count else {
      let error = errno
      if sent >= 0 {
        flow.pointee.unsentStart += Int32(sent)
      } else if error != EAGAIN {
        sinkFailed(flow, token, error)
      }
      return false
    }
    releaseBuffer(flow)
    return true
  }

  private mutating func flushPipe(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) -> Bool {
    while flow.pointee.inPipe > 0 {
      let count = clinux_splice(flow.pointee.pipe.readEnd, flow.pointee.sink, Int(flow.pointee.inPipe))
      guard count > 0 else {
        let error = errno
        if error == EAGAIN { flow.pointee.blocked = true } else { sinkFailed(flow, token, error) }
        return false
      }
      flow.pointee.inPipe -= Int32(count)
    }
    flow.pointee.blocked = false
    return true
  }

  /// Keeps the scratch buffer's bytes `start..<end`, which the sink did not take, until it is writable.
  mutating func keep(_ flow: UnsafeMutablePointer<Flow>, from start: Int, to end: Int) {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: end - start, alignment: 16)
    buffer.copyMemory(from: scratch + start, byteCount: end - start)
    flow.pointee.buffer = buffer
    flow.pointee.unsentStart = 0
    flow.pointee.unsentEnd = Int32(end - start)
    flow.pointee.blocked = true
  }

  mutating func releaseBuffer(_ flow: UnsafeMutablePointer<Flow>) {
    flow.pointee.buffer?.deallocate()
    flow.pointee.buffer = nil
    flow.pointee.blocked = false
  }

  mutating func startSplicing(_ flow: UnsafeMutablePointer<Flow>) {
    let pipe = pipes.take()
    flow.pointee.mode.change(splices: pipe != nil)
    if let pipe { flow.pointee.pipe = pipe }
  }

  private mutating func stopSplicing(_ flow: UnsafeMutablePointer<Flow>, _ token: Token) {
    flow.pointee.mode.change(splices: false)
    releasePipe(flow)
    enqueue(flow, token)
  }

  mutating func releasePipe(_ flow: UnsafeMutablePointer<Flow>) {
    guard flow.pointee.pipe != .none else { return }
    pipes.give(back: flow.pointee.pipe, isEmpty: flow.pointee.inPipe == 0)
    flow.pointee.pipe = .none
    flow.pointee.inPipe = 0
  }
}
