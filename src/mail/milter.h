// A mail filter in front of an MTA (Sendmail's milter protocol, by libmilter): puts each message together with its
// envelope, has it checked, and answers with fields to add and remove and what is to become of the message.
//
//   MilterOptions options{.socket = "inet:8891@127.0.0.1", .authserv_id = "mx.example.org", .check = …};
//   RW_TRY(run_milter(options));   // until SIGTERM, SIGINT or stop_milter()
//
// One process runs one (libmilter keeps its state in globals). Each connection of the MTA has a thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "mail/check.h"

namespace rw {

// A message as it came over SMTP.
struct MilterMessage {
  Envelope envelope;
  std::string bytes;              // header and body with CRLF
  bool cut = false;               // the bound on its size was met: its end is missing
  std::uint64_t total_bytes = 0;  // with what is missing
  std::string queue_id;           // as the MTA names it; "" where it does not tell
};

enum class MilterAction : std::uint8_t { kAccept, kQuarantine, kReject, kDefer };
std::string_view to_string(MilterAction action);  // "accept"

struct MilterAnswer {
  MilterAction action = MilterAction::kAccept;
  std::string text;     // for the SMTP client (reject, defer) or the postmaster (quarantine)
  std::string results;  // body of the Authentication-Results field to add; "" for none
};

struct MilterOptions {
  std::string socket;              // "inet:PORT@HOST" or "unix:PATH"
  std::string authserv_id;         // whose Authentication-Results fields are ours
  bool fail_open = true;           // what internal errors do: accept, else defer
  unsigned max_connections = 200;  // Postfix has 100 SMTP servers as it comes; a thread each
  std::size_t max_message_bytes = std::size_t{32} << 20;
  std::size_t max_total_bytes = std::size_t{512} << 20;  // of all messages on their way together
  std::vector<Prefix> ignore;                            // clients whose mail is passed on as it is
  // Any thread, several at once. An exception is an internal error.
  std::function<Result<MilterAnswer>(const MilterMessage&)> check;
  std::function<void(const std::string&)> note;  // for people; any thread
};

struct MilterCounts {
  std::atomic<std::uint64_t> connections{0}, refused{0};  // refused: over max_connections
  std::atomic<std::uint64_t> messages{0}, ignored{0}, cut{0}, errors{0}, forged{0};
  std::atomic<std::uint64_t> rejected{0}, quarantined{0}, deferred{0};
};

// kUsage: a socket that is none, or that cannot be listened on. Returns when asked to stop, after the messages that
// are being checked. `ready` is called once it listens.
Result<void> run_milter(const MilterOptions& options, MilterCounts& counts, const std::function<void()>& ready = {});
void stop_milter();
// SIGTERM, SIGINT and SIGHUP are the filter's: to be called before any thread is started.
void block_milter_signals();

// ---- parts, for tests

// "unix:PATH" and "inet:PORT@HOST" as libmilter writes them; kUsage for anything else.
Result<std::string> milter_socket(std::string_view text);
// Fields of the message in the order of their arrival; `value` as libmilter gives it: LF inside, and the space behind
// the colon only where it was negotiated.
void append_header_field(std::string& bytes, std::string_view name, std::string_view value, bool leading_space);
// A text that may stand in an SMTP reply: printable ASCII without %, which libmilter takes for a format, at most 200.
std::string reply_text(std::string_view text);

}  // namespace rw
