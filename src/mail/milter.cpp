// The adapter of libmilter.
#include "mail/milter.h"

#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <thread>

#include "mail/dkim_tags.h"

// Of libmilter, where its archive is linked: not 0 once it is to end.
extern "C" int mi_stop(void) __attribute__((weak));

namespace rw {
namespace {

constexpr std::string_view kResultsField = "Authentication-Results";
constexpr std::size_t kMaxRecipients = 1000;  // Postfix takes as many; the rest is counted, not kept
constexpr auto kLook = std::chrono::milliseconds(20);
constexpr auto kPatience = std::chrono::seconds(10);  // for messages that are being checked when the end is asked for

// What all threads share while the filter runs.
struct Filter {
  const MilterOptions* options = nullptr;
  MilterCounts* counts = nullptr;
  std::atomic<std::size_t> bytes{0};     // of all messages together
  std::atomic<unsigned> connections{0};  // now
  std::atomic<unsigned> inside{0};       // callbacks that work now
  std::atomic<bool> stopping{false};
};
Filter filter;

void note(const std::string& text) {
  if (filter.options->note) filter.options->note(text);
}

// One connection of the MTA, and the message that it is about.
class Session {
 public:
  explicit Session(bool leading_space) : leading_space_(leading_space) {}
  ~Session() {
    clear();
    if (counted_) --filter.connections;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool connect(const sockaddr* address);
  void helo(std::string_view name) { helo_ = name; }
  void begin(std::string_view reverse_path);
  void recipient(std::string_view path);
  void header(std::string_view name, std::string_view value);
  void end_of_header() { append("\r\n"); }
  void body(std::string_view bytes) { append(bytes); }
  const std::optional<Ip>& client() const { return client_; }
  sfsistat finish(SMFICTX* context);
  void clear();

 private:
  void append(std::string_view bytes);
  Result<MilterAnswer> checked();
  void remove_forged(SMFICTX* context);
  sfsistat obey(SMFICTX* context, const MilterAnswer& answer);

  const bool leading_space_;
  bool counted_ = false;
  std::optional<Ip> client_;
  std::string helo_;
  MilterMessage message_;
  int results_seen_ = 0;
  std::vector<int> forged_;  // which of the Authentication-Results fields, from 1
};

std::optional<Ip> address_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET)
    return Ip::v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
  if (address->sa_family != AF_INET6) return std::nullopt;
  Ip ip;
  const std::uint8_t* bytes = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr.s6_addr;
  for (int i = 0; i < 8; ++i) ip.hi = ip.hi << 8 | bytes[i];
  for (int i = 8; i < 16; ++i) ip.lo = ip.lo << 8 | bytes[i];
  return ip;
}

// "<alice@example.org>" as a client writes it.
std::string without_brackets(std::string_view path) {
  while (!path.empty() && path.front() == ' ') path.remove_prefix(1);
  if (path.starts_with('<')) path.remove_prefix(1);
  if (path.ends_with('>')) path.remove_suffix(1);
  return std::string(path);
}

bool Session::connect(const sockaddr* address) {
  counted_ = true;
  client_ = address_of(address);
  ++filter.counts->connections;
  return ++filter.connections <= filter.options->max_connections;
}

void Session::clear() {
  filter.bytes -= message_.bytes.size();
  message_ = {};
  results_seen_ = 0;
  forged_.clear();
}

void Session::begin(std::string_view reverse_path) {
  clear();
  message_.envelope.client = client_;
  message_.envelope.helo = helo_;
  message_.envelope.mail_from = without_brackets(reverse_path);
}

void Session::recipient(std::string_view path) {
  if (message_.envelope.recipients.size() < kMaxRecipients)
    message_.envelope.recipients.push_back(without_brackets(path));
}

void Session::append(std::string_view bytes) {
  message_.total_bytes += bytes.size();
  const MilterOptions& options = *filter.options;
  if (message_.cut) return;
  const std::size_t room = options.max_message_bytes - std::min(message_.bytes.size(), options.max_message_bytes);
  const bool crowded = filter.bytes.load() + bytes.size() > options.max_total_bytes;
  if (bytes.size() > room || crowded) {
    message_.cut = true;
    bytes = crowded ? std::string_view() : bytes.substr(0, room);
  }
  message_.bytes += bytes;
  filter.bytes += bytes.size();
}

void Session::header(std::string_view name, std::string_view value) {
  std::string field;
  append_header_field(field, name, value, leading_space_);
  append(field);
  if (lower_ascii(name) != "authentication-results") return;
  ++results_seen_;
  // RFC 8601 5: what claims to be ours and came from outside is not.
  if (authserv_id_of(value) == lower_ascii(filter.options->authserv_id)) forged_.push_back(results_seen_);
}

Result<MilterAnswer> Session::checked() {
  Result<MilterAnswer> answer = Failure(ErrorCode::kInternal, "");
  try {
    answer = filter.options->check(message_);
  } catch (const std::exception& problem) {  // of a library, or no memory: this message is not the others' fault
    answer = Failure(ErrorCode::kInternal, problem.what());
  }
  return answer;
}

// From the last one up: an MTA may count anew after each removal.
void Session::remove_forged(SMFICTX* context) {
  for (auto it = forged_.rbegin(); it != forged_.rend(); ++it)
    smfi_chgheader(context, std::string(kResultsField).data(), *it, nullptr);
  filter.counts->forged += forged_.size();
  if (!forged_.empty())
    note(message_.queue_id + ": removed " + std::to_string(forged_.size()) +
         " Authentication-Results that claimed to be ours");
}

sfsistat Session::obey(SMFICTX* context, const MilterAnswer& answer) {
  std::string text = reply_text(answer.text);
  switch (answer.action) {
    case MilterAction::kReject:
      ++filter.counts->rejected;
      smfi_setreply(context, std::string("550").data(), std::string("5.7.1").data(), text.data());  // RFC 7489 10.3
      return SMFIS_REJECT;
    case MilterAction::kDefer:
      ++filter.counts->deferred;
      smfi_setreply(context, std::string("451").data(), std::string("4.7.1").data(), text.data());
      return SMFIS_TEMPFAIL;
    case MilterAction::kQuarantine:
      ++filter.counts->quarantined;
      if (smfi_quarantine(context, text.data()) != MI_SUCCESS)
        note(message_.queue_id + ": this MTA cannot quarantine; the message goes on");
      break;
    case MilterAction::kAccept: break;
  }
  if (!answer.results.empty()) {
    std::string value = leading_space_ ? " " : "";
    for (const char c : answer.results)
      if (c != '\r') value += c;
    smfi_insheader(context, 0, std::string(kResultsField).data(), value.data());
  }
  return SMFIS_CONTINUE;
}

sfsistat Session::finish(SMFICTX* context) {
  ++filter.counts->messages;
  if (const char* id = smfi_getsymval(context, std::string("i").data())) message_.queue_id = id;
  if (message_.cut) ++filter.counts->cut;
  remove_forged(context);
  const Result<MilterAnswer> answer = checked();
  MilterAnswer given;
  if (answer) {
    given = *answer;
  } else {
    ++filter.counts->errors;
    note(message_.queue_id + ": not checked: " + answer.error().message);
    given.action = filter.options->fail_open ? MilterAction::kAccept : MilterAction::kDefer;
    given.text = "the message cannot be checked now, try again later";
  }
  const sfsistat status = obey(context, given);
  clear();
  return status;
}

// ---- callbacks. An exception must not reach libmilter, which is C.

Session* session_of(SMFICTX* context) { return static_cast<Session*>(smfi_getpriv(context)); }

template <typename Work>
sfsistat guarded(SMFICTX* context, Work&& work) {
  struct Inside {
    Inside() { ++filter.inside; }
    ~Inside() { --filter.inside; }
  } const inside;
  if (filter.stopping) return SMFIS_TEMPFAIL;
  try {
    Session* session = session_of(context);
    if (session != nullptr) return work(*session);
  } catch (const std::exception& problem) {
    ++filter.counts->errors;
    note(std::string("a connection ended with an internal error: ") + problem.what());
  }
  return filter.options->fail_open ? SMFIS_ACCEPT : SMFIS_TEMPFAIL;
}

sfsistat on_negotiate(SMFICTX* context, unsigned long offered_actions, unsigned long offered_steps, unsigned long,
                      unsigned long, unsigned long* actions, unsigned long* steps, unsigned long* more,
                      unsigned long* still_more) {
  *actions = offered_actions & (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE);
  *steps = offered_steps & (SMFIP_HDR_LEADSPC | SMFIP_NOUNKNOWN | SMFIP_NODATA);
  *more = *still_more = 0;
  try {
    smfi_setpriv(context, new Session((*steps & SMFIP_HDR_LEADSPC) != 0));
  } catch (const std::bad_alloc&) {
    return SMFIS_REJECT;  // of the connection to the MTA, which does what it does without a filter
  }
  return SMFIS_CONTINUE;
}

sfsistat on_connect(SMFICTX* context, char*, _SOCK_ADDR* address) {
  return guarded(context, [&](Session& session) -> sfsistat {
    const MilterOptions& options = *filter.options;
    if (!session.connect(address)) {
      ++filter.counts->refused;
      note("more than " + std::to_string(options.max_connections) + " connections at once: one is not checked");
      return options.fail_open ? SMFIS_ACCEPT : SMFIS_TEMPFAIL;
    }
    const auto& client = session.client();
    const bool ignored = client && std::any_of(options.ignore.begin(), options.ignore.end(),
                                               [&](const Prefix& prefix) { return prefix.contains(*client); });
    if (!ignored) return SMFIS_CONTINUE;
    ++filter.counts->ignored;
    return SMFIS_ACCEPT;
  });
}

sfsistat on_helo(SMFICTX* context, char* name) {
  return guarded(context, [&](Session& session) {
    session.helo(name == nullptr ? "" : name);
    return SMFIS_CONTINUE;
  });
}

sfsistat on_mail(SMFICTX* context, char** words) {
  return guarded(context, [&](Session& session) -> sfsistat {
    // Who has logged in sends our own mail, from anywhere: SPF has nothing to say about that.
    const char* login = smfi_getsymval(context, std::string("{auth_authen}").data());
    if (login != nullptr && *login != '\0') {
      ++filter.counts->ignored;
      return SMFIS_ACCEPT;
    }
    session.begin(words[0] == nullptr ? "" : words[0]);
    return SMFIS_CONTINUE;
  });
}

sfsistat on_recipient(SMFICTX* context, char** words) {
  return guarded(context, [&](Session& session) {
    if (words[0] != nullptr) session.recipient(words[0]);
    return SMFIS_CONTINUE;
  });
}

sfsistat on_header(SMFICTX* context, char* name, char* value) {
  return guarded(context, [&](Session& session) {
    session.header(name, value);
    return SMFIS_CONTINUE;
  });
}

sfsistat on_end_of_header(SMFICTX* context) {
  return guarded(context, [&](Session& session) {
    session.end_of_header();
    return SMFIS_CONTINUE;
  });
}

sfsistat on_body(SMFICTX* context, unsigned char* bytes, std::size_t count) {
  return guarded(context, [&](Session& session) {
    session.body({reinterpret_cast<const char*>(bytes), count});
    return SMFIS_CONTINUE;
  });
}

sfsistat on_end_of_message(SMFICTX* context) {
  return guarded(context, [&](Session& session) { return session.finish(context); });
}

sfsistat on_abort(SMFICTX* context) {
  if (Session* session = session_of(context)) session->clear();
  return SMFIS_CONTINUE;
}

sfsistat on_close(SMFICTX* context) {
  delete session_of(context);
  smfi_setpriv(context, nullptr);
  return SMFIS_CONTINUE;
}

smfiDesc description() {
  smfiDesc out{};
  static char name[] = "rangewatch";
  out.xxfi_name = name;
  out.xxfi_version = SMFI_VERSION;
  out.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE;
  out.xxfi_negotiate = on_negotiate;
  out.xxfi_connect = on_connect;
  out.xxfi_helo = on_helo;
  out.xxfi_envfrom = on_mail;
  out.xxfi_envrcpt = on_recipient;
  out.xxfi_header = on_header;
  out.xxfi_eoh = on_end_of_header;
  out.xxfi_body = on_body;
  out.xxfi_eom = on_end_of_message;
  out.xxfi_abort = on_abort;
  out.xxfi_close = on_close;
  return out;
}

// libmilter writes the field to add and its last answer one by one: Nagle's algorithm (RFC 896) then holds the second
// back until the MTA's delayed acknowledgement, 40 ms for each message. What is set on the listening socket holds for
// those that it accepts; libmilter keeps its descriptor for itself.
void send_without_delay() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const int file = std::atoi(entry.path().filename().c_str());
    int listens = 0, on = 1;
    socklen_t size = sizeof listens;
    if (::getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0)
      static_cast<void>(::setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  }
}

sigset_t milter_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

std::string_view to_string(MilterAction action) {
  switch (action) {
    case MilterAction::kAccept: return "accept";
    case MilterAction::kQuarantine: return "quarantine";
    case MilterAction::kReject: return "reject";
    case MilterAction::kDefer: return "defer";
  }
  return "accept";
}

Result<std::string> milter_socket(std::string_view text) {
  const auto refuse = [&](const std::string& why) {
    return Failure(ErrorCode::kUsage, "'" + std::string(text) + "' is no socket: " + why +
                                          "; write inet:8891@127.0.0.1 or unix:/run/rangewatch/milter.sock");
  };
  if (text.starts_with("unix:") || text.starts_with("local:")) {
    const std::string_view path = text.substr(text.find(':') + 1);
    if (!path.starts_with('/')) return refuse("its path must begin with /");
    if (path.size() > 107) return refuse("its path is longer than 107 bytes");  // sockaddr_un
    return "unix:" + std::string(path);
  }
  for (const std::string_view family : {"inet:", "inet6:"}) {
    if (!text.starts_with(family)) continue;
    const std::string_view rest = text.substr(family.size());
    const std::size_t at = rest.find('@');
    const auto port = parse_decimal_tag(rest.substr(0, at), 5);
    if (!port || *port == 0 || *port > 65535) return refuse("its port must be 1 to 65535");
    // Without a host libmilter would listen on every address of the machine.
    if (at == std::string_view::npos || at + 1 == rest.size()) return refuse("it needs an address behind @");
    return std::string(text);
  }
  return refuse("it must begin with inet:, inet6: or unix:");
}

void append_header_field(std::string& bytes, std::string_view name, std::string_view value, bool leading_space) {
  bytes += name;
  bytes += leading_space ? ":" : ": ";
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\n' && (i == 0 || value[i - 1] != '\r')) bytes += '\r';
    bytes += value[i];
  }
  bytes += "\r\n";
}

std::string reply_text(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 200)) out += c >= ' ' && c <= '~' && c != '%' ? c : '?';
  return out.empty() ? "refused by policy" : out;
}

void block_milter_signals() {
  const sigset_t set = milter_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void stop_milter() { smfi_stop(); }

Result<void> run_milter(const MilterOptions& options, MilterCounts& counts, const std::function<void()>& ready) {
  RW_ASSIGN(std::string socket, milter_socket(options.socket));
  filter.options = &options;
  filter.counts = &counts;
  const mode_t mask =
      ::umask(0117);  // a socket in the file system: owner and group, so that the MTA's group can reach it
  const bool listening = smfi_setconn(socket.data()) == MI_SUCCESS && smfi_register(description()) == MI_SUCCESS &&
                         smfi_opensocket(true) == MI_SUCCESS;
  ::umask(mask);
  if (!listening)
    return Failure(ErrorCode::kUsage,
                   "cannot listen on " + socket + ": is the address in use, or the folder not there?");
  send_without_delay();
  if (ready) ready();
  // On a thread of its own, which is left behind: libmilter looks only every five seconds whether it is to end, and one
  // that accepts a connection in that time waits forever for a lock that its pool has taken along.
  struct Ending {
    std::atomic<bool> done{false};
    std::atomic<int> status{MI_SUCCESS};
  };
  const auto ending = std::make_shared<Ending>();
  std::thread([ending] {
    ending->status = smfi_main();
    ending->done = true;
  }).detach();
  while (!ending->done && (mi_stop == nullptr || mi_stop() == 0)) std::this_thread::sleep_for(kLook);
  filter.stopping = true;  // from here on nothing of the caller's is touched by a callback that begins
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (filter.inside > 0 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(kLook);
  const int status = ending->done ? ending->status.load() : MI_SUCCESS;
  if (status != MI_SUCCESS) return Failure(ErrorCode::kInternal, "libmilter ended with a failure");
  return {};
}

}  // namespace rw
