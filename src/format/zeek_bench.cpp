// Lines per second of the log formats, from text in memory into batches that nobody writes.
#include <benchmark/benchmark.h>

#include <string>

#include "format/format.h"

namespace rw {
namespace {

constexpr int kLines = 200'000;

struct NullSink : BatchSink {
  Result<void> take(Batch&& batch) override {
    benchmark::DoNotOptimize(batch.rows());
    return {};
  }
};

// A connection's fields, varied as those of real logs are: addresses, ports, services and histories of uneven weight.
struct Conn {
  std::string time, orig, resp, service, history;
  unsigned orig_port, resp_port, bytes;
};

Conn conn_of(unsigned n) {
  const unsigned mixed = n * 2654435761U;
  static constexpr const char* kServices[] = {"-", "dns", "ssl", "http", "ssl", "-", "dns", "ssl,http"};
  static constexpr const char* kHistories[] = {"ShADadFf", "Dd", "ShADadFfR", "S", "ShADadtFf", "D", "Dd", "ShADadFf"};
  static constexpr unsigned kPorts[] = {3389, 53, 443, 80, 443, 22, 53, 8443};
  Conn conn;
  conn.time = std::to_string(1'672'843'056 + n / 100) + "." + std::to_string(100'000 + mixed % 900'000);
  conn.orig = "10." + std::to_string(mixed >> 28) + "." + std::to_string(mixed >> 20 & 255) + "." +
              std::to_string(mixed >> 12 & 255);
  conn.resp = "192." + std::to_string(mixed >> 24 & 255) + ".2." + std::to_string(mixed >> 4 & 255);
  conn.service = kServices[mixed >> 10 & 7];
  conn.history = kHistories[mixed >> 10 & 7];
  conn.orig_port = 1024 + (mixed >> 8 & 0x7FFF);
  conn.resp_port = kPorts[mixed >> 10 & 7];
  conn.bytes = mixed >> 12;
  return conn;
}

std::string conn_tsv() {
  std::string text =
      "#separator "
      "\\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\t"
      "id.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_"
      "orig\tlocal_resp\t"
      "missed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n";
  for (unsigned n = 0; n < kLines; ++n) {
    const Conn c = conn_of(n);
    text += c.time + "\tCXHB1X22027MRWU6D\t" + c.orig + "\t" + std::to_string(c.orig_port) + "\t" + c.resp + "\t" +
            std::to_string(c.resp_port) + "\ttcp\t" + c.service + "\t0.084044\t1030\t" + std::to_string(c.bytes) +
            "\tSF\tT\tF\t0\t" + c.history + "\t18\t1974\t14\t" + std::to_string(c.bytes + 700) + "\t-\n";
  }
  return text;
}

std::string conn_json() {
  std::string text;
  for (unsigned n = 0; n < kLines; ++n) {
    const Conn c = conn_of(n);
    text += R"({"ts":)" + c.time + R"(,"uid":"CxHo3m4N8uGxrMlcl2","id.orig_h":")" + c.orig + R"(","id.orig_p":)" +
            std::to_string(c.orig_port) + R"(,"id.resp_h":")" + c.resp + R"(","id.resp_p":)" +
            std::to_string(c.resp_port) + R"(,"proto":"tcp",)" +
            (c.service == "-" ? "" : R"("service":")" + c.service + R"(",)") +
            R"("duration":0.084044,"orig_bytes":1030,"resp_bytes":)" + std::to_string(c.bytes) +
            R"(,"conn_state":"SF","local_orig":true,"local_resp":false,"missed_bytes":0,"history":")" + c.history +
            R"(","orig_pkts":18,"orig_ip_bytes":1974,"resp_pkts":14,"resp_ip_bytes":)" + std::to_string(c.bytes + 700) +
            "}\n";
  }
  return text;
}

std::string dns_tsv() {
  std::string text =
      "#separator "
      "\\x09\n#set_separator\t,\n#unset_field\t-\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\t"
      "id.resp_p\tproto\ttrans_id\trtt\tquery\tqclass\tqclass_name\tqtype\tqtype_name\trcode\trcode_"
      "name\tAA\tTC\tRD\tRA\tZ\t"
      "answers\tTTLs\trejected\n";
  for (unsigned n = 0; n < kLines; ++n) {
    const Conn c = conn_of(n);
    text += c.time + "\tCjeD8p1g3hp9yCMn17\t" + c.orig + "\t" + std::to_string(c.orig_port) + "\t10.0.0.53\t53\tudp\t" +
            std::to_string(n % 65'536) + "\t0.012\thost" + std::to_string(n % 5'000) +
            ".example.com\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\tedge.example.net," + c.resp +
            "\t300.0,60.0\tF\n";
  }
  return text;
}

std::string eve_flow() {
  std::string text;
  for (unsigned n = 0; n < kLines; ++n) {
    const Conn c = conn_of(n);
    text +=
        R"({"timestamp":"2024-05-01T12:00:00.250000+0000","flow_id":1234567890123,"in_iface":"eth0","event_type":"flow","src_ip":")" +
        c.orig + R"(","src_port":)" + std::to_string(c.orig_port) + R"(,"dest_ip":")" + c.resp + R"(","dest_port":)" +
        std::to_string(c.resp_port) +
        R"(,"proto":"TCP","app_proto":"tls","flow":{"pkts_toserver":6,"pkts_toclient":5,"bytes_toserver":)" +
        std::to_string(c.bytes) +
        R"(,"bytes_toclient":900,"start":"2024-05-01T11:59:00.000000+0000","end":"2024-05-01T11:59:30.500000+0000",)" +
        R"("age":30,"state":"closed","reason":"timeout","alerted":false},"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"1b","syn":true}})"
        "\n";
  }
  return text;
}

void decode(benchmark::State& state, const char* format_name, const std::string& text) {
  const Format* format = find_format(format_name);
  for (auto _ : state) {
    NullSink sink;
    Emitter emitter(sink, "bench", format_name, Timestamp::from_seconds(1'700'000'000));
    MemoryStream stream(as_bytes(text));
    StreamReader reader(stream);
    SharedState shared;
    const DecodeOptions options;
    DecodeContext context{reader, emitter, shared, options};
    if (!format->decode(context) || !emitter.finish()) state.SkipWithError("decoding failed");
    if (!emitter.counts().weird.empty()) state.SkipWithError("weird lines");
  }
  state.SetItemsProcessed(state.iterations() * kLines);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void zeek_conn_tsv(benchmark::State& state) { decode(state, "zeek-tsv", conn_tsv()); }
void zeek_conn_json(benchmark::State& state) { decode(state, "zeek-json", conn_json()); }
void zeek_dns_tsv(benchmark::State& state) { decode(state, "zeek-tsv", dns_tsv()); }
void suricata_eve_flow(benchmark::State& state) { decode(state, "suricata-eve", eve_flow()); }
BENCHMARK(zeek_conn_tsv)->Unit(benchmark::kMillisecond);
BENCHMARK(zeek_conn_json)->Unit(benchmark::kMillisecond);
BENCHMARK(zeek_dns_tsv)->Unit(benchmark::kMillisecond);
BENCHMARK(suricata_eve_flow)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rw
