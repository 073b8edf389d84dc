// The spool of message rows: nothing that was acknowledged is lost or comes twice, whenever the process dies.
#include "ingest/message_spool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace rw {
namespace {

namespace fs = std::filesystem;

MailMessage row_of(const std::string& id) {
  MailMessage row;
  row.time = 1'700'000'000'000'000;
  row.message_id = id;
  row.author_state = "one";
  row.from_address = "alice@example.org";
  row.source = Ip::v4(0xC0000201);
  row.spf = "pass", row.dkim = "none", row.arc = "none", row.dmarc = "pass", row.dmarc_7489 = "pass";
  row.verdict = "pass";
  row.links = 3;
  row.text_bytes = 77;
  row.signs = "";
  row.sensor = "milter";
  return row;
}

class MessageSpoolTest : public ::testing::Test {  // NOLINT(cppcoreguidelines-virtual-class-destructor)
 protected:
  MessageSpoolTest() {
    std::string pattern = (fs::temp_directory_path() / "rw-spool-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    lake_ = open_lake();
  }
  ~MessageSpoolTest() override {
    lake_.reset();
    fs::remove_all(folder_);
  }
  std::unique_ptr<Lake> open_lake() const {
    LakeOptions options;
    options.create = options.write = true;
    options.threads = 1;
    auto opened = Lake::open((folder_ / "lake").string(), options);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return std::move(*opened);
  }
  std::unique_ptr<MessageSpool> open_spool() const {
    auto spool = MessageSpool::open((folder_ / "spool").string());
    EXPECT_TRUE(spool) << (spool ? "" : spool.error().message);
    return spool ? std::move(*spool) : nullptr;
  }
  std::multiset<std::string> ids() {
    std::multiset<std::string> out;
    const auto take = [&](const Answer& piece) {
      for (const auto& row : piece.rows) out.insert(std::get<std::string>(row.at(0)));
      return true;
    };
    const auto result =
        lake_->sql("select message_id from messages where links = 3 and helo is null and signs = ''", take);
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return out;
  }
  std::vector<fs::path> segments() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(folder_ / "spool"))
      if (entry.path().extension() == ".rows") out.push_back(entry.path());
    return out;
  }

  fs::path folder_;
  std::unique_ptr<Lake> lake_;
};

TEST_F(MessageSpoolTest, RowsOfManyThreadsArriveOnce) {
  const auto spool = open_spool();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(spool->add(row_of(std::to_string(t) + "-" + std::to_string(i))));
    });
  std::uint64_t rows = 0;
  for (int i = 0; i < 5; ++i) {
    const auto committed = spool->commit(*lake_);
    ASSERT_TRUE(committed) << committed.error().message;
    rows += committed->rows;
  }
  for (std::thread& thread : threads) thread.join();
  const auto last = spool->commit(*lake_);
  ASSERT_TRUE(last);
  EXPECT_EQ(rows + last->rows, 400U);
  const auto all = ids();
  EXPECT_EQ(all.size(), 400U);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 400U);
  EXPECT_TRUE(segments().empty());
}

TEST_F(MessageSpoolTest, OneProcessAtATime) {
  const auto spool = open_spool();
  const auto second = MessageSpool::open((folder_ / "spool").string());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
}

// A process is killed in the middle of its work, again and again; what it was told is durable must be in the lake
// after.
TEST_F(MessageSpoolTest, KilledAtAnyMomentLosesNothingThatWasAcknowledged) {
  lake_.reset();
  std::set<std::string> acknowledged;
  for (int round = 0; round < 6; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(pipe_ends[0]);
      const auto lake = open_lake();
      const auto spool = open_spool();
      std::thread committer([&] {
        for (;;) (void)spool->commit(*lake);
      });
      for (int i = 0;; ++i) {
        const std::string id = std::to_string(round) + "-" + std::to_string(i);
        if (spool->add(row_of(id))) static_cast<void>(!write(pipe_ends[1], (id + "\n").data(), id.size() + 1));
      }
    }
    close(pipe_ends[1]);
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(250 + 90 * round));
      kill(child, SIGKILL);
    });
    std::string told;
    char buffer[4096];
    for (ssize_t n; (n = read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
      told.append(buffer, static_cast<std::size_t>(n));
    killer.join();
    waitpid(child, nullptr, 0);
    close(pipe_ends[0]);
    for (std::size_t at = 0, end; (end = told.find('\n', at)) != std::string::npos; at = end + 1)
      acknowledged.insert(told.substr(at, end - at));
  }
  lake_ = open_lake();
  const auto spool = open_spool();
  ASSERT_TRUE(spool->commit(*lake_));
  const auto found = ids();
  const std::set<std::string> once(found.begin(), found.end());
  EXPECT_EQ(once.size(), found.size()) << "a row came twice";
  EXPECT_GT(acknowledged.size(), 20U);
  for (const std::string& id : acknowledged) EXPECT_TRUE(once.contains(id)) << id;
}

TEST_F(MessageSpoolTest, ASegmentThatIsInTheLakeAlreadyIsNotTakenAgain) {
  auto spool = open_spool();
  ASSERT_TRUE(spool->add(row_of("a")));
  const fs::path copy = folder_ / "copy";
  fs::copy_file(segments().at(0), copy);
  ASSERT_TRUE(spool->commit(*lake_));
  spool.reset();
  fs::copy_file(copy, folder_ / "spool" / "000000000001.rows");  // as if the process had died before the removal
  spool = open_spool();
  EXPECT_EQ(spool->left_over(), 1U);
  const auto committed = spool->commit(*lake_);
  ASSERT_TRUE(committed);
  EXPECT_EQ(committed->known, 1U);
  EXPECT_EQ(ids().size(), 1U);
  EXPECT_TRUE(segments().empty());
}

TEST_F(MessageSpoolTest, SegmentsTruncatedAtEveryByte) {
  auto spool = open_spool();
  ASSERT_TRUE(spool->add(row_of("first")));
  ASSERT_TRUE(spool->add(row_of("second")));
  spool.reset();
  std::ifstream file(segments().at(0), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  fs::remove(segments().at(0));
  const std::size_t line = bytes.find('\n') + 1;
  const std::size_t record = (bytes.size() - line) / 2 + 1;
  for (std::size_t n = 0; n < bytes.size(); n += n < line || n + 9 < bytes.size() ? 7 : 1) {
    const fs::path folder = folder_ / "cut" / std::to_string(n);
    fs::create_directories(folder);
    std::ofstream(folder / "000000000001.rows", std::ios::binary) << bytes.substr(0, n);
    auto cut = MessageSpool::open(folder.string());
    ASSERT_TRUE(cut);
    const auto committed = (*cut)->commit(*lake_);
    ASSERT_TRUE(committed) << committed.error().message;
    EXPECT_LE(committed->rows, n < line + record ? 1U : 2U);
    EXPECT_EQ(committed->damaged, 0U) << n;
  }
}

TEST_F(MessageSpoolTest, DamageIsCountedAndTheRestTaken) {
  auto spool = open_spool();
  ASSERT_TRUE(spool->add(row_of("first")));
  ASSERT_TRUE(spool->add(row_of("second")));
  spool.reset();
  const fs::path segment = segments().at(0);
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  bytes[bytes.find("first")] = 'F';
  std::ofstream(segment, std::ios::binary) << bytes;
  std::ofstream(folder_ / "spool" / "000000000099.rows") << "something else\nentirely\n";
  spool = open_spool();
  const auto committed = spool->commit(*lake_);
  ASSERT_TRUE(committed);
  EXPECT_EQ(committed->rows, 1U);
  EXPECT_EQ(committed->damaged, 2U);
  EXPECT_EQ(ids(), std::multiset<std::string>{"second"});
  EXPECT_TRUE(fs::exists(folder_ / "spool" / "000000000099.rows.unreadable")) << "not ours to throw away";
}

}  // namespace
}  // namespace rw
