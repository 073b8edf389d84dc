// libunbound against real servers on loopback: named with signed and broken zones, and a server that says nothing.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "resolver/resolver.h"

extern char** environ;

namespace rw {
namespace {

namespace fs = std::filesystem;

// A socket on loopback whose port nobody else has; port 0 in the beginning.
struct LoopbackSocket {
  int fd = -1;
  std::uint16_t port = 0;
  explicit LoopbackSocket(int type, std::uint16_t wanted = 0) {
    fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(wanted);
    socklen_t size = sizeof at;
    if (bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0) return;
    getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
  }
  ~LoopbackSocket() { close(fd); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;
};

std::uint16_t free_port() {  // for UDP and TCP alike
  for (int i = 0; i < 50; ++i) {
    const LoopbackSocket udp(SOCK_DGRAM);
    const LoopbackSocket tcp(SOCK_STREAM, udp.port);
    if (udp.port != 0 && tcp.port == udp.port) return udp.port;
  }
  return 0;
}

std::string slurp(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}
void write_file(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

bool installed(const char* command) {
  return std::system((std::string("PATH=$PATH:/usr/sbin command -v ") + command + " >/dev/null 2>&1").c_str()) == 0;
}

// named, authoritative for: plain.example, signed.example (ECDSA), bogus.example (signed, then changed), and
// broken.example (no file: SERVFAIL). Anything else is REFUSED.
class Server {
 public:
  Server() {
    char name[] = "/tmp/rw-named-XXXXXX";
    folder_ = mkdtemp(name);
    port_ = free_port();
    std::string zone =
        "$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n NS ns\nns A 127.0.0.1\ntext TXT \"one\" \"two\"\n"
        "mail MX 10 mx\nmx A 192.0.2.1\nmx AAAA 2001:db8::1\nalias CNAME text\n"
        "loop1 CNAME loop2\nloop2 CNAME loop1\ndangling CNAME nowhere\na.b TXT \"x\"\n"
        "_25._tcp.mx TLSA 3 1 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        "*.wild TXT \"wild\"\n";
    for (int i = 0; i < 30; ++i)  // 30 strings of 200 bytes: needs TCP
      zone += "big TXT \"" + std::to_string(i) + std::string(200, 'x') + "\"\n";
    write_file(folder_ / "plain.example", zone);
    for (const char* signed_zone : {"signed.example", "bogus.example"}) {
      write_file(folder_ / signed_zone, zone);
      run(std::string("dnssec-keygen -q -K . -a ECDSAP256SHA256 ") + signed_zone);
      run(std::string("dnssec-keygen -q -K . -a ECDSAP256SHA256 -f KSK ") + signed_zone);
      run(std::string("dnssec-signzone -q -S -K . -o ") + signed_zone + " " + signed_zone);
    }
    std::string changed = slurp(folder_ / "bogus.example.signed");
    for (std::size_t at = changed.find("\"one\""); at != std::string::npos; at = changed.find("\"one\"", at + 1))
      changed.replace(at, 5, "\"0ne\"");
    write_file(folder_ / "bogus.example.signed", changed);
    std::string conf = "options { directory \"" + folder_.string() + "\"; listen-on port " + std::to_string(port_) +
                       " { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file none; session-keyfile none;"
                       " dnssec-validation no; };\ncontrols { };\n";
    for (const auto& [zone_name, file] :
         {std::pair{"plain.example", "plain.example"}, std::pair{"signed.example", "signed.example.signed"},
          std::pair{"bogus.example", "bogus.example.signed"}, std::pair{"broken.example", "absent"}})
      conf += std::string("zone \"") + zone_name + "\" { type primary; file \"" + file + "\"; };\n";
    write_file(folder_ / "named.conf", conf);
    const std::string conf_path = (folder_ / "named.conf").string();
    const char* words[] = {"named", "-f", "-n", "1", "-c", conf_path.c_str(), "-L", "/dev/null", nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_ / "log").c_str(), O_WRONLY | O_CREAT, 0600);
    const std::string path = fs::exists("/usr/sbin/named") ? "/usr/sbin/named" : "named";
    posix_spawnp(&pid_, path.c_str(), &actions, nullptr, const_cast<char**>(words), environ);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Server() {
    if (pid_ > 0) {
      kill(pid_, SIGTERM);
      waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string address() const { return "127.0.0.1@" + std::to_string(port_); }
  std::vector<std::string> anchors() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() != ".key") continue;
      std::istringstream lines(slurp(entry.path()));
      for (std::string line; std::getline(lines, line);)
        if (line.find(" DNSKEY 257 ") != std::string::npos) found.push_back(line);
    }
    return found;
  }

 private:
  void run(const std::string& command) const {
    const std::string whole = "cd " + folder_.string() + " && PATH=$PATH:/usr/sbin " + command + " >>tools.log 2>&1";
    if (std::system(whole.c_str()) != 0) ADD_FAILURE() << command << "\n" << slurp(folder_ / "tools.log");
  }
  fs::path folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

class Unbound : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (installed("named") && installed("dnssec-signzone")) server = std::make_unique<Server>();
  }
  static void TearDownTestSuite() { server.reset(); }
  void SetUp() override {
    if (!server) GTEST_SKIP() << "named or dnssec-signzone is not installed (scripts/bootstrap test)";
    UnboundOptions options{.forwarders = {server->address()}};
    options.trust_anchors = server->anchors();
    ASSERT_EQ(options.trust_anchors.size(), 2u);
    auto made = make_unbound_resolver(options);
    ASSERT_TRUE(made) << made.error().message;
    resolver = std::move(*made);
    for (int i = 0; i < 100 && ask("text.plain.example", DnsType::kTxt).state != DnsState::kPresent; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      resolver = std::move(*make_unbound_resolver(options));  // without what it remembers of a server that just started
    }
  }
  DnsReply ask(std::string_view name, DnsType type) { return resolver->lookup(name, type); }

  static std::unique_ptr<Server> server;
  std::unique_ptr<Resolver> resolver;
};
std::unique_ptr<Server> Unbound::server;

TEST_F(Unbound, ReadsEveryTypeOfAPlainZone) {
  const DnsReply text = ask("Text.Plain.Example.", DnsType::kTxt);
  ASSERT_EQ(text.state, DnsState::kPresent) << text.failure;
  EXPECT_EQ(text.records[0].text, "onetwo");
  EXPECT_EQ(text.records[0].strings.size(), 2u);
  EXPECT_EQ(text.security, DnsSecurity::kInsecure);
  EXPECT_EQ(text.ttl, 300u);
  EXPECT_EQ(ask("mail.plain.example", DnsType::kMx).records[0].name, "mx.plain.example");
  EXPECT_EQ(ask("mx.plain.example", DnsType::kA).records[0].address.to_string(), "192.0.2.1");
  EXPECT_EQ(ask("mx.plain.example", DnsType::kAaaa).records[0].address.to_string(), "2001:db8::1");
  EXPECT_EQ(ask("_25._tcp.mx.plain.example", DnsType::kTlsa).records[0].data.size(), 35u);
  EXPECT_EQ(ask("any.wild.plain.example", DnsType::kTxt).records[0].text, "wild");
  EXPECT_GT(ask("plain.example", DnsType::kSoa).records[0].data.size(), 20u);
}

TEST_F(Unbound, TellsNoDataFromNoName) {
  const DnsReply no_data = ask("mx.plain.example", DnsType::kTxt);
  EXPECT_EQ(no_data.state, DnsState::kAbsent);
  EXPECT_TRUE(no_data.name_exists);
  EXPECT_TRUE(ask("b.plain.example", DnsType::kTxt).name_exists);  // an empty non-terminal
  const DnsReply no_name = ask("nothing.plain.example", DnsType::kTxt);
  EXPECT_EQ(no_name.state, DnsState::kAbsent);
  EXPECT_FALSE(no_name.name_exists);
  EXPECT_EQ(ask(std::string(64, 'a') + ".plain.example", DnsType::kTxt).state, DnsState::kAbsent);
}

TEST_F(Unbound, FollowsAliasesAndStopsInCircles) {
  const DnsReply alias = ask("alias.plain.example", DnsType::kTxt);
  EXPECT_EQ(alias.state, DnsState::kPresent);
  EXPECT_EQ(alias.canonical_name, "text.plain.example");
  EXPECT_EQ(ask("dangling.plain.example", DnsType::kTxt).state, DnsState::kAbsent);
  EXPECT_NE(ask("loop1.plain.example", DnsType::kTxt).state, DnsState::kPresent);
}

TEST_F(Unbound, KeepsWhatDnssecSays) {
  const DnsReply good = ask("text.signed.example", DnsType::kTxt);
  EXPECT_EQ(good.state, DnsState::kPresent) << good.failure;
  EXPECT_EQ(good.security, DnsSecurity::kSecure);
  const DnsReply denied = ask("nothing.signed.example", DnsType::kTxt);
  EXPECT_EQ(denied.state, DnsState::kAbsent);
  EXPECT_EQ(denied.security, DnsSecurity::kSecure);
  const DnsReply bogus = ask("text.bogus.example", DnsType::kTxt);
  EXPECT_EQ(bogus.state, DnsState::kFailed);
  EXPECT_EQ(bogus.security, DnsSecurity::kBogus);
  EXPECT_TRUE(bogus.failure.starts_with("bogus: ")) << bogus.failure;
  EXPECT_TRUE(bogus.records.empty());
  EXPECT_EQ(ask("mx.bogus.example", DnsType::kA).security, DnsSecurity::kSecure);  // only one record was changed
}

TEST_F(Unbound, ServersInTroubleAreFailuresWithTheirReason) {
  const DnsReply broken = ask("text.broken.example", DnsType::kTxt);
  EXPECT_EQ(broken.state, DnsState::kFailed);
  EXPECT_NE(broken.failure.find("SERVFAIL from 127.0.0.1@"), std::string::npos) << broken.failure;
  EXPECT_EQ(ask("text.elsewhere.example", DnsType::kTxt).state, DnsState::kFailed);  // REFUSED
}

TEST_F(Unbound, LargeAnswersComeOverTcp) {
  const DnsReply big = ask("big.plain.example", DnsType::kTxt);
  ASSERT_EQ(big.state, DnsState::kPresent) << big.failure;
  EXPECT_EQ(big.records.size(), 30u);
}

TEST_F(Unbound, ManyQuestionsAtOnceKeepTheirOrder) {
  std::vector<DnsQuestion> questions;
  for (int i = 0; i < 200; ++i)
    questions.push_back(i % 2 == 0 ? DnsQuestion{"n" + std::to_string(i) + ".wild.plain.example", DnsType::kTxt}
                                   : DnsQuestion{"n" + std::to_string(i) + ".plain.example", DnsType::kA});
  const auto replies = resolver->lookup(questions);
  ASSERT_EQ(replies.size(), questions.size());
  for (std::size_t i = 0; i < replies.size(); ++i)
    EXPECT_EQ(replies[i].state, i % 2 == 0 ? DnsState::kPresent : DnsState::kAbsent) << i << replies[i].failure;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) EXPECT_EQ(ask("text.plain.example", DnsType::kTxt).state, DnsState::kPresent);
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(UnboundAlone, AServerThatSaysNothingIsATimeOut) {
  const LoopbackSocket silent(SOCK_DGRAM);
  auto made = make_unbound_resolver({.forwarders = {"127.0.0.1@" + std::to_string(silent.port)},
                                     .validate = false,
                                     .timeout = Duration::milliseconds(300),
                                     .concurrency = 2});
  ASSERT_TRUE(made) << made.error().message;
  const auto began = std::chrono::steady_clock::now();
  std::vector<DnsQuestion> questions(4, {"example.org", DnsType::kTxt});
  for (std::size_t i = 0; i < questions.size(); ++i) questions[i].name = std::to_string(i) + ".example.org";
  for (const DnsReply& reply : (*made)->lookup(questions)) {
    EXPECT_EQ(reply.state, DnsState::kFailed);
    EXPECT_NE(reply.failure.find("timed out after 0.3 s"), std::string::npos) << reply.failure;
  }
  const auto passed = std::chrono::steady_clock::now() - began;
  EXPECT_GE(passed, std::chrono::milliseconds(600));  // two at a time
  EXPECT_LT(passed, std::chrono::seconds(3));
}

TEST(UnboundAlone, RefusesWhatIsNoServerOrAnchor) {
  EXPECT_EQ(make_unbound_resolver({.forwarders = {"dns.example.org"}}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(make_unbound_resolver({.forwarders = {"127.0.0.1@x"}}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(make_unbound_resolver({.forwarders = {"127.0.0.1"}, .trust_anchors = {"nonsense"}}).error().code,
            ErrorCode::kUsage);
  EXPECT_EQ(make_unbound_resolver({.forwarders = {"127.0.0.1"}, .trust_anchor_file = "/nowhere"}).error().code,
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace rw
