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
      roles_(kWatchedAddresses) {}

void PeriodTruth::add_volume(const FlowRecord& record, std::uint32_t sampling) {
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
