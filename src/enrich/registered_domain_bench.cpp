// How long a registered domain takes for names that repeat and for names that never do.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "enrich/registered_domain.h"

namespace {

void names(benchmark::State& state) {
  const auto distinct_domains = static_cast<std::size_t>(state.range(0));
  std::vector<std::string> all;
  for (std::size_t i = 0; i < 100'000; ++i)
    all.push_back("host" + std::to_string(i) + ".site" + std::to_string(i * 7919 % distinct_domains) +
                  ".example.co.uk");
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(rw::registered_domain(all[i]));
    if (++i == all.size()) i = 0;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(names)->Arg(1)->Arg(1'000)->Arg(100'000);

}  // namespace
