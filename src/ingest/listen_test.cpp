// A live capture of a loopback device in a network namespace of its own: what was sent is in the lake and in the
// recording.
#include "ingest/listen.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>

#include "ingest/ingest.h"

namespace rw {
namespace {

namespace fs = std::filesystem;

bool raise_loopback() {
  const int control = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  const bool up = ::ioctl(control, SIOCSIFFLAGS, &request) == 0;
  ::close(control);
  return up;
}

// Datagrams to a name server that is not there: a query for a.example, type A, each with an id of its own.
void send_queries(int count) {
  const int from = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < count; ++i) {
    std::array<unsigned char, 27> query{0, 0, 1,   0, 0,   1,   0,   0,   0,   0,   0,
                                        0, 1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e'};
    query[1] = static_cast<unsigned char>(i);
    query[24] = 1;
    query[26] = 1;
    ::sendto(from, query.data(), query.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  ::close(from);
}

// In a thread, because a network namespace is a thread's: the other tests stay where they are.
void in_own_network(const std::function<void()>& body) {
  bool there = false;
  std::thread([&] {
    there = ::unshare(CLONE_NEWNET) == 0 && raise_loopback();
    if (there) body();
  }).join();
  if (!there) GTEST_SKIP() << "no network namespace can be made here: this test needs CAP_SYS_ADMIN and CAP_NET_ADMIN";
}

class ListenTest : public ::testing::Test {
 protected:
  ListenTest() {
    std::string pattern = (fs::temp_directory_path() / "rw-listen-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ListenTest() override { fs::remove_all(folder_); }

  std::unique_ptr<Lake> lake(const std::string& name) const {
    LakeOptions options;
    options.create = options.write = true;
    options.threads = 1;
    auto opened = Lake::open((folder_ / name).string(), options);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened ? std::move(*opened) : nullptr;
  }
  static std::int64_t count(Lake& lake, const std::string& table) {
    std::int64_t rows = -1;
    EXPECT_TRUE(lake.sql("select count(*) from " + table, [&](const Answer& piece) {
      if (!piece.rows.empty()) rows = as_int(piece.rows[0][0]);
      return true;
    }));
    return rows;
  }

  fs::path folder_;
};

TEST_F(ListenTest, WhatIsSentIsInTheLakeAndInTheRecording) {
  in_own_network([this] {
    constexpr int kQueries = 40;
    const auto live = lake("live");
    auto device = CaptureDevice::open("lo", {.ring_bytes = 4 << 20});
    ASSERT_TRUE(device) << device.error().message;
    const std::string file = (folder_ / "recording.pcap").string();
    auto record = CaptureFileWriter::create(file, (*device)->link_type(), 65'536);
    ASSERT_TRUE(record) << record.error().message;
    ListenOptions options;
    options.commit_every = Duration::milliseconds(300);
    options.duration = Duration::seconds(20);
    int asked = 0, commits = 0;
    std::uint64_t in_commits = 0;
    ListenHooks hooks;
    hooks.stop = [&] {
      if (++asked == 1) send_queries(kQueries);
      return commits > 0;  // the end comes after rows were told while it went on
    };
    hooks.committed = [&](const ListenCommit& commit) {
      ++commits;
      in_commits += commit.packets;
    };
    const auto total = listen(*live, **device, record->get(), options, hooks);
    ASSERT_TRUE(total) << total.error().message;
    record->reset();
    // Nobody listens on port 53: the kernel answers some queries with ICMP, so packets are the queries and more.
    EXPECT_GE(total->packets, static_cast<std::uint64_t>(kQueries));
    EXPECT_EQ(in_commits, total->packets);
    EXPECT_EQ(total->dropped, 0U);
    EXPECT_GE(commits, 1);
    EXPECT_EQ(count(*live, "dns"), kQueries);
    EXPECT_EQ(count(*live, "dns where name = 'a.example' and registered_domain is not null"), kQueries);

    const auto again = lake("again");
    const std::vector<std::string> paths = {file};
    const auto read = ingest(*again, paths, {}, {});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->read, 1U);
    EXPECT_EQ(count(*again, "dns"), kQueries);
    EXPECT_EQ(count(*again, "flows"), count(*live, "flows"));
    EXPECT_EQ(fs::file_size(file), 24 + total->packets * 16 + total->bytes);
  });
}

TEST_F(ListenTest, NoSuchDeviceNamesThoseThatAreThere) {
  in_own_network([] {
    const auto device = CaptureDevice::open("nothing0", {});
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().code, ErrorCode::kNotFound);
    EXPECT_NE(device.error().message.find("there are: lo"), std::string::npos) << device.error().message;
  });
}

TEST_F(ListenTest, ARecordingThatCannotBeWrittenIsAFailure) {
  const auto record = CaptureFileWriter::create((folder_ / "no/such/folder.pcap").string(), 1, 65'536);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace rw
