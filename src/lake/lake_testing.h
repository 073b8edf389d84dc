// What tests of the lake share: a lake in a folder of its own, and flows to put into it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lake/lake.h"
#include "model/emitter.h"

namespace rw {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rw-lake-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_ + "/lake"; }

 private:
  std::string path_;
};

inline constexpr Timestamp kStart = Timestamp::from_seconds(1'556'000'000);  // 2019-04-23T06:13:20Z

inline Flow flow_of(std::uint32_t n) {
  Flow flow;
  flow.start_time = kStart.us + n * 1'000'000LL;
  flow.end_time = flow.start_time + 30'000'000;
  flow.src = Ip::v4(0xC0000200 + n % 4);
  flow.dst = Ip::v4(0xAF2DB001);
  flow.src_port = static_cast<std::uint16_t>(40'000 + n);
  flow.dst_port = n % 2 == 0 ? 443 : 53;
  flow.proto = n % 2 == 0 ? 6 : 17;
  flow.bytes = 100 + n;
  flow.packets = 1;
  flow.sampling = 1;
  flow.sensor = "border-1";
  return flow;
}

inline Result<void> ingest(Lake& lake, std::span<const Flow> flows, const std::string& name = "input",
                           const std::vector<std::uint32_t>& replace = {}) {
  RW_ASSIGN(auto transaction, lake.begin_ingest(replace));
  Emitter emitter(*transaction, name, "test", kStart);
  for (const Flow& flow : flows) emitter.add(flow);
  RW_TRY(emitter.finish());
  InputIdentity input;
  input.name = name;
  input.bytes = flows.size();
  input.head_hash = std::hash<std::string>{}(name);
  static std::uint64_t contents = 0;  // every input of these tests is another content
  input.hash_lo = ++contents;
  return transaction->commit(input, emitter.counts());
}

inline std::vector<Flow> flows(std::uint32_t count) {
  std::vector<Flow> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(flow_of(i));
  return all;
}

// The batches that an emitter makes of these rows, one per table.
class KeepingSink : public BatchSink {
 public:
  Result<void> take(Batch&& batch) override {
    batches.push_back(std::move(batch));
    return {};
  }
  std::vector<Batch> batches;
};

template <typename Record>
Batch batch_of(std::span<const Record> records) {
  KeepingSink sink;
  Emitter emitter(sink, "input", "test", kStart);
  for (const Record& record : records) emitter.add(record);
  EXPECT_TRUE(emitter.finish());
  EXPECT_EQ(sink.batches.size(), 1U);
  return std::move(sink.batches.at(0));
}

inline std::unique_ptr<Lake> open_lake(const TemporaryFolder& folder) {
  LakeOptions options;
  options.create = options.write = true;
  auto lake = Lake::open(folder.path(), options);
  EXPECT_TRUE(lake) << lake.error().message;
  return lake ? std::move(*lake) : nullptr;
}

inline Answer ask(Lake& lake, const Query& query) {
  auto answer = lake.run(query);
  EXPECT_TRUE(answer) << answer.error().message;
  return answer ? *answer : Answer{};
}

}  // namespace rw
