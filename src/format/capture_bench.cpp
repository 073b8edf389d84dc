// How fast packets become rows, without the store: a capture of many sessions, and the parts that each packet goes
// through.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>

#include "format/capture_builder.h"
#include "format/dns.h"
#include "format/format.h"
#include "format/packet.h"
#include "format/quic.h"
#include "format/quic_protect_test.cpp"  // NOLINT(bugprone-suspicious-include): it is no part of the library
#include "format/tls.h"

namespace rw::testing {
namespace {

class DiscardingSink : public BatchSink {
 public:
  Result<void> take(Batch&& batch) override {
    const Batch taken = std::move(batch);
    rows += taken.rows();
    return {};
  }
  std::uint64_t rows = 0;
};

std::string v4_text(std::uint32_t bits) { return Ip::v4(bits).to_string(); }

// Interleaved sessions: a third DNS, a third TLS with its hello and 20 segments, the rest plain datagrams.
struct Capture {
  std::string bytes = pcap_header();
  std::int64_t packets = 0;
};
Capture make_capture(int sessions) {
  std::mt19937 random(1);
  Capture out;
  double at = 0;
  const auto put = [&](const Ip4& header, std::string_view payload) {
    out.bytes += pcap_record({at += 2e-5, eth4(header, payload)});
    ++out.packets;
  };
  const std::string hello = tls_record(client_hello({.padding = 300})), data(1400, 'd');
  for (int i = 0; i < sessions; i += 100) {
    for (int step = 0; step < 24; ++step) {
      for (int n = i; n < i + 100; ++n) {
        const std::string client = v4_text(0x0A000000 + static_cast<std::uint32_t>(n)),
                          server = v4_text(0xC6336400 + random() % 256);
        const auto port = static_cast<std::uint16_t>(1024 + n % 60000);
        const Ip4 there{.src = client, .dst = kServer}, back{.src = kServer, .dst = client};
        Ip4 tcp_there = there, tcp_back = back;
        tcp_there.proto = tcp_back.proto = 6;
        const auto seq = static_cast<std::uint32_t>(1000 + step * 1400);
        if (n % 3 == 0 && step == 0)
          put(there,
              udp(port, 53, dns_query(static_cast<std::uint16_t>(n), "www" + std::to_string(n) + ".example.org")));
        if (n % 3 == 0 && step == 1)
          put(back,
              udp(53, port, dns_response(static_cast<std::uint16_t>(n), "www" + std::to_string(n) + ".example.org")));
        if (n % 3 == 1 && step == 0) put(tcp_there, tcp({.src = port, .seq = 1000, .flags = 2}));
        if (n % 3 == 1 && step == 1)
          put(tcp_back, tcp({.src = 443, .dst = port, .seq = 1, .ack = 1001, .flags = 0x12}));
        if (n % 3 == 1 && step == 2) put(tcp_there, tcp({.src = port, .seq = 1001}, hello));
        if (n % 3 == 1 && step > 2) put(tcp_back, tcp({.src = 443, .dst = port, .seq = seq}, data));
        if (n % 3 == 2 && step % 4 == 0) put(there, udp(port, 5000, std::string_view(data).substr(0, 200)));
      }
    }
  }
  return out;
}

// Packets per second of the whole way: file, decoding, flows, DNS, names, batches.
void read_capture(benchmark::State& state) {
  const Capture capture = make_capture(static_cast<int>(state.range(0)));
  const Format* format = find_format("pcap");
  std::uint64_t rows = 0;
  for (auto _ : state) {
    DiscardingSink sink;
    Emitter emitter(sink, "bench", "pcap", Timestamp::from_seconds(1'700'000'000));
    MemoryStream stream(as_bytes(capture.bytes));
    StreamReader reader(stream);
    SharedState shared;
    const DecodeOptions options;
    DecodeContext context{reader, emitter, shared, options};
    if (!format->decode(context) || !emitter.finish()) std::abort();
    rows = sink.rows;
  }
  state.SetItemsProcessed(state.iterations() * capture.packets);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(capture.bytes.size()));
  state.counters["rows"] = static_cast<double>(rows);
}
BENCHMARK(read_capture)->Arg(1'000)->Arg(50'000)->Unit(benchmark::kMillisecond);

void decode_frame(benchmark::State& state, const std::string& frame) {
  Packet packet;
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_packet(link_type::kEthernet, as_bytes(frame), 0, packet));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(decode_frame, tcp, segment({}, std::string(1400, 'x')));
BENCHMARK_CAPTURE(decode_frame, vxlan,
                  eth4({},
                       udp(50000, 4789, std::string("\x08\0\0\0\0\0\x2A\0", 8) + segment({}, std::string(1400, 'x')))));

void decode_dns(benchmark::State& state) {
  const std::string message = dns_response(1, "www.some-site.example.org");
  DnsMessage decoded;
  for (auto _ : state) benchmark::DoNotOptimize(decoded.decode(as_bytes(message), message.size()));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_dns);

void decode_client_hello(benchmark::State& state) {
  const std::string record = tls_record(client_hello({.padding = 300}));
  ClientHello hello;
  for (auto _ : state) benchmark::DoNotOptimize(read_client_hello(as_bytes(record), hello));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_client_hello);

void decode_quic_initial(benchmark::State& state) {
  const std::string packet = quic::initial_packet({}, quic::crypto(0, client_hello()));
  for (auto _ : state) {
    QuicInitial decoder;
    if (decoder.datagram(as_bytes(packet)) != HelloStatus::kDone) std::abort();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_quic_initial);

}  // namespace
}  // namespace rw::testing
