// How fast datagrams become rows: NetFlow v5, v9, IPFIX and sFlow v5, decode and batching, without the store.
#include <benchmark/benchmark.h>

#include "format/flow_export_testing.h"

namespace rw::flow_export::testing {
namespace {

// Takes batches and lets go of them, as writers do.
class DiscardingSink : public BatchSink {
 public:
  Result<void> take(Batch&& batch) override {
    const Batch taken = std::move(batch);
    rows += taken.rows();
    return {};
  }
  std::uint64_t rows = 0;
};

std::vector<std::byte> netflow5_datagram() {
  Builder out;
  out.u16(5).u16(30).u32(5'000'000).u32(1'600'000'000).u32(0).u32(0).u16(0).u16(0x4064);
  for (std::uint32_t i = 0; i < 30; ++i) {
    out.u32(0x0A000000 + i * 77).u32(0xC0000200 + i).u32(0).u16(3).u16(4).u32(10 + i).u32(9'000 + i * 13);
    out.u32(4'900'000 + i).u32(4'950'000 + i * 3).u16(40'000 + i).u16(443).u8(0).u8(0x1B).u8(6).u8(0);
    out.u16(64'500).u16(64'501).u16(0).u16(0);
  }
  return out.done();
}

// The record of a common router: 18 fields, 52 bytes.
constexpr std::uint16_t kFields[][2] = {{8, 4},  {12, 4}, {15, 4}, {10, 4}, {14, 4}, {2, 4}, {1, 4},
                                        {22, 4}, {21, 4}, {7, 2},  {11, 2}, {6, 1},  {4, 1}, {5, 1},
                                        {61, 1}, {16, 4}, {17, 4}, {9, 1},  {13, 1}, {48, 2}};

Builder template_body(std::uint16_t id) {
  Builder out;
  out.u16(id).u16(std::size(kFields));
  for (const auto& field : kFields) out.u16(field[0]).u16(field[1]);
  return out;
}

Builder records(std::uint32_t count) {
  Builder out;
  for (std::uint32_t i = 0; i < count; ++i) {
    for (const auto& field : kFields) {
      std::uint64_t value = 1 + i % 3;
      if (field[0] == 8) value = 0x0A000000 + i * 77;
      if (field[0] == 12) value = 0xC0000200 + i;
      if (field[0] == 22) value = 4'900'000 + i;
      if (field[0] == 21) value = 4'950'000 + i;
      if (field[0] == 1) value = 9'000 + i;
      if (field[0] == 61 || field[0] == 48) value = 0;
      out.number(value, field[1]);
    }
  }
  return out;
}

std::vector<std::byte> sflow_datagram() {
  Builder frame;
  frame.zeros(12).u16(0x0800).u8(0x45).u8(0).u16(1500).u32(0).u8(64).u8(6).u16(0).u32(0x0A000001).u32(0xC0000201);
  frame.u16(443).u16(40'000).u32(1).u32(2).u8(0x50).u8(0x10).zeros(72);
  frame.zeros((4 - frame.size() % 4) % 4);
  Builder out;
  out.u32(5).u32(1).u32(0xC0000201).u32(0).u32(0).u32(1'000).u32(7);
  for (std::uint32_t i = 0; i < 7; ++i) {
    Builder sample;
    sample.u32(i).u32(3).u32(1'000).u32(0).u32(0).u32(3).u32(4).u32(1);
    sample.u32(1).u32(16 + frame.size()).u32(1).u32(1'518).u32(4).u32(frame.size()).bytes(frame.done());
    out.u32(1).u32(sample.size()).bytes(sample.done());
  }
  return out.done();
}

void run(benchmark::State& state, const std::vector<std::vector<std::byte>>& first, std::vector<std::byte> datagram,
         std::size_t sequence_at, std::uint32_t step, std::uint32_t rows_each) {
  DiscardingSink sink;
  Emitter emitter(sink, "bench", "pcap", Timestamp::from_seconds(1'700'000'000));
  FlowExport decoder;
  const ExportSource source{Ip::v4(0xC0000201), 2055, Timestamp::from_seconds(1'600'000'000)};
  for (const auto& payload : first) decoder.datagram(source, payload, emitter);
  std::uint32_t sequence = 0;
  std::uint64_t rows = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < 4; ++i) datagram[sequence_at + i] = static_cast<std::byte>(sequence >> (24 - 8 * i));
    sequence += step;
    decoder.datagram(source, datagram, emitter);
    rows += rows_each;
  }
  (void)emitter.finish();
  if (sink.rows < rows || sink.rows > rows + 2) state.SkipWithError("rows were lost");
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

void netflow5(benchmark::State& state) { run(state, {}, netflow5_datagram(), 16, 30, 30); }
void netflow9_24_records(benchmark::State& state) {
  run(state, {netflow9({.sequence = UINT32_MAX}, {set_of(0, template_body(260))})},
      netflow9({}, {set_of(260, records(24))}, 24), 12, 1, 24);
}
void ipfix_24_records(benchmark::State& state) {
  run(state, {ipfix({}, {set_of(2, template_body(260))})}, ipfix({}, {set_of(260, records(24))}), 8, 24, 24);
}
void sflow_7_samples(benchmark::State& state) { run(state, {}, sflow_datagram(), 16, 1, 7); }

BENCHMARK(netflow5);
BENCHMARK(netflow9_24_records);
BENCHMARK(ipfix_24_records);
BENCHMARK(sflow_7_samples);

}  // namespace
}  // namespace rw::flow_export::testing
