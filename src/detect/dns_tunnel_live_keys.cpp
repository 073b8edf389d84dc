// Live tables of the other keys: rows counted as the store's questions count them, and handed on as its answers.
#include "detect/dns_tunnel_live_keys.h"

#include <algorithm>
#include <string_view>

#include "detect/dns_tunnel_parts.h"
#include "detect/thresholds.h"
#include "enrich/registered_domain.h"

namespace rw::dns_tunnel {
namespace {

namespace limits = thresholds::dns_tunnel;

Timestamp floor_to(Timestamp time, Duration width) { return {time.us - ((time.us % width.us) + width.us) % width.us}; }

// Columns by name, looked up once a table.
template <const TableSpec& kTable>
std::size_t index_of(std::string_view name) {
  return static_cast<std::size_t>(find_column(kTable, name));
}

template <typename T>
std::int64_t number(const Batch& batch, std::size_t column, std::size_t row) {
  const ColumnBuffer& buffer = batch.column(column);
  return buffer.is_null(row) ? 0 : static_cast<std::int64_t>(buffer.values<T>()[row]);
}
Ip address(const Batch& batch, std::size_t hi, std::size_t lo, std::size_t row) {
  return {batch.column(hi).values<std::uint64_t>()[row], batch.column(lo).values<std::uint64_t>()[row]};
}

struct FlowColumns {
  std::size_t start = index_of<kFlowTable>("start_time"), end = index_of<kFlowTable>("end_time"),
              src_hi = index_of<kFlowTable>("src_hi"), src_lo = index_of<kFlowTable>("src_lo"),
              dst_hi = index_of<kFlowTable>("dst_hi"), dst_lo = index_of<kFlowTable>("dst_lo"),
              src_port = index_of<kFlowTable>("src_port"), dst_port = index_of<kFlowTable>("dst_port"),
              proto = index_of<kFlowTable>("proto"), bytes = index_of<kFlowTable>("bytes"),
              packets = index_of<kFlowTable>("packets"), rev_bytes = index_of<kFlowTable>("rev_bytes"),
              rev_packets = index_of<kFlowTable>("rev_packets"), sampling = index_of<kFlowTable>("sampling"),
              sensor = index_of<kFlowTable>("sensor");
};
const FlowColumns& flow_columns() {
  static const FlowColumns kColumns;
  return kColumns;
}

struct DnsColumns {
  std::size_t time = index_of<kDnsTable>("time"), client_hi = index_of<kDnsTable>("client_hi"),
              client_lo = index_of<kDnsTable>("client_lo"), server_hi = index_of<kDnsTable>("server_hi"),
              server_lo = index_of<kDnsTable>("server_lo"), transport = index_of<kDnsTable>("transport"),
              name = index_of<kDnsTable>("name"), name_bytes = index_of<kDnsTable>("name_bytes"),
              domain = index_of<kDnsTable>("registered_domain"), type = index_of<kDnsTable>("type"),
              rcode = index_of<kDnsTable>("rcode"), query_bytes = index_of<kDnsTable>("query_bytes"),
              response_bytes = index_of<kDnsTable>("response_bytes"), sensor = index_of<kDnsTable>("sensor");
};
const DnsColumns& dns_columns() {
  static const DnsColumns kColumns;
  return kColumns;
}

Answer answer_of(std::string_view column) {
  Answer answer;
  answer.columns.push_back({std::string(column), "", true});
  return answer;
}

}  // namespace

struct LiveKeys::Message {
  Timestamp time;
  Ip client, server;
  std::string_view name, domain, sensor;
  std::int64_t name_bytes = 0, query_bytes = 0, response_bytes = 0;
  bool sized_query = false, sized_response = false, answered = false;
  std::uint16_t type = 0;
};

bool LiveKeys::room() {
  if (entries_ >= options_.most_entries) {
    ++dropped_;
    return false;
  }
  ++entries_;
  return true;
}

void LiveKeys::take(const Batch& batch) {
  const bool flows = &batch.table() == &kFlowTable;
  if (!flows && &batch.table() != &kDnsTable) return;
  for (std::size_t row = 0; row < batch.rows(); ++row) flows ? flow(batch, row) : message(batch, row);
}

// ---- Flows --------------------------------------------------------------------------------------------------------

void LiveKeys::flow(const Batch& batch, std::size_t row) {
  const FlowColumns& c = flow_columns();
  if (number<std::uint8_t>(batch, c.proto, row) != kTunnelProto) return;
  const auto src_port = number<std::uint16_t>(batch, c.src_port, row);
  const auto dst_port = number<std::uint16_t>(batch, c.dst_port, row);
  if ((src_port == kDnsPort) == (dst_port == kDnsPort)) return;  // servers among themselves, or something else
  const Ip src = address(batch, c.src_hi, c.src_lo, row), dst = address(batch, c.dst_hi, c.dst_lo, row);
  const Timestamp start{number<std::int64_t>(batch, c.start, row)};
  const bool asks = dst_port == kDnsPort;
  const Ip& client = asks ? src : dst;
  const Ip& server = asks ? dst : src;
  if (!is_in_scope(context_, client, server, start)) return;
  latest_ = std::max(latest_, start);
  if (asks)
    request(batch, row, client, server);
  else if (batch.column(c.rev_packets).is_null(row))
    reply(batch, row, client, server);
}

void LiveKeys::request(const Batch& batch, std::size_t row, const Ip& client, const Ip& server) {
  const FlowColumns& c = flow_columns();
  const Timestamp start{number<std::int64_t>(batch, c.start, row)}, end{number<std::int64_t>(batch, c.end, row)};
  const std::string sensor(batch.column(c.sensor).text(row));
  const auto packets = number<std::int64_t>(batch, c.packets, row), bytes = number<std::int64_t>(batch, c.bytes, row),
             rev_packets = number<std::int64_t>(batch, c.rev_packets, row),
             rev_bytes = number<std::int64_t>(batch, c.rev_bytes, row),
             by = number<std::uint32_t>(batch, c.sampling, row);
  const Place place{floor_to(start, kFlowWindow), client, server, sensor};
  auto at = requests_.find(place);
  if (at == requests_.end()) {
    if (!room()) return;
    at = requests_.try_emplace(place, Requests{.first = start, .last = end}).first;
  }
  Requests& r = at->second;
  r.first = std::min(r.first, start);
  r.last = std::max(r.last, end);
  ++r.flows;
  r.counted += packets;
  r.packets += packets * by;
  r.bytes += bytes * by;
  r.rev_packets += rev_packets * by;
  r.rev_bytes += rev_bytes * by;
  const std::int64_t lasts = end.us - start.us;
  if (lasts <= kFlowWindow.us)
    r.busiest = std::max(r.busiest, packets);
  else
    r.busiest_minute =
        std::max(r.busiest_minute, static_cast<double>(packets * kFlowWindow.us) / static_cast<double>(lasts));
  if (packets == 1 && (r.sizes.contains(bytes) || room())) ++r.sizes[bytes];
  const auto known = totals_.find({client, sensor});
  if (known == totals_.end() && !room()) return;
  ClientTotal& total = totals_[{client, sensor}];
  total.last = std::max(total.last, start);
  std::set<Ip>& servers = total.open[floor_to(start, kFlowBaselineWindow).us];
  if (!servers.contains(server) && room()) servers.insert(server);
  total.packets += static_cast<double>(packets * by);
  total.bytes += static_cast<double>(bytes * by);
  total.rev_packets += static_cast<double>(rev_packets * by);
  total.rev_bytes += static_cast<double>(rev_bytes * by);
}

void LiveKeys::reply(const Batch& batch, std::size_t row, const Ip& client, const Ip& server) {
  const FlowColumns& c = flow_columns();
  const Timestamp start{number<std::int64_t>(batch, c.start, row)};
  const Place place{floor_to(start, kFlowWindow), client, server, std::string(batch.column(c.sensor).text(row))};
  if (!replies_.contains(place) && !room()) return;
  Replies& r = replies_[place];
  const auto packets = number<std::int64_t>(batch, c.packets, row), by = number<std::uint32_t>(batch, c.sampling, row);
  r.counted += packets;
  r.packets += packets * by;
  r.bytes += number<std::int64_t>(batch, c.bytes, row) * by;
}

// ---- Messages -----------------------------------------------------------------------------------------------------

void LiveKeys::message(const Batch& batch, std::size_t row) {
  const DnsColumns& c = dns_columns();
  Message m{.time = {number<std::int64_t>(batch, c.time, row)},
            .client = address(batch, c.client_hi, c.client_lo, row),
            .server = address(batch, c.server_hi, c.server_lo, row)};
  latest_ = std::max(latest_, m.time);
  const std::tuple hour{floor_to(m.time, kHour), m.client, m.server};
  if (!covered_.contains(hour) && room()) covered_.insert(hour);
  const std::string_view transport = batch.column(c.transport).text(row);
  if (transport != "udp" && transport != "tcp") return;
  if (batch.column(c.name).is_null(row) || batch.column(c.domain).is_null(row)) return;
  m.type = static_cast<std::uint16_t>(number<std::uint16_t>(batch, c.type, row));
  if (!is_data_type(m.type) || !is_in_scope(context_, m.client, m.server, m.time)) return;
  m.name = batch.column(c.name).text(row);
  m.domain = batch.column(c.domain).text(row);
  m.sensor = batch.column(c.sensor).text(row);
  m.name_bytes = number<std::uint16_t>(batch, c.name_bytes, row);
  m.sized_query = !batch.column(c.query_bytes).is_null(row);
  m.sized_response = !batch.column(c.response_bytes).is_null(row);
  m.query_bytes = number<std::uint32_t>(batch, c.query_bytes, row);
  m.response_bytes = number<std::uint32_t>(batch, c.response_bytes, row);
  m.answered = !batch.column(c.rcode).is_null(row);
  if (m.name_bytes >= kLongDataName) unknown(m);
  shared(m);
}

void LiveKeys::add(Sums& sums, const Message& m) {
  sums.first = sums.queries == 0 ? m.time : std::min(sums.first, m.time);
  sums.last = sums.queries == 0 ? m.time : std::max(sums.last, m.time);
  ++sums.queries;
  sums.responses += m.answered ? 1 : 0;
  sums.name_bytes += m.name_bytes;
  sums.longest = std::max(sums.longest, static_cast<std::uint16_t>(m.name_bytes));
  sums.type = std::max(sums.type, m.type);
  sums.query_bytes += m.query_bytes, sums.sized_queries += m.sized_query ? 1 : 0;
  sums.response_bytes += m.response_bytes, sums.sized_responses += m.sized_response ? 1 : 0;
}

void LiveKeys::unknown(const Message& m) {
  const Place place{floor_to(m.time, kHistoryWindow), m.client, m.server, std::string(m.sensor)};
  if (!unknown_.contains(place) && !room()) return;
  Unknown& u = unknown_[place];
  ++u.queries;
  const std::uint64_t domain = std::hash<std::string_view>{}(m.domain);
  if (!u.domains.contains(domain) && room()) u.domains.insert(domain);
  if (is_known_top_level_domain(std::string(last_label(m.name)))) return;
  const std::string name(m.name);
  if (u.names.contains(name) || room()) add(u.names[name], m);
}

void LiveKeys::shared(const Message& m) {
  const Timestamp hour = floor_to(m.time, kSharedWindow);
  const Shared key{hour, std::string(m.domain), std::string(m.sensor)};
  if (!shared_.contains(key) && !room()) return;
  Domain& d = shared_[key];
  add(d.sums, m);
  if (!d.clients.contains(m.client) && room()) d.clients.insert(m.client);
  const std::uint64_t name = std::hash<std::string_view>{}(m.name);
  if (!d.names.contains(name) && room()) d.names.insert(name);
  const std::tuple sample{hour, std::string(m.domain), floor_to(m.time, kSharedSampleWindow), m.type};
  const auto at = samples_.find(sample);
  if (at == samples_.end()) {
    if (room()) samples_[sample] = {std::string(m.name), std::string(m.name)};
    return;
  }
  if (m.name < at->second.first) at->second.first = m.name;
  if (m.name > at->second.second) at->second.second = m.name;
}

// ---- What is loud, and what is forgotten ---------------------------------------------------------------------------

// As in the questions' `having`.
bool LiveKeys::is_loud(const Requests& r) const {
  return r.counted >= context_.thresholds.whole(limits::kMinFlowRequests);
}
bool LiveKeys::is_loud(const Replies& r) const {
  return r.counted >= context_.thresholds.whole(limits::kMinFlowRequests);
}
bool LiveKeys::is_loud(const Unknown& u) const {
  const auto domains = static_cast<std::int64_t>(u.domains.size());
  return domains >= context_.thresholds.whole(limits::kMinNames) && domains * 2 >= u.queries;
}
bool LiveKeys::is_loud(const Domain& d) const {
  const ThresholdValues& t = context_.thresholds;
  const auto names = static_cast<std::int64_t>(d.names.size());
  return static_cast<std::int64_t>(d.clients.size()) >= t.whole(limits::kMinSharedClients) &&
         d.sums.name_bytes >= t.whole(limits::kMinSharedBytes) &&
         d.sums.name_bytes >= d.sums.queries * 2 * t.whole(limits::kMinNameBytes) &&
         names * 100 >= d.sums.queries * static_cast<std::int64_t>(100 * t[limits::kMinFreshShare]);
}

template <typename Table, typename Size>
void LiveKeys::forget(Table& table, Timestamp late, Timestamp old, Size size) {
  for (auto at = table.begin(); at != table.end() && std::get<0>(at->first) < late;) {
    if (std::get<0>(at->first) >= old && is_loud(at->second)) {
      ++at;
      continue;
    }
    entries_ -= std::min(entries_, size(at->second));
    at = table.erase(at);
  }
}

void LiveKeys::forget() {
  if (latest_.us == INT64_MIN) return;
  const Timestamp old = latest_ - context_.thresholds.duration(limits::kQuietGap) - kHour;
  const Timestamp late = latest_ - options_.lateness;
  forget(requests_, late - kFlowWindow, old, [](const Requests& r) { return 1 + r.sizes.size(); });
  forget(replies_, late - kFlowWindow, old, [](const Replies&) { return std::size_t{1}; });
  forget(unknown_, late - kHistoryWindow, old, [](const Unknown& u) { return 1 + u.domains.size() + u.names.size(); });
  forget(shared_, late - kSharedWindow, old, [](const Domain& d) { return 1 + d.clients.size() + d.names.size(); });
  for (auto at = samples_.begin(); at != samples_.end() && std::get<0>(at->first) < late - kSharedWindow;) {
    const auto& [hour, domain, minute, type] = at->first;
    const auto sensor = shared_.lower_bound({hour, domain, ""});
    const bool kept =
        sensor != shared_.end() && std::get<0>(sensor->first) == hour && std::get<1>(sensor->first) == domain;
    entries_ -= kept ? 0 : 1;
    at = kept ? std::next(at) : samples_.erase(at);
  }
  while (!covered_.empty() && std::get<0>(*covered_.begin()) < old) covered_.erase(covered_.begin()), --entries_;
  forget_totals(late, old);
}

void LiveKeys::forget_totals(Timestamp late, Timestamp old) {
  for (auto at = totals_.begin(); at != totals_.end();) {
    ClientTotal& total = at->second;
    while (!total.open.empty() && total.open.begin()->first < (late - kFlowBaselineWindow).us) {
      total.windows += 1;
      total.pairs += static_cast<double>(total.open.begin()->second.size());
      entries_ -= std::min(entries_, total.open.begin()->second.size());
      total.open.erase(total.open.begin());
    }
    const bool gone = total.last < old;
    entries_ -= gone ? 1 : 0;
    at = gone ? totals_.erase(at) : std::next(at);
  }
}

// ---- As the store answers ------------------------------------------------------------------------------------------

void LiveKeys::answer_flows(std::vector<Answer>& answers) const {
  Answer requests = answer_of(kFlowRequests), replies = answer_of(kFlowReplies), sizes = answer_of(kSizeFlows),
         covered = answer_of(kCoveredMessages), totals = answer_of(kServerWindows);
  for (const auto& [place, r] : requests_) {
    if (!is_loud(r)) continue;
    const auto& [window, client, server, sensor] = place;
    requests.rows.push_back({client, server, window, sensor, r.counted, r.first, r.last, r.flows, r.packets, r.bytes,
                             r.rev_packets, r.rev_bytes, r.busiest, r.busiest_minute});
    if (r.flows * 2 < r.counted) continue;  // not mostly single packets
    for (const auto& [size, count] : r.sizes)
      if (count >= kLeastOfOneSize) sizes.rows.push_back({client, server, window, sensor, size, count});
  }
  for (const auto& [place, r] : replies_) {
    const auto& [window, client, server, sensor] = place;
    if (is_loud(r)) replies.rows.push_back({client, server, window, sensor, r.counted, r.packets, r.bytes});
  }
  for (const auto& [hour, client, server] : covered_) covered.rows.push_back({client, server, hour, std::int64_t{1}});
  for (const auto& [key, total] : totals_) {
    double pairs = total.pairs;
    for (const auto& [window, servers] : total.open) pairs += static_cast<double>(servers.size());
    totals.rows.push_back({key.first, key.second, pairs, total.windows + static_cast<double>(total.open.size()),
                           total.packets, total.bytes, total.rev_packets, total.rev_bytes});
  }
  for (Answer* answer : {&requests, &replies, &sizes, &covered, &totals}) answers.push_back(std::move(*answer));
}

void LiveKeys::answer_unknown(std::vector<Answer>& answers) const {
  // A place that is loud to one sensor is looked at with all.
  std::set<std::tuple<Timestamp, Ip, Ip>> loud;
  for (const auto& [place, u] : unknown_)
    if (is_loud(u)) loud.insert({std::get<0>(place), std::get<1>(place), std::get<2>(place)});
  Answer answer = answer_of(kUnknownQueries);
  for (const auto& [place, u] : unknown_) {
    const auto& [window, client, server, sensor] = place;
    if (!loud.contains({window, client, server})) continue;
    for (const auto& [name, n] : u.names)
      answer.rows.push_back({client, server, window, sensor, name, n.queries, n.first, n.last, std::int64_t{n.longest},
                             std::int64_t{n.type}, n.responses, n.query_bytes, n.sized_queries, n.response_bytes,
                             n.sized_responses});
  }
  std::stable_sort(answer.rows.begin(), answer.rows.end(),
                   [](const auto& a, const auto& b) { return as_int(a[8]) > as_int(b[8]); });
  answers.push_back(std::move(answer));
}

void LiveKeys::answer_shared(std::vector<Answer>& answers) const {
  Answer hours = answer_of(kSharedNames), names = answer_of(kSharedSample);
  std::set<std::pair<Timestamp, std::string>> loud;
  for (const auto& [key, d] : shared_) {
    if (!is_loud(d)) continue;
    const auto& [window, domain, sensor] = key;
    loud.insert({window, domain});
    hours.rows.push_back({domain, window, sensor, d.sums.queries, static_cast<std::int64_t>(d.clients.size()),
                          static_cast<std::int64_t>(d.names.size()), d.sums.name_bytes, d.sums.first, d.sums.last,
                          d.sums.responses, d.sums.query_bytes, d.sums.sized_queries, d.sums.response_bytes,
                          d.sums.sized_responses});
  }
  for (const auto& [key, ends] : samples_) {
    const auto& [hour, domain, minute, type] = key;
    if (loud.contains({hour, domain}))
      names.rows.push_back({domain, minute, std::int64_t{type}, ends.first, ends.second});
  }
  answers.push_back(std::move(hours));
  answers.push_back(std::move(names));
}

std::vector<Tunnel> LiveKeys::tunnels(std::vector<Tunnel> known) const {
  std::vector<Answer> answers;
  answer_flows(answers);
  answer_unknown(answers);
  answer_shared(answers);
  const std::size_t before = known.size();
  for (Tunnel& tunnel : unknown_tunnels(context_, answers)) known.push_back(std::move(tunnel));
  for (Tunnel& tunnel : shared_tunnels(context_, answers, known)) known.push_back(std::move(tunnel));
  for (Tunnel& tunnel : flow_tunnels(context_, answers)) known.push_back(std::move(tunnel));
  known.erase(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(before));
  return known;
}

}  // namespace rw::dns_tunnel
