// The planner of case 2019: goes through time slot by slot, makes what happens, and hands it to sensors and truth.
#include "scenario/case_2019.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/ip.h"

#include "scenario/packet_writer.h"
#include "scenario/scenario.h"
#include "scenario/truth.h"
#include "scenario/zeek_writer.h"

namespace rw::scenario {

namespace {

using namespace case_2019;
namespace fs = std::filesystem;

constexpr double kBytesPerDay = 600e6;  // of the level of 2017, at scale 1
// The world begins with the hour that holds the local midnight of 2017-04-01 and ends with October 2019 in UTC, so that
// the periods are observed completely whether their dates are read as local or as UTC.
constexpr Timestamp kBegin = Timestamp::from_seconds(1'490'972'400);  // 2017-03-31T15:00:00Z
constexpr Timestamp kEnd = Timestamp::from_seconds(1'572'566'400);    // 2019-11-01T00:00:00Z

// border-1 sees everything of the national block, and transit; border-2 the two assigned ranges, sampled; core-1 sees
// the web servers a second time: adding it up with border-1 would count them twice.
constexpr std::array<ExporterSpec, 3> kExporters{{
    {"border-1", v4(192, 0, 2, 1), 0, 1, false},
    {"border-2", v4(192, 0, 2, 2), 0, 10, true},
    {"core-1", v4(192, 0, 2, 3), 7, 1, false},
}};
enum { kBorder1, kBorder2, kCore1 };

struct PeriodSpec {
  std::string_view name;
  CivilDate from;
  CivilDate to;
};
constexpr std::array<PeriodSpec, 5> kPeriods{{{"2017", {2017, 4, 1}, {2018, 1, 1}},
                                              {"early 2018", {2018, 1, 1}, {2018, 7, 1}},
                                              {"2018", {2018, 3, 1}, {2018, 9, 1}},
                                              {"late 2018", {2018, 7, 1}, {2019, 1, 1}},
                                              {"2019", {2019, 1, 1}, {2019, 11, 1}}}};

// How many bytes each slot should hold at scale 1: level × rhythm × the day's noise, with each level's mean met
// exactly.
class Baseline {
 public:
  explicit Baseline(std::uint64_t seed) : seed_(seed), sums_(levels().size()) {
    for (Timestamp t = kBegin; t < kEnd; t = t + kSlot) {
      const LocalTime local = local_time(t);
      // The hours before the first and after the last level's dates are made like them, but stand outside of their
      // means.
      if (local.day >= first_day() && local.day < last_day()) sums_[segment(local.day)] += weight(local);
    }
  }
  double bytes(LocalTime local) const {
    const std::size_t index = segment(local.day);
    const auto days =
        static_cast<double>(days_from_civil(levels()[index + 1].from) - days_from_civil(levels()[index].from));
    return kBytesPerDay * levels()[index].level * days * weight(local) / sums_[index];
  }

 private:
  static std::int64_t first_day() { return days_from_civil(levels().front().from); }
  static std::int64_t last_day() { return days_from_civil(levels().back().from); }
  static std::size_t segment(std::int64_t day) {
    std::size_t index = 0;
    while (index + 2 < levels().size() && day >= days_from_civil(levels()[index + 1].from)) ++index;
    return index;
  }
  double weight(LocalTime local) const { return hour_weight(local) * day_noise(seed_, local.day); }

  std::uint64_t seed_;
  std::vector<double> sums_;
};

bool is_mining(const Stream& stream) { return stream.name == "bitcoin" || stream.name == "monero"; }

class World {
 public:
  explicit World(const ScenarioOptions& options);
  Result<ScenarioReport> write();

 private:
  struct StreamState {
    double owed_bytes = 0;  // of the stream's share, not yet spent
    double owed_conversations = 0;
    std::uint64_t made = 0;
  };

  Result<void> prepare_folder();
  Result<void> write_reference();
  Result<void> open_month(CivilDate month, Timestamp t);
  void begin_slot(const Slot& slot);
  Result<void> make_slot(const Slot& slot);
  void make_stream(const Slot& slot, const Stream& stream, StreamState& state);
  void make_queries(const Slot& slot);
  void make_lookups(const Slot& slot);
  void make_tunnels(const Slot& slot);
  Result<void> make_mining(const Slot& slot);
  void charge(std::string_view stream, std::uint64_t bytes);
  void tell();
  void record(NetflowWriter& exporter, const Conversation& conversation, bool counts);
  Result<void> status() const;
  Result<void> write_text(const std::string& name, std::string_view text);
  std::string subject_text() const;
  std::string truth_text() const;
  void write_sensors(JsonText& json) const;
  void write_growth(JsonText& json) const;
  void write_names(JsonText& json) const;
  void write_tunnels(JsonText& json) const;
  void write_mining_sessions(JsonText& json) const;
  void write_periods(JsonText& json) const;
  std::string marker_text() const;

  ScenarioOptions options_;
  fs::path observations_;
  Rng rng_;
  Baseline baseline_;
  std::vector<StreamState> states_;
  double owed_queries_ = 0, owed_lookups_ = 0;
  std::vector<double> owed_sessions_;        // of each tunnel
  std::vector<Conversation> conversations_;  // of the current slot
  std::vector<DnsExchange> exchanges_;
  std::vector<double> sizes_;
  struct Pending {
    FlowRecord record;
    std::uint8_t exporter;
  };
  std::vector<Pending> pending_;
  std::vector<std::unique_ptr<NetflowWriter>> exporters_;
  ZeekConnWriter conn_;
  ZeekDnsWriter dns_;
  PacketWriter tap_;
  std::vector<MiningSessionTruth> mining_sessions_;  // a few dozen, at any scale
  std::vector<PeriodTruth> periods_;
  std::vector<PeriodTruth*> current_;  // those that hold the current slot
  Sightings sightings_;
  Timestamp first_new_name_ = kAllTime.to;
};

World::World(const ScenarioOptions& options)
    : options_(options),
      observations_(fs::path(options.directory) / "observations"),
      rng_(options.seed),
      baseline_(options.seed),
      states_(streams().size()),
      owed_sessions_(tunnels().size(), 1) {  // each tunnel begins when it begins, at any scale
  for (const ExporterSpec& spec : kExporters) exporters_.push_back(std::make_unique<NetflowWriter>(spec));
  for (const PeriodSpec& spec : kPeriods) {
    periods_.emplace_back(std::string(spec.name), "Asia/Pyongyang",
                          TimeRange{local_midnight(spec.from), local_midnight(spec.to)});
    periods_.emplace_back(std::string(spec.name), "UTC", TimeRange{utc_midnight(spec.from), utc_midnight(spec.to)});
  }
}

Result<void> World::prepare_folder() {
  std::error_code error;
  const fs::path root = options_.directory;
  if (fs::exists(root, error) && !fs::is_empty(root, error)) {
    if (!fs::exists(root / kScenarioMarker, error))
      return Failure(
          ErrorCode::kConflict,
          root.string() + " is not empty and holds no scenario. Choose another --out folder, or empty this one.");
    fs::remove_all(observations_, error);
    fs::remove_all(root / "reference", error);
  }
  for (const char* folder :
       {"observations/netflow", "observations/zeek-conn", "observations/zeek-dns", "observations/tap", "reference/tor",
        "reference/hosting", "reference/vpn", "reference/scans"}) {
    fs::create_directories(root / folder, error);
    if (error)
      return Failure(ErrorCode::kIo, "cannot make " + (root / folder).string() + ": " + error.message() +
                                         ". Choose another --out folder.");
  }
  // First of all, so that even an interrupted scenario is known to be one.
  return write_text(std::string(kScenarioMarker), marker_text());
}

Result<void> World::write_text(const std::string& name, std::string_view text) {
  FileWriter file;
  RW_TRY(file.open((fs::path(options_.directory) / name).string()));
  file.write(text);
  return file.close();
}

// What others would know of the far ends: dated lists, and what scanners saw.
Result<void> World::write_reference() {
  for (int month = 0; month < kMonths; ++month)
    RW_TRY(
        write_text("reference/tor/consensus-" + format_date(days_from_civil(month_date(month))).substr(0, 7) + ".txt",
                   tor_consensus(month)));
  for (const ListFile& list : list_files()) RW_TRY(write_text("reference/" + std::string(list.name), list.text()));
  return write_text("reference/scans/shodan.jsonl", scan_lines());
}

Result<void> World::open_month(CivilDate month, Timestamp t) {
  const std::string label = format_date(days_from_civil(month)).substr(0, 7);
  // The routers restart in a quiet minute before each month: their 32-bit clocks of milliseconds last 49 days.
  const Timestamp boot = t - Duration::seconds(600);
  for (auto& exporter : exporters_)
    RW_TRY(exporter->open(
        (observations_ / "netflow" / (std::string(exporter->spec().name) + "-" + label + ".pcap")).string(), boot));
  RW_TRY(conn_.open((observations_ / "zeek-conn" / ("conn." + label + ".log")).string(), t));
  return dns_.open((observations_ / "zeek-dns" / ("dns." + label + ".log")).string(), t);
}

void World::make_stream(const Slot& slot, const Stream& stream, StreamState& state) {
  auto count = static_cast<std::size_t>(state.owed_conversations);
  if (count == 0 || state.owed_bytes <= 0) return;
  state.owed_conversations -= static_cast<double>(count);
  if (stream.most) count = std::min<std::size_t>(count, stream.most(slot.start));
  sizes_.clear();
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += sizes_.emplace_back(rng_.heavy());
  const double budget = state.owed_bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const Timestamp t = {slot.start.us + rng_.below(static_cast<std::uint32_t>(kSlot.us))};
    const double bytes = std::min(budget * sizes_[i] / sum, 2e9);  // a counter of 32 bits holds it
    Conversation c;
    stream.make(rng_, t, state.made++, static_cast<std::uint64_t>(bytes), c);
    state.owed_bytes -= static_cast<double>(c.bytes());
    conversations_.push_back(c);
  }
}

// What is made beside the streams is taken from the share of one of them.
void World::charge(std::string_view stream, std::uint64_t bytes) {
  for (std::size_t i = 0; i < streams().size(); ++i)
    if (streams()[i].name == stream) states_[i].owed_bytes -= static_cast<double>(bytes);
}

void World::make_queries(const Slot& slot) {
  // Each name is asked for twice a day whatever the scale; the rest follows the level.
  const auto slot_of_day = static_cast<int>(slot.start.us / kSlot.us % 24);
  const auto names = static_cast<int>(host_names().size());
  owed_queries_ += kQueriesPerDay * slot.bytes / kBytesPerDay * options_.scale;
  const auto ask = [&](int forced) {
    const DnsExchange exchange = make_query(rng_, slot, forced);
    const Conversation c = conversation_of(exchange);
    charge(charged_stream(exchange.server), c.bytes());
    exchanges_.push_back(exchange);
    conversations_.push_back(c);
  };
  for (int name = slot_of_day; name < names; name += 24) {
    ask(name);
    owed_queries_ -= 1;
  }
  for (; owed_queries_ >= 1; owed_queries_ -= 1) ask(-1);
  owed_queries_ = std::max(owed_queries_, -1.0);
}

// Clients of tunnels ask for ordinary names every day whatever the scale, so that they have a baseline.
void World::make_lookups(const Slot& slot) {
  owed_lookups_ += kLookupsPerDay * slot.bytes / kBytesPerDay * options_.scale;
  const auto ask = [&](int client) {
    const DnsExchange exchange = make_lookup(rng_, slot, client);
    const Conversation c = conversation_of(exchange);
    charge("clients", c.bytes());
    exchanges_.push_back(exchange);
    conversations_.push_back(c);
  };
  const auto slot_of_day = static_cast<int>(slot.start.us % kDay.us / kSlot.us);
  if (slot_of_day < static_cast<int>(tunnels().size())) ask(slot_of_day);
  for (; owed_lookups_ >= 1; owed_lookups_ -= 1) ask(-1);
}

void World::make_tunnels(const Slot& slot) {
  const TunnelPace pace = tunnel_pace(options_.scale);
  for (std::size_t i = 0; i < tunnels().size(); ++i) {
    if (slot.start < tunnels()[i].from || slot.start >= tunnels()[i].to) continue;
    for (; owed_sessions_[i] >= 1; owed_sessions_[i] -= 1) {
      TunnelSession session = make_tunnel_session(rng_, slot, i, pace.questions);
      charge("clients", session.conversation.bytes());
      for (PeriodTruth* period : current_) period->add_tunnel_session(i, session);
      conversations_.push_back(session.conversation);
      std::move(session.exchanges.begin(), session.exchanges.end(), std::back_inserter(exchanges_));
    }
    owed_sessions_[i] += pace.sessions_per_slot;
  }
}

// In its windows a tap records what the mining machines say; the routers count the same sessions.
Result<void> World::make_mining(const Slot& slot) {
  for (MiningSession& session : make_mining_sessions(rng_, slot)) {
    tap_.add(session);
    charge("clients", session.conversation.bytes());  // not from the coin's: in a small world that would stop for days
    conversations_.push_back(session.conversation);
    mining_sessions_.emplace_back(session);
  }
  tap_.flush();
  return tap_.status();
}

Result<void> World::make_slot(const Slot& slot) {
  conversations_.clear();
  exchanges_.clear();
  const bool tapped = is_mining_window(slot.start);
  double left = 1;
  const auto earn = [&](std::size_t i, double share) {
    const double bytes = slot.bytes * share * options_.scale;
    states_[i].owed_bytes += bytes;
    const double least = share > 0 ? streams()[i].least_per_day / (kDay.to_seconds() / kSlot.to_seconds()) : 0;
    states_[i].owed_conversations += std::max(bytes / streams()[i].mean_bytes, least);
  };
  std::size_t remainder = 0;
  for (std::size_t i = 0; i < streams().size(); ++i) {
    const Stream& stream = streams()[i];
    if (!stream.share) {
      remainder = i;
      continue;
    }
    const double share = stream.share(slot);
    earn(i, share);
    if (!stream.transit) left -= share;
  }
  earn(remainder, left);
  make_queries(slot);
  make_lookups(slot);
  make_tunnels(slot);
  if (tapped) RW_TRY(make_mining(slot));
  for (std::size_t i = 0; i < streams().size(); ++i)
    if (!tapped || !is_mining(streams()[i])) make_stream(slot, streams()[i], states_[i]);
  return {};
}

void World::record(NetflowWriter& exporter, const Conversation& conversation, bool counts) {
  FlowRecord records[2];
  const int count = split_conversation(conversation, exporter.spec().sampling, records);
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint8_t>(exporter.spec().address - kExporters[0].address);
    pending_.push_back({records[i], index});
    sightings_.sent(records[i].src, records[i].start);
    if (!counts) continue;
    for (PeriodTruth* period : current_) period->add_volume(records[i], exporter.spec().sampling, conversation.purpose);
  }
}

void World::begin_slot(const Slot& slot) {
  current_.clear();
  for (PeriodTruth& period : periods_) {
    if (!period.holds(slot.start)) continue;
    period.begin_slot(slot.local);
    period.observe_half_hour();
    current_.push_back(&period);
  }
}

// Which sensors see what happened, in the order in which they would tell it.
void World::tell() {
  std::sort(conversations_.begin(), conversations_.end(),
            [](const Conversation& a, const Conversation& b) { return a.start < b.start; });
  std::sort(exchanges_.begin(), exchanges_.end(),
            [](const DnsExchange& a, const DnsExchange& b) { return a.time < b.time; });
  pending_.clear();
  for (const Conversation& c : conversations_) {
    const int client = watched_index(c.client), server = watched_index(c.server);
    const bool assigned = client >= 1024 || server >= 1024;
    record(*exporters_[assigned ? kBorder2 : kBorder1], c, client >= 0 || server >= 0);
    constexpr std::uint32_t kWebServers = v4(175, 45, 176, 64), kMask26 = 0xFFFFFFC0;
    if ((c.server & kMask26) == kWebServers) record(*exporters_[kCore1], c, false);
    // Zeek stands before 175.45.177.0/24 and 175.45.178.0/24.
    const auto behind_zeek = [](std::uint32_t address) {
      return (address & 0xFFFFFF00) == v4(175, 45, 177, 0) || (address & 0xFFFFFF00) == v4(175, 45, 178, 0);
    };
    if (behind_zeek(c.client) || behind_zeek(c.server)) conn_.add(c);
    for (PeriodTruth* period : current_) period->add_service(c);
  }
  for (const DnsExchange& exchange : exchanges_) {
    if (exchange.logged) dns_.add(exchange);
    if (exchange.address != 0) sightings_.resolved(exchange.address, exchange.time + exchange.round_trip);
    if (exchange.address == kNewNs1 || exchange.address == kNewNs2)
      first_new_name_ = std::min(first_new_name_, exchange.time);
  }
  std::stable_sort(pending_.begin(), pending_.end(),
                   [](const Pending& a, const Pending& b) { return a.record.end < b.record.end; });
  for (const Pending& pending : pending_) exporters_[pending.exporter]->add(pending.record);
  for (auto& exporter : exporters_) exporter->flush();
}

Result<void> World::status() const {
  for (const auto& exporter : exporters_) RW_TRY(exporter->status());
  RW_TRY(conn_.status());
  return dns_.status();
}

Result<ScenarioReport> World::write() {
  RW_TRY(prepare_folder());
  RW_TRY(write_reference());
  RW_TRY(tap_.open((observations_ / "tap" / "tap-1.pcap").string()));
  CivilDate month{};
  for (Timestamp t = kBegin; t < kEnd; t = t + kSlot) {
    const CivilDate date = civil_from_days(t.day());
    if (date.year != month.year || date.month != month.month) {
      month = {date.year, date.month, 1};
      RW_TRY(status());
      RW_TRY(open_month(month, t));
    }
    Slot slot{t, local_time(t), 0};
    slot.bytes = baseline_.bytes(slot.local);
    begin_slot(slot);
    RW_TRY(make_slot(slot));
    tell();
    if (options_.progress && slot.start.us % kDay.us == 0) {
      RW_TRY(status());
      options_.progress(static_cast<double>((t - kBegin).us) / static_cast<double>((kEnd - kBegin).us));
    }
  }
  for (auto& exporter : exporters_) RW_TRY(exporter->close());
  RW_TRY(conn_.close());
  RW_TRY(dns_.close());
  RW_TRY(tap_.close());
  RW_TRY(write_text("subject.toml", subject_text()));
  RW_TRY(write_text("truth.json", truth_text()));

  ScenarioReport report;
  for (const auto& exporter : exporters_) report.flow_records += exporter->totals().records;
  report.conn_records = conn_.rows();
  report.dns_records = dns_.rows();
  report.observations = observations_.string();
  report.reference = (fs::path(options_.directory) / "reference").string();
  report.subject = (fs::path(options_.directory) / "subject.toml").string();
  report.truth = (fs::path(options_.directory) / "truth.json").string();
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(observations_, error))
    if (entry.is_regular_file(error)) report.bytes += entry.file_size(error);
  return report;
}

std::string World::marker_text() const {
  JsonText json;
  json.object()
      .member("synthetic", true)
      .member("scenario", "case-2019")
      .member("seed", options_.seed)
      .member("scale", options_.scale);
  json.member("note",
              "Everything in this folder is made up. Nothing in it happened, and no address in it did anything.")
      .end();
  return json.take();
}

std::string World::subject_text() const {
  return R"toml(# The watched space of case 2019, as the scenario beside this file plays it.
id = "case-2019"
name = "Watched space of case 2019 (synthetic)"
time_zone = "Asia/Pyongyang"
country = "KP"
asns = [131279]
domains = ["kp"]
work_week = "Mon-Fri 09:00-18:00"

[[prefix]]
prefix = "175.45.176.0/22"
label = "national allocation"

[[prefix]]
prefix = "210.52.109.0/24"
label = "China Netcom range, netname KPTC"

[[prefix]]
prefix = "77.94.35.0/24"
label = "Russian satellite provider"
)toml";
}

void World::write_sensors(JsonText& json) const {
  json.key("sensors").list();
  for (const auto& exporter : exporters_) {
    const NetflowWriter::Totals& totals = exporter->totals();
    json.object().member("name", exporter->spec().name).member("address", Ip::v4(exporter->spec().address).to_string());
    json.member("source_id", exporter->spec().source_id)
        .member("sampling", exporter->spec().sampling)
        .member("records", totals.records);
    json.member("packets", totals.packets).member("bytes", totals.bytes).member("datagrams", totals.datagrams).end();
  }
  json.end();
  json.key("zeek").object().member("conn", conn_.rows()).member("dns", dns_.rows()).end();
  json.key("tap").object().member("sessions", tap_.sessions()).end();
}

// Section 1: the ratio that the study's "almost 300 %" is planted as, from what was written.
void World::write_growth(JsonText& json) const {
  const auto mean = [this](std::string_view name) {
    const auto it = std::find_if(periods_.begin(), periods_.end(),
                                 [name](const PeriodTruth& p) { return p.name() == name && p.zone() != "UTC"; });
    return it->mean_daily_bytes();
  };
  json.key("growth")
      .object()
      .member("from", "2017")
      .member("to", "2019")
      .member("planted", 4.0)
      .member("ratio", mean("2019") / mean("2017"));
  json.key("steps").list();
  for (std::size_t i = 0; i + 1 < levels().size(); ++i)
    json.object()
        .member("date", format_date(days_from_civil(levels()[i].from)))
        .member("level", levels()[i].level)
        .end();
  json.end().end();
}

// Section 3: the move; the old addresses stop answering for these names at once.
void World::write_names(JsonText& json) const {
  json.key("names").object().key("moves").list();
  constexpr std::array<std::array<std::uint32_t, 2>, 2> kMoves{{{kOldNs1, kNewNs1}, {kOldNs2, kNewNs2}}};
  for (std::size_t i = 0; i < kMoves.size(); ++i)
    json.object()
        .member("name", "ns" + std::to_string(i + 1) + ".kptc.kp")
        .member("type", "A")
        .member("from", Ip::v4(kMoves[i][0]).to_string())
        .member("to", Ip::v4(kMoves[i][1]).to_string())
        .member("time", kNameServerMove.to_string())
        .end();
  json.end().member("first_answer_with_new", first_new_name_.to_string()).end();
}

// Section 7: the tunnels; how much each carried is told by period.
void World::write_tunnels(JsonText& json) const {
  json.key("tunnels").list();
  for (const Tunnel& tunnel : tunnels()) {
    json.object()
        .member("client", Ip::v4(tunnel.client).to_string())
        .member("server", Ip::v4(tunnel.server).to_string());
    tunnel.domain.empty() ? json.key("domain").null() : json.member("domain", tunnel.domain);
    json.member("from", tunnel.from.to_string()).member("messages_seen", tunnel.logged);
    tunnel.far_end.empty() ? json.key("far_end").null() : json.member("far_end", tunnel.far_end);
    json.end();
  }
  json.end();
}

// Section 5: what the tap recorded.
void World::write_mining_sessions(JsonText& json) const {
  json.key("mining_sessions").list();
  for (const MiningSessionTruth& session : mining_sessions_) session.write(json);
  json.end();
}

void World::write_periods(JsonText& json) const {
  json.key("periods").list();
  for (const PeriodTruth& period : periods_) {
    json.object().member("name", period.name()).member("zone", period.zone());
    json.member("from", period.range().from.to_string()).member("to", period.range().to.to_string());
    period.write_activity(json);
    period.write_rhythm(json);
    period.write_opsec(json);
    period.write_mining(json);
    period.write_tunnels(json);
    json.key("addresses").object();
    period.write_roles(json);
    sightings_.write_newly_active(json, period.range());
    period.write_concentration(json);
    json.end().end();
  }
  json.end();
}

std::string World::truth_text() const {
  JsonText json;
  json.object()
      .member("schema", 1)
      .member("synthetic", true)
      .member("scenario", "case-2019")
      .member("subject", "case-2019");
  json.member("seed", options_.seed).member("scale", options_.scale);
  write_sensors(json);
  write_growth(json);
  write_names(json);
  write_tunnels(json);
  write_mining_sessions(json);
  write_periods(json);
  json.end();
  return json.take();
}

Result<ScenarioReport> write_case_2019(const ScenarioOptions& options) {
  if (!(options.scale >= ScenarioOptions::kMinScale && options.scale <= ScenarioOptions::kMaxScale))
    return Failure(ErrorCode::kUsage, "the scale must lie between 0.001 and 10");
  if (options.directory.empty()) return Failure(ErrorCode::kUsage, "say where to write the scenario: --out DIR");
  auto world = std::make_unique<World>(options);
  return world->write();
}

}  // namespace

std::span<const case_2019::Stream> case_2019::streams() {
  static const std::vector<Stream> all = [] {
    std::vector<Stream> together;
    for (const auto& part : {address_streams(), secure_streams(), mining_streams()})
      together.insert(together.end(), part.begin(), part.end());
    return together;
  }();
  return all;
}

}  // namespace rw::scenario

namespace rw {

extern constinit const Scenario kCase2019Scenario;
constinit const Scenario kCase2019Scenario{
    .name = "case-2019",
    .title = "One state's use of the global internet, April 2017 to October 2019",
    .doc =
        "Three watched ranges seen by three routers (NetFlow v9 in pcap), two Zeek sensors and a tap. Planted: growth "
        "to four "
        "times the "
        "daily mean of 2017 (section 1), name servers that moved, two machines with 30 % of the traffic, new servers "
        "and clients "
        "(section 3), a rhythm that turns from leisure to work (section 4), mining that grows twelvefold behind one "
        "address (section 5), hidden traffic by Tor, VPN, HTTPS and rented machines, and DNS tunnels (section 7), with "
        "the dated lists and scan data that name their far ends. About 35 million flow records at scale 1.",
    .write = scenario::write_case_2019,
};

}  // namespace rw
