// What a synthetic world really holds, counted while it is written, by the contract's definitions; read by tests only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "scenario/calendar.h"
#include "scenario/case_2019.h"
#include "scenario/conversation.h"
#include "scenario/json_text.h"
#include "scenario/netflow_writer.h"

namespace rw::scenario {

// One period of the dossier. Volumes come from the one sensor that counts for the prefix, scaled by its sampling.
class PeriodTruth {
 public:
  PeriodTruth(std::string name, std::string zone, TimeRange range);

  bool holds(Timestamp slot) const { return range_.contains(slot); }
  void begin_slot(LocalTime local) { local_ = local; }
  void observe_half_hour() { half_hours_[static_cast<std::size_t>(local_.hour_of_week())] += 1; }
  void add_volume(const FlowRecord& record, std::uint32_t sampling, Purpose purpose);
  void add_tunnel_session(std::size_t tunnel, const case_2019::TunnelSession& session);
  void add_service(const Conversation& conversation);
  double mean_daily_bytes() const;

  const std::string& name() const { return name_; }
  const std::string& zone() const { return zone_; }
  const TimeRange& range() const { return range_; }
  void write_activity(JsonText& json) const;
  void write_rhythm(JsonText& json) const;
  void write_opsec(JsonText& json) const;
  void write_mining(JsonText& json) const;
  void write_tunnels(JsonText& json) const;
  void write_roles(JsonText& json) const;
  void write_concentration(JsonText& json) const;

 private:
  struct Day {
    std::uint64_t bytes = 0;
    std::uint64_t flows = 0;
  };
  struct Role {
    std::uint64_t answers = 0;
    Timestamp first;
    Timestamp last;
  };
  // Of one purpose: as flows told it.
  struct Use {
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
    std::uint64_t flows = 0;
    Timestamp first = kAllTime.to;
    std::map<std::int64_t, std::uint64_t> days;  // bytes
  };
  struct TunnelUse {
    std::uint64_t sessions = 0;
    std::uint64_t questions = 0;
    std::uint64_t bytes = 0;
    double gap_seconds = 0;  // all together
    Timestamp first = kAllTime.to;
    Timestamp last = kAllTime.from;
  };
  std::uint64_t half_hours() const;
  void write_coin(JsonText& json, Purpose purpose) const;

  std::string name_;
  std::string zone_;
  TimeRange range_;
  LocalTime local_;
  std::uint64_t bytes_ = 0, packets_ = 0, flows_ = 0, internal_bytes_ = 0;
  std::array<std::uint64_t, 168> hour_of_week_{};
  std::array<std::uint64_t, 168> half_hours_{};
  std::vector<std::uint64_t> address_bytes_;
  std::vector<std::array<Role, kServiceCount>> roles_;
  std::map<std::int64_t, Day> days_;
  std::array<Use, kPurposeCount> uses_;
  std::vector<TunnelUse> tunnels_;
};

// One session that the tap recorded.
class MiningSessionTruth {
 public:
  explicit MiningSessionTruth(const case_2019::MiningSession& session);
  void write(JsonText& json) const;

 private:
  Timestamp start_;
  std::uint32_t client_, server_;
  std::uint16_t server_port_;
  std::string_view coin_, kind_, worker_;
  std::uint64_t bytes_ = 0, messages_ = 0, rev_messages_ = 0;
};

// First sightings over the whole world.
class Sightings {
 public:
  Sightings();
  void sent(std::uint32_t address, Timestamp t) { note(sent_, address, t); }
  void resolved(std::uint32_t address, Timestamp t) { note(resolved_, address, t); }
  // Addresses first seen in `range`, with what showed them first.
  void write_newly_active(JsonText& json, const TimeRange& range) const;

 private:
  static void note(std::vector<Timestamp>& first, std::uint32_t address, Timestamp t);

  std::vector<Timestamp> sent_;
  std::vector<Timestamp> resolved_;
};

}  // namespace rw::scenario
