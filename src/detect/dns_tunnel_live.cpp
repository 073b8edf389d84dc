// Live windows: rows added one by one, decided as they grow, closed when their time is over.
#include "detect/dns_tunnel_live.h"

#include <algorithm>
#include <tuple>

#include "detect/dns_tunnel_parts.h"
#include "detect/thresholds.h"

namespace rw::dns_tunnel {
namespace {

namespace limits = thresholds::dns_tunnel;

constexpr std::size_t kSamples = 64;  // names of a window that are looked at; the first ones hold the handshakes

std::size_t index_of(std::string_view name) { return static_cast<std::size_t>(find_column(kDnsTable, name)); }

// Columns of the table, looked up once.
struct Columns {
  std::size_t time = index_of("time"), client_hi = index_of("client_hi"), client_lo = index_of("client_lo"),
              server_hi = index_of("server_hi"), server_lo = index_of("server_lo"), transport = index_of("transport"),
              name = index_of("name"), name_bytes = index_of("name_bytes"), domain = index_of("registered_domain"),
              type = index_of("type"), rcode = index_of("rcode"), query_bytes = index_of("query_bytes"),
              response_bytes = index_of("response_bytes"), response_time = index_of("response_time"),
              sensor = index_of("sensor");
};
const Columns& columns() {
  static const Columns kColumns;
  return kColumns;
}

template <typename T>
std::optional<std::int64_t> number(const Batch& batch, std::size_t column, std::size_t row) {
  const ColumnBuffer& buffer = batch.column(column);
  if (buffer.is_null(row)) return std::nullopt;
  return static_cast<std::int64_t>(buffer.values<T>()[row]);
}

std::int64_t floor_to(std::int64_t us, Duration width) {
  const std::int64_t into = ((us % width.us) + width.us) % width.us;
  return us - into;
}

}  // namespace

std::size_t LiveWindows::KeyHash::operator()(const Key& key) const noexcept {
  std::size_t h = IpHash{}(key.client) ^ std::hash<std::string>{}(key.domain) * 0x9E3779B97F4A7C15ULL;
  h ^= static_cast<std::size_t>(key.start) * 0xFF51AFD7ED558CCDULL;
  return h ^ (std::hash<std::string>{}(key.sensor) << 1);
}

LiveWindows::LiveWindows(DetectContext context, LiveOptions options)
    : context_(std::move(context)), options_(options), keys_(context_, options.keys) {}

std::vector<Detection> LiveWindows::take(const Batch& batch) {
  std::vector<Detection> detections;
  keys_.take(batch);
  if (&batch.table() != &kDnsTable) return detections;
  for (std::size_t row = 0; row < batch.rows(); ++row) add(batch, row, detections);
  if (latest_us_ != INT64_MIN) close_before(floor_to(latest_us_ - options_.lateness.us, options_.width));
  return detections;
}

void LiveWindows::add(const Batch& batch, std::size_t row, std::vector<Detection>& detections) {
  const Columns& c = columns();
  const std::string_view transport = batch.column(c.transport).text(row);
  if (transport != "udp" && transport != "tcp") return;
  if (batch.column(c.name).is_null(row) || batch.column(c.domain).is_null(row)) return;
  const Timestamp time{batch.column(c.time).values<std::int64_t>()[row]};
  const std::int64_t start = floor_to(time.us, options_.width);
  if (start < closed_before_us_) {
    ++dropped_;
    return;
  }
  latest_us_ = std::max(latest_us_, time.us);
  const auto address = [&](std::size_t hi, std::size_t lo) {
    return Ip{batch.column(hi).values<std::uint64_t>()[row], batch.column(lo).values<std::uint64_t>()[row]};
  };
  const Ip client = address(c.client_hi, c.client_lo);
  const Ip server = address(c.server_hi, c.server_lo);
  Key key{client, std::string(batch.column(c.domain).text(row)), start, std::string(batch.column(c.sensor).text(row))};
  if (open_.size() >= options_.most_windows && !open_.contains(key)) make_room();
  const auto [at, fresh] = open_.try_emplace(key);
  Open& open = at->second;
  Window& w = open.row;
  if (fresh) {
    w = {.client = client,
         .domain = key.domain,
         .start = Timestamp{start},
         .sensor = key.sensor,
         .first = time,
         .last = time,
         .first_server = server,
         .last_server = server};
    open.look_at = context_.thresholds.whole(limits::kMinNames);
  }
  w.first = std::min(w.first, time);
  w.last = std::max(w.last, time);
  w.first_server = std::min(w.first_server, server);
  w.last_server = std::max(w.last_server, server);
  ++w.queries;
  w.responses += batch.column(c.rcode).is_null(row) ? 0 : 1;
  if (const auto bytes = number<std::uint32_t>(batch, c.query_bytes, row)) w.query_bytes += *bytes, ++w.sized_queries;
  if (const auto bytes = number<std::uint32_t>(batch, c.response_bytes, row))
    w.response_bytes += *bytes, ++w.sized_responses;
  const auto type = number<std::uint16_t>(batch, c.type, row);
  if (type && is_data_type(static_cast<std::uint16_t>(*type))) ++w.data_queries;
  const std::string_view name = batch.column(c.name).text(row);
  const bool full = open.names.size() >= options_.most_names_of_window || names_ >= options_.most_names;
  if (!full && !open.names.insert(std::hash<std::string_view>{}(name)).second) return;
  names_ += full ? 0 : 1;
  ++w.names;
  w.unique_name_bytes += number<std::uint16_t>(batch, c.name_bytes, row).value_or(0);
  if (open.samples.size() < kSamples)
    open.samples.push_back({std::string(name), static_cast<std::uint16_t>(type.value_or(0))});
  if (w.names < open.look_at) return;
  if (static_cast<double>(w.subdomain_bytes()) < context_.thresholds[limits::kMinBytes]) return;
  const auto told = number<std::int64_t>(batch, c.response_time, row);
  look(open, Timestamp{std::max(time.us, told.value_or(time.us))}, detections);
  open.look_at = w.names + w.names / 2 + 1;  // another look when it has half as much again
}

void LiveWindows::look(Open& open, Timestamp now, std::vector<Detection>& detections) {
  if (!is_in_scope(context_, open.row.client, open.row.first_server, open.row.first)) return;
  const auto key = std::make_pair(open.row.client, open.row.domain);
  const Duration quiet = context_.thresholds.duration(limits::kQuietGap);
  const auto told = told_.find(key);
  if (told != told_.end() && open.row.last - told->second.last <= quiet) {
    told->second.last = std::max(told->second.last, open.row.last);
    return;
  }
  for (Tunnel& tunnel : decide_messages(context_, {{open.row}, open.samples, baseline_of(open.row)}, options_.width)) {
    if (tunnel.exchange != Exchange::kNone && context_.thresholds[limits::kTellBenign] == 0) continue;
    complete(context_, tunnel);
    told_[key] = {open.row.last};
    const std::int64_t leaked = tunnel.subdomain_bytes.value_or(0);
    detections.push_back({now, leaked, std::move(tunnel)});
  }
}

std::vector<Tunnel> LiveWindows::keyed_tunnels() const {
  std::vector<Tunnel> known;  // one finding for a domain: not another one of its clients together
  for (const auto& [key, told] : told_)
    if (key.first != Ip{}) known.push_back({.client = key.first, .domain = key.second});
  std::vector<Tunnel> tunnels = keys_.tunnels(std::move(known));
  for (Tunnel& tunnel : tunnels) complete(context_, tunnel);
  std::stable_sort(tunnels.begin(), tunnels.end(), [](const Tunnel& a, const Tunnel& b) { return a.first < b.first; });
  return tunnels;
}

std::vector<Detection> LiveWindows::look_at_keys() {
  std::vector<Detection> detections;
  const Duration quiet = context_.thresholds.duration(limits::kQuietGap);
  for (Tunnel& tunnel : keyed_tunnels()) {
    if (tunnel.exchange != Exchange::kNone && context_.thresholds[limits::kTellBenign] == 0) continue;
    // As a finding is told apart: client and server, or the domain.
    const bool by_server = tunnel.domain.empty() || tunnel.basis == Basis::kFlows;
    const auto key = std::make_pair(tunnel.client.value_or(Ip{}),
                                    by_server && tunnel.server ? tunnel.server->to_string() : tunnel.domain);
    const auto told = told_.find(key);
    const bool known = told != told_.end() && tunnel.first - told->second.last <= quiet;
    Timestamp& last = told_[key].last;
    last = std::max(known ? last : tunnel.last, tunnel.last);
    if (known) continue;
    const std::int64_t leaked = tunnel.subdomain_bytes.value_or(tunnel.bytes_up.value_or(0));
    detections.push_back({tunnel.last, leaked, std::move(tunnel)});
  }
  keys_.forget();
  return detections;
}

Baseline LiveWindows::baseline_of(const Window& window) const {
  Baseline baseline;
  const auto found = clients_.find(window.client);
  if (found == clients_.end() || found->second.queries < 1) return baseline;
  const ClientTotal& total = found->second;
  baseline.domains = total.domain_windows / total.windows;
  baseline.name_bytes = total.name_bytes / total.domain_windows;
  baseline.signs.mean_gap_seconds = total.windows * options_.width.to_seconds() / total.queries;
  if (total.sized >= 1) {
    baseline.signs.bytes = total.bytes / total.domain_windows;
    baseline.signs.mean_message_bytes = total.bytes / total.sized;
  }
  return baseline;
}

void LiveWindows::close_before(std::int64_t start_us) {
  if (start_us <= closed_before_us_) return;
  closed_before_us_ = start_us;
  for (auto at = open_.begin(); at != open_.end();) {
    const Window& w = at->second.row;
    if (w.start.us >= start_us) {
      ++at;
      continue;
    }
    if (!told_.contains({w.client, w.domain}) &&
        (clients_.size() < options_.most_clients || clients_.contains(w.client))) {
      ClientTotal& total = clients_[w.client];
      total.windows += total.last_window == w.start.us ? 0 : 1;
      total.last_window = w.start.us;
      total.domain_windows += 1;
      total.queries += static_cast<double>(w.queries);
      total.name_bytes += ratio(w.unique_name_bytes, w.names) * static_cast<double>(w.queries);
      total.bytes += static_cast<double>(w.query_bytes + w.response_bytes);
      total.sized += static_cast<double>(w.sized_queries + w.sized_responses);
    }
    names_ -= std::min(names_, at->second.names.size());
    closed_.push_back(w);
    at = open_.erase(at);
  }
}

// Beyond the bound, the oldest time of all goes: what is old and was not told was not loud.
void LiveWindows::make_room() {
  std::int64_t oldest = INT64_MAX;
  for (const auto& [key, open] : open_) oldest = std::min(oldest, key.start);
  const std::int64_t newest = floor_to(latest_us_, options_.width);
  if (oldest < newest) return close_before(oldest + options_.width.us);
  // All of one window: those with a single name carry nothing.
  for (auto at = open_.begin(); at != open_.end();) {
    if (at->second.row.names > 1) {
      ++at;
      continue;
    }
    dropped_ += static_cast<std::uint64_t>(at->second.row.queries);
    names_ -= std::min(names_, at->second.names.size());
    at = open_.erase(at);
  }
}

std::vector<Window> LiveWindows::closed(bool all) {
  if (all) close_before(INT64_MAX);
  std::vector<Window> out = std::exchange(closed_, {});
  std::sort(out.begin(), out.end(), [](const Window& a, const Window& b) {
    return std::tie(a.start, a.client, a.domain, a.sensor) < std::tie(b.start, b.client, b.domain, b.sensor);
  });
  return out;
}

}  // namespace rw::dns_tunnel
