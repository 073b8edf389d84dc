// For tests of flow-export decoders: rows read back from batches, datagrams built by the byte, small pcap files read.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "format/flow_export.h"
#include "format/packet.h"
#include "model/emitter.h"

namespace rw::flow_export::testing {

// A Flow whose text is its own.
struct FlowRow : Flow {
  std::string sensor_text, app_text, server_name_text;
};
struct CounterRow : InterfaceCounters {
  std::string sensor_text;
};
struct WeirdRow {
  std::string code, detail;
  std::int64_t occurrences = 0;
};

// Reads one row's columns in the order of the record's column list.
class RowReader {
 public:
  RowReader(const Batch& batch, std::size_t row) : batch_(batch), row_(row) {}
  template <typename T>
  void value(T& out) {
    out = next().template values<T>()[row_];
  }
  template <typename T>
  void value(std::optional<T>& out) {
    const ColumnBuffer& column = next();
    if (column.is_null(row_))
      out.reset();
    else
      out = column.values<T>()[row_];
  }
  void value(std::string_view& out) {
    const ColumnBuffer& column = next();
    out = column.is_null(row_) ? std::string_view{} : column.text(row_);
  }
  void value(Ip& out) { value(out.hi), value(out.lo); }

 private:
  const ColumnBuffer& next() { return batch_.column(index_++); }
  const Batch& batch_;
  std::size_t row_;
  std::size_t index_ = 0;
};

#define RW_TEST_READ(name, type, unit, doc) reader.value(out.name);
#define RW_TEST_READ_ADDRESS(name, doc) reader.value(out.name);

class CollectingSink : public BatchSink {
 public:
  std::vector<FlowRow> flows;
  std::vector<CounterRow> counters;
  std::vector<WeirdRow> weird;

  Result<void> take(Batch&& batch) override {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      RowReader reader(batch, row);
      if (&batch.table() == &kFlowTable) {
        FlowRow out;
        RW_FLOW_COLUMNS(RW_TEST_READ, RW_TEST_READ, RW_TEST_READ_ADDRESS, RW_TEST_READ_ADDRESS)
        out.sensor_text = out.sensor, out.app_text = out.app, out.server_name_text = out.server_name;
        out.sensor = out.app = out.server_name = {};
        flows.push_back(std::move(out));
      } else if (&batch.table() == &kInterfaceTable) {
        CounterRow out;
        RW_INTERFACE_COLUMNS(RW_TEST_READ, RW_TEST_READ, RW_TEST_READ_ADDRESS, RW_TEST_READ_ADDRESS)
        out.sensor_text = out.sensor;
        out.sensor = {};
        counters.push_back(std::move(out));
      } else if (&batch.table() == &kWeirdTable) {
        Weird out;
        RW_WEIRD_COLUMNS(RW_TEST_READ, RW_TEST_READ, RW_TEST_READ_ADDRESS, RW_TEST_READ_ADDRESS)
        weird.push_back({std::string(out.code), std::string(out.detail), out.occurrences});
      }
    }
    return {};
  }
  std::int64_t count(std::string_view code) const {
    std::int64_t total = 0;
    for (const WeirdRow& row : weird)
      if (row.code == code) total += row.occurrences;
    return total;
  }
};

#undef RW_TEST_READ
#undef RW_TEST_READ_ADDRESS

// One ingest: datagrams go in, rows come out at finish().
class Session {
 public:
  Session() : emitter_(sink_, "test", "pcap", Timestamp::from_seconds(1'700'000'000)) {}
  bool send(Bytes payload, ExportSource source = {Ip::v4(0xC0000201), 2055, Timestamp::from_seconds(1'600'000'000)}) {
    return decoder_.datagram(source, payload, emitter_);
  }
  bool send(const std::vector<std::byte>& payload) { return send(Bytes(payload)); }
  void end_of_input() { decoder_.end_of_input(emitter_); }
  // Ends the input and hands out what came of it so far.
  CollectingSink& finish() {
    end_of_input();
    (void)emitter_.finish();
    return sink_;
  }
  FlowExport& decoder() { return decoder_; }
  Emitter& emitter() { return emitter_; }

 private:
  CollectingSink sink_;
  Emitter emitter_;
  FlowExport decoder_;
};

// Bytes in network order, one field after another.
class Builder {
 public:
  Builder& u8(std::uint64_t v) { return number(v, 1); }
  Builder& u16(std::uint64_t v) { return number(v, 2); }
  Builder& u32(std::uint64_t v) { return number(v, 4); }
  Builder& u64(std::uint64_t v) { return number(v, 8); }
  Builder& number(std::uint64_t v, std::size_t width) {
    for (std::size_t i = width; i-- > 0;) bytes_.push_back(static_cast<std::byte>(i < 8 ? v >> (8 * i) : 0));
    return *this;
  }
  Builder& text(std::string_view v) { return bytes(as_bytes(v)); }
  Builder& bytes(Bytes v) {
    bytes_.insert(bytes_.end(), v.begin(), v.end());
    return *this;
  }
  Builder& bytes(const std::vector<std::byte>& v) { return bytes(Bytes(v)); }
  Builder& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  void set_u16(std::size_t at, std::size_t v) {
    bytes_[at] = static_cast<std::byte>(v >> 8);
    bytes_[at + 1] = static_cast<std::byte>(v);
  }
  std::size_t size() const { return bytes_.size(); }
  const std::vector<std::byte>& done() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// A set of NetFlow v9 or IPFIX: id, length, body padded to four bytes.
inline std::vector<std::byte> set_of(std::uint16_t id, const Builder& body, bool pad = true) {
  const std::size_t padding = pad ? (4 - body.size() % 4) % 4 : 0;
  return Builder().u16(id).u16(4 + body.size() + padding).bytes(body.done()).zeros(padding).done();
}

struct Header {
  std::uint32_t time = 1'600'000'000;
  std::uint32_t uptime = 1'000'000;
  std::uint32_t sequence = 0;
  std::uint32_t domain = 0;
};

inline std::vector<std::byte> netflow9(const Header& header, const std::vector<std::vector<std::byte>>& sets,
                                       std::uint16_t count = 1) {
  Builder out;
  out.u16(9).u16(count).u32(header.uptime).u32(header.time).u32(header.sequence).u32(header.domain);
  for (const auto& set : sets) out.bytes(set);
  return out.done();
}

inline std::vector<std::byte> ipfix(const Header& header, const std::vector<std::vector<std::byte>>& sets) {
  Builder out;
  out.u16(10).u16(0).u32(header.time).u32(header.sequence).u32(header.domain);
  for (const auto& set : sets) out.bytes(set);
  out.set_u16(2, out.size());
  return out.done();
}

// A UDP datagram of a capture.
struct Captured {
  ExportSource source;
  std::uint16_t dst_port = 0;
  std::vector<std::byte> payload;
};

// The UDP datagrams of a small classic pcap file of either byte order; nothing where it cannot be read.
inline std::vector<Captured> read_pcap(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  std::vector<Captured> out;
  if (content.size() < 24) return out;
  Cursor cursor(as_bytes(content));
  const std::uint32_t magic = cursor.u32_little();
  const bool little = magic == 0xA1B2C3D4 || magic == 0xA1B23C4D;
  const auto number = [&] { return little ? cursor.u32_little() : cursor.u32(); };
  cursor.skip(16);
  const std::uint32_t link = number();
  while (cursor.left() >= 16) {
    Captured captured;
    captured.source.time = Timestamp::from_seconds(number());
    captured.source.time.us += number();
    const std::uint32_t length = number();
    const std::uint32_t wire = number();
    Packet packet;
    if (decode_packet(link, cursor.bytes(length), wire, packet) != Decoded::kPacket || packet.proto != ip_proto::kUdp)
      continue;
    captured.source.exporter = packet.src;
    captured.source.exporter_port = packet.src_port;
    captured.dst_port = packet.dst_port;
    captured.payload.assign(packet.payload.begin(), packet.payload.end());
    out.push_back(std::move(captured));
  }
  return out;
}

#ifdef RW_SOURCE_DIR
// Real captures, where there are any beside the project.
inline std::filesystem::path shared_data() {
  if (const char* given = std::getenv("RW_SHARED_DATA")) return given;
  return std::filesystem::path(RW_SOURCE_DIR).parent_path() / "shared" / "data";
}
#endif

}  // namespace rw::flow_export::testing
