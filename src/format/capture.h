// Reading packet capture files: pcap and pcapng, record by record, in batches.
//
//   PcapReader reader(input, emitter);
//   RW_TRY(reader.run([&](std::span<const CaptureRecord> records) { traffic.add(records); }));
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "format/traffic.h"
#include "model/emitter.h"

namespace rw {

// No capture tool writes larger packets: tcpdump's and Wireshark's own limit is 256 KiB, USB captures reach 128 MiB but
// hold no IP.
inline constexpr std::uint32_t kMaxPacketBytes = 1 << 20;
// How far is searched for the next sound record behind a broken one, at first and then.
inline constexpr std::size_t kResyncNearBytes = std::size_t{64} << 10;
inline constexpr std::size_t kResyncBytes = std::size_t{4} << 20;
// A capture that breaks more often than this is no capture any more (and each search costs time).
inline constexpr unsigned kMaxResyncs = 1000;

using RecordSink = std::function<void(std::span<const CaptureRecord>)>;

// What both readers share: batches of records whose frames lie in the input's window.
class CaptureReader {
 public:
  CaptureReader(StreamReader& input, Emitter& emitter) : input_(input), emitter_(emitter) {}

 protected:
  void put(RecordSink& sink, const CaptureRecord& record) {
    batch_[count_++] = record;
    if (count_ == batch_.size()) flush(sink);
  }
  void flush(RecordSink& sink) {
    if (count_ > 0) sink({batch_.data(), count_});
    count_ = 0;
  }
  void weird(std::uint64_t offset, std::string_view code, std::string_view detail = {}) {
    emitter_.at(offset);
    emitter_.weird(code, detail);
  }

  // Skips from a broken record to what `find` says is the next sound one: an offset in the window it is given, or 0.
  Result<void> skip_broken(std::string_view what, const std::function<std::size_t(Bytes)>& find);
  // What is left at the end is less than a record.
  Result<void> end_of_input(std::size_t left);

  StreamReader& input_;
  Emitter& emitter_;

 private:
  unsigned resyncs_ = 0;
  std::array<CaptureRecord, Traffic::kBatch> batch_;
  std::size_t count_ = 0;
};

// Classic pcap: microseconds, nanoseconds and Kuznetzov's "modified" records, in either byte order; several files in a
// row.
class PcapReader : public CaptureReader {
 public:
  using CaptureReader::CaptureReader;
  // Reads to the end. A broken record header is skipped to the next sound record within kResyncBytes; a failure tells
  // where none was found.
  Result<void> run(RecordSink sink);

 private:
  struct RecordHeader {
    std::uint32_t seconds, fraction, captured, wire;
  };
  enum class Stop : std::uint8_t { kShort, kBroken, kFileHeader };
  Result<void> file_header();
  // Records from the front of `window`: how many bytes were used, why it stopped, and how much the next record needs.
  Stop read_window(RecordSink& sink, Bytes window, std::size_t& used, std::size_t& need);
  std::size_t find_record(Bytes window) const;
  RecordHeader header_at(const std::byte* bytes) const;
  bool plausible(const RecordHeader& header) const;

  bool swapped_ = false;
  bool nanoseconds_ = false;
  bool lengths_swapped_ = false;     // files before version 2.3 wrote the wire length first
  std::uint32_t header_bytes_ = 16;  // 24 in modified files
  std::uint32_t link_type_ = 0;
  std::optional<std::uint32_t> last_seconds_;
};

// pcapng (draft-ietf-opsawg-pcapng): sections in either byte order, interfaces with their own link type and clock.
class PcapngReader : public CaptureReader {
 public:
  using CaptureReader::CaptureReader;
  static constexpr std::size_t kMaxInterfaces = 65536;  // per section
  static constexpr std::uint32_t kMaxBlockBytes =
      16U << 20;  // of blocks that are read; others are skipped whatever their size
  Result<void> run(RecordSink sink);

 private:
  struct Interface {
    std::uint32_t link_type = 0;
    std::uint32_t snap_length = 0;  // 0: none
    std::uint64_t units_per_second = 1'000'000;
    std::int64_t offset_seconds = 0;
  };
  std::uint16_t u16(const std::byte* at) const;
  std::uint32_t u32(const std::byte* at) const;
  void section(Bytes block, std::uint64_t offset);
  void interface(Bytes body, std::uint64_t offset);
  void interface_option(Interface& interface, std::uint16_t code, Bytes value, std::uint64_t offset);
  void block(RecordSink& sink, std::uint32_t type, Bytes body, std::uint64_t offset);
  void enhanced_packet(RecordSink& sink, Bytes body, std::uint64_t offset);
  void simple_packet(RecordSink& sink, Bytes body, std::uint64_t offset);
  void old_packet(RecordSink& sink, Bytes body, std::uint64_t offset);
  void packet(RecordSink& sink, std::uint32_t interface, std::uint64_t ticks, std::uint32_t captured,
              std::uint32_t wire, Bytes rest, std::uint64_t offset);
  enum class Stop : std::uint8_t { kShort, kBroken, kLarge };
  Stop read_window(RecordSink& sink, Bytes window, std::size_t& used, std::size_t& need);
  std::optional<std::uint32_t> block_length(Bytes at) const;
  std::size_t find_block(Bytes window) const;
  bool skip_block(std::uint64_t length);

  bool swapped_ = false;
  std::vector<Interface> interfaces_;
  Timestamp last_time_;
};

}  // namespace rw
