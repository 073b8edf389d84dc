// Counting what is written: volumes, rhythm, roles, first sightings.
#include "scenario/truth.h"

#include <algorithm>
#include <numeric>

#include "base/ip.h"

namespace rw::scenario {

using case_2019::kWatchedAddresses;
using case_2019::watched_address;
using case_2019::watched_index;

namespace {
constexpr std::uint64_t kRoleAnswers = 3;   // the contract: a role needs an answer seen at least three times
constexpr std::size_t kConcentration = 20;  // and at least the 20 largest are told
std::string text_of(std::uint32_t address) { return Ip::v4(address).to_string(); }
}  // namespace

PeriodTruth::PeriodTruth(std::string name, std::string zone, TimeRange range)
    : name_(std::move(name)),
      zone_(std::move(zone)),
      range_(range),
      address_bytes_(kWatchedAddresses),
      roles_(kWatchedAddresses),
      tunnels_(case_2019::tunnels().size()) {}

void PeriodTruth::add_volume(const FlowRecord& record, std::uint32_t sampling, Purpose purpose) {
  const std::uint64_t bytes = std::uint64_t{record.bytes} * sampling;
  const int src = watched_index(record.src), dst = watched_index(record.dst);
  bytes_ += bytes;
  packets_ += std::uint64_t{record.packets} * sampling;
  ++flows_;
  hour_of_week_[static_cast<std::size_t>(local_.hour_of_week())] += bytes;
  Day& day = days_[local_.day];
  day.bytes += bytes;
  ++day.flows;
  if (src >= 0) address_bytes_[static_cast<std::size_t>(src)] += bytes;
  if (dst >= 0) address_bytes_[static_cast<std::size_t>(dst)] += bytes;
  if (src >= 0 && dst >= 0) internal_bytes_ += bytes;
  if (purpose == Purpose::kNone) return;
  Use& use = uses_[static_cast<std::size_t>(purpose)];
  use.bytes += bytes;
  use.packets += std::uint64_t{record.packets} * sampling;
  ++use.flows;
  use.first = std::min(use.first, record.start);
  use.days[local_.day] += bytes;
}

void PeriodTruth::add_tunnel_session(std::size_t tunnel, const case_2019::TunnelSession& session) {
  TunnelUse& use = tunnels_[tunnel];
  ++use.sessions;
  use.questions += session.exchanges.size();
  use.bytes += session.conversation.bytes();
  use.gap_seconds += (session.exchanges.back().time - session.exchanges.front().time).to_seconds();
  use.first = std::min(use.first, session.conversation.start);
  use.last = std::max(use.last, session.conversation.end);
}

void PeriodTruth::add_service(const Conversation& c) {
  const int server = watched_index(c.server);
  if (server < 0 || c.service == Service::kNone || c.server_packets == 0) return;
  Role& role = roles_[static_cast<std::size_t>(server)][static_cast<std::size_t>(c.service)];
  if (role.answers++ == 0) role.first = c.start;
  role.first = std::min(role.first, c.start);
  role.last = std::max(role.last, c.start);
}

std::uint64_t PeriodTruth::half_hours() const {
  return std::accumulate(half_hours_.begin(), half_hours_.end(), std::uint64_t{0});
}

double PeriodTruth::mean_daily_bytes() const {
  return static_cast<double>(bytes_) / (static_cast<double>(half_hours()) / 48);
}

void PeriodTruth::write_activity(JsonText& json) const {
  json.key("activity").object();
  json.member("bytes", bytes_)
      .member("packets", packets_)
      .member("flows", flows_)
      .member("internal_bytes", internal_bytes_);
  json.member("attack_bytes", 0)
      .member("observed_hours", static_cast<double>(half_hours()) / 2)
      .member("mean_daily_bytes", mean_daily_bytes());
  json.key("daily").list();
  for (const auto& [date, day] : days_)
    json.object().member("date", format_date(date)).member("bytes", day.bytes).member("flows", day.flows).end();
  json.end().end();
}

void PeriodTruth::write_rhythm(JsonText& json) const {
  std::array<std::uint64_t, 24> by_hour{};
  std::array<std::uint64_t, 7> by_day{};
  double all = 0, work = 0, weekend = 0;
  for (std::size_t cell = 0; cell < 168; ++cell) {
    const std::size_t day = cell / 24, hour = cell % 24;
    by_hour[hour] += hour_of_week_[cell];
    by_day[day] += hour_of_week_[cell];
    if (half_hours_[cell] == 0) continue;
    const double per_hour = static_cast<double>(hour_of_week_[cell]) / (static_cast<double>(half_hours_[cell]) / 2);
    all += per_hour;
    if (day >= 5) weekend += per_hour;
    if (day < 5 && hour >= 9 && hour < 18) work += per_hour;
  }
  const auto numbers = [&json](std::string_view name, const auto& values, double divisor) {
    json.key(name).list();
    for (const std::uint64_t value : values)
      divisor == 1 ? json.number(value) : json.number(static_cast<double>(value) / divisor);
    json.end();
  };
  json.key("rhythm").object();
  numbers("hour_of_day", by_hour, 1);
  numbers("day_of_week", by_day, 1);
  numbers("hour_of_week", hour_of_week_, 1);
  numbers("hours_observed", half_hours_, 2);
  const auto [low, high] = std::minmax_element(by_hour.begin(), by_hour.end());
  json.member("working_hours_share", all > 0 ? work / all : 0).member("weekend_share", all > 0 ? weekend / all : 0);
  json.member("peak_to_trough", *low > 0 ? static_cast<double>(*high) / static_cast<double>(*low) : 0.0).end();
}

// Each flow in the first kind that fits; DNS tunnels beside them.
void PeriodTruth::write_opsec(JsonText& json) const {
  const auto all = static_cast<double>(std::max<std::uint64_t>(1, bytes_));
  const auto bytes = [this](Purpose purpose) { return uses_[static_cast<std::size_t>(purpose)].bytes; };
  constexpr std::array<std::pair<std::string_view, Purpose>, 4> kKinds{
      {{"tor", Purpose::kTor}, {"vpn", Purpose::kVpn}, {"https", Purpose::kHttps}, {"vps", Purpose::kVps}}};
  std::uint64_t hidden = 0;
  for (const auto& kind : kKinds) hidden += bytes(kind.second);
  json.key("opsec").object().member("share", static_cast<double>(hidden) / all);
  json.key("by_kind").list();
  for (const auto& [name, purpose] : kKinds)
    json.object()
        .member("kind", name)
        .member("bytes", bytes(purpose))
        .member("share", static_cast<double>(bytes(purpose)) / all)
        .end();
  json.end().member("dns_tunnel_bytes", bytes(Purpose::kDnsTunnel)).end();
}

void PeriodTruth::write_coin(JsonText& json, Purpose purpose) const {
  const Use& use = uses_[static_cast<std::size_t>(purpose)];
  if (use.flows == 0) return;
  const bool monero = purpose == Purpose::kMonero;
  json.object().member("coin", monero ? "monero" : "bitcoin").member("kind", monero ? "pool" : "node");
  json.member("address", text_of(monero ? case_2019::kMoneroProxy : case_2019::kBitcoinNode));
  json.member("bytes", use.bytes).member("packets", use.packets).member("flows", use.flows);
  json.member("first_seen", use.first.to_string());
  std::map<std::string, std::uint64_t> months;
  for (const auto& [day, bytes] : use.days) months[format_date(day).substr(0, 7)] += bytes;
  json.key("monthly").list();
  for (const auto& [month, bytes] : months) json.object().member("month", month).member("bytes", bytes).end();
  json.end();
  if (monero) json.member("machines", range_.to <= case_2019::kMoneroGrowth ? 1 : case_2019::kMoneroMachines);
  const Timestamp change = case_2019::kMoneroGrowth, begin = std::max(range_.from, case_2019::kMoneroBegin);
  if (monero && begin < change && change < range_.to) {
    const std::int64_t change_day = local_time(change).day;
    double before = 0, after = 0;
    for (const auto& [day, bytes] : use.days) (day < change_day ? before : after) += static_cast<double>(bytes);
    json.member("change_date", format_date(change_day));
    json.member("change_ratio", after / (range_.to - change).to_seconds() / (before / (change - begin).to_seconds()));
  } else {
    json.key("change_date").null().key("change_ratio").null();
  }
  json.end();
}

void PeriodTruth::write_mining(JsonText& json) const {
  json.key("mining").list();
  write_coin(json, Purpose::kBitcoin);
  write_coin(json, Purpose::kMonero);
  json.end();
}

void PeriodTruth::write_tunnels(JsonText& json) const {
  constexpr std::uint64_t kHeaders = 28;  // IPv4 and UDP
  json.key("dns_tunnels").list();
  for (std::size_t i = 0; i < tunnels_.size(); ++i) {
    const TunnelUse& use = tunnels_[i];
    const case_2019::Tunnel& tunnel = case_2019::tunnels()[i];
    if (use.sessions == 0) continue;
    const std::uint64_t messages = 2 * use.questions;
    json.object().member("client", text_of(tunnel.client)).member("server", text_of(tunnel.server));
    tunnel.domain.empty() ? json.key("domain").null() : json.member("domain", tunnel.domain);
    json.member("messages_seen", tunnel.logged).member("sessions", use.sessions).member("messages", messages);
    json.member("first_seen", use.first.to_string()).member("last_seen", use.last.to_string());
    json.member("ip_bytes", use.bytes).member("bytes", use.bytes - kHeaders * messages);
    json.member("mean_message_bytes", static_cast<double>(use.bytes) / static_cast<double>(messages) - kHeaders);
    json.member("mean_gap_seconds", use.gap_seconds / static_cast<double>(use.questions - use.sessions));
    json.end();
  }
  json.end();
}

void PeriodTruth::write_roles(JsonText& json) const {
  json.key("roles").list();
  for (int index = 0; index < kWatchedAddresses; ++index) {
    const auto& roles = roles_[static_cast<std::size_t>(index)];
    if (std::none_of(roles.begin(), roles.end(), [](const Role& role) { return role.answers >= kRoleAnswers; }))
      continue;
    json.object()
        .member("address", text_of(watched_address(index)))
        .member("bytes", address_bytes_[static_cast<std::size_t>(index)]);
    json.key("roles").list();
    for (std::size_t service = 1; service < kServiceCount; ++service) {
      const Role& role = roles[service];
      if (role.answers < kRoleAnswers) continue;
      json.object().member("role", service_name(static_cast<Service>(service))).member("answers", role.answers);
      json.member("first", role.first.to_string()).member("last", role.last.to_string()).end();
    }
    json.end().end();
  }
  json.end();
}

void PeriodTruth::write_concentration(JsonText& json) const {
  std::vector<int> order(kWatchedAddresses);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [this](int a, int b) {
    const auto left = address_bytes_[static_cast<std::size_t>(a)], right = address_bytes_[static_cast<std::size_t>(b)];
    return left != right ? left > right : a < b;
  });
  json.key("concentration").list();
  for (std::size_t i = 0; i < kConcentration; ++i) {
    const std::uint64_t bytes = address_bytes_[static_cast<std::size_t>(order[i])];
    json.object().member("address", text_of(watched_address(order[i]))).member("bytes", bytes);
    json.member("share", static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(1, bytes_))).end();
  }
  json.end();
}

MiningSessionTruth::MiningSessionTruth(const case_2019::MiningSession& session)
    : start_(session.conversation.start),
      client_(session.conversation.client),
      server_(session.conversation.server),
      server_port_(session.conversation.server_port),
      coin_(session.coin),
      kind_(session.kind),
      worker_(session.worker),
      bytes_(session.conversation.bytes()) {
  for (const case_2019::TcpMessage& message : session.messages) ++(message.from_client ? messages_ : rev_messages_);
}

void MiningSessionTruth::write(JsonText& json) const {
  json.object().member("time", start_.to_string()).member("coin", coin_).member("kind", kind_);
  worker_.empty() ? json.key("worker").null() : json.member("worker", worker_);
  json.member("client", text_of(client_)).member("server", text_of(server_)).member("server_port", server_port_);
  json.member("messages", messages_).member("rev_messages", rev_messages_).member("bytes", bytes_).end();
}

Sightings::Sightings() : sent_(kWatchedAddresses, kAllTime.to), resolved_(kWatchedAddresses, kAllTime.to) {}

void Sightings::note(std::vector<Timestamp>& first, std::uint32_t address, Timestamp t) {
  const int index = watched_index(address);
  if (index < 0) return;
  Timestamp& known = first[static_cast<std::size_t>(index)];
  known = std::min(known, t);
}

void Sightings::write_newly_active(JsonText& json, const TimeRange& range) const {
  json.key("newly_active").list();
  for (std::size_t index = 0; index < sent_.size(); ++index) {
    const Timestamp first = std::min(sent_[index], resolved_[index]);
    if (!range.contains(first)) continue;
    json.object()
        .member("address", text_of(watched_address(static_cast<int>(index))))
        .member("time", first.to_string());
    json.member("basis", std::string_view(sent_[index] <= resolved_[index] ? "traffic" : "resolution")).end();
  }
  json.end();
}

}  // namespace rw::scenario
