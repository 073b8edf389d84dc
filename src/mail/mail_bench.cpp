// How long checks of a message's sender take when the resolver has all answers: SPF and DMARC as one message needs
// them.
#include <benchmark/benchmark.h>

#include <memory>

#include "mail/dmarc.h"
#include "mail/spf.h"
#include "resolver/resolver.h"

namespace {

using rw::DnsType;

std::unique_ptr<rw::Resolver> warm_resolver() {
  auto zone = std::make_shared<rw::ZoneResolver>();
  constexpr std::string_view kZone = R"($ORIGIN example.org.
@ 3600 TXT "v=spf1 include:_spf.provider.example include:lists.provider.example mx a:mail.example.org -all"
@ 3600 MX 10 mx1
@ 3600 MX 20 mx2
mx1 3600 A 192.0.2.10
mx2 3600 A 192.0.2.11
mail 3600 A 192.0.2.12
_dmarc 3600 TXT "v=DMARC1; p=reject; rua=mailto:reports@example.org"
$ORIGIN provider.example.
_spf 3600 TXT "v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/26 ip6:2001:db8:1::/48 include:_spf2.provider.example ~all"
_spf2 3600 TXT "v=spf1 ip4:203.0.113.0/26 ip4:203.0.113.64/27 ip6:2001:db8:2::/48 ~all"
lists 3600 TXT "v=spf1 exists:%{ir}.%{l1r-}.ok.provider.example ~all"
)";
  if (!zone->parse(kZone, "bench.zone")) std::abort();
  zone->answer_for_everything(true);
  return rw::make_caching_resolver(zone);
}

rw::SpfRequest request(std::uint32_t client) {
  rw::SpfRequest request;
  request.client = rw::Ip::v4(client);
  request.helo = "mx.example.net";
  request.mail_from = "news-42@example.org";
  return request;
}

// Passes after 2 records, 3 includes deep, or fails after the whole of the policy.
void spf(benchmark::State& state, std::uint32_t client) {
  const auto resolver = warm_resolver();
  const rw::SpfRequest asked = request(client);
  for (auto _ : state) benchmark::DoNotOptimize(rw::check_spf(*resolver, asked));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(spf, included, 0xCB007141U);  // 203.0.113.65, in the second include
BENCHMARK_CAPTURE(spf, fails_at_the_end, 0x0A000001U);

void parse(benchmark::State& state) {
  constexpr std::string_view kRecord =
      "v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.128/26 ip6:2001:db8:1::/48 include:_spf2.provider.example a "
      "mx:m.example.org/24 "
      "exists:%{ir}.%{l1r-}.ok.provider.example ~all";
  for (auto _ : state) benchmark::DoNotOptimize(rw::parse_spf(kRecord));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse);

void dmarc(benchmark::State& state, rw::DmarcStandard standard) {
  const auto resolver = warm_resolver();
  rw::DmarcRequest asked;
  asked.from_domain = "news.example.org";
  asked.spf.result = rw::SpfResult::kPass;
  asked.spf.domain = "example.org";
  for (auto _ : state) benchmark::DoNotOptimize(rw::evaluate_dmarc(*resolver, asked, standard));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(dmarc, rfc7489, rw::DmarcStandard::kRfc7489);
BENCHMARK_CAPTURE(dmarc, rfc9989, rw::DmarcStandard::kRfc9989);

}  // namespace
