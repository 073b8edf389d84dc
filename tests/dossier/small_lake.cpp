// Small lakes for tests.
#include "small_lake.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

namespace rw {

Ip ip(std::string_view text) { return *Ip::parse(text); }
Timestamp at(std::string_view text) { return *Timestamp::parse(text); }

Flow tcp(std::string_view time, std::string_view src, std::string_view dst, std::uint16_t dst_port,
         std::int64_t bytes) {
  Flow flow;
  flow.start_time = at(time).us;
  flow.end_time = flow.start_time + 10'000'000;
  flow.src = ip(src);
  flow.dst = ip(dst);
  flow.src_port = 40'000;
  flow.dst_port = dst_port;
  flow.proto = 6;
  flow.tcp_flags = 0x1B;
  flow.rev_tcp_flags = 0x1B;
  flow.bytes = bytes / 4;
  flow.packets = 5;
  flow.rev_bytes = bytes - bytes / 4;
  flow.rev_packets = 6;
  flow.sampling = 1;
  flow.sensor = "border-1";
  return flow;
}

SmallLake::SmallLake() {
  std::string pattern = (std::filesystem::temp_directory_path() / "rw-small-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  LakeOptions options;
  options.create = options.write = true;
  auto lake = Lake::open(folder_, options);
  EXPECT_TRUE(lake) << lake.error().message;
  lake_ = std::move(*lake);
}

SmallLake::~SmallLake() {
  lake_.reset();
  std::filesystem::remove_all(folder_);
}

void SmallLake::add(const std::vector<Flow>& flows, const std::vector<Dns>& dns,
                    const std::vector<DnsAnswer>& answers) {
  add_rows([&](Emitter& emitter) {
    for (const Flow& flow : flows) emitter.add(flow);
    for (const Dns& row : dns) emitter.add(row);
    for (const DnsAnswer& row : answers) emitter.add(row);
  });
}

void SmallLake::add_rows(const std::function<void(Emitter&)>& fill) {
  const std::string name = "input-" + std::to_string(++inputs_);
  auto transaction = lake_->begin_ingest();
  ASSERT_TRUE(transaction) << transaction.error().message;
  Emitter emitter(**transaction, name, "test", Timestamp::now());
  fill(emitter);
  const auto finished = emitter.finish();
  ASSERT_TRUE(finished) << finished.error().message;
  InputIdentity input;
  input.name = name;
  input.bytes = static_cast<std::uint64_t>(inputs_);
  input.head_hash = static_cast<std::uint64_t>(inputs_);
  const auto committed = (*transaction)->commit(input, emitter.counts());
  ASSERT_TRUE(committed) << committed.error().message;
}

Subject watched_space() {
  Subject subject;
  subject.id = "watched";
  subject.name = "Watched space";
  subject.time_zone = "Asia/Pyongyang";
  subject.prefixes = {{*Prefix::parse("175.45.176.0/22"), "national allocation", kAllTime}};
  return subject;
}

}  // namespace rw
