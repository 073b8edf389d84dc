// Zone files: what is read, what is refused, and what is answered from them.
#include <gtest/gtest.h>

#include "resolver/names.h"
#include "resolver/resolver.h"
#include "resolver/zone_file.h"

namespace rw {
namespace {

constexpr std::string_view kZone = R"($ORIGIN example.org.
$TTL 1h
@       IN SOA ns1 hostmaster.example.org. ( 2024050101 ; serial
                 7200 3600 1w
                 10m )
        NS      ns1
        MX      10 mx1
        MX      20 mx2.example.net.
        TXT     "v=spf1 include:_spf.example.net " "-all"
        300 IN TXT other\ text
ns1     IN 60   A 192.0.2.1
mx1     60 IN   A 192.0.2.2
        AAAA    2001:db8::2
_25._tcp.mx1 TLSA 3 1 1 ( 0123456789abcdef0123456789abcdef
                          0123456789abcdef0123456789abcdef )
*.wild  TXT     "from the wildcard"
        MX      0 .
there.wild A    192.0.2.9
www     CNAME   mx1
far     CNAME   somewhere.example.com.
loop1   CNAME   loop2
loop2   CNAME   loop1
a.b.c   A       192.0.2.3
sub     NS      ns.sub
ns.sub  A       192.0.2.4
odd\.dot.\065x A 192.0.2.5
raw     TYPE16  \# 4 03616263
new     TYPE65280 \# 2 beef
@       CAA     0 issue "ca.example.net; policy=ev"
moved   DNAME   example.org.
4.2.0.192 PTR   ns1
quoted  TXT     "semi;colon (not) \"escaped\" \009tab"
ds      DS      12345 13 2 ABCDEF
key     DNSKEY  257 3 13 bm90IGEga2V5
up      HTTPS   1 . alpn=h2
;! fail broken SERVFAIL from 192.0.2.53
;! fail halfbroken TXT bogus: no signature
halfbroken A 192.0.2.6
)";

class Zone : public testing::Test {
 protected:
  void SetUp() override {
    const auto done = zone.parse(kZone, "test.zone");
    ASSERT_TRUE(done) << done.error().message;
  }
  DnsReply ask(std::string_view name, DnsType type) { return zone.lookup(name, type); }
  ZoneResolver zone;
};

std::string refusal(std::string_view text) {
  ZoneResolver zone;
  const auto done = zone.parse(text, "z");
  return done ? "" : done.error().message;
}

TEST_F(Zone, JoinsTheStringsOfText) {
  const DnsReply reply = ask("Example.ORG.", DnsType::kTxt);
  ASSERT_EQ(reply.state, DnsState::kPresent);
  ASSERT_EQ(reply.records.size(), 2u);
  EXPECT_EQ(reply.records[0].text, "v=spf1 include:_spf.example.net -all");
  EXPECT_EQ(reply.records[0].strings.size(), 2u);
  EXPECT_EQ(reply.records[1].text, "other text");
  EXPECT_EQ(reply.ttl, 300u);
  EXPECT_EQ(reply.canonical_name, "example.org");
  EXPECT_EQ(reply.security, DnsSecurity::kInsecure);
  EXPECT_EQ(ask("quoted.example.org", DnsType::kTxt).records[0].text, "semi;colon (not) \"escaped\" \ttab");
}

TEST_F(Zone, ReadsEveryType) {
  const DnsReply mx = ask("example.org", DnsType::kMx);
  ASSERT_EQ(mx.records.size(), 2u);
  EXPECT_EQ(mx.records[0].preference, 10);
  EXPECT_EQ(mx.records[0].name, "mx1.example.org");
  EXPECT_EQ(mx.records[1].name, "mx2.example.net");
  EXPECT_EQ(ask("ns1.example.org", DnsType::kA).records[0].address.to_string(), "192.0.2.1");
  EXPECT_EQ(ask("ns1.example.org", DnsType::kA).ttl, 60u);
  EXPECT_EQ(ask("mx1.example.org", DnsType::kAaaa).records[0].address.to_string(), "2001:db8::2");
  EXPECT_EQ(ask("_25._tcp.mx1.example.org", DnsType::kTlsa).records[0].data.size(), 35u);
  EXPECT_EQ(ask("example.org", DnsType::kNs).records[0].name, "ns1.example.org");
  EXPECT_EQ(ask("4.2.0.192.example.org", DnsType::kPtr).records[0].name, "ns1.example.org");
  EXPECT_EQ(ask("raw.example.org", DnsType::kTxt).records[0].text, "abc");
  EXPECT_EQ(ask("ds.example.org", DnsType::kDs).records[0].data, std::string("\x30\x39\x0d\x02\xab\xcd\xef", 7));
  EXPECT_EQ(ask("key.example.org", DnsType::kDnskey).records[0].data, std::string("\x01\x01\x03\x0dnot a key", 13));
  EXPECT_EQ(ask("example.org", DnsType::kSoa).records[0].data.substr(0, 4), std::string("\x03ns1"));
  EXPECT_EQ(ask("odd\\.dot.ax.example.org", DnsType::kA).state, DnsState::kPresent);
  EXPECT_TRUE(ask("new.example.org", DnsType::kA).name_exists);
  EXPECT_TRUE(ask("up.example.org", DnsType::kA).name_exists);
}

TEST_F(Zone, TellsNoDataFromNoName) {
  for (const char* name : {"mx1.example.org", "b.c.example.org", "c.example.org", "_tcp.mx1.example.org"}) {
    const DnsReply reply = ask(name, DnsType::kTxt);
    EXPECT_EQ(reply.state, DnsState::kAbsent) << name;
    EXPECT_TRUE(reply.name_exists) << name;
    EXPECT_EQ(reply.ttl, 600u) << "the SOA's last field";
  }
  EXPECT_FALSE(ask("nothing.example.org", DnsType::kTxt).name_exists);
  EXPECT_FALSE(ask("x.b.c.example.org", DnsType::kTxt).name_exists);
}

TEST_F(Zone, WildcardsStandBelowTheClosestNameThatExists) {
  EXPECT_EQ(ask("any.wild.example.org", DnsType::kTxt).records[0].text, "from the wildcard");
  EXPECT_EQ(ask("deep.er.wild.example.org", DnsType::kTxt).state, DnsState::kPresent);
  EXPECT_EQ(ask("any.wild.example.org", DnsType::kMx).records[0].name, "");
  EXPECT_TRUE(ask("any.wild.example.org", DnsType::kA).name_exists);
  EXPECT_EQ(ask("there.wild.example.org", DnsType::kTxt).state, DnsState::kAbsent);        // it exists
  EXPECT_EQ(ask("below.there.wild.example.org", DnsType::kTxt).state, DnsState::kAbsent);  // RFC 4592 2.2.1
  EXPECT_FALSE(ask("below.there.wild.example.org", DnsType::kTxt).name_exists);
}

TEST_F(Zone, FollowsAliases) {
  const DnsReply reply = ask("www.example.org", DnsType::kA);
  ASSERT_EQ(reply.state, DnsState::kPresent);
  EXPECT_EQ(reply.canonical_name, "mx1.example.org");
  EXPECT_EQ(reply.ttl, 60u);
  EXPECT_EQ(ask("www.example.org", DnsType::kCname).records[0].name, "mx1.example.org");
  EXPECT_EQ(ask("www.moved.example.org", DnsType::kA).canonical_name, "mx1.example.org");
  EXPECT_EQ(ask("far.example.org", DnsType::kA).state, DnsState::kFailed);
  const DnsReply loop = ask("loop1.example.org", DnsType::kA);
  EXPECT_EQ(loop.state, DnsState::kFailed);
  EXPECT_NE(loop.failure.find("circle"), std::string::npos);
}

TEST_F(Zone, DelegationsLeadAwayUnlessTheirZoneIsThere) {
  EXPECT_EQ(ask("www.sub.example.org", DnsType::kA).state, DnsState::kFailed);
  EXPECT_EQ(ask("sub.example.org", DnsType::kNs).state, DnsState::kPresent);
  EXPECT_EQ(ask("sub.example.org", DnsType::kDs).state, DnsState::kAbsent);
  ASSERT_TRUE(zone.parse("$ORIGIN sub.example.org.\n;! secure\n@ SOA ns h 1 2 3 4 5\nwww A 192.0.2.7\n", "sub.zone"));
  const DnsReply reply = ask("www.sub.example.org", DnsType::kA);
  EXPECT_EQ(reply.state, DnsState::kPresent);
  EXPECT_EQ(reply.security, DnsSecurity::kSecure);
  EXPECT_EQ(zone.description(), "zone files test.zone, sub.zone");
}

TEST_F(Zone, FailuresAreNeitherPresentNorAbsent) {
  EXPECT_EQ(ask("broken.example.org", DnsType::kA).failure, "SERVFAIL from 192.0.2.53");
  EXPECT_EQ(ask("halfbroken.example.org", DnsType::kA).state, DnsState::kPresent);
  const DnsReply bogus = ask("halfbroken.example.org", DnsType::kTxt);
  EXPECT_EQ(bogus.state, DnsState::kFailed);
  EXPECT_EQ(bogus.security, DnsSecurity::kBogus);
  EXPECT_EQ(ask("example.com", DnsType::kTxt).state, DnsState::kFailed);  // outside of all zones
  zone.answer_for_everything(true);
  EXPECT_EQ(ask("example.com", DnsType::kTxt).state, DnsState::kAbsent);
  zone.fail("mx1.example.org", DnsType::kA);
  EXPECT_EQ(ask("www.example.org", DnsType::kA).state, DnsState::kFailed);
}

TEST_F(Zone, NamesThatCannotBeAreAbsent) {
  const std::string label(64, 'a');
  for (const std::string& name : {label + ".example.org", std::string("a..example.org"), std::string("bad\\25.org")}) {
    const DnsReply reply = ask(name, DnsType::kA);
    EXPECT_EQ(reply.state, DnsState::kAbsent) << name;
    EXPECT_FALSE(reply.name_exists);
  }
}

TEST_F(Zone, AddTakesRecordsForTests) {
  ZoneResolver made;
  made.add("a.example", DnsType::kTxt, {.text = "one"});
  made.add("a.example", DnsType::kMx, {.name = "MX.example.", .preference = 5});
  EXPECT_EQ(made.lookup("a.example", DnsType::kTxt).records[0].strings.size(), 1u);
  EXPECT_EQ(made.lookup("a.example", DnsType::kMx).records[0].name, "mx.example");
  EXPECT_EQ(made.lookup("b.a.example", DnsType::kTxt).state, DnsState::kAbsent);
  EXPECT_EQ(made.asked(), 3u);
}

TEST(ZoneFile, RefusesWhatServersRefuse) {
  const std::string soa = "$ORIGIN example.org.\n@ SOA ns h 1 2 3 4 5\n";
  const std::pair<std::string, std::string> cases[] = {
      {soa + "x TXT \"never closed\n", "z:3: a quoted string"},
      {soa + "x TXT (\n\"a\"\n", "z:5: a '('"},
      {soa + "x A )\n", "z:3: a ')'"},
      {soa + "x TXT \"" + std::string(256, 'a') + "\"\n", "split it"},
      {soa + "x A 192.0.2\n", "z:3: A: '192.0.2' is no IPv4 address"},
      {soa + "x A 2001:db8::1\n", "no IPv4 address"},
      {soa + "x AAAA 192.0.2.1\n", "no IPv6 address"},
      {soa + "x MX mx\n", "'mx' is no number"},
      {soa + "x MX 10\n", "the record ends where a name"},
      {soa + "x A 192.0.2.1 192.0.2.2\n", "there is more"},
      {soa + "x FROB 1\n", "'FROB' is no record type"},
      {soa + "x CH TXT a\n", "class CH"},
      {soa + "x\n", "without a type"},
      {soa + "x CNAME a\nx A 192.0.2.1\n", "CNAME record and others"},
      {soa + "other.example.com. A 192.0.2.1\n", "outside of the file's zones"},
      {soa + "$INCLUDE /etc/passwd\n", "$INCLUDE is not taken"},
      {soa + "$FROB\n", "no such directive"},
      {soa + ";! frobnicate\n", "';!' is followed by"},
      {soa + "x TXT \"\\256\"\n", "is no byte"},
      {soa + "x TYPE16 \\# 3 0361\n", "the length says 3"},
      {soa + "x TYPE1 \\# 1 00\n", "none of that type"},
      {soa + "x TLSA 3 1 1 0g\n", "not hexadecimal"},
      {soa + "x DNSKEY 1 3 8 !!\n", "no Base64"},
      {"www A 192.0.2.1\n", "z:1: 'www' has no final dot"},
      {"www.example.org. CNAME mx\n", "has no final dot"},
      {"  A 192.0.2.1\n", "a record without a name"},
      {soa + "a..b A 192.0.2.1\n", "is no name"},
  };
  for (const auto& [text, wanted] : cases)
    EXPECT_NE(refusal(text).find(wanted), std::string::npos) << text << refusal(text);
}

TEST(ZoneFile, CutAnywhereItIsReadOrRefused) {
  for (std::size_t size = 0; size <= kZone.size(); ++size) {
    const std::string message = refusal(kZone.substr(0, size));
    EXPECT_TRUE(message.empty() || message.starts_with("z:")) << size << message;
  }
}

TEST(Names, SurviveTheWire) {
  for (const char* text : {"example.org", "a\\.b.example", "\\000\\255x.org", "", "_dmarc.a-b.c"}) {
    std::string name, wire, back;
    ASSERT_TRUE(canonical_name(text, name));
    EXPECT_EQ(name, text);
    append_wire_name(name, wire);
    std::size_t at = 0;
    ASSERT_TRUE(read_wire_name(wire, at, back)) << text;
    EXPECT_EQ(back, text);
    EXPECT_EQ(at, wire.size());
    for (std::size_t cut = 0; cut < wire.size(); ++cut) {
      at = 0;
      EXPECT_FALSE(read_wire_name(std::string_view(wire).substr(0, cut), at, back));
    }
  }
  EXPECT_TRUE(is_at_or_below("a.example.org", "example.org"));
  EXPECT_FALSE(is_at_or_below("an-example.org", "example.org"));
  EXPECT_FALSE(is_at_or_below("a\\.example.org", "example.org"));
  EXPECT_EQ(label_count("a\\.b.org"), 2u);
}

TEST(Names, Reversed) {
  EXPECT_EQ(reverse_name(*Ip::parse("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(*Ip::parse("2001:db8::1")),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace rw
