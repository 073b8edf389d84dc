// NetFlow v9 (RFC 3954) datagrams of one synthetic exporter, in pcap files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "scenario/conversation.h"
#include "scenario/file_writer.h"

namespace rw::scenario {

// A sensor that sees a conversation as two flows, one in each direction, counting one packet in `sampling`.
struct ExporterSpec {
  std::string_view name;  // also the name of its files
  std::uint32_t address = 0;
  std::uint32_t source_id = 0;
  std::uint32_t sampling = 1;
  bool absolute_times =
      false;  // flowStartMilliseconds instead of FIRST_SWITCHED, which counts from the boot of the router
};

// One direction as a sensor counted it.
struct FlowRecord {
  Timestamp start;
  Timestamp end;
  std::uint32_t src = 0;
  std::uint32_t dst = 0;
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint8_t proto = 0;
  std::uint8_t flags = 0;
  bool egress = false;
  std::uint32_t bytes = 0;
  std::uint32_t packets = 0;
};

// Turns a conversation into what an exporter counts; the second record is missing where nothing answered.
int split_conversation(const Conversation& conversation, std::uint32_t sampling, FlowRecord (&records)[2]);

class NetflowWriter {
 public:
  struct Totals {
    std::uint64_t records = 0;
    std::uint64_t packets = 0;  // as counted, not scaled
    std::uint64_t bytes = 0;
    std::uint64_t datagrams = 0;
  };

  explicit NetflowWriter(const ExporterSpec& spec) : spec_(spec) {}

  // The next file, made when there is something to put into it; `boot` is when the router (re)started: its clock of 32
  // bits of milliseconds counts from there.
  Result<void> open(const std::string& path, Timestamp boot);
  // Records should come in the order of their ends.
  void add(const FlowRecord& record);
  // Sends what is queued, as a router does when a datagram has waited long enough.
  void flush();
  Result<void> close();
  const Result<void>& status() const { return file_.status(); }
  const ExporterSpec& spec() const { return spec_; }
  const Totals& totals() const { return totals_; }

 private:
  void begin_file();
  void send(std::uint16_t flowset_count, std::string_view payload);
  void send_templates();

  ExporterSpec spec_;
  std::string path_;
  FileWriter file_;
  Timestamp boot_;
  Timestamp clock_;       // of the last datagram: never goes back
  Timestamp latest_end_;  // of the queued records
  std::string records_;   // queued data records
  std::uint16_t queued_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint32_t until_templates_ = 0;
  std::uint16_t ip_id_ = 0;
  Totals totals_;
};

}  // namespace rw::scenario
