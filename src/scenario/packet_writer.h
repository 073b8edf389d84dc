// Packets of a few TCP sessions with their payloads, in a pcap file: what a tap recorded while somebody mined.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "scenario/case_2019.h"
#include "scenario/file_writer.h"

namespace rw::scenario {

class PacketWriter {
 public:
  Result<void> open(const std::string& path);
  // Makes the session's packets and fills its conversation's end, flags and counters; they are written by flush().
  void add(case_2019::MiningSession& session);
  // Writes what was added, in order of time.
  void flush();
  Result<void> close() { return file_.is_open() ? file_.close() : file_.status(); }
  const Result<void>& status() const { return file_.status(); }
  std::uint64_t sessions() const { return sessions_; }

 private:
  struct Packet {
    Timestamp time;
    std::string bytes;
  };
  struct Way {
    std::uint32_t address;
    std::uint16_t port;
    std::uint32_t sequence;
  };
  void packet(Timestamp time, Way& from, const Way& to, std::uint8_t flags, std::string_view payload);

  FileWriter file_;
  std::vector<Packet> packets_;
  std::uint64_t sessions_ = 0;
  std::uint16_t ip_id_ = 0;
};

}  // namespace rw::scenario
