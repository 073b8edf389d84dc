// The time that one large aggregate report takes, from XML in memory into batches that nobody writes.
#include <benchmark/benchmark.h>

#include <string>

#include "format/format.h"

namespace rw {
namespace {

constexpr int kRecords = 2'286;  // and with them some 900 kB: as large as reports of busy receivers are

struct NullSink : BatchSink {
  Result<void> take(Batch&& batch) override {
    benchmark::DoNotOptimize(batch.rows());
    return {};
  }
};

std::string report() {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<feedback>\n <report_metadata>\n  <org_name>receiver.example"
      "</org_name>\n  <email>dmarc@receiver.example</email>\n  <report_id>example.org:1700006400</report_id>\n"
      "  <date_range>\n   <begin>1700006400</begin>\n   <end>1700092799</end>\n  </date_range>\n </report_metadata>\n"
      " <policy_published>\n  <domain>example.org</domain>\n  <adkim>r</adkim>\n  <aspf>r</aspf>\n  <p>none</p>\n"
      "  <sp>reject</sp>\n  <pct>100</pct>\n </policy_published>\n";
  for (int i = 0; i < kRecords; ++i)
    text += " <record>\n  <row>\n   <source_ip>198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
            "</source_ip>\n   <count>" + std::to_string(1 + i % 17) +
            "</count>\n   <policy_evaluated>\n    <disposition>none</disposition>\n    <dkim>fail</dkim>\n"
            "    <spf>fail</spf>\n   </policy_evaluated>\n  </row>\n  <identifiers>\n   <header_from>example.org"
            "</header_from>\n  </identifiers>\n  <auth_results>\n   <spf>\n    <domain>mail.example.net</domain>\n"
            "    <result>none</result>\n   </spf>\n  </auth_results>\n </record>\n";
  return text + "</feedback>\n";
}

void dmarc_aggregate(benchmark::State& state) {
  static const std::string kText = report();
  static const Format* const kFormat = find_format("dmarc-aggregate");
  for (auto _ : state) {
    NullSink sink;
    Emitter emitter(sink, "bench.xml", "dmarc-aggregate", Timestamp::from_seconds(1'700'100'000));
    MemoryStream stream(as_bytes(kText));
    StreamReader reader(stream);
    SharedState shared;
    const DecodeOptions options;
    DecodeContext context{reader, emitter, shared, options};
    if (!kFormat->decode(context) || !emitter.finish() || emitter.counts().rows.at("mail_rows") != kRecords)
      state.SkipWithError("the report was not read");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(kText.size()));
}
BENCHMARK(dmarc_aggregate)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rw
