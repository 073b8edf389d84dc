// Recursive descent over words; every error points at the word that is wrong.
#include "store/filter.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/nearest.h"
#include "base/quantity.h"
#include "model/code_points.h"
#include "store/filter_lexer.h"
#include "store/filter_values.h"
#include "store/filter_words.h"

namespace rw {
namespace {

using namespace filter;  // NOLINT(google-build-using-namespace): its own words

// ---- grammar
//   filter   = term { ("and" | "or") term }
//   term     = "not" term | "(" filter ")" | primitive
//   primitive = [side] word [compare] value | word | address | …

using Kind = FilterWord::Kind;

bool takes_side(Kind kind) {
  return kind == Kind::kHost || kind == Kind::kNet || kind == Kind::kPort || kind == Kind::kAsn ||
         kind == Kind::kCountry;
}

// The sides that a primitive is about: any of them, or all.
struct Sides {
  std::vector<const FilterSide*> list;
  bool all = false;
};

class Parser {
 public:
  Parser(std::vector<Token> tokens, const FilterLanguage& language, const FilterContext& context)
      : tokens_(std::move(tokens)), language_(language), context_(context) {}

  ExprPtr run() {
    ExprPtr out = chain(0);
    if (!error_ && peek().kind != Token::Kind::kEnd) unexpected_after_term();
    return error_ ? nullptr : out;
  }
  const std::optional<FilterError>& error() const { return error_; }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  const Token& take() {
    const Token& token = peek();
    if (next_ + 1 < tokens_.size()) ++next_;
    return token;
  }
  static bool is_word(const Token& token, std::string_view word) {
    return token.kind == Token::Kind::kWord && same(token.text, word);
  }
  static bool is_and(const Token& token) { return is_word(token, "and") || is_word(token, "&&"); }
  static bool is_or(const Token& token) { return is_word(token, "or") || is_word(token, "||"); }

  ExprPtr fail(const Token& token, std::string message, std::string tip = {}) {
    if (!error_) error_ = FilterError{token.at, std::move(message), std::move(tip)};
    return nullptr;
  }
  static std::string shown(const Token& token) {
    return token.kind == Token::Kind::kEnd ? "the end of the filter" : quoted(token.text);
  }

  void unexpected_after_term() {
    const Token& token = peek();
    if (token.kind == Token::Kind::kClose) {
      fail(token, "')' without '('");
      return;
    }
    std::string tip =
        find_word(token.text) != nullptr || find_side(token) != nullptr ? "put 'and' or 'or' before it" : "";
    if (tip.empty()) tip = near_tip(token.text, std::vector<std::string_view>{"and", "or"});
    fail(token, "expected 'and', 'or' or the end of the filter, not " + shown(token), std::move(tip));
  }

  // term { and|or term }, from left to right with equal strength. A run of one operator becomes one flat node.
  ExprPtr chain(unsigned depth) {
    ExprPtr left = term(depth);
    std::optional<Expr::Kind> last;
    std::vector<ExprPtr> run;
    while (left && !error_ && (is_and(peek()) || is_or(peek()))) {
      const Token& token = take();
      const Expr::Kind kind = is_and(token) ? Expr::Kind::kAnd : Expr::Kind::kOr;
      if (last && *last != kind) {
        if (++changes_ > kMaxFilterDepth)
          return fail(token, "'and' and 'or' alternate too often; use parentheses and lists");
        left = joined(*last, std::move(run));
        run.clear();
      }
      if (run.empty()) run.push_back(left);
      last = kind;
      ExprPtr right = term(depth);
      if (!right) return nullptr;
      run.push_back(std::move(right));
    }
    if (error_) return nullptr;
    return last ? joined(*last, std::move(run)) : left;
  }

  static ExprPtr joined(Expr::Kind kind, std::vector<ExprPtr> args) {
    return kind == Expr::Kind::kAnd ? expr::all_of(std::move(args)) : expr::any_of(std::move(args));
  }

  ExprPtr term(unsigned depth) {
    const Token& token = peek();
    if (depth > kMaxFilterDepth)
      return fail(token,
                  "parentheses and 'not' are nested too deeply (at most " + std::to_string(kMaxFilterDepth) + ")");
    if (token.kind == Token::Kind::kNot || is_word(token, "not")) {
      take();
      ExprPtr inner = term(depth + 1);
      return inner ? expr::not_(std::move(inner)) : nullptr;
    }
    if (token.kind == Token::Kind::kOpen) {
      take();
      ExprPtr inner = chain(depth + 1);
      if (!inner) return nullptr;
      if (peek().kind != Token::Kind::kClose) {
        if (peek().kind != Token::Kind::kEnd) {
          unexpected_after_term();
          return nullptr;
        }
        return fail(token, "this '(' is never closed");
      }
      take();
      return inner;
    }
    if (++terms_ > kMaxFilterTerms)
      return fail(token, "more than " + std::to_string(kMaxFilterTerms) + " conditions; use lists: host in [A B …]");
    return primitive();
  }

  const FilterWord* find_word(std::string_view text) const {
    for (const FilterWord& word : language_.words)
      if (same(word.word, text)) return &word;
    return nullptr;
  }
  const FilterSide* find_side(const Token& token) const {
    if (token.kind != Token::Kind::kWord) return nullptr;
    for (const FilterSide& side : language_.sides)
      if (same(side.word, token.text)) return &side;
    return nullptr;
  }

  std::string near_tip(std::string_view word, const std::vector<std::string_view>& candidates) const {
    const std::string_view near = nearest(word, candidates);
    return near.empty() ? std::string() : "a similar word exists: " + quoted(near);
  }

  // All words that can begin a primitive; after a side, only those that take one.
  std::vector<std::string_view> candidates(bool after_side) const {
    std::vector<std::string_view> out;
    for (const FilterWord& word : language_.words)
      if (!after_side || takes_side(word.kind)) out.push_back(word.word);
    if (after_side) return out;
    for (const FilterSide& side : language_.sides) out.push_back(side.word);
    for (const Column& column : language_.table->columns)
      if (!column.name.ends_with("_hi") && !column.name.ends_with("_lo")) out.push_back(column.name);
    out.push_back("not");
    return out;
  }

  Sides either() const {
    Sides out;
    for (std::size_t i = 0; i < language_.either; ++i) out.list.push_back(&language_.sides[i]);
    return out;
  }

  // A side, "src or dst", or "src and dst". Nothing (and no tokens taken) when the next word is no side.
  std::optional<Sides> sides() {
    const FilterSide* first = find_side(peek());
    if (first == nullptr) return std::nullopt;
    take();
    Sides out;
    out.list.push_back(first);
    const FilterSide* second = find_side(peek(1));
    if (second == nullptr || !(is_or(peek()) || is_and(peek()))) return out;
    // "src or dst port 80", but not "src 10.0.0.1 or dst port 80": here the second side follows the first at once.
    out.all = is_and(peek());
    take();
    take();
    out.list.push_back(second);
    return out;
  }

  ExprPtr primitive() {
    const Token& token = peek();
    if (token.kind != Token::Kind::kWord) {
      if (token.kind == Token::Kind::kEnd)
        return fail(token, next_ == 0 ? "the filter is empty" : "a condition is missing at the end of the filter");
      return fail(token, "expected a condition, not " + shown(token));
    }
    if (const auto named = sides()) return after_sides(*named);
    if (const FilterWord* word = find_word(token.text)) {
      take();
      return with_word(*word, either());
    }
    if (const Column* column = find_table_column(token.text)) {
      take();
      return with_column(*column);
    }
    const bool address = looks_like_address(token.text);
    const bool digit = !token.text.empty() && token.text[0] >= '0' && token.text[0] <= '9';
    if (last_word_ != nullptr && (address ? takes_address(last_word_->kind) : digit && takes_number(last_word_->kind)))
      return repeated(address);
    if (address) return address_value(either());
    if (is_and(token) || is_or(token)) return fail(token, "a condition is missing before " + shown(token));
    return fail(token, "unknown word " + quoted(token.text), near_tip(token.text, candidates(false)));
  }

  static bool takes_address(Kind kind) { return kind == Kind::kHost || kind == Kind::kNet; }
  static bool takes_number(Kind kind) {
    return kind == Kind::kPort || kind == Kind::kAsn || kind == Kind::kProtocol || kind == Kind::kDnsType ||
           kind == Kind::kDnsRcode;
  }

  // A bare value: everything before the last value is meant again, also a protocol (tcp port 80 or 443).
  ExprPtr repeated(bool address) {
    const ExprPtr prefix = last_prefix_;
    ExprPtr e = address ? address_value(Sides(last_sides_)) : with_word(*last_word_, Sides(last_sides_));
    if (!e || !prefix) return e;
    last_prefix_ = prefix;
    return expr::all_of({prefix, std::move(e)});
  }

  ExprPtr after_sides(const Sides& named) {
    const Token& token = peek();
    const std::string side = "'" + std::string(named.list.back()->word) + "'";
    if (token.kind == Token::Kind::kWord) {
      if (const FilterWord* word = find_word(token.text)) {
        if (takes_side(word->kind) || word->kind == Kind::kFamily) {
          take();
          return with_word(*word, named);
        }
        return fail(token, quoted(token.text) + " cannot follow " + side + "; host, net, port or an address can");
      }
      if (looks_like_address(token.text)) return address_value(named);
      return fail(token, "unknown word " + quoted(token.text) + " after " + side,
                  near_tip(token.text, candidates(true)));
    }
    if (token.kind == Token::Kind::kEnd) return fail(token, "host, net, port or an address is missing after " + side);
    if (is_list_start()) return address_value(named);
    return fail(token, "expected host, net, port or an address after " + side + ", not " + shown(token));
  }

  ExprPtr with_word(const FilterWord& word, const Sides& sides_of) {
    last_word_ = &word;
    last_sides_ = sides_of;
    last_prefix_ = nullptr;
    switch (word.kind) {
      case Kind::kHost:
      case Kind::kNet: return net_value(word.kind == Kind::kNet, sides_of);
      case Kind::kPort: return port_value(sides_of);
      case Kind::kAsn: return asn_value(sides_of);
      case Kind::kCountry: return country_value(sides_of);
      case Kind::kProtocol:
        return code_value(word, "a protocol such as tcp, or a number", protocol_names(), protocol_number);
      case Kind::kDnsType:
        return code_value(word, "a DNS type such as AAAA, or a number", dns_type_names(), dns_type_number);
      case Kind::kDnsRcode:
        return code_value(word, "a response code such as NXDOMAIN, or a number", dns_rcode_names(), dns_rcode_number);
      case Kind::kDirection: return code_value(word, "ingress or egress", direction_names(), direction_number);
      case Kind::kIsProtocol: return and_more(is_protocol(word));
      case Kind::kFamily: return family(word, sides_of);
      case Kind::kNumber: return number_value(word.expression());
      case Kind::kDuration: return duration_value(word.expression());
      case Kind::kTime: return time_value(word.expression());
      case Kind::kText: return text_value(word.expression(), false);
      case Kind::kLowerText: return text_value(word.expression(), true);
      case Kind::kDomain: return domain_value(word.expression());
      case Kind::kFlags: return flags_value(word.expression());
      case Kind::kIcmpType: return icmp_type();
      case Kind::kIsNull: return expr::is_null(word.expression());
      case Kind::kAny: return expr::literal(true);
    }
    return nullptr;
  }

  // ---- values

  bool is_list_start() const {
    return peek().kind == Token::Kind::kListOpen || (is_word(peek(), "in") && peek(1).kind == Token::Kind::kListOpen);
  }

  // A comparison, by sign or by nfdump's words; `=` where none is written.
  Expr::Kind comparison(bool& given) {
    struct Named {
      std::string_view word;
      Expr::Kind kind;
    };
    static constexpr Named kNamed[] = {{"eq", Expr::Kind::kEq}, {"ne", Expr::Kind::kNe}, {"lt", Expr::Kind::kLt},
                                       {"le", Expr::Kind::kLe}, {"gt", Expr::Kind::kGt}, {"ge", Expr::Kind::kGe}};
    given = true;
    if (peek().kind == Token::Kind::kCompare) return take().compare;
    for (const Named& named : kNamed) {
      if (!is_word(peek(), named.word)) continue;
      take();
      return named.kind;
    }
    given = false;
    return Expr::Kind::kEq;
  }

  // Comparison that can only be = or !=; true for !=.
  bool negated() {
    const Token& token = peek();
    bool given = false;
    const Expr::Kind kind = comparison(given);
    if (kind != Expr::Kind::kEq && kind != Expr::Kind::kNe)
      fail(token, "only = and != compare here, not " + shown(token));
    return kind == Expr::Kind::kNe;
  }

  // One value, or `in [a b, c]` / `[a b]` / `a,b`: calls `one` for each token. False after an error.
  template <typename One>
  bool values(std::string_view wanted, const One& one) {
    if (!is_list_start()) {
      do {
        if (!value_token(peek(), wanted) || !one(peek())) return false;
        take();
      } while (peek().kind == Token::Kind::kComma && (take(), true));
      return true;
    }
    if (is_word(peek(), "in")) take();
    const Token& open = take();
    bool any = false;
    while (peek().kind != Token::Kind::kListClose) {
      if (peek().kind == Token::Kind::kComma) {
        take();
        continue;
      }
      if (peek().kind == Token::Kind::kEnd) return fail(open, "this '[' is never closed") != nullptr;
      if (!value_token(peek(), wanted) || !one(peek())) return false;
      take();
      any = true;
    }
    if (!any) return fail(open, "the list is empty") != nullptr;
    take();
    return true;
  }

  bool value_token(const Token& token, std::string_view wanted) {
    if (token.kind == Token::Kind::kWord || token.kind == Token::Kind::kQuoted) return true;
    fail(token, "expected " + std::string(wanted) + ", not " + shown(token));
    return false;
  }

  static ExprPtr negate_if(bool negate, ExprPtr e) { return negate && e ? expr::not_(std::move(e)) : e; }

  // `make(side)` for each side, joined by or (or and).
  template <typename Make>
  ExprPtr for_sides(const Sides& sides_of, const Make& make) {
    std::vector<ExprPtr> out;
    for (const FilterSide* side : sides_of.list) {
      ExprPtr e = make(*side);
      if (!e) return nullptr;
      out.push_back(std::move(e));
    }
    if (out.size() == 1) return out.front();
    return sides_of.all ? expr::all_of(std::move(out)) : expr::any_of(std::move(out));
  }

  ExprPtr in_prefixes(const Sides& sides_of, const std::vector<Prefix>& prefixes) {
    return for_sides(sides_of, [&](const FilterSide& side) { return expr::in_prefixes(side.address, prefixes); });
  }

  ExprPtr address_value(const Sides& sides_of) {
    static constexpr FilterWord kAddress{"host", Kind::kHost};
    last_word_ = &kAddress;
    last_sides_ = sides_of;
    last_prefix_ = nullptr;
    std::vector<Prefix> prefixes;
    if (!values("an address or prefix", [&](const Token& token) { return read_prefix(token, prefixes, true); }))
      return nullptr;
    return in_prefixes(sides_of, prefixes);
  }

  bool read_prefix(const Token& token, std::vector<Prefix>& out, bool may_be_net) {
    auto prefix = Prefix::parse(token.text);
    if (!prefix) {
      fail(token, printable(prefix.error().message));
      return false;
    }
    if (!may_be_net && token.text.find('/') != std::string_view::npos) {
      fail(token, quoted(token.text) + " is a network, not a host", "write 'net' in place of 'host'");
      return false;
    }
    out.push_back(*prefix);
    return true;
  }

  ExprPtr net_value(bool net, const Sides& sides_of) {
    const bool negate = negated();
    if (error_) return nullptr;
    std::vector<Prefix> prefixes;
    const auto one = [&](const Token& token) {
      if (net && peek(1).kind == Token::Kind::kWord && same(peek(1).text, "mask")) return masked_net(prefixes);
      return read_prefix(token, prefixes, net);
    };
    if (!values(net ? "a prefix such as 192.0.2.0/24" : "an address", one)) return nullptr;
    return negate_if(negate, in_prefixes(sides_of, prefixes));
  }

  // "192.0.2.0 mask 255.255.255.0"; the last token is left for the caller to take.
  bool masked_net(std::vector<Prefix>& out) {
    const Token base = take();
    take();
    const auto length = mask_length(peek().text);
    if (!length) {
      fail(peek(), quoted(peek().text) + " is not a network mask such as 255.255.255.0");
      return false;
    }
    auto prefix = Prefix::parse(std::string(base.text) + "/" + std::to_string(*length));
    if (!prefix) {
      fail(base, prefix.error().message);
      return false;
    }
    out.push_back(*prefix);
    return true;
  }

  bool read_port(const Token& token, std::vector<NumberRange>& out) {
    if (const auto ports = port_range(token.text)) {
      if (ports->first > ports->last)
        return fail(token, "the range " + quoted(token.text) + " runs backwards") != nullptr;
      out.push_back(*ports);
      return true;
    }
    if (context_.service_port) {
      if (const auto port = context_.service_port(lower(token.text))) {
        out.push_back({*port, *port});
        return true;
      }
    }
    fail(token, quoted(token.text) + " is not a port: give 0 to 65535, a range such as 6881-6889, or a known service");
    return false;
  }

  ExprPtr port_value(const Sides& sides_of) {
    const Token& word = tokens_[next_ > 0 ? next_ - 1 : 0];
    for (const FilterSide* side : sides_of.list)
      if (side->port.empty()) return fail(word, "'" + std::string(side->word) + "' has no port here");
    bool given = false;
    const Expr::Kind kind = comparison(given);
    std::vector<NumberRange> ranges;
    const Token& value = peek();
    if (!values("a port", [&](const Token& token) { return read_port(token, ranges); })) return nullptr;
    if (kind != Expr::Kind::kEq && kind != Expr::Kind::kNe) {
      if (ranges.size() != 1 || ranges[0].first != ranges[0].last)
        return fail(value, "a single port is needed after '<' or '>'");
      return for_sides(sides_of, [&](const FilterSide& side) {
        return expr::binary(kind, expr::column(side.port), expr::number(ranges[0].first));
      });
    }
    return negate_if(kind == Expr::Kind::kNe, for_sides(sides_of, [&](const FilterSide& side) {
                       return in_ranges(expr::column(side.port), ranges);
                     }));
  }

  ExprPtr asn_value(const Sides& sides_of) {
    const bool negate = negated();
    if (error_) return nullptr;
    std::vector<Value> numbers;
    const auto one = [&](const Token& token) {
      std::string_view digits = token.text;
      if (digits.size() > 2 && same(digits.substr(0, 2), "as")) digits.remove_prefix(2);
      std::uint32_t asn = 0;
      const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), asn);
      if (ec != std::errc{} || end != digits.data() + digits.size())
        return fail(token, quoted(token.text) + " is not an AS number") != nullptr;
      numbers.emplace_back(std::int64_t{asn});
      return true;
    };
    if (!values("an AS number", one)) return nullptr;
    return negate_if(
        negate, for_sides(sides_of, [&](const FilterSide& side) { return expr::in(expr::column(side.asn), numbers); }));
  }

  ExprPtr country_value(const Sides& sides_of) {
    const Token& word = tokens_[next_ > 0 ? next_ - 1 : 0];
    if (!context_.countries)
      return fail(word, "countries are not known in this lake",
                  "they come from RIR delegated statistics or an MMDB file, which must be ingested first");
    const bool negate = negated();
    if (error_) return nullptr;
    std::vector<Value> codes;
    const auto one = [&](const Token& token) {
      std::string code(token.text);
      for (char& c : code) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      if (code.size() != 2) return fail(token, quoted(token.text) + " is not a country code such as KP") != nullptr;
      codes.emplace_back(std::move(code));
      return true;
    };
    if (!values("a country code", one)) return nullptr;
    return negate_if(negate, for_sides(sides_of, [&](const FilterSide& side) {
                       return expr::in(expr::label(context_.countries, expr::column(side.address)), codes);
                     }));
  }

  template <typename Read>
  ExprPtr code_value(const FilterWord& word, std::string_view wanted, const std::vector<std::string_view>& names,
                     const Read& read) {
    const bool negate = negated();
    if (error_) return nullptr;
    std::vector<Value> codes;
    const auto one = [&](const Token& token) {
      const auto code = read(token.text);
      if (!code)
        return fail(token, quoted(token.text) + " is not " + std::string(wanted), near_tip(token.text, names)) !=
               nullptr;
      codes.emplace_back(std::int64_t{*code});
      return true;
    };
    if (!values(wanted, one)) return nullptr;
    ExprPtr e = codes.size() == 1 ? expr::eq(word.expression(), expr::literal(codes.front()))
                                  : expr::in(word.expression(), std::move(codes));
    return negate_if(negate, std::move(e));
  }

  static ExprPtr is_protocol(const FilterWord& word) {
    ExprPtr value = word.expression();
    // The dns table names its transports.
    if (value->name == "transport") return expr::eq(std::move(value), expr::text(word.number == 6 ? "tcp" : "udp"));
    return expr::eq(std::move(value), expr::number(word.number));
  }

  // After a bare protocol or family, a side or a word that takes one goes on without `and`: tcp dst port 80.
  ExprPtr and_more(ExprPtr first) {
    const FilterWord* word = peek().kind == Token::Kind::kWord ? find_word(peek().text) : nullptr;
    if (find_side(peek()) == nullptr && (word == nullptr || !takes_side(word->kind))) return first;
    ExprPtr second = primitive();
    last_prefix_ = first;
    return second ? expr::all_of({std::move(first), std::move(second)}) : nullptr;
  }

  ExprPtr family(const FilterWord& word, const Sides& sides_of) {
    if (is_list_start() || (peek().kind == Token::Kind::kWord && looks_like_address(peek().text)))
      return address_value(sides_of);
    static const Prefix kIpv4{Ip::v4(0), 96};
    ExprPtr v4 = in_prefixes({{sides_of.list.front()}, false}, {kIpv4});
    return and_more(word.number == 4 ? std::move(v4) : expr::not_(std::move(v4)));
  }

  ExprPtr number_value(const ExprPtr& value) {
    bool given = false;
    const Expr::Kind kind = comparison(given);
    std::vector<NumberRange> ranges;  // inclusive
    const auto one = [&](const Token& token) {
      const auto numbers = number_range(token.text);
      if (!numbers) return fail(token, quoted(token.text) + " is not a number such as 1500, 1.5M or 2Gi") != nullptr;
      ranges.push_back(*numbers);
      return true;
    };
    const Token& token = peek();
    if (!values("a number", one)) return nullptr;
    if (kind == Expr::Kind::kEq || kind == Expr::Kind::kNe)
      return negate_if(kind == Expr::Kind::kNe, in_ranges(value, ranges));
    if (ranges.size() != 1 || ranges[0].first != ranges[0].last)
      return fail(token, "a single number is needed after '<' or '>'");
    return expr::binary(kind, value, expr::number(ranges[0].first));
  }

  ExprPtr duration_value(const ExprPtr& value) {
    bool given = false;
    const Expr::Kind kind = comparison(given);
    const Token& token = peek();
    if (!value_token(token, "a duration")) return nullptr;
    const auto duration = parse_duration(token.text);
    if (!duration) return fail(token, quoted(token.text) + " is not a duration such as 500ms, 10s, 5min or 2h");
    take();
    return expr::binary(kind, value, expr::number(duration->us));
  }

  ExprPtr time_value(const ExprPtr& value) {
    bool given = false;
    const Expr::Kind kind = comparison(given);
    const Token& token = peek();
    if (!value_token(token, "a time")) return nullptr;
    const auto time = Timestamp::parse(token.text);
    if (!time) return fail(token, printable(time.error().message));
    take();
    return expr::binary(kind, value, expr::literal(*time));
  }

  ExprPtr text_value(const ExprPtr& value, bool lower_case) {
    const bool negate = negated();
    if (error_) return nullptr;
    std::vector<ExprPtr> out;
    const auto one = [&](const Token& token) {
      const std::string text = lower_case ? lower(without_final_dot(token.text)) : std::string(token.text);
      // What is stored in lower case can be compared as it is; a sensor's name or a server name may be in any case.
      out.push_back(lower_case && !has_wildcard(text) ? expr::eq(value, expr::text(text)) : expr::matches(value, text));
      return true;
    };
    if (!values("a name", one)) return nullptr;
    return negate_if(negate, out.size() == 1 ? out.front() : expr::any_of(std::move(out)));
  }

  ExprPtr domain_value(const ExprPtr& value) {
    const bool negate = negated();
    if (error_) return nullptr;
    std::vector<ExprPtr> out;
    const auto one = [&](const Token& token) {
      std::string name = lower(without_final_dot(token.text));
      if (name.starts_with("*.")) name.erase(0, 2);
      if (name.empty() || has_wildcard(name))
        return fail(token, quoted(token.text) + " is not a domain such as example.org", "'name' takes * and ?") !=
               nullptr;
      out.push_back(expr::matches(value, name));
      out.push_back(expr::matches(value, "*." + name));
      return true;
    };
    if (!values("a domain", one)) return nullptr;
    return negate_if(negate, expr::any_of(std::move(out)));
  }

  ExprPtr flags_value(const ExprPtr& value) {
    bool given = false;
    const Token& sign = peek();
    const Expr::Kind kind = comparison(given);
    if (kind != Expr::Kind::kEq && kind != Expr::Kind::kNe)
      return fail(sign, "only = and != compare here, not " + shown(sign));
    const Token& token = peek();
    if (!value_token(token, "TCP flags")) return nullptr;
    const auto flags = tcp_flags_number(token.text);
    if (!flags) return fail(token, quoted(token.text) + " are not TCP flags: give letters out of C E U A P R S F");
    take();
    if (given) return expr::binary(kind, value, expr::number(*flags));
    // The algebra has no bit operations: list the values that have these bits.
    std::vector<Value> values_with;
    for (unsigned v = 0; v < 256; ++v)
      if ((v & *flags) == *flags) values_with.emplace_back(std::int64_t{v});
    return expr::in(value, std::move(values_with));
  }

  ExprPtr icmp_type() {
    bool given = false;
    comparison(given);
    const Token& token = peek();
    if (!value_token(token, "an ICMP type")) return nullptr;
    std::uint8_t type = 0;
    const auto [end, ec] = std::from_chars(token.text.data(), token.text.data() + token.text.size(), type);
    if (ec != std::errc{} || end != token.text.data() + token.text.size())
      return fail(token, quoted(token.text) + " is not an ICMP type from 0 to 255");
    take();
    return expr::all_of({expr::in(expr::column("proto"), {std::int64_t{1}, std::int64_t{58}}),
                         in_ranges(expr::column("dst_port"), {{type * 256, type * 256 + 255}})});
  }

  // ---- any column of the table

  const Column* find_table_column(std::string_view name) const {
    for (const Column& column : language_.table->columns)
      if (same(column.name, name) && !column.name.ends_with("_hi") && !column.name.ends_with("_lo")) return &column;
    return nullptr;
  }

  ExprPtr with_column(const Column& column) {
    last_word_ = nullptr;
    const ExprPtr value = expr::column(column.name);
    switch (column.type) {
      case ColumnType::kTime: return time_value(value);
      case ColumnType::kText:
      case ColumnType::kSymbol: return text_value(value, false);
      default: return number_value(value);
    }
  }

  std::vector<Token> tokens_;
  const FilterLanguage& language_;
  const FilterContext& context_;
  std::size_t next_ = 0;
  unsigned terms_ = 0;
  unsigned changes_ = 0;  // between `and` and `or`: each makes the expression one level deeper
  std::optional<FilterError> error_;
  const FilterWord* last_word_ = nullptr;  // what a bare value after and/or belongs to
  Sides last_sides_;
  ExprPtr last_prefix_;  // the protocol before it
};

}  // namespace

Result<ExprPtr> parse_filter(std::string_view text, const FilterLanguage& language, const FilterContext& context) {
  if (text.size() > kMaxFilterBytes)
    return Failure(ErrorCode::kUsage, "the filter is longer than " + std::to_string(kMaxFilterBytes) + " bytes");
  std::vector<Token> tokens;
  if (const auto error = read_tokens(text, tokens)) return Failure(ErrorCode::kUsage, describe(text, *error));
  if (tokens.size() == 1) return ExprPtr();
  Parser parser(std::move(tokens), language, context);
  ExprPtr out = parser.run();
  if (parser.error()) return Failure(ErrorCode::kUsage, describe(text, *parser.error()));
  return out;
}

}  // namespace rw
