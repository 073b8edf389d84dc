// From windows of names to tunnels: what stands out, which signs it shows, and what the client does otherwise.
#include <algorithm>
#include <map>

#include "detect/dns_tunnel.h"
#include "detect/dns_tunnel_parts.h"
#include "detect/thresholds.h"
#include "enrich/reference.h"

namespace rw::dns_tunnel {
namespace {

namespace limits = thresholds::dns_tunnel;

// Windows of one tunnel added up.
struct Sum {
  Window all;
  std::int64_t windows = 0;
  std::int64_t standing = 0;
  std::int64_t subdomain_bytes = 0;
  double active_seconds = 0;
  std::int64_t gaps = 0;

  void add(const Window& w, bool stands_out) {
    if (windows == 0) all = w;
    if (windows > 0) {
      all.first = std::min(all.first, w.first);
      all.last = std::max(all.last, w.last);
      all.first_server = std::min(all.first_server, w.first_server);
      all.last_server = std::max(all.last_server, w.last_server);
      all.queries += w.queries;
      all.responses += w.responses;
      all.names += w.names;
      all.unique_name_bytes += w.unique_name_bytes;
      all.query_bytes += w.query_bytes;
      all.sized_queries += w.sized_queries;
      all.response_bytes += w.response_bytes;
      all.sized_responses += w.sized_responses;
      all.data_queries += w.data_queries;
    }
    ++windows;
    standing += stands_out ? 1 : 0;
    subdomain_bytes += w.subdomain_bytes();
    if (w.queries > 1) active_seconds += (w.last - w.first).to_seconds(), gaps += w.queries - 1;
  }
  std::optional<double> mean_gap() const {
    return gaps > 0 ? std::optional(active_seconds / static_cast<double>(gaps)) : std::nullopt;
  }
};

bool stands_out(const DetectContext& context, const Window& w) {
  return static_cast<double>(w.subdomain_bytes()) >= context.thresholds[limits::kMinBytes] &&
         static_cast<double>(w.names) >= context.thresholds[limits::kMinNames];
}

std::vector<std::string> signs_of(const DetectContext& context, const Sum& sum, const NameTraits& traits,
                                  const Signs& baseline) {
  const ThresholdValues& t = context.thresholds;
  std::vector<std::string> signs;
  if (ratio(sum.subdomain_bytes, sum.all.names) >= t[limits::kMinNameBytes]) signs.emplace_back("message length");
  if (const auto gap = sum.mean_gap();
      gap && *gap <= t[limits::kMaxGap] && (!baseline.mean_gap_seconds || *gap <= *baseline.mean_gap_seconds))
    signs.emplace_back("mean gap");
  if (ratio(sum.all.names, sum.all.queries) >= t[limits::kMinFreshShare]) signs.emplace_back("names that never repeat");
  if (ratio(sum.all.data_queries, sum.all.queries) >= t[limits::kMinTypeShare]) signs.emplace_back("record types");
  if (traits.data_share >= t[limits::kMinDataShare] || !traits.tool.empty()) signs.emplace_back("encoded names");
  if (ratio(sum.all.response_bytes, sum.all.sized_responses) >= t[limits::kMinAnswerBytes])
    signs.emplace_back("long answers");
  return signs;
}

bool has(const std::vector<std::string>& signs, std::string_view sign) {
  return std::find(signs.begin(), signs.end(), sign) != signs.end();
}

bool is_tunnel(const DetectContext& context, const Sum& sum, const std::vector<std::string>& signs,
               const Baseline& baseline) {
  if (static_cast<double>(signs.size()) < context.thresholds[limits::kMinSigns]) return false;
  if (!has(signs, "record types") && !has(signs, "encoded names")) return false;
  if (baseline.domains.value_or(0) < context.thresholds[limits::kBusyDomains]) return true;
  const double name_bytes = ratio(sum.all.unique_name_bytes, sum.windows);
  return name_bytes >= context.thresholds[limits::kMinVolumeRatio] * baseline.name_bytes.value_or(0);
}

Tunnel tunnel_of(const Sum& sum, const Evidence& evidence, NameTraits traits, std::vector<std::string> reasons) {
  Tunnel t;
  const Window& w = sum.all;
  t.client = w.client;
  if (w.first_server == w.last_server) t.server = w.first_server;
  t.domain = w.domain;
  t.first = w.first;
  t.last = w.last;
  t.windows = sum.standing;
  t.queries = w.queries;
  t.responses = w.responses;
  t.names = w.names;
  t.subdomain_bytes = sum.subdomain_bytes;
  if (w.sized_queries > 0) t.bytes_up = w.query_bytes;
  if (w.sized_responses > 0) t.bytes_down = w.response_bytes;
  if (const std::int64_t sized = w.sized_queries + w.sized_responses; sized > 0) {
    t.signs.bytes = ratio(w.query_bytes + w.response_bytes, sum.windows);
    t.signs.mean_message_bytes = ratio(w.query_bytes + w.response_bytes, sized);
  }
  t.signs.mean_gap_seconds = sum.mean_gap();
  t.baseline = evidence.baseline.signs;
  t.traits = std::move(traits);
  t.reasons = std::move(reasons);
  const bool strong = t.traits.tool_proven || t.reasons.size() >= 5;
  t.confidence = strong ? Confidence::kHigh : Confidence::kModerate;
  return t;
}

// ---- history

struct Key {
  Ip client;
  std::string domain;
  friend auto operator<=>(const Key&, const Key&) = default;
};

struct ClientTotal {
  double domain_windows = 0, windows = 0, queries = 0, name_bytes = 0, query_bytes = 0, sized_queries = 0,
         response_bytes = 0, sized_responses = 0;
};

struct Found {
  std::map<Key, Evidence> keys;
  std::map<Ip, ClientTotal> clients;  // by the sensor that saw most of each
};

// Of windows that several sensors saw, the one with most questions.
void add_windows(const Answer& answer, std::map<Key, std::map<Timestamp, Window>>& best) {
  for (Window& w : windows_of(answer)) {
    auto& windows = best[{w.client, w.domain}];
    const auto [found, fresh] = windows.try_emplace(w.start, w);
    if (!fresh && w.queries > found->second.queries) found->second = std::move(w);
  }
}

void add_samples(const Answer& answer, Found& found) {
  for (const auto& row : answer.rows) {
    const auto* client = std::get_if<Ip>(&row[0]);
    if (client == nullptr) continue;
    auto& samples = found.keys[{*client, as_string(row[1])}].samples;
    const auto type = static_cast<std::uint16_t>(as_int(row[3]));
    samples.push_back({as_string(row[5]), type});
    if (as_string(row[6]) != as_string(row[5])) samples.push_back({as_string(row[6]), type});
  }
}

void add_totals(const Answer& answer, Found& found) {
  for (const auto& row : answer.rows) {
    const auto* client = std::get_if<Ip>(&row[0]);
    if (client == nullptr) continue;
    const ClientTotal total{as_double(row[2]), as_double(row[3]), as_double(row[4]), as_double(row[5]),
                            as_double(row[6]), as_double(row[7]), as_double(row[8]), as_double(row[9])};
    const auto [at, fresh] = found.clients.try_emplace(*client, total);
    if (!fresh && total.queries > at->second.queries) at->second = total;
  }
}

// What the client asked beside the key's own windows.
Baseline baseline_of(const ClientTotal& total, const std::vector<Window>& own) {
  ClientTotal rest = total;
  rest.domain_windows -= static_cast<double>(own.size());
  for (const Window& w : own) {
    rest.queries -= static_cast<double>(w.queries);
    // Repeated names are as long as different ones, as far as their sum tells.
    rest.name_bytes -= ratio(w.unique_name_bytes, w.names) * static_cast<double>(w.queries);
    rest.query_bytes -= static_cast<double>(w.query_bytes);
    rest.sized_queries -= static_cast<double>(w.sized_queries);
    rest.response_bytes -= static_cast<double>(w.response_bytes);
    rest.sized_responses -= static_cast<double>(w.sized_responses);
  }
  Baseline baseline;
  if (rest.queries < 1 || rest.domain_windows < 1 || rest.windows < 1) return baseline;
  baseline.domains = rest.domain_windows / rest.windows;
  baseline.name_bytes = std::max(0.0, rest.name_bytes) / rest.domain_windows;
  baseline.signs.mean_gap_seconds = rest.windows * kHistoryWindow.to_seconds() / rest.queries;
  if (const double sized = rest.sized_queries + rest.sized_responses; sized >= 1) {
    baseline.signs.bytes = (rest.query_bytes + rest.response_bytes) / rest.domain_windows;
    baseline.signs.mean_message_bytes = (rest.query_bytes + rest.response_bytes) / sized;
  }
  return baseline;
}

}  // namespace

// The subject's where one end is watched at that time; else the organisation's.
std::string scope_of(const DetectContext& context, const Tunnel& t) {
  for (const auto& end : {t.client, t.server}) {
    if (!end) continue;
    for (const Subject& subject : context.subjects)
      if (subject.watches(*end, t.first)) return "subject";
  }
  for (const auto& end : {t.client, t.server}) {
    if (!end) continue;
    for (const Prefix& prefix : context.organisation.prefixes)
      if (prefix.contains(*end)) return "organisation";
  }
  return "";
}

void complete(const DetectContext& context, Tunnel& tunnel) {
  tunnel.scope = scope_of(context, tunnel);
  if (context.reference == nullptr || !tunnel.server) return;
  if (const auto facts = context.reference->scan(*tunnel.server, tunnel.first)) tunnel.enrichment = facts->summary();
}

std::int64_t Window::subdomain_bytes() const {
  return std::max<std::int64_t>(0, unique_name_bytes - names * (wire_bytes(domain) + 1));
}

std::optional<std::int64_t> Tunnel::bytes() const {
  if (!bytes_up && !bytes_down) return std::nullopt;
  return bytes_up.value_or(0) + bytes_down.value_or(0);
}

std::vector<Tunnel> decide_messages(const DetectContext& context, const Evidence& evidence, Duration width) {
  const std::vector<Window>& windows = evidence.windows;
  const Duration quiet = context.thresholds.duration(limits::kQuietGap);
  std::vector<Tunnel> tunnels;
  std::size_t at = 0;
  while (at < windows.size()) {
    if (!stands_out(context, windows[at])) {
      ++at;
      continue;
    }
    // From the first that stands out to the last one before a pause, and what touches them.
    std::size_t begin = at, end = at;
    for (std::size_t i = at; i < windows.size() && windows[i].start - windows[end].start <= quiet + width; ++i)
      if (stands_out(context, windows[i])) end = i;
    while (begin > 0 && windows[begin].start - windows[begin - 1].start <= width) --begin;
    while (end + 1 < windows.size() && windows[end + 1].start - windows[end].start <= width) ++end;
    Sum sum;
    for (std::size_t i = begin; i <= end; ++i) sum.add(windows[i], stands_out(context, windows[i]));
    at = end + 1;
    const Exchange exchange = benign_exchange(evidence.samples, sum.all.domain);
    NameTraits traits = examine(evidence.samples, sum.all.domain);
    auto signs = signs_of(context, sum, traits, evidence.baseline.signs);
    if (exchange == Exchange::kNone && !is_tunnel(context, sum, signs, evidence.baseline)) continue;
    Tunnel tunnel = tunnel_of(sum, evidence, std::move(traits), std::move(signs));
    tunnel.exchange = exchange;
    tunnels.push_back(std::move(tunnel));
  }
  return tunnels;
}

std::vector<Tunnel> tunnels_of(const DetectContext& context, std::span<const Answer> answers) {
  Found found;
  std::map<Key, std::map<Timestamp, Window>> best;
  for (const Answer& answer : answers) {
    if (answer.column(kUniqueNameBytes) >= 0) add_windows(answer, best);
    if (answer.column(kLowestName) >= 0) add_samples(answer, found);
    if (answer.column(kDomainWindows) >= 0) add_totals(answer, found);
  }
  std::vector<Tunnel> tunnels;
  for (auto& [key, windows] : best) {
    Evidence& evidence = found.keys[key];
    for (auto& [start, window] : windows) evidence.windows.push_back(std::move(window));
    if (const auto total = found.clients.find(key.client); total != found.clients.end())
      evidence.baseline = baseline_of(total->second, evidence.windows);
    for (Tunnel& tunnel : decide_messages(context, evidence, kHistoryWindow)) tunnels.push_back(std::move(tunnel));
  }
  for (Tunnel& tunnel : unknown_tunnels(context, answers)) tunnels.push_back(std::move(tunnel));
  for (Tunnel& tunnel : shared_tunnels(context, answers, tunnels)) tunnels.push_back(std::move(tunnel));
  for (Tunnel& tunnel : flow_tunnels(context, answers)) tunnels.push_back(std::move(tunnel));
  for (Tunnel& tunnel : tunnels) complete(context, tunnel);
  std::stable_sort(tunnels.begin(), tunnels.end(), [](const Tunnel& a, const Tunnel& b) { return a.first < b.first; });
  return tunnels;
}

Result<std::vector<Tunnel>> find_tunnels(Store& store, const DetectContext& context) {
  std::vector<Answer> answers;
  const auto ask = [&](const std::vector<Query>& queries) -> Result<void> {
    for (const Query& query : queries) {
      RW_ASSIGN(Answer answer, store.run(query));
      answers.push_back(std::move(answer));
    }
    return {};
  };
  RW_TRY(ask(first_questions(context)));
  RW_TRY(ask(second_questions(context, answers)));
  return tunnels_of(context, answers);
}

}  // namespace rw::dns_tunnel
