// The synthetic worlds: the same seed gives the same bytes, truth.json equals an independent recount, memory stays
// flat.
#include "scenario/scenario.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/cursor.h"
#include "base/ip.h"
#include "base/time.h"
#include "scenario/calendar.h"
#include "scenario/case_2019.h"
#include "scenario/json_text.h"
#include "scenario/packet_writer.h"
#include "scenario/wire.h"

namespace rw::scenario {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// A folder of its own that goes away with the test.
class ScenarioTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("rangewatch-scenario-test-" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  ScenarioReport write(const std::string& name, double scale, std::uint64_t seed) {
    ScenarioOptions options;
    options.directory = (root_ / name).string();
    options.scale = scale;
    options.seed = seed;
    auto report = find_scenario("case-2019")->write(options);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? *report : ScenarioReport{};
  }
  std::map<std::string, std::string> contents(const std::string& name) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / name))
      if (entry.is_regular_file()) files[fs::relative(entry.path(), root_ / name).string()] = read_file(entry.path());
    return files;
  }
  fs::path root_;
};

// Value of the first member `key` after `from` in JSON text that we wrote ourselves.
double number_after(const std::string& json, std::size_t from, const std::string& key) {
  const std::size_t at = json.find("\"" + key + "\": ", from);
  EXPECT_NE(at, std::string::npos) << key;
  return at == std::string::npos ? NAN : std::stod(json.substr(at + key.size() + 4));
}
std::size_t period_at(const std::string& json, const std::string& name, const std::string& zone) {
  const std::size_t at = json.find("\"name\": \"" + name + "\",\n      \"zone\": \"" + zone + "\"");
  EXPECT_NE(at, std::string::npos) << name << " " << zone;
  return at;
}

// ---- a NetFlow v9 reader of its own, driven by the templates in the data

struct Recount {
  std::uint64_t records = 0, packets = 0, bytes = 0, datagrams = 0, lost = 0;
  std::uint32_t sampling = 0;
  std::uint64_t volume_2017 = 0, volume_2019 = 0, hubs_2019 = 0;
};

bool watched(std::uint32_t address) {
  return (address >> 10) == (0xAF2DB000U >> 10) || (address >> 8) == 0xD2346D || (address >> 8) == 0x4D5E23;
}

class V9Reader {
 public:
  explicit V9Reader(Recount& count) : count_(count) {}

  void file(const std::string& content) {
    Cursor in(as_bytes(content));
    EXPECT_EQ(in.u32_little(), 0xA1B2C3D4U);
    in.skip(20);
    while (in.left() >= 16) {
      in.skip(8);
      const std::uint32_t size = in.u32_little();
      in.skip(4);
      Cursor frame(in.bytes(size));
      frame.skip(42);
      datagram(frame);
    }
    EXPECT_EQ(in.left(), 0U);
  }

 private:
  using Template = std::vector<std::pair<std::uint16_t, std::uint16_t>>;

  void datagram(Cursor in) {
    ASSERT_EQ(in.u16(), 9);
    in.skip(2);
    const std::uint64_t uptime = in.u32(), seconds = in.u32();
    const std::uint32_t sequence = in.u32();
    if (count_.datagrams > 0 && sequence != next_) ++count_.lost;
    next_ = sequence + 1;
    ++count_.datagrams;
    in.skip(4);
    boot_us_ = static_cast<std::int64_t>(seconds * 1'000'000) - static_cast<std::int64_t>(uptime * 1'000);
    while (in.left() >= 4) {
      const std::uint16_t id = in.u16(), length = in.u16();
      ASSERT_GE(length, 4);
      flowset(id, Cursor(in.bytes(length - 4)));
    }
    ASSERT_TRUE(in.ok());
  }

  void flowset(std::uint16_t id, Cursor in) {
    if (id == 0) {
      const std::uint16_t name = in.u16(), fields = in.u16();
      Template& fresh = templates_[name];
      fresh.clear();
      for (int i = 0; i < fields; ++i) {
        const std::uint16_t type = in.u16();
        fresh.emplace_back(type, in.u16());
      }
    } else if (id == 257) {
      in.skip(4);
      count_.sampling = in.u32();
    } else if (id == 256) {
      const Template& fields = templates_.at(id);
      std::size_t width = 0;
      for (const auto& field : fields) width += field.second;
      while (in.left() >= width) record(fields, in);
    }
  }

  void record(const Template& fields, Cursor& in) {
    std::map<std::uint16_t, std::uint64_t> values;
    for (const auto& [type, length] : fields) values[type] = in.number(length);
    const std::uint64_t bytes = values[1];
    const auto src = static_cast<std::uint32_t>(values[8]), dst = static_cast<std::uint32_t>(values[12]);
    const std::int64_t start = values.contains(152) ? static_cast<std::int64_t>(values[152]) * 1'000
                                                    : boot_us_ + static_cast<std::int64_t>(values[22]) * 1'000;
    const std::int64_t end = values.contains(153) ? static_cast<std::int64_t>(values[153]) * 1'000
                                                  : boot_us_ + static_cast<std::int64_t>(values[21]) * 1'000;
    EXPECT_LE(start, end);
    ++count_.records;
    count_.packets += values[2];
    count_.bytes += bytes;
    if (!watched(src) && !watched(dst)) return;
    const std::uint64_t volume = bytes * count_.sampling;
    constexpr std::int64_t k2017 = 1'491'004'800'000'000, k2018 = 1'514'764'800'000'000, k2019 = 1'546'300'800'000'000;
    if (start >= k2017 && start < k2018) count_.volume_2017 += volume;
    if (start >= k2019) {
      count_.volume_2019 += volume;
      for (const std::uint32_t hub : {0xAF2DB00FU, 0xAF2DB010U})
        if (src == hub || dst == hub) count_.hubs_2019 += volume;
    }
  }

  Recount& count_;
  std::map<std::uint16_t, Template> templates_;
  std::int64_t boot_us_ = 0;
  std::uint32_t next_ = 0;
};

TEST_F(ScenarioTest, SameSeedSameBytesOtherSeedOtherBytes) {
  write("a", 0.001, 5);
  write("b", 0.001, 5);
  write("c", 0.001, 6);
  const auto a = contents("a");
  EXPECT_GT(a.size(), 32U * 5 + 31);  // five sensors, 32 months, as many lists of Tor relays, and files beside them
  EXPECT_TRUE(a == contents("b"));
  const auto c = contents("c");
  EXPECT_NE(a.at("truth.json"), c.at("truth.json"));
  EXPECT_NE(a.at("observations/netflow/border-1-2019-06.pcap"), c.at("observations/netflow/border-1-2019-06.pcap"));
}

TEST_F(ScenarioTest, TruthEqualsAnIndependentRecount) {
  write("w", 0.01, 1);
  const std::string truth = read_file(root_ / "w" / "truth.json");
  std::map<std::string, Recount> counts;
  for (const std::string sensor : {"border-1", "border-2", "core-1"}) {
    V9Reader reader(counts[sensor]);
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(root_ / "w" / "observations" / "netflow"))
      if (entry.path().filename().string().starts_with(sensor + "-2")) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    ASSERT_GE(files.size(), 31U);  // a month in which a sensor saw nothing has no file
    for (const fs::path& file : files) reader.file(read_file(file));
    const Recount& count = counts[sensor];
    const std::size_t at = truth.find("\"" + sensor + "\"");
    EXPECT_EQ(count.records, number_after(truth, at, "records")) << sensor;
    EXPECT_EQ(count.packets, number_after(truth, at, "packets")) << sensor;
    EXPECT_EQ(count.bytes, number_after(truth, at, "bytes")) << sensor;
    EXPECT_EQ(count.datagrams, number_after(truth, at, "datagrams")) << sensor;
    EXPECT_EQ(count.sampling, number_after(truth, at, "sampling")) << sensor;
    EXPECT_EQ(count.lost, 0U) << sensor;
  }
  // The sensors that count for volumes: border-1 and border-2; core-1 sees the web servers a second time.
  const std::uint64_t volume_2017 = counts["border-1"].volume_2017 + counts["border-2"].volume_2017;
  const std::uint64_t volume_2019 = counts["border-1"].volume_2019 + counts["border-2"].volume_2019;
  EXPECT_EQ(static_cast<double>(volume_2017), number_after(truth, period_at(truth, "2017", "UTC"), "bytes"));
  EXPECT_EQ(static_cast<double>(volume_2019), number_after(truth, period_at(truth, "2019", "UTC"), "bytes"));
  EXPECT_NEAR(static_cast<double>(volume_2019) / 304 / (static_cast<double>(volume_2017) / 275), 4.0, 0.02);
  EXPECT_NEAR(static_cast<double>(counts["border-1"].hubs_2019) / static_cast<double>(volume_2019), 0.30, 0.002);
}

TEST_F(ScenarioTest, RatioAndSharesHoldAtEveryScale) {
  for (const double scale : {0.001, 0.03}) {
    write("s", scale, 3);
    const std::string truth = read_file(root_ / "s" / "truth.json");
    EXPECT_NEAR(number_after(truth, 0, "ratio"), 4.0, scale < 0.01 ? 0.1 : 0.01);
    const std::size_t leisure = period_at(truth, "2017", "Asia/Pyongyang"),
                      work = period_at(truth, "2018", "Asia/Pyongyang"),
                      flat = period_at(truth, "2019", "Asia/Pyongyang");
    EXPECT_LT(number_after(truth, leisure, "working_hours_share"), number_after(truth, flat, "working_hours_share"));
    EXPECT_LT(number_after(truth, flat, "working_hours_share"), number_after(truth, work, "working_hours_share"));
    EXPECT_GT(number_after(truth, leisure, "weekend_share"), 2.0 / 7);  // weekends above weekdays
    EXPECT_LT(number_after(truth, flat, "peak_to_trough"), number_after(truth, leisure, "peak_to_trough") / 2);
    EXPECT_EQ(number_after(truth, flat, "observed_hours"), 304 * 24);
    // 2018-03..08 spans the half hour that the clocks skipped.
    EXPECT_EQ(number_after(truth, work, "observed_hours"), 184 * 24 - 0.5);
  }
}

TEST_F(ScenarioTest, NameServersMoveAndTheNewOnesWereNeverSeenBefore) {
  write("w", 0.002, 1);
  const std::string moved = "2019-06-04T03:00:00Z";
  std::string before, after;
  for (const auto& entry : fs::directory_iterator(root_ / "w" / "observations" / "zeek-dns")) {
    const std::string name = entry.path().filename().string();
    (name < "dns.2019-06.log" ? before : after) += read_file(entry.path());
  }
  EXPECT_NE(before.find("ns1.kptc.kp"), std::string::npos);
  EXPECT_EQ(before.find("175.45.177.15"), std::string::npos);
  EXPECT_EQ(before.find("175.45.177.16"), std::string::npos);
  EXPECT_NE(after.find("175.45.177.15"), std::string::npos);
  const std::string truth = read_file(root_ / "w" / "truth.json");
  EXPECT_NE(truth.find("\"time\": \"" + moved + "\""), std::string::npos);
  const std::size_t newly = truth.find("\"newly_active\"", period_at(truth, "2019", "UTC"));
  for (const char* address : {"175.45.177.15", "175.45.177.16", "175.45.178.21", "175.45.176.90", "175.45.179.12"})
    EXPECT_LT(truth.find("\"address\": \"" + std::string(address) + "\"", newly),
              truth.find("\"concentration\"", newly))
        << address;
}

TEST_F(ScenarioTest, HiddenSharesAreThoseOfTheStudy) {
  write("w", 0.01, 4);
  const std::string truth = read_file(root_ / "w" / "truth.json");
  const auto share = [&](const std::string& period, const std::string& kind) {
    std::size_t at = truth.find("\"opsec\"", period_at(truth, period, "Asia/Pyongyang"));
    if (!kind.empty()) at = truth.find("\"kind\": \"" + kind + "\"", at);
    EXPECT_NE(at, std::string::npos) << kind;
    return number_after(truth, at, "share");
  };
  EXPECT_NEAR(share("early 2018", ""), 0.13, 0.13 * 0.02);
  EXPECT_NEAR(share("late 2018", ""), 0.05, 0.05 * 0.02);
  EXPECT_NEAR(share("2019", ""), 0.095, 0.095 * 0.02);
  for (const char* period : {"early 2018", "late 2018", "2019"}) {
    double sum = 0;
    for (const char* kind : {"tor", "vpn", "https", "vps"}) sum += share(period, kind);
    EXPECT_NEAR(sum, share(period, ""), 1e-9);
    EXPECT_GT(share(period, "https"), sum / 2);
  }
}

TEST_F(ScenarioTest, ListsAreDatedAndTorRelaysComeAndGo) {
  write("w", 0.001, 4);
  const auto files = contents("w");
  std::vector<std::string> relays;  // of each month: all its "r" lines' addresses
  for (int month = 0; month < case_2019::kMonths; ++month) {
    const std::string day = format_date(days_from_civil(case_2019::month_date(month)));
    const std::string& text = files.at("reference/tor/consensus-" + day.substr(0, 7) + ".txt");
    EXPECT_NE(text.find("\nvalid-after " + day + " 00:00:00\n"), std::string::npos);
    EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 80);
    relays.push_back(text);
  }
  EXPECT_EQ(format_date(days_from_civil(case_2019::month_date(case_2019::kMonths - 1))), "2019-10-01");
  EXPECT_NE(relays.front().find(" 198.18.176.1 443 0\n"), std::string::npos);
  EXPECT_NE(relays.back().find(" 198.18.176.1 443 0\n"), std::string::npos);
  EXPECT_NE(std::count(relays.front().begin(), relays.front().end(), '\n'),
            std::count(relays.back().begin(), relays.back().end(), '\n'));
  EXPECT_EQ(files.at("reference/hosting/hosting-2017-01-01.txt").find("198.18.168.0/21"), std::string::npos);
  EXPECT_NE(files.at("reference/hosting/hosting-2018-10-01.txt").find("198.18.168.0/21"), std::string::npos);
  for (const case_2019::Tunnel& tunnel : case_2019::tunnels()) {
    const std::string key = "\"ip_str\":\"" + Ip::v4(tunnel.server).to_string() + "\"";
    const bool scanned = files.at("reference/scans/shodan.jsonl").find(key) != std::string::npos;
    EXPECT_EQ(scanned, !tunnel.far_end.empty()) << key;
  }
}

TEST_F(ScenarioTest, MoneroGrowsAtLeastTenfoldAndBitcoinDoesNot) {
  write("w", 0.02, 2);
  const std::string truth = read_file(root_ / "w" / "truth.json");
  const std::size_t late = period_at(truth, "late 2018", "Asia/Pyongyang"),
                    year = period_at(truth, "2019", "Asia/Pyongyang");
  const auto coin_at = [&](std::size_t period, const std::string& coin) {
    return truth.find("\"coin\": \"" + coin + "\"", truth.find("\"mining\"", period));
  };
  const auto month = [&](std::size_t from, const std::string& name) {
    return number_after(truth, truth.find("\"month\": \"" + name + "\"", from), "bytes");
  };
  const double bitcoin = month(coin_at(late, "bitcoin"), "2018-10"), monero = month(coin_at(late, "monero"), "2018-10");
  EXPECT_NEAR(monero / bitcoin, 1, 0.1);
  EXPECT_NEAR(month(coin_at(year, "bitcoin"), "2019-10") / bitcoin, 1, 0.1);
  EXPECT_NE(truth.find("\"change_date\": \"2019-05-01\"", coin_at(year, "monero")), std::string::npos);
  EXPECT_NEAR(number_after(truth, coin_at(year, "monero"), "change_ratio"), case_2019::kMoneroGrowthRatio, 0.6);
  EXPECT_GE(number_after(truth, coin_at(year, "monero"), "change_ratio"), 10);
}

TEST_F(ScenarioTest, TunnelsBeginWhenPlantedAtAnyScale) {
  write("w", 0.001, 1);
  const std::string truth = read_file(root_ / "w" / "truth.json");
  const std::size_t year = truth.find("\"dns_tunnels\"", period_at(truth, "2019", "Asia/Pyongyang"));
  std::string log;
  for (const auto& [name, text] : contents("w"))
    if (name.find("zeek-dns") != std::string::npos) log += text;
  for (const case_2019::Tunnel& tunnel : case_2019::tunnels()) {
    const std::string client = Ip::v4(tunnel.client).to_string(), server = Ip::v4(tunnel.server).to_string();
    const std::size_t at = truth.find("\"client\": \"" + client + "\"", year);
    ASSERT_NE(at, std::string::npos) << client;
    EXPECT_GE(number_after(truth, at, "messages"), 300);
    EXPECT_NEAR(number_after(truth, at, "mean_gap_seconds"), 1, 0.1);
    EXPECT_GT(number_after(truth, at, "mean_message_bytes"), 120);
    EXPECT_EQ(log.find("\t" + client + "\t") != std::string::npos, tunnel.logged) << client;
    EXPECT_EQ(log.find("\t" + server + "\t53\t") != std::string::npos, tunnel.logged) << server;
  }
  const std::size_t before = truth.find("\"dns_tunnels\"", period_at(truth, "late 2018", "Asia/Pyongyang"));
  EXPECT_EQ(truth.compare(before, 17, "\"dns_tunnels\": []"), 0);
}

// The packets of a session: their counters are those of its conversation, and their checksums are right.
TEST_F(ScenarioTest, TheTapRecordsWholeSessions) {
  Rng rng(1);
  const case_2019::Slot slot{*Timestamp::parse("2019-06-12T04:00:00Z"), {}, 1};
  ASSERT_TRUE(case_2019::is_mining_window(slot.start));
  auto sessions = case_2019::make_mining_sessions(rng, slot);
  EXPECT_EQ(sessions.size(), 2U + case_2019::kMoneroMachines);
  PacketWriter writer;
  const std::string path = (root_ / "tap.pcap").string();
  ASSERT_TRUE(writer.open(path));
  std::uint64_t bytes = 0, packets = 0;
  for (auto& session : sessions) {
    writer.add(session);
    bytes += session.conversation.bytes();
    packets += session.conversation.client_packets + session.conversation.server_packets;
    EXPECT_LT(session.conversation.end, slot.start + kSlot);
    EXPECT_EQ(session.conversation.client_flags, kSyn | kAck | kPush | kFin);
  }
  writer.flush();
  ASSERT_TRUE(writer.close());
  const std::string text = read_file(path);
  Cursor in(as_bytes(text));
  in.skip(24);
  std::int64_t last = 0;
  while (in.left() >= 16) {
    const std::int64_t time = in.u32_little() * 1'000'000LL + in.u32_little();
    EXPECT_GE(time, last);
    last = time;
    const std::uint32_t size = in.u32_little();
    in.skip(4);
    Cursor frame(in.bytes(size));
    frame.skip(14);
    const std::string_view ip = as_text(frame.bytes(size - 14));
    EXPECT_EQ(internet_checksum(ip.substr(0, 20)), 0);
    std::string pseudo(ip.substr(12, 8));
    pseudo += std::string("\0\x06", 2) + static_cast<char>((ip.size() - 20) >> 8) + static_cast<char>(ip.size() - 20);
    EXPECT_EQ(internet_checksum(pseudo + std::string(ip.substr(20))), 0);
    bytes -= ip.size();
    --packets;
  }
  EXPECT_EQ(bytes, 0U);
  EXPECT_EQ(packets, 0U);
}

TEST_F(ScenarioTest, MemoryDoesNotGrowWithScale) {
  const auto peak_kilobytes = [this](double scale) {
    const pid_t child = ::fork();
    if (child == 0) {
      write("m", scale, 1);
      ::_exit(HasFailure() ? 1 : 0);
    }
    int state = 0;
    rusage usage{};
    ::wait4(child, &state, 0, &usage);
    EXPECT_EQ(state, 0);
    return usage.ru_maxrss;
  };
#if defined(__SANITIZE_ADDRESS__)
  // The sanitizer keeps up to 256 MiB of freed memory from reuse, so its growth is bounded but not small.
  constexpr long kMoreKilobytes = 300 * 1024;
#else
  constexpr long kMoreKilobytes = 8 * 1024;
#endif
  const long small = peak_kilobytes(0.001);
  EXPECT_LT(peak_kilobytes(0.1), small + kMoreKilobytes);
}

TEST_F(ScenarioTest, RefusesAFolderThatIsNotItsOwn) {
  fs::create_directories(root_ / "other");
  std::ofstream(root_ / "other" / "thesis.txt") << "years of work";
  ScenarioOptions options;
  options.directory = (root_ / "other").string();
  options.scale = 0.001;
  const auto refused = find_scenario("case-2019")->write(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(read_file(root_ / "other" / "thesis.txt"), "years of work");
  options.scale = 11;
  EXPECT_EQ(find_scenario("case-2019")->write(options).error().code, ErrorCode::kUsage);
}

TEST(Calendar, FollowsTheChangeOfZone) {
  const auto at = [](const char* text) { return local_time(*Timestamp::parse(text)); };
  EXPECT_EQ(at("2018-05-04T14:59:59Z").hour, 23);  // 23:29 at UTC+8:30
  EXPECT_EQ(format_date(at("2018-05-04T14:59:59Z").day), "2018-05-04");
  EXPECT_EQ(at("2018-05-04T15:00:00Z").hour, 0);  // and on to midnight at UTC+9
  EXPECT_EQ(format_date(at("2018-05-04T15:00:00Z").day), "2018-05-05");
  EXPECT_EQ(at("2017-04-01T00:29:00Z").hour, 8);
  EXPECT_EQ(at("2017-04-01T00:30:00Z").hour, 9);
  EXPECT_EQ(at("2019-06-04T03:00:00Z").hour, 12);
  EXPECT_EQ(at("2019-06-04T03:00:00Z").weekday, 1);  // a Tuesday
  EXPECT_EQ(local_midnight({2017, 4, 1}).to_string(), "2017-03-31T15:30:00Z");
  EXPECT_EQ(local_midnight({2019, 1, 1}).to_string(), "2018-12-31T15:00:00Z");
}

TEST(JsonTextTest, WritesCommasWhereTheyBelong) {
  JsonText json;
  json.object().member("a", 1).key("b").list().number(std::uint64_t{2}).number(0.5).end();
  json.key("c").list().end().key("d").object().end().member("e", "say \"x\"").key("f").null().end();
  EXPECT_EQ(json.take(),
            "{\n  \"a\": 1,\n  \"b\": [2, 0.5],\n  \"c\": [],\n  \"d\": {},\n  \"e\": \"say \\\"x\\\"\",\n  \"f\": "
            "null\n}\n");
}

TEST(Scenarios, HaveUniqueNamesAndDocs) {
  std::vector<std::string_view> names;
  for (const Scenario* scenario : scenarios()) {
    EXPECT_FALSE(scenario->name.empty());
    EXPECT_FALSE(scenario->title.empty());
    EXPECT_FALSE(scenario->doc.empty());
    EXPECT_EQ(std::count(names.begin(), names.end(), scenario->name), 0);
    names.push_back(scenario->name);
  }
  EXPECT_EQ(find_scenario("no-such-world"), nullptr);
}

}  // namespace
}  // namespace rw::scenario
