// Kills ingesting and compacting processes at random moments beside readers: nothing acknowledged is lost, nothing is
// there twice, and no reader ever sees half an input.
//
// The processes are this program again, told their part by the environment.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "lake/lake.h"

extern char** environ;

namespace rw {
namespace {

constexpr int kRounds = 20;
constexpr std::uint32_t kFlowRows = 3'000;
constexpr std::uint32_t kDnsRows = 500;
constexpr Timestamp kStart = Timestamp::from_seconds(1'556'000'000);

LakeOptions options_for(bool write) {
  LakeOptions options;
  options.create = options.write = write;
  options.threads = 1;
  options.compact_from_files = 3;
  options.unlink_after = Duration::seconds(20);  // longer than any reader here takes
  return options;
}

// Input `number`: its flows and DNS rows carry the number.
Result<void> ingest(Lake& lake, std::uint32_t number) {
  RW_ASSIGN(auto transaction, lake.begin_ingest());
  EmitterOptions options;
  options.batch_rows = kFlowRows / 3;  // several files an input
  Emitter emitter(*transaction, std::to_string(number), "test", kStart, options);
  for (std::uint32_t i = 0; i < kFlowRows; ++i) {
    Flow flow;
    flow.start_time = flow.end_time = kStart.us + i * 1'000;
    flow.src = Ip::v4(i);
    flow.dst = Ip::v4(number);
    flow.sampling = 1;
    flow.bytes = i;
    flow.src_asn = number;
    flow.sensor = "s";
    emitter.add(flow);
  }
  for (std::uint32_t i = 0; i < kDnsRows; ++i) {
    Dns dns;
    dns.time = kStart.us + i;
    dns.transport = "udp";
    dns.query_bytes = number;
    dns.sensor = "s";
    emitter.add(dns);
  }
  RW_TRY(emitter.finish());
  InputIdentity input;
  input.name = std::to_string(number);
  input.head_hash = input.hash_lo = number;
  return transaction->commit(input, emitter.counts());
}

// The numbers of the inputs that a reader sees; fails the test where one is there in part or twice.
std::set<std::uint32_t> visible_inputs(Lake& lake) {
  std::vector<Query> queries(2);
  queries[0].table = "flows";
  queries[0].group_by = {{"number", expr::column("src_asn")}};
  queries[0].measures = {{"n", Measure::Kind::kCount, nullptr}, {"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
  queries[1].table = "dns";
  queries[1].group_by = {{"number", expr::column("query_bytes")}};
  queries[1].measures = {{"n", Measure::Kind::kCount, nullptr}};
  const auto answers = lake.run(queries);
  EXPECT_TRUE(answers) << answers.error().message;
  std::set<std::uint32_t> flows;
  std::set<std::uint32_t> dns;
  if (!answers) return flows;
  for (const auto& row : (*answers)[0].rows) {
    EXPECT_EQ(as_int(row[1]), kFlowRows) << "input " << as_int(row[0]);
    EXPECT_EQ(as_int(row[2]), std::int64_t{kFlowRows} * (kFlowRows - 1) / 2) << "input " << as_int(row[0]);
    flows.insert(static_cast<std::uint32_t>(as_int(row[0])));
  }
  for (const auto& row : (*answers)[1].rows) {
    EXPECT_EQ(as_int(row[1]), kDnsRows) << "input " << as_int(row[0]);
    dns.insert(static_cast<std::uint32_t>(as_int(row[0])));
  }
  EXPECT_EQ(flows, dns);
  return flows;
}

// ---- the parts that processes play

const char* environment(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

void play_ingest(const std::string& folder) {
  auto lake = Lake::open(folder + "/lake", options_for(true));
  ASSERT_TRUE(lake) << lake.error().message;
  const int acks = open((folder + "/acks").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  for (std::uint32_t n = static_cast<std::uint32_t>(std::stoul(environment("RW_CRASH_FIRST")));; ++n) {
    const auto done = ingest(**lake, n);
    ASSERT_TRUE(done) << done.error().message;
    const std::string line = std::to_string(n) + "\n";
    ASSERT_EQ(write(acks, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    const auto merged = (*lake)->merge_small_files(kHour, nullptr);  // as `rangewatch ingest` does at its end
    ASSERT_TRUE(merged) << merged.error().message;
  }
}

void play_compact(const std::string& folder) {
  for (;;) {
    auto lake = Lake::open(folder + "/lake", options_for(true));
    ASSERT_TRUE(lake) << lake.error().message;
    const auto report = (*lake)->compact();
    ASSERT_TRUE(report) << report.error().message;
  }
}

void play_read(const std::string& folder) {
  auto lake = Lake::open(folder + "/lake", options_for(false));
  ASSERT_TRUE(lake) << lake.error().message;
  std::set<std::uint32_t> before;
  while (!std::filesystem::exists(folder + "/stop")) {
    const std::set<std::uint32_t> now = visible_inputs(**lake);
    EXPECT_TRUE(std::includes(now.begin(), now.end(), before.begin(), before.end())) << "an input vanished";
    before = now;
    if (testing::Test::HasFailure()) return;
  }
}

TEST(CrashPart, Play) {
  const std::string part = environment("RW_CRASH_PART");
  const std::string folder = environment("RW_CRASH_FOLDER");
  if (part == "ingest") play_ingest(folder);
  if (part == "compact") play_compact(folder);
  if (part == "read") play_read(folder);
}

class Process {
 public:
  Process(const std::string& part, const std::string& folder, std::uint32_t first = 0) {
    std::vector<std::string> settings{"RW_CRASH_PART=" + part, "RW_CRASH_FOLDER=" + folder,
                                      "RW_CRASH_FIRST=" + std::to_string(first)};
    std::vector<char*> env;
    for (std::string& s : settings) env.push_back(s.data());
    for (char** e = environ; *e != nullptr; ++e) env.push_back(*e);
    env.push_back(nullptr);
    std::string program = "/proc/self/exe";
    std::string filter = "--gtest_filter=CrashPart.Play";
    char* arguments[] = {program.data(), filter.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, (folder + "/" + part + ".log").c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments, env.data()) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
  }
  // Kills it; true when it was still alive and well.
  bool kill_now() {
    if (pid_ <= 0) return false;
    int status = 0;
    const bool running = waitpid(pid_, &status, WNOHANG) == 0;
    if (running) {
      kill(pid_, SIGKILL);
      waitpid(pid_, &status, 0);
    }
    pid_ = -1;
    return running;
  }
  int wait() {
    int status = -1;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  ~Process() { kill_now(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

 private:
  pid_t pid_ = -1;
};

std::string log_of(const std::string& folder, const std::string& part) {
  std::ifstream in(folder + "/" + part + ".log");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::uint32_t> acknowledged(const std::string& folder) {
  std::set<std::uint32_t> numbers;
  std::ifstream in(folder + "/acks");
  for (std::uint32_t n = 0; in >> n;) numbers.insert(n);
  return numbers;
}

std::size_t count_files(const std::string& root) {
  std::size_t n = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) n += entry.is_regular_file() ? 1 : 0;
  return n;
}

TEST(Crash, NothingIsLostOrDoubled) {
  std::string folder = (std::filesystem::temp_directory_path() / "rw-crash-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  { ASSERT_TRUE(Lake::open(folder + "/lake", options_for(true))); }
  std::mt19937 random(std::random_device{}());
  std::vector<std::unique_ptr<Process>> readers;
  for (int i = 0; i < 2; ++i) readers.push_back(std::make_unique<Process>("read", folder));
  int killed = 0;
  for (int round = 0; round < kRounds; ++round) {
    Process first("ingest", folder, static_cast<std::uint32_t>(2 * round) * 1'000 + 1);
    Process second("ingest", folder, static_cast<std::uint32_t>(2 * round + 1) * 1'000 + 1);
    Process compactor("compact", folder);
    // A moment at random after something was acknowledged, however slow the machine is.
    const std::size_t before = acknowledged(folder).size();
    for (int i = 0; i < 400 && acknowledged(folder).size() == before; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 500));
    EXPECT_TRUE(first.kill_now()) << log_of(folder, "ingest");
    EXPECT_TRUE(second.kill_now()) << log_of(folder, "ingest");
    EXPECT_TRUE(compactor.kill_now()) << log_of(folder, "compact");
    killed += 3;
    auto lake = Lake::open(folder + "/lake", options_for(true));  // as the next run would: clears what the dead left
    ASSERT_TRUE(lake) << lake.error().message;
    const std::set<std::uint32_t> visible = visible_inputs(**lake);
    const std::set<std::uint32_t> acked = acknowledged(folder);
    EXPECT_TRUE(std::includes(visible.begin(), visible.end(), acked.begin(), acked.end()))
        << "an acknowledged input is lost";
    EXPECT_EQ((*lake)->info()->inputs, visible.size());
    if (HasFailure()) break;
  }
  std::ofstream(folder + "/stop") << "";
  for (auto& reader : readers) EXPECT_EQ(reader->wait(), 0) << log_of(folder, "read");
  EXPECT_EQ(killed, 3 * kRounds);
  EXPECT_GE(acknowledged(folder).size(), static_cast<std::size_t>(kRounds));

  // When the graveyard is cleared, the folder holds what the catalog names and nothing else.
  LakeOptions options = options_for(true);
  options.unlink_after = Duration{0};
  auto lake = Lake::open(folder + "/lake", options);
  ASSERT_TRUE(lake);
  ASSERT_TRUE((*lake)->compact());
  std::uint64_t files = 0;
  const auto info = (*lake)->info();
  ASSERT_TRUE(info);
  for (const TableInfo& table : info->tables) files += table.files;
  EXPECT_EQ(count_files(folder + "/lake/data"), files);
  if (!HasFailure()) std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace rw
