// Tests of mining: what pools and nodes say, the rows that come of it, and what is no mining.
#include "format/mining.h"

#include <gtest/gtest.h>

#include "format/capture_testing.h"

namespace rw {
namespace {

using testing::be;
using testing::Frame;
using testing::hex;
using testing::le;
using testing::Row;
using testing::run_frames;
using testing::segment;

struct Said {
  double at;
  bool back;
  std::string payload;
};

std::vector<Frame> talk(const std::vector<Said>& all, std::uint16_t port = 3333, bool syn = true) {
  std::vector<Frame> frames;
  if (syn) frames = {{0.0, segment({.dst = port, .flags = 2})}};
  std::uint32_t seq = 1001, ack = 5001;
  for (const Said& said : all) {
    std::uint32_t& own = said.back ? ack : seq;
    const testing::Tcp header{.src = said.back ? port : std::uint16_t{40000},
                              .dst = said.back ? std::uint16_t{40000} : port,
                              .seq = own,
                              .ack = said.back ? seq : ack,
                              .flags = 0x18};
    frames.push_back({said.at, segment(header, said.payload, said.back)});
    own += static_cast<std::uint32_t>(said.payload.size());
  }
  return frames;
}

Row only(testing::Decoded decoded) {
  EXPECT_EQ(decoded["mining"].size(), 1U);
  return decoded["mining"].empty() ? Row{} : decoded["mining"][0];
}

const std::string kSubscribe = R"({"id":1,"method":"mining.subscribe","params":["cgminer/4.10"]})"
                               "\n";
const std::string kSubscribed = R"({"id":1,"result":[[["mining.notify","ae68"]],"0800",4],"error":null})"
                                "\n";
const std::string kAuthorize =
    R"({"id":2,"method":"mining.authorize","params":["bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq.rig","x"]})"
    "\n";
const std::string kNotify = R"({"id":null,"method":"mining.notify","params":["bf","4d",true]})"
                            "\n";
const std::string kSubmit = R"({"params":["slush.miner1","bf"],"id":4,"method":"mining.submit"})"
                            "\n";

TEST(Mining, StratumOnAnyPort) {
  for (const std::uint16_t port : {3333, 9999, 443}) {
    const Row row = only(run_frames(talk({{0.1, false, kSubscribe},
                                          {0.2, true, kSubscribed},
                                          {0.3, false, kAuthorize},
                                          {0.4, true, kNotify + kNotify},
                                          {9.5, false, kSubmit}},
                                         port)));
    EXPECT_EQ(row.at("kind"), "pool");
    EXPECT_EQ(row.at("protocol"), "stratum");
    EXPECT_EQ(row.at("coin"), "bitcoin");
    EXPECT_EQ(row.at("agent"), "cgminer/4.10");
    EXPECT_EQ(row.at("worker"), "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq.rig");
    EXPECT_EQ(row.at("messages"), "3");
    EXPECT_EQ(row.at("rev_messages"), "3");
    EXPECT_EQ(row.at("client"), testing::kClient);
    EXPECT_EQ(row.at("server_port"), std::to_string(port));
  }
}

TEST(Mining, MoneroLoginAndEthereumProxies) {
  const Row monero = only(run_frames(
      talk({{0.1, false,
             R"({"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4)" + std::string(94, 'A') +
                 R"(","pass":"x","agent":"XMRig/6.2"}})"
                 "\n"},
            {0.2, true,
             R"({"id":1,"result":{"id":"9","job":{"blob":"0606","job_id":"7","target":"b88d0600"},"status":"OK"}})"
             "\n"}},
           9050)));
  EXPECT_EQ(monero.at("protocol"), "monero-login");
  EXPECT_EQ(monero.at("coin"), "monero");
  EXPECT_EQ(monero.at("agent"), "XMRig/6.2");
  EXPECT_EQ(monero.at("worker"), "4" + std::string(94, 'A'));
  const Row ethereum = only(
      run_frames(talk({{0.1, false,
                        R"({"worker": "eth1.0", "params": ["0x9c99d212f7", "x"], "id": 2, "method": "eth_submitLogin"})"
                        "\n"},
                       {0.2, true,
                        R"({"id":2,"result":true})"
                        "\n"},
                       {0.3, false,
                        R"({"worker": "", "params": [], "id": 3, "method": "eth_getWork"})"
                        "\n"}})));
  EXPECT_EQ(ethereum.at("protocol"), "ethproxy");
  EXPECT_EQ(ethereum.at("coin"), "ethereum");
  EXPECT_EQ(ethereum.at("worker"), "0x9c99d212f7");
  EXPECT_EQ(ethereum.at("messages"), "2");
}

TEST(Mining, GetworkOverHttp) {
  const std::string body = R"({"method":"getwork","params":[],"id":0})";
  testing::Decoded decoded = run_frames(talk(
      {{0.1, false, "POST / HTTP/1.1\r\nHost: pool\r\nUser-Agent: phoenix/1.7\r\nContent-Length: 39\r\n\r\n" + body},
       {0.2, true, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}"}},
      8332));
  EXPECT_EQ(decoded["http"].size(), 1U);
  const Row row = only(std::move(decoded));
  EXPECT_EQ(row.at("protocol"), "getwork");
  EXPECT_EQ(row.at("agent"), "phoenix/1.7");
  EXPECT_EQ(row.at("messages"), "1");
  EXPECT_EQ(row.at("rev_messages"), "1");
}

std::string bitcoin(std::string command, const std::string& payload, std::string_view magic = "f9beb4d9") {
  command.resize(12, '\0');
  return hex(magic) + command + le(payload.size(), 4) + be(0, 4) + payload;
}
std::string levin(std::uint32_t command, const std::string& payload) {
  return hex("0121010101010101") + le(payload.size(), 8) + be(1, 1) + le(command, 4) + be(0, 4) + le(1, 4) + le(1, 4) +
         payload;
}

TEST(Mining, Nodes) {
  const std::string agent = "/Satoshi:0.21.1/";
  const std::string version =
      bitcoin("version", std::string(80, '\1') + be(agent.size(), 1) + agent + std::string(5, '\0'));
  // Messages that begin and end within segments.
  const std::string more = bitcoin("inv", std::string(300, 'i')) + bitcoin("ping", std::string(8, 'p'));
  const Row row = only(run_frames(talk({{0.1, false, version},
                                        {0.2, true, bitcoin("version", std::string(86, '\0')) + bitcoin("verack", "")},
                                        {0.3, false, more.substr(0, 40)},
                                        {0.4, false, more.substr(40, 300)},
                                        {0.5, false, more.substr(340)}},
                                       18333)));
  EXPECT_EQ(row.at("kind"), "node");
  EXPECT_EQ(row.at("protocol"), "bitcoin");
  EXPECT_EQ(row.at("coin"), "bitcoin");
  EXPECT_EQ(row.at("agent"), agent);
  EXPECT_EQ(row.at("messages"), "3");
  EXPECT_EQ(row.at("rev_messages"), "2");
  EXPECT_EQ(only(run_frames(talk({{0.1, false, bitcoin("version", std::string(86, '\0'), "fbc0b6db")}}))).at("coin"),
            "litecoin");
  const Row monero = only(
      run_frames(talk({{0.1, false, levin(1001, "xx" + hex("1230f171610441611731008216a1a110") + std::string(30, 'y'))},
                       {0.2, true, levin(1001, std::string(900, 'z'))}},
                      18085)));
  EXPECT_EQ(monero.at("protocol"), "levin");
  EXPECT_EQ(monero.at("coin"), "monero");
  EXPECT_EQ(monero.at("messages"), "1");
}

TEST(Mining, StratumTwoInTheClear) {
  const std::string body = be(0, 1) + le(2, 2) + le(2, 2) + le(0, 4) + "\4pool" + le(34254, 2) + "\3Acm" + "\2S9" +
                           std::string(1, '\0') + std::string(1, '\0');
  const Row row = only(run_frames(talk({{0.1, false, le(0, 2) + be(0, 1) + le(body.size(), 3) + body},
                                        {0.2, true, le(0, 2) + be(1, 1) + le(6, 3) + le(2, 2) + le(0, 4)}})));
  EXPECT_EQ(row.at("protocol"), "stratum2");
  EXPECT_EQ(row.at("agent"), "Acm/S9");
}

// A miner and its pool are silent for longer than a flow may be; pieces that begin in the middle belong to the session.
TEST(Mining, OneRowForASessionOfSeveralFlows) {
  testing::Decoded decoded = run_frames(talk({{0.1, false, kSubscribe},
                                              {0.2, true, kSubscribed},
                                              {100, true,
                                               R"({"id":4,"result":true,"error":null})"
                                               "\n"},
                                              {300, true, kNotify},
                                              {301, false, kSubmit}}));
  EXPECT_EQ(decoded["flows"].size(), 3U);
  for (const Row& flow : decoded["flows"]) EXPECT_EQ(flow.at("app"), "stratum");
  const Row row = only(std::move(decoded));
  EXPECT_EQ(row.at("messages"), "2");
  EXPECT_EQ(row.at("rev_messages"), "3");
  EXPECT_EQ(row.at("client"), testing::kClient);  // although the later flows begin with the pool
  EXPECT_EQ(row.at("agent"), "cgminer/4.10");
}

TEST(Mining, CountsWhatIsSentAgainOnce) {
  auto frames = talk({{0.1, false, kSubscribe}, {0.2, true, kNotify}, {0.3, false, kSubmit}});
  frames.push_back({0.4, frames[3].bytes});
  const Row row = only(run_frames(frames));
  EXPECT_EQ(row.at("messages"), "2");
}

TEST(Mining, IsNotTakenInByLookAlikes) {
  const auto app = [](std::string_view text) { return app_name(classify_mining(as_bytes(text))); };
  EXPECT_EQ(app(R"({"jsonrpc":"2.0","method":"login","params":{"user":"a","pass":"b"},"id":1})"), "");
  EXPECT_EQ(app(R"({"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":1})"), "");
  EXPECT_EQ(app(R"({"jsonrpc":"2.0","method":"getblockcount","id":1})"), "");
  EXPECT_EQ(app(R"({"topic":"mining.news","text":"gold"})"), "");
  EXPECT_EQ(app(R"({"job_id":"7","state":"queued"})"), "");
  EXPECT_EQ(app(hex("f9beb4d9") + std::string(40, 'a')), "");   // no padding, no length
  EXPECT_EQ(app(hex("c0c0c0c0") + std::string(60, '\0')), "");  // no command
  EXPECT_EQ(app(hex("0121010101010101") + std::string(8, '\xFF') + std::string(20, '\0')), "");  // an absurd length
  EXPECT_TRUE(run_frames(talk(
      {{0.1, false, "GET / HTTP/1.1\r\nHost: dev\r\n\r\n"}, {0.2, true, "HTTP/1.1 200 OK\r\n\r\n"}}))["mining"]
                  .empty());
}

TEST(Mining, TruncatedAtEveryByte) {
  const std::vector<std::string> all = {kSubscribe, kSubmit, bitcoin("version", std::string(100, '\x20')),
                                        levin(1001, std::string(60, 'l'))};
  for (const std::string& whole : all) {
    for (std::size_t length = 0; length <= whole.size(); ++length) {
      const App app = classify_mining(as_bytes(std::string_view(whole).substr(0, length)));
      EXPECT_EQ(app_is_mining(app), app != App::kNone);
      for (const App other : {App::kStratum, App::kStratum2, App::kBitcoin, App::kLevin}) {
        MiningWatch watch(other);
        watch.payload(true, {1}, 1, as_bytes(std::string_view(whole).substr(0, length)), whole.size());
        watch.payload(true, {2}, 1 + static_cast<std::uint32_t>(whole.size()), as_bytes(whole), whole.size());
        MiningSession row;
        if (watch.row(row)) {
          EXPECT_LE(row.messages, 3);
        }
      }
    }
  }
}

}  // namespace
}  // namespace rw
