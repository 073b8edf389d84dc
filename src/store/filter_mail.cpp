// The vocabulary of filters over mail: rows of reports, and messages that were checked.
#include <cstddef>

#include "model/records.h"
#include "store/filter.h"
#include "store/filter_words.h"

namespace rw {
namespace {

using Kind = FilterWord::Kind;

template <std::size_t N>
struct Text {
  char data[N]{};
  constexpr Text(const char (&text)[N]) {  // NOLINT(google-explicit-constructor): a template argument
    for (std::size_t i = 0; i < N; ++i) data[i] = text[i];
  }
};
template <Text name>
ExprPtr column() {
  return expr::column(name.data);
}

template <Text name, Text value>
ExprPtr is() {
  return expr::eq(expr::column(name.data), expr::text(value.data));
}
// Null where DMARC failed: then neither identifier passed, and at least one is known not to have.
ExprPtr passed_or_null() {
  return expr::classify({{expr::any_of({is<"dkim_aligned", "pass">(), is<"spf_aligned", "pass">()}), expr::number(1)}});
}
ExprPtr failed_or_null() {
  return expr::classify({{expr::all_of({is<"dkim_aligned", "fail">(), is<"spf_aligned", "fail">()}), expr::number(1)}});
}

// ---- rows of reports

constexpr FilterSide kRowSides[] = {
    {"source", "source", "", ""}, {"src", "source", "", ""}, {"receiver_address", "receiver_address", "", ""}};
constexpr FilterWord kRowWords[] = {
    {"host", Kind::kHost},
    {"addr", Kind::kHost},
    {"net", Kind::kNet},
    {"country", Kind::kCountry},
    {"ip4", Kind::kFamily, nullptr, 4},
    {"ip6", Kind::kFamily, nullptr, 6},
    {"domain", Kind::kDomain, column<"domain">},
    {"from", Kind::kDomain, column<"header_from">},
    {"envelope", Kind::kDomain, column<"envelope_from">},
    {"reporter", Kind::kText, column<"reporter">},
    {"kind", Kind::kLowerText, column<"kind">},
    {"disposition", Kind::kLowerText, column<"disposition">},
    {"dkim", Kind::kLowerText, column<"dkim_aligned">},
    {"spf", Kind::kLowerText, column<"spf_aligned">},
    {"signer", Kind::kDomain, column<"dkim_domain">},
    {"selector", Kind::kText, column<"dkim_selector">},
    {"override", Kind::kLowerText, column<"override_reason">},
    {"policy", Kind::kLowerText, column<"policy">},
    {"result", Kind::kLowerText, column<"result">},
    {"unaligned", Kind::kIsNull, passed_or_null},
    {"passed", Kind::kIsNull, failed_or_null},
    {"any", Kind::kAny},
};
constexpr FilterTerm kRowTerms[] = {
    {"source host ADDRESS", "who sent the messages; receiver_address host: the mail server of a TLS report"},
    {"source net PREFIX", "lies in 192.0.2.0/24 or 2001:db8::/32"},
    {"domain NAME", "whose policy the report is about: this name, or one that ends in it"},
    {"from NAME", "the domain of the From field is this, or ends in it"},
    {"envelope NAME", "the same for the reverse path"},
    {"reporter NAME", "who reports; * and ? are wild: reporter google*"},
    {"kind NAME", "aggregate, failure or tls"},
    {"disposition NAME", "what the receiver did: none, quarantine, reject or pass; of a failure: delivered, reject, …"},
    {"dkim pass, spf fail", "DMARC's view: passed and aligned"},
    {"unaligned", "neither is known to have passed DMARC"},
    {"passed", "not known to have failed both"},
    {"signer NAME, selector NAME", "the signature that counts"},
    {"override NAME", "forwarded, mailing_list, trusted_forwarder, local_policy, …"},
    {"policy NAME", "that the receiver found: none, quarantine, reject; TLS: sts, tlsa"},
    {"result NAME", "TLS: success or the kind of failure"},
    {"COLUMN OP VALUE", "any column of the mail_rows table: messages > 100, spf_result = softfail"},
};

// ---- messages

constexpr FilterSide kMessageSides[] = {{"source", "source", "", ""}, {"src", "source", "", ""}};
constexpr FilterWord kMessageWords[] = {
    {"host", Kind::kHost},
    {"addr", Kind::kHost},
    {"net", Kind::kNet},
    {"country", Kind::kCountry},
    {"ip4", Kind::kFamily, nullptr, 4},
    {"ip6", Kind::kFamily, nullptr, 6},
    {"domain", Kind::kDomain, column<"from_domain">},
    {"from", Kind::kText, column<"from_address">},
    {"envelope", Kind::kDomain, column<"envelope_domain">},
    {"replyto", Kind::kDomain, column<"reply_to_domain">},
    {"subject", Kind::kText, column<"subject">},
    {"verdict", Kind::kLowerText, column<"verdict">},
    {"dmarc", Kind::kLowerText, column<"dmarc">},
    {"spf", Kind::kLowerText, column<"spf">},
    {"dkim", Kind::kLowerText, column<"dkim">},
    {"policy", Kind::kLowerText, column<"dmarc_policy">},
    {"signer", Kind::kDomain, column<"dkim_domain">},
    {"impersonates", Kind::kText, column<"impersonates">},
    {"sign", Kind::kText, column<"signs">},
    {"malware", Kind::kText, column<"malware">},
    {"sensor", Kind::kText, column<"sensor">},
    {"any", Kind::kAny},
};
constexpr FilterTerm kMessageTerms[] = {
    {"source host ADDRESS", "the client that handed the message over"},
    {"source net PREFIX", "lies in 192.0.2.0/24 or 2001:db8::/32"},
    {"domain NAME", "the author's domain is this, or ends in it"},
    {"from ADDRESS", "the author's address; * and ? are wild"},
    {"envelope NAME, replyto NAME", "domain of the reverse path, of the address for answers"},
    {"subject TEXT", "* and ? are wild: subject '*invoice*'"},
    {"verdict NAME", "pass, fail-reject, fail-quarantine, fail-delivered, …"},
    {"dmarc, spf, dkim NAME", "results as RFC 8601 names them"},
    {"policy NAME", "none, quarantine or reject as it applies to the author"},
    {"impersonates NAME", "own or partner name that the author looks like"},
    {"sign TEXT", "one of the signs: sign '*macros*'"},
    {"COLUMN OP VALUE", "any column of the messages table: misleading_links > 0, attachments = 1"},
};

}  // namespace

const FilterLanguage& mail_row_filter() {
  static constexpr FilterLanguage kLanguage{&kMailRowTable, kRowSides, 1, kRowWords, kRowTerms};
  return kLanguage;
}

const FilterLanguage& message_filter() {
  static constexpr FilterLanguage kLanguage{&kMessageTable, kMessageSides, 1, kMessageWords, kMessageTerms};
  return kLanguage;
}

}  // namespace rw
