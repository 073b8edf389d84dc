// The filter language: what each phrase means, and that each wrong one points at the wrong word.
#include "store/filter.h"

#include <gtest/gtest.h>

#include <string>

namespace rw {
namespace {

std::string value_text(const Value& value) {
  struct Visitor {
    std::string operator()(Null) const { return "null"; }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(std::uint64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return std::to_string(v); }
    std::string operator()(const std::string& v) const { return "'" + v + "'"; }
    std::string operator()(Timestamp v) const { return v.to_string(); }
    std::string operator()(const Ip& v) const { return v.to_string(); }
    std::string operator()(const Prefix& v) const { return v.to_string(); }
  };
  return std::visit(Visitor{}, value);
}

std::string text_of(const ExprPtr& e);

std::string joined(const std::vector<ExprPtr>& args, const std::string& separator) {
  std::string out;
  for (const ExprPtr& arg : args) out += (out.empty() ? "" : separator) + text_of(arg);
  return "(" + out + ")";
}

// Expressions as a person would write them in a test.
std::string text_of(const ExprPtr& e) {
  if (!e) return "everything";
  std::string list;
  switch (e->kind) {
    case Expr::Kind::kColumn: return e->name;
    case Expr::Kind::kLiteral: return value_text(e->literal);
    case Expr::Kind::kAnd: return joined(e->args, " and ");
    case Expr::Kind::kOr: return joined(e->args, " or ");
    case Expr::Kind::kNot: return "not " + text_of(e->args[0]);
    case Expr::Kind::kEq: return text_of(e->args[0]) + "=" + text_of(e->args[1]);
    case Expr::Kind::kNe: return text_of(e->args[0]) + "!=" + text_of(e->args[1]);
    case Expr::Kind::kLt: return text_of(e->args[0]) + "<" + text_of(e->args[1]);
    case Expr::Kind::kLe: return text_of(e->args[0]) + "<=" + text_of(e->args[1]);
    case Expr::Kind::kGt: return text_of(e->args[0]) + ">" + text_of(e->args[1]);
    case Expr::Kind::kGe: return text_of(e->args[0]) + ">=" + text_of(e->args[1]);
    case Expr::Kind::kIsNull: return text_of(e->args[0]) + " is null";
    case Expr::Kind::kAdd: return joined(e->args, "+");
    case Expr::Kind::kSub: return joined(e->args, "-");
    case Expr::Kind::kMul: return joined(e->args, "*");
    case Expr::Kind::kDiv: return joined(e->args, "/");
    case Expr::Kind::kCoalesce: return "first" + joined(e->args, ",");
    case Expr::Kind::kIn:
      for (const Value& value : e->values) list += (list.empty() ? "" : " ") + value_text(value);
      return text_of(e->args[0]) + " in [" + list + "]";
    case Expr::Kind::kInPrefixes:
      for (const Prefix& prefix : e->prefixes) list += (list.empty() ? "" : " ") + prefix.to_string();
      return text_of(e->args[0]) + " within [" + list + "]";
    case Expr::Kind::kMatches: return text_of(e->args[0]) + "~" + value_text(e->literal);
    case Expr::Kind::kLabel: return "label(" + e->labels->name + "," + text_of(e->args[0]) + ")";
    case Expr::Kind::kPortService: return "service" + joined(e->args, ",");
    default: return "?";
  }
}

std::string flows(std::string_view text) {
  const auto e = parse_filter(text, flow_filter());
  return e ? text_of(*e) : "error: " + e.error().message;
}
std::string dns(std::string_view text) {
  const auto e = parse_filter(text, dns_filter());
  return e ? text_of(*e) : "error: " + e.error().message;
}

TEST(Filter, AddressesAndNetworks) {
  EXPECT_EQ(flows(""), "everything");
  EXPECT_EQ(flows("  "), "everything");
  EXPECT_EQ(flows("any"), "true");
  EXPECT_EQ(flows("host 192.0.2.1"), "(src within [192.0.2.1/32] or dst within [192.0.2.1/32])");
  EXPECT_EQ(flows("src net 175.45.176.0/22"), "src within [175.45.176.0/22]");
  EXPECT_EQ(flows("src 10.0.0.0/8"), "src within [10.0.0.0/8]");
  EXPECT_EQ(flows("dst host 2001:db8::1"), "dst within [2001:db8::1/128]");
  EXPECT_EQ(flows("192.0.2.1"), flows("host 192.0.2.1"));
  EXPECT_EQ(flows("src and dst net 10.0.0.0/8"), "(src within [10.0.0.0/8] and dst within [10.0.0.0/8])");
  EXPECT_EQ(flows("src or dst net 10.0.0.0/8"), flows("net 10.0.0.0/8"));
  EXPECT_EQ(flows("src ip 10.1.2.3"), "src within [10.1.2.3/32]");
  EXPECT_EQ(flows("ip in [10.1.2.3 10.1.2.4]"),
            "(src within [10.1.2.3/32 10.1.2.4/32] or dst within [10.1.2.3/32 10.1.2.4/32])");
  EXPECT_EQ(flows("dst net 192.0.2.0 mask 255.255.255.0"), "dst within [192.0.2.0/24]");
  EXPECT_EQ(flows("ip"), "src within [0.0.0.0/0]");
  EXPECT_EQ(flows("ip6"), "not src within [0.0.0.0/0]");
}

TEST(Filter, Ports) {
  EXPECT_EQ(flows("port 53"), "(src_port=53 or dst_port=53)");
  EXPECT_EQ(flows("dst port 3333"), "dst_port=3333");
  EXPECT_EQ(flows("dst port 6881-6889"), "(dst_port>=6881 and dst_port<=6889)");
  EXPECT_EQ(flows("dst portrange 6881-6889"), flows("dst port 6881-6889"));
  EXPECT_EQ(flows("dst port in [80, 443 8000-8010]"), "((dst_port>=8000 and dst_port<=8010) or dst_port in [80 443])");
  EXPECT_EQ(flows("dst port 80,443"), "dst_port in [80 443]");
  EXPECT_EQ(flows("src port > 1024"), "src_port>1024");
  EXPECT_EQ(flows("dst port != 80"), "not dst_port=80");
  EXPECT_EQ(flows("src_port 80"), "src_port=80");
}

TEST(Filter, Protocols) {
  EXPECT_EQ(flows("tcp"), "proto=6");
  EXPECT_EQ(flows("proto tcp"), "proto=6");
  EXPECT_EQ(flows("proto 47"), "proto=47");
  EXPECT_EQ(flows("proto in [tcp udp]"), "proto in [6 17]");
  EXPECT_EQ(flows("tcp dst port 80"), "(proto=6 and dst_port=80)");
  EXPECT_EQ(flows("udp port 53"), "(proto=17 and (src_port=53 or dst_port=53))");
  EXPECT_EQ(flows("ICMP6"), "proto=58");
  EXPECT_EQ(flows("icmp-type 8"), "(proto in [1 58] and (dst_port>=2048 and dst_port<=2303))");
}

TEST(Filter, AndOrNotReadAsInTcpdump) {
  EXPECT_EQ(flows("tcp and udp or icmp"), "((proto=6 and proto=17) or proto=1)");
  EXPECT_EQ(flows("tcp or udp and icmp"), "((proto=6 or proto=17) and proto=1)");
  EXPECT_EQ(flows("tcp or (udp and icmp)"), "(proto=6 or (proto=17 and proto=1))");
  EXPECT_EQ(flows("not tcp and udp"), "(not proto=6 and proto=17)");
  EXPECT_EQ(flows("!tcp && !(udp || icmp)"), "(not proto=6 and not (proto=17 or proto=1))");
  EXPECT_EQ(flows("tcp and udp and icmp"), "(proto=6 and proto=17 and proto=1)");
}

TEST(Filter, BareValuesRepeatTheWordsBefore) {
  EXPECT_EQ(flows("dst port 80 or 443"), "(dst_port=80 or dst_port=443)");
  EXPECT_EQ(flows("tcp dst port 80 or 443"), "((proto=6 and dst_port=80) or (proto=6 and dst_port=443))");
  EXPECT_EQ(flows("src host 10.0.0.1 or 10.0.0.2"), "(src within [10.0.0.1/32] or src within [10.0.0.2/32])");
  EXPECT_EQ(flows("dst port 80 or 10.0.0.2"),
            "(dst_port=80 or (src within [10.0.0.2/32] or dst within [10.0.0.2/32]))");
}

TEST(Filter, Amounts) {
  EXPECT_EQ(flows("bytes > 1M"), "((bytes+first(rev_bytes,0))*sampling)>1000000");
  EXPECT_EQ(flows("packets <= 2Ki"), "((packets+first(rev_packets,0))*sampling)<=2048");
  EXPECT_EQ(flows("sent_bytes gt 10"), "(bytes*sampling)>10");
  EXPECT_EQ(flows("duration > 10s"), "(end_time-start_time)>10000000");
  EXPECT_EQ(flows("duration < 2h"), "(end_time-start_time)<7200000000");
  EXPECT_EQ(flows("pps > 5"), "((((packets+first(rev_packets,0))*sampling)*1000000)/(end_time-start_time))>5");
  EXPECT_EQ(flows("vlan 20-22"), "(vlan>=20 and vlan<=22)");
  EXPECT_EQ(flows("sampling > 1"), "sampling>1");
  EXPECT_EQ(flows("start_time >= 2019-04-23T03:00:00+09:00"), "start_time>=2019-04-22T18:00:00Z");
}

TEST(Filter, NamesAndFlags) {
  EXPECT_EQ(flows("app HTTP"), "first(app,service(proto,src_port,dst_port))='http'");
  EXPECT_EQ(flows("app ss*"), "first(app,service(proto,src_port,dst_port))~'ss*'");
  EXPECT_EQ(flows("sensor 'border 1'"), "sensor~'border 1'");
  EXPECT_EQ(flows("sni *.example.org"), "server_name~'*.example.org'");
  EXPECT_EQ(flows("domain Example.org."), "(server_name~'example.org' or server_name~'*.example.org')");
  EXPECT_EQ(flows("flags = S"), "tcp_flags=2");
  EXPECT_EQ(flows("flags CEUAPRSF"), "tcp_flags in [255]");
  EXPECT_TRUE(flows("flags SA").starts_with("tcp_flags in [18 19 22 "));
  EXPECT_EQ(flows("direction egress"), "direction=1");
  EXPECT_EQ(flows("src as 131279"), "src_asn in [131279]");
  EXPECT_EQ(flows("as AS131279,4"), "(src_asn in [131279 4] or dst_asn in [131279 4])");
}

TEST(Filter, Dns) {
  EXPECT_EQ(dns("name WWW.Example.org."), "name='www.example.org'");
  EXPECT_EQ(dns("name *.example.org"), "name~'*.example.org'");
  EXPECT_EQ(dns("type AAAA"), "type=28");
  EXPECT_EQ(dns("type in [A NULL 65280]"), "type in [1 10 65280]");
  EXPECT_EQ(dns("rcode NXDOMAIN"), "rcode=3");
  EXPECT_EQ(dns("client 10.0.0.0/8 and server host 192.0.2.53"),
            "(client within [10.0.0.0/8] and server within [192.0.2.53/32])");
  EXPECT_EQ(dns("udp port 53"), "(transport='udp' and (client_port=53 or server_port=53))");
  EXPECT_EQ(dns("unanswered"), "response_time is null");
  EXPECT_EQ(dns("query_bytes > 200"), "query_bytes>200");
  EXPECT_EQ(dns("registered_domain != example.org"), "not registered_domain='example.org'");
  EXPECT_EQ(dns("transport mdns"), "transport='mdns'");
}

TEST(Filter, Answers) {
  const auto e = parse_filter("address net 175.45.176.0/22 and type A", dns_answer_filter());
  ASSERT_TRUE(e);
  EXPECT_EQ(text_of(*e), "(address within [175.45.176.0/22] and type=1)");
}

TEST(Filter, CountriesNeedData) {
  EXPECT_EQ(flows("src country KP"),
            "error: countries are not known in this lake\n"
            "LINE 1: src country KP\n"
            "            ^\n"
            "  tip: they come from RIR delegated statistics or an MMDB file, which must be ingested first");
  FilterContext context;
  auto labels = std::make_shared<LabelSet>();
  labels->name = "country";
  context.countries = labels;
  const auto e = parse_filter("dst country kp", flow_filter(), context);
  ASSERT_TRUE(e);
  EXPECT_EQ(text_of(*e), "label(country,dst) in ['KP']");
}

TEST(Filter, ServiceNamesWhereKnown) {
  FilterContext context;
  context.service_port = [](std::string_view name) {
    return name == "https" ? std::optional<std::uint16_t>(443) : std::nullopt;
  };
  EXPECT_EQ(text_of(*parse_filter("dst port HTTPS", flow_filter(), context)), "dst_port=443");
  EXPECT_FALSE(parse_filter("dst port htps", flow_filter(), context));
}

// The wrong phrase, the byte at which the caret must stand, and a part of the message.
struct Mistake {
  std::string_view text;
  std::size_t caret;
  std::string_view message;
};

class FilterMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(FilterMistakes, PointAtTheWord) {
  const auto& [text, caret, message] = GetParam();
  const auto e = parse_filter(text, flow_filter());
  ASSERT_FALSE(e) << text_of(*e);
  EXPECT_EQ(e.error().code, ErrorCode::kUsage);
  const std::string& got = e.error().message;
  EXPECT_NE(got.find(message), std::string::npos) << got;
  const std::string marker = "\nLINE 1: " + std::string(text) + "\n" + std::string(8 + caret, ' ') + "^";
  EXPECT_NE(got.find(marker), std::string::npos) << got << "\nwanted:" << marker;
}

INSTANTIATE_TEST_SUITE_P(
    All, FilterMistakes,
    testing::Values(
        Mistake{"src nett 10.0.0.0/8", 4, "tip: a similar word exists: 'net'"},
        Mistake{"srcc net 10.0.0.0/8", 0, "tip: a similar word exists: 'src'"},
        Mistake{"tcp adn udp", 4, "tip: a similar word exists: 'and'"},
        Mistake{"tcp udp", 4, "tip: put 'and' or 'or' before it"},
        Mistake{"tcp and", 7, "a condition is missing at the end"},
        Mistake{"and tcp", 0, "a condition is missing before 'and'"},
        Mistake{"tcp and and udp", 8, "a condition is missing before 'and'"}, Mistake{"(tcp or udp", 0, "never closed"},
        Mistake{"tcp)", 3, "')' without '('"}, Mistake{"()", 1, "expected a condition"},
        Mistake{"host 10.0.0.0/8", 5, "write 'net'"}, Mistake{"net 10.0.0.1/8", 4, "did you mean 10.0.0.0/8?"},
        Mistake{"host 10.0.0", 5, "not an IP address"},
        Mistake{"net 10.0.0.0 mask 255.0.255.0", 18, "not a network mask"}, Mistake{"port 70000", 5, "is not a port"},
        Mistake{"port 90-80", 5, "runs backwards"}, Mistake{"port in [80 x]", 12, "is not a port"},
        Mistake{"port in [80", 8, "never closed"}, Mistake{"port []", 5, "the list is empty"},
        Mistake{"port > 80-90", 7, "a single port"}, Mistake{"proto tcpp", 6, "tip: a similar word exists: 'tcp'"},
        Mistake{"bytes > lots", 8, "is not a number"}, Mistake{"bytes >", 7, "expected a number"},
        Mistake{"duration > 10x", 11, "is not a duration"}, Mistake{"flags XYZ", 6, "not TCP flags"},
        Mistake{"flags > S", 6, "only = and !="}, Mistake{"src bytes 5", 4, "cannot follow 'src'"},
        Mistake{"src", 3, "is missing after 'src'"}, Mistake{"tcp & udp", 4, "tip: write '&&' or 'and'"},
        Mistake{"name 'x", 5, "never closed"}, Mistake{"start_time > yesterday", 13, "is not a time"},
        Mistake{"as ASX", 3, "not an AS number"}, Mistake{"zzz", 0, "unknown word 'zzz'"},
        Mistake{"tcp and not", 11, "a condition is missing"}, Mistake{"icmp-type 300", 10, "not an ICMP type"}));

TEST(Filter, ErrorsSurviveHostileText) {
  EXPECT_NE(flows("a\x1b[31m").find("unknown word 'a?'"), std::string::npos);  // an escape ends no terminal's peace
  EXPECT_EQ(flows("a\x1b[31m").find('\x1b'), std::string::npos);
  const std::string deep(10'000, '(');
  EXPECT_NE(flows(deep).find("nested too deeply"), std::string::npos);
  std::string negations;
  for (int i = 0; i < 10'000; ++i) negations += "not ";
  EXPECT_NE(flows(negations + "tcp").find("nested too deeply"), std::string::npos);
  std::string alternating = "tcp";
  for (int i = 0; i < 1000; ++i) alternating += " and tcp or udp";
  EXPECT_NE(flows(alternating).find("alternate too often"), std::string::npos);
  std::string many = "tcp";
  for (int i = 0; i < 5000; ++i) many += " or udp";
  EXPECT_NE(flows(many).find("more than 4096 conditions"), std::string::npos);
  EXPECT_NE(flows(std::string(kMaxFilterBytes + 1, ' ')).find("longer than"), std::string::npos);
  const std::string late = std::string(500, ' ') + "tcp und udp";
  EXPECT_NE(flows(late).find("LINE 1: ..."), std::string::npos);
}

TEST(Filter, MultipleLinesAreCounted) {
  EXPECT_EQ(flows("tcp and\n  prot udp"),
            "error: unknown word 'prot'\nLINE 2:   prot udp\n          ^\n  tip: a similar word exists: 'proto'");
}

// Every prefix of a long valid filter is either valid or an error with a caret: never a crash.
TEST(Filter, TruncatedAnywhere) {
  const std::string_view text =
      "(src net 10.0.0.0/8 or dst port in [80 443-445]) and not tcp flags S && bytes > 1.5M and name '*.x.org' || as 5";
  int valid = 0;
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const auto e = parse_filter(text.substr(0, n), flow_filter());
    if (e)
      ++valid;
    else
      EXPECT_NE(e.error().message.find('^'), std::string::npos) << text.substr(0, n);
  }
  EXPECT_GT(valid, 0);
}

TEST(Filter, HelpFitsATerminal) {
  for (const FilterLanguage* language : {&flow_filter(), &dns_filter(), &dns_answer_filter()}) {
    const std::string help = filter_help(*language);
    std::size_t begin = 0;
    for (std::size_t end; (end = help.find('\n', begin)) != std::string::npos; begin = end + 1)
      EXPECT_LE(end - begin, 80u) << help.substr(begin, end - begin);
  }
}

}  // namespace
}  // namespace rw
