package ibgateway;

import java.awt.FlowLayout;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import javax.swing.ButtonGroup;
import javax.swing.JButton;
import javax.swing.JComponent;
import javax.swing.JDialog;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JMenu;
import javax.swing.JMenuBar;
import javax.swing.JMenuItem;
import javax.swing.JPanel;
import javax.swing.JPasswordField;
import javax.swing.JTextArea;
import javax.swing.JTextField;
import javax.swing.JToggleButton;
import javax.swing.SwingUtilities;
import javax.swing.Timer;

/**
 * Stands in for IB Gateway and for TWS below IBC's own Java: the windows, menus and buttons by which IBC knows them, and an API that
 * answers a handshake. What it does after a login stands in /share/steps, a word for each start of java; the last one serves for all
 * that follow.
 */
public class GWClient {
  private static final Path SHARE = Path.of("/share");
  private static final String COMMAND = System.getProperty("sun.java.command", "");
  private static final boolean TWS = COMMAND.contains("IbcTws");
  private static final String MODE = COMMAND.endsWith("paper") ? "paper" : "live";

  private static Path settings;
  private static JFrame login;
  private static JButton logIn;
  private static String step;

  public static void main(String[] arguments) throws IOException {
    settings = Path.of(arguments[0]);
    Path starts = SHARE.resolve("starts-" + MODE);
    Files.writeString(starts, "start\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    List<String> steps = Files.readAllLines(SHARE.resolve("steps"));
    step = steps.get(Math.min(Files.readAllLines(starts).size(), steps.size()) - 1);
    boolean takesUp = System.getProperty("restart") != null;
    note(takesUp ? "started with a session" : "started", "");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> note("ends in order", "")));
    SwingUtilities.invokeLater(() -> {
      if (step.equals("no-window")) return;
      showLogin();
      if (takesUp) later(300, GWClient::complete);
    });
  }

  private static void showLogin() {
    JToggleButton live = new JToggleButton("Live Trading");
    JToggleButton paper = new JToggleButton("Paper Trading");
    JTextField user = new JTextField(20);
    JPasswordField password = new JPasswordField(20);
    logIn = new JButton("Log In");
    logIn.addActionListener(event -> {
      note("login", user.getText() + "\n" + new String(password.getPassword()) + "\n" + (paper.isSelected() ? "paper" : "live"));
      logIn.setEnabled(false);
      later(200, GWClient::answer);
    });
    login = frame(TWS ? "Login" : "IBKR Gateway", new JLabel("LOGIN"), group(new JToggleButton("FIX CTCI"), new JToggleButton("IB API")),
        new JLabel("Trading Mode"), group(live, paper), user, password, logIn);
  }

  private static void answer() {
    switch (step) {
      case "login-failed" -> dialog("Login failed", new JLabel("Invalid username or password"), closing("OK"));
      case "too-many" -> dialog("Login", new JTextArea("Too many failed login attempts. "
          + "Please wait 4 minutes & 47 seconds before attempting to re-login again."), closing("OK"));
      case "second-factor" -> {
        JDialog challenge = challenge();
        when("confirmed", () -> {
          challenge.dispose();
          complete();
        });
      }
      case "second-factor-missed" -> {
        JDialog challenge = challenge();
        later(1500, () -> {
          challenge.dispose();
          logIn.setEnabled(true);
        });
      }
      default -> complete();
    }
  }

  private static JDialog challenge() {
    return dialog("Second Factor Authentication", new JLabel("Open the notification on your phone"));
  }

  private static void complete() {
    JFrame splash = frame("Starting application...", new JLabel("Loading"));
    JMenuItem close = new JMenuItem(TWS ? "Exit" : "Close");
    close.addActionListener(event -> {
      note("told to close", "");
      later(200, () -> System.exit(0));
    });
    JMenuItem restart = new JMenuItem("Restart...");
    restart.addActionListener(event -> {
      JButton yes = new JButton("Yes");
      yes.addActionListener(click -> restart());
      dialog("Restart", new JLabel("Are you sure you would like to restart the application?"), yes);
    });
    JMenuBar bar = new JMenuBar();
    bar.add(menu("File", close, restart, new JMenuItem(TWS ? "Lock Application" : "Gateway Logs")));
    bar.add(menu("Configure", new JMenuItem("Settings")));
    bar.add(menu("Help", new JMenuItem("About Gateway")));
    frame((MODE.equals("paper") ? "DU" : "U") + "1234567 " + (TWS ? "Interactive Brokers" : "IBKR Gateway"), bar,
        new JLabel("API Server"));
    later(300, () -> {
      splash.dispose();
      login.dispose();
      new Thread(GWClient::serve).start();
    });
    if (step.equals("daily-restart")) when("restart", GWClient::restart);
  }

  /** As the daily restart does: the session is kept in a file that the next java takes up. */
  private static void restart() {
    try {
      Path folder = Files.createDirectories(settings.resolve("session-of-" + MODE));
      Files.writeString(folder.resolve("autorestart"), "");
    } catch (IOException error) {
      note("cannot keep the session: " + error, "");
    }
    System.exit(0);
  }

  // The API: a handshake and the time.

  private static void serve() {
    try (ServerSocket server = new ServerSocket((TWS ? 7496 : 4001) + (MODE.equals("paper") ? 1 : 0))) {
      while (true) {
        Socket client = server.accept();
        new Thread(() -> talk(client)).start();
      }
    } catch (IOException error) {
      note("cannot serve: " + error, "");
    }
  }

  private static void talk(Socket client) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      in.readNBytes(4);
      receive(in);
      send(client, "178", "20261121 00:00:00 UTC");
      while (true) {
        switch (receive(in).split("\0")[0]) {
          case "71" -> {
            send(client, "15", "1", "DU1234567");
            send(client, "9", "1", "1");
          }
          case "49" -> send(client, "49", "1", Long.toString(System.currentTimeMillis() / 1000));
          default -> { }
        }
      }
    } catch (IOException end) {
      // The client has gone.
    }
  }

  private static String receive(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readInt()), StandardCharsets.ISO_8859_1);
  }

  private static void send(Socket client, String... fields) throws IOException {
    byte[] body = (String.join("\0", fields) + "\0").getBytes(StandardCharsets.ISO_8859_1);
    DataOutputStream out = new DataOutputStream(client.getOutputStream());
    out.writeInt(body.length);
    out.write(body);
  }

  // Windows, time, and what is written down.

  private static JFrame frame(String title, JComponent... parts) {
    return frame(title, null, parts);
  }

  private static JFrame frame(String title, JMenuBar bar, JComponent... parts) {
    JFrame frame = new JFrame(title);
    frame.setJMenuBar(bar);
    frame.setContentPane(panel(parts));
    frame.setSize(600, 300);
    frame.setVisible(true);
    return frame;
  }

  private static JDialog dialog(String title, JComponent... parts) {
    JDialog dialog = new JDialog(login, title, false);
    dialog.setContentPane(panel(parts));
    dialog.pack();
    dialog.setVisible(true);
    return dialog;
  }

  private static JPanel panel(JComponent... parts) {
    JPanel panel = new JPanel(new FlowLayout());
    for (JComponent part : parts) panel.add(part);
    return panel;
  }

  private static JPanel group(JToggleButton... buttons) {
    ButtonGroup group = new ButtonGroup();
    for (JToggleButton button : buttons) group.add(button);
    return panel(buttons);
  }

  private static JMenu menu(String name, JMenuItem... items) {
    JMenu menu = new JMenu(name);
    for (JMenuItem item : items) menu.add(item);
    return menu;
  }

  private static JButton closing(String name) {
    JButton button = new JButton(name);
    button.addActionListener(event -> SwingUtilities.getWindowAncestor(button).dispose());
    return button;
  }

  private static void later(int milliseconds, Runnable work) {
    Timer timer = new Timer(milliseconds, event -> work.run());
    timer.setRepeats(false);
    timer.start();
  }

  /** Does it once there is a file of this name. */
  private static void when(String name, Runnable work) {
    Timer timer = new Timer(50, null);
    timer.addActionListener(event -> {
      if (!Files.exists(SHARE.resolve(name))) return;
      timer.stop();
      work.run();
    });
    timer.start();
  }

  private static void note(String event, String more) {
    long now = System.currentTimeMillis();
    String line = String.format(
        "{\"at\": %d.%03d, \"who\": \"java\", \"mode\": \"%s\", \"pid\": %d, \"event\": \"%s\", \"more\": \"%s\"}%n",
        now / 1000, now % 1000, MODE, ProcessHandle.current().pid(), event, hexadecimal(more));
    try {
      Files.writeString(SHARE.resolve("notes.jsonl"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException error) {
      System.out.println("cannot write down " + event + ": " + error);
    }
  }

  /** No character of a password has to be escaped so. */
  private static String hexadecimal(String text) {
    StringBuilder digits = new StringBuilder();
    for (byte part : text.getBytes(StandardCharsets.UTF_8)) digits.append(String.format("%02x", part));
    return digits.toString();
  }
}
