/// One row of the table: a variable, what it may say, what it does, and where its value goes.
public struct Setting: Sendable {
  /// The image in which a variable has an effect.
  public enum Image: String, Sendable, Codable {
    case both
    case gateway
    case tws
  }

  /// The variable's name.
  public let name: String
  /// What it may say, in a few words: `yes or no`, `seconds`, `live, paper, both`.
  public let type: String
  /// Other names that users know the variable by, with what their values mean.
  private(set) var aliases: [Alias] = []
  /// What holds where the variable is unset or empty, as the reference shows it; nil where that is nothing.
  public let shownDefault: String?
  /// Whether the value is never to be seen: passwords, keys and user names. Each of them may come from a file instead,
  /// named by `NAME_FILE`.
  public let isSecret: Bool
  /// Whether the value may come from a file all the same, in which ends of line stand for commas and # begins a comment.
  private(set) var isListFile = false
  /// Where it has an effect.
  public let image: Image
  /// What it does, in one line.
  public let help: String

  /// The default for a configuration whose earlier rows are already there.
  let defaultText: @Sendable (Settings) -> String?
  /// Stores the text's value, and returns its canonical spelling.
  let store: @Sendable (String, inout Settings) -> Result<String, Invalid>

  /// What a row says when its variable is unset.
  struct Default {
    let shown: String?
    let text: @Sendable (Settings) -> String?

    static let none = Default(shown: nil) { _ in nil }

    static func fixed(_ text: String) -> Self { Default(shown: text) { _ in text } }

    /// A default that depends on rows further up.
    static func derived(_ shown: String, _ text: @escaping @Sendable (Settings) -> String) -> Self {
      Default(shown: shown, text: text)
    }

    private init(shown: String?, text: @escaping @Sendable (Settings) -> String?) {
      self.shown = shown
      self.text = text
    }
  }

  /// Another variable for the same thing.
  struct Alias {
    let name: String
    /// Its text as the row's own variable would say it.
    let reading: @Sendable (String) -> String
  }

  /// A row whose value is always there.
  init<Value: Sendable>(
    _ name: String, _ target: WritableKeyPath<Settings, Value> & Sendable, _ format: Format<Value>,
    default: Default, image: Image = .both, help: String
  ) {
    self.init(name, type: format.name, default: `default`, isSecret: false, image: image, help: help) {
      text, settings in
      format.parse(text).map { parsed in
        settings[keyPath: target] = parsed.value
        return parsed.text
      }
    }
  }

  /// A row whose value may be missing.
  init<Value: Sendable>(
    _ name: String, _ target: WritableKeyPath<Settings, Value?> & Sendable, optional format: Format<Value>,
    image: Image = .both, help: String
  ) {
    self.init(name, type: format.name, default: .none, isSecret: false, image: image, help: help) { text, settings in
      format.parse(text).map { parsed in
        settings[keyPath: target] = parsed.value
        return parsed.text
      }
    }
  }

  /// A row whose value is a secret, which may be missing.
  init(
    secret name: String, _ target: WritableKeyPath<Settings, String?> & Sendable, image: Image = .both, help: String
  ) {
    self.init(name, type: "secret", default: .none, isSecret: true, image: image, help: help) { text, settings in
      settings[keyPath: target] = text
      return .success(text)
    }
  }

  /// The row, whose list may stand in a file.
  func orListFile() -> Setting {
    var row = self
    row.isListFile = true
    return row
  }

  /// The row, found under another variable as well.
  func alias(_ name: String, reading: @escaping @Sendable (String) -> String = { $0 }) -> Setting {
    var row = self
    row.aliases.append(Alias(name: name, reading: reading))
    return row
  }

  private init(
    _ name: String, type: String, default: Default, isSecret: Bool, image: Image, help: String,
    store: @escaping @Sendable (String, inout Settings) -> Result<String, Invalid>
  ) {
    self.name = name
    self.type = type
    self.shownDefault = `default`.shown
    self.isSecret = isSecret
    self.image = image
    self.help = help
    self.defaultText = `default`.text
    self.store = store
  }
}
