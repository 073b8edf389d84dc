// Data carried over DNS: from questions to tunnels, for the detector, the dossier's section and the live window alike.
//
// The evidence is one table of windows: what one client asked below one registered domain in five minutes, as one
// sensor saw it. The store gives it for history; LiveWindows (dns_tunnel_live.h) gives the same rows, a minute wide,
// from batches on their way in. decide() is one for both.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "detect/detector.h"
#include "detect/dns_tunnel_names.h"
#include "store/query.h"
#include "store/value.h"

namespace rw::dns_tunnel {

inline constexpr Duration kHistoryWindow = Duration::seconds(300);
inline constexpr Duration kLiveWindow = Duration::seconds(60);

// One row of the window table. Columns in this order, after the keys client, domain, window and sensor.
struct Window {
  Ip client;
  std::string domain;
  Timestamp start;
  std::string sensor;
  Timestamp first;
  Timestamp last;
  std::int64_t queries = 0;
  std::int64_t responses = 0;
  std::int64_t names = 0;              // different ones
  std::int64_t unique_name_bytes = 0;  // of them, on the wire
  std::int64_t query_bytes = 0;        // of those whose size is known
  std::int64_t sized_queries = 0;
  std::int64_t response_bytes = 0;
  std::int64_t sized_responses = 0;
  std::int64_t data_queries = 0;  // of types that carry what one pleases
  Ip first_server;                // lowest and highest address asked
  Ip last_server;

  // Bytes of different names without the domain that they share.
  std::int64_t subdomain_bytes() const;
  friend bool operator==(const Window&, const Window&) = default;
};

// The window table as a question; `where` null: all of it. And its rows, read back.
Query windows_question(TimeRange time, Duration width, ExprPtr where);
std::vector<Window> windows_of(const Answer& answer);

// The three signs (volume, message length, mean gap), as a client shows them.
struct Signs {
  std::optional<double> bytes;  // volume per window and domain
  std::optional<double> mean_message_bytes;
  std::optional<double> mean_gap_seconds;
  friend bool operator==(const Signs&, const Signs&) = default;
};

enum class Basis : std::uint8_t { kMessages, kFlows };

// One tunnel, between two pauses of the quiet gap.
struct Tunnel {
  Basis basis = Basis::kMessages;
  std::optional<Ip> client;  // unknown where several clients share the domain
  std::optional<Ip> server;  // unknown where several were asked
  std::string domain;        // "" where it is keyed by server
  std::int64_t clients = 1;
  Timestamp first;
  Timestamp last;
  std::int64_t windows = 0;  // that stood out
  std::int64_t queries = 0;
  std::int64_t responses = 0;
  std::int64_t names = 0;
  std::optional<std::int64_t> subdomain_bytes;
  std::optional<std::int64_t> bytes_up;
  std::optional<std::int64_t> bytes_down;
  Signs signs;
  Signs baseline;
  NameTraits traits;
  Exchange exchange = Exchange::kNone;
  std::vector<std::string> reasons;  // signs that it shows, by name
  std::string scope;                 // subject or organisation; "" where neither is known
  std::string enrichment;            // what scans say of the server, as of the time; "" where nothing is known
  Confidence confidence = Confidence::kModerate;

  std::int64_t messages() const { return queries + responses; }
  std::optional<std::int64_t> bytes() const;
  friend bool operator==(const Tunnel&, const Tunnel&) = default;
};

// What the detector asks, then asks again, and concludes. Tunnels in order of time.
std::vector<Query> first_questions(const DetectContext& context);
std::vector<Query> second_questions(const DetectContext& context, std::span<const Answer> first);
std::vector<Tunnel> tunnels_of(const DetectContext& context, std::span<const Answer> answers);

// All of it over a store: the questions, and what follows from the answers.
Result<std::vector<Tunnel>> find_tunnels(Store& store, const DetectContext& context);

// What of a window table is a tunnel: the core that history and live share.
struct Baseline {
  Signs signs;                       // of what else the client asked
  std::optional<double> name_bytes;  // per domain and window
  std::optional<double> domains;     // per window
};
struct Evidence {
  std::vector<Window> windows;  // of one client and domain, in order of time, one sensor's
  std::vector<Sample> samples;  // names seen among them
  Baseline baseline;
};
std::vector<Tunnel> decide_messages(const DetectContext& context, const Evidence& evidence, Duration width);

}  // namespace rw::dns_tunnel
