// Received fields, trusted Authentication-Results, and the signs of lists, machines and bounces.
#include "mail/check_fields.h"

#include <algorithm>

#include "base/ip.h"

namespace rw {
namespace {

constexpr unsigned kMaxHops = 100;  // RFC 5321 6.3: at least 100 make a loop

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool same_name(std::string_view a, std::string_view lower_b) { return lower(a) == lower_b; }

std::optional<Ip> address_in(std::string_view word) {
  while (!word.empty() && (word.front() == '[' || word.front() == '(')) word.remove_prefix(1);
  while (!word.empty() && (word.back() == ']' || word.back() == ')' || word.back() == ',' || word.back() == ';'))
    word.remove_suffix(1);
  if (word.size() > 5 && same_name(word.substr(0, 5), "ipv6:")) word.remove_prefix(5);
  if (word.find_first_not_of("0123456789abcdefABCDEF.:") != std::string_view::npos || word.size() < 3)
    return std::nullopt;
  auto ip = Ip::parse(word);
  return ip ? std::optional<Ip>(*ip) : std::nullopt;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) break;
    std::size_t end = text.find_first_of(" \t\r\n", begin);
    if (end == std::string_view::npos) end = text.size();
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
  return words;
}

std::string without_brackets(std::string_view word) {
  while (!word.empty() && std::string_view("([<").find(word.front()) != std::string_view::npos) word.remove_prefix(1);
  while (!word.empty() && std::string_view(")]>,;").find(word.back()) != std::string_view::npos) word.remove_suffix(1);
  return std::string(word);
}

bool is_loopback(Ip ip) { return ip.is_v4() ? ip.v4_bits() >> 24 == 127 : ip == Ip{0, 1}; }

// Addresses of inner networks: no domain's SPF can speak of them, so such a client tells nothing.
bool is_inner(Ip ip) {
  if (!ip.is_v4()) return ip.hi >> 57 == 0x7E || ip.hi >> 54 == 0x3FA;  // fc00::/7, fe80::/10
  const std::uint32_t bits = ip.v4_bits();
  return bits >> 24 == 10 || bits >> 20 == 0xAC1 || bits >> 16 == 0xC0A8 || bits >> 16 == 0xA9FE || bits >> 22 == 0x191;
}

std::string reverse_path(std::string_view body) {
  const std::string text = unfolded(body);
  const std::size_t open = text.find('<');
  if (open == std::string::npos) return text;
  return text.substr(open + 1, std::min(text.find('>', open), text.size()) - open - 1);
}

// Comments in round brackets, taken out (RFC 5322 3.2.2); quoted strings stay.
std::string without_comments(std::string_view text) {
  std::string out;
  unsigned depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      if (depth == 0) (out += c) += text[i + 1];
      ++i;
    } else if (c == '"' && depth == 0) {
      quoted = !quoted;
      out += c;
    } else if (c == '(' && !quoted) {
      ++depth;
    } else if (c == ')' && !quoted && depth > 0) {
      --depth;
    } else if (depth == 0) {
      out += c;
    }
  }
  return out;
}

// RFC 8601 2.2: "spf=pass smtp.mailfrom=a@example.org".
struct Reported {
  std::string method, result;
  std::vector<std::pair<std::string, std::string>> properties;
  std::string get(std::string_view name) const {
    for (const auto& [key, value] : properties)
      if (key == name) return value;
    return "";
  }
};

// Where the text's first result ends: at a semicolon outside of quotes. A reverse path may hold one inside of them.
std::size_t result_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted)
      ++i;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (text[i] == ';' && !quoted)
      return i;
  }
  return text.size();
}

std::vector<Reported> reported_results(std::string_view body) {
  std::vector<Reported> out;
  const std::string text = without_comments(unfolded(body));
  std::string_view rest(text);
  rest.remove_prefix(result_end(rest));
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t end = result_end(rest);
    Reported one;
    bool inside = false;  // of a quoted string that a space cut into words
    for (const std::string_view word : words_of(rest.substr(0, end))) {
      const std::size_t equals = word.find('=');
      const bool began_inside = inside;
      inside ^= std::count(word.begin(), word.end(), '"') % 2 != 0;
      if (began_inside || equals == std::string_view::npos) continue;
      std::string value(word.substr(equals + 1));
      std::erase(value, '"');
      if (one.method.empty()) {
        one.method = lower(word.substr(0, std::min(word.find('/'), equals)));
        one.result = lower(value);
      } else {
        one.properties.emplace_back(lower(word.substr(0, equals)), std::move(value));
      }
    }
    if (!one.method.empty()) out.push_back(std::move(one));
    rest.remove_prefix(end);
  }
  return out;
}

template <typename Enum>
std::optional<Enum> read_word(std::string_view word, std::initializer_list<Enum> values) {
  for (const Enum value : values)
    if (to_string(value) == word) return value;
  return std::nullopt;
}

std::string_view domain_part(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? address : address.substr(at + 1);
}

}  // namespace

ReceivedHop parse_received(std::string_view body) {
  ReceivedHop hop;
  const std::string text = unfolded(body);
  const std::size_t semicolon = text.rfind(';');
  if (std::int64_t us = 0; semicolon != std::string::npos && parse_mail_date(text.substr(semicolon + 1), us))
    hop.time = Timestamp{us};
  const std::vector<std::string_view> words = words_of(std::string_view(text).substr(0, semicolon));
  if (words.empty() || !same_name(words[0], "from")) return hop;
  hop.has_from = true;
  if (words.size() > 1) {
    hop.helo = without_brackets(words[1]);
    hop.client = address_in(words[1]);  // Exim: "from [192.0.2.1] (helo=…)"; replaced by what brackets say
    if (words[1].front() != '[') hop.client.reset();
  }
  bool bracketed = hop.client.has_value();
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (same_name(word, "by")) break;  // what follows is the receiver's own address
    // What the client said of itself may be an address literal, and is never the client's address.
    const std::size_t helo = lower(word).find("helo=");
    if (helo != std::string::npos) hop.helo = without_brackets(word.substr(helo + 5));
    if (same_name(word, "(helo") && i + 1 < words.size()) hop.helo = without_brackets(words[++i]);  // qmail
    if (helo != std::string::npos || same_name(word, "(helo")) continue;
    const bool brackets = word.find('[') != std::string_view::npos;
    if (const auto ip = address_in(brackets ? word.substr(word.find('[')) : word); ip && (brackets || !bracketed)) {
      hop.client = ip;
      bracketed = bracketed || brackets;
    }
  }
  const std::string folded = lower(text);
  if (const std::size_t at = folded.find("(envelope-from <"); at != std::string::npos)
    hop.mail_from = reverse_path(std::string_view(text).substr(at + 15));
  return hop;
}

Envelope envelope_from_fields(const Message& message, const CheckOptions& options) {
  Envelope envelope;
  if (const HeaderField* path = message.find("return-path")) envelope.mail_from = reverse_path(path->body);
  unsigned skip = options.skip_hops, hops = 0;
  bool first = true;
  for (const HeaderField& field : message.fields) {
    if (field.name.size() == 12 && same_name(field.name, "delivered-to") && envelope.recipients.empty())
      envelope.recipients.push_back(unfolded(field.body));
    if (!same_name(field.name, "received")) continue;
    if (++hops > kMaxHops) break;
    ReceivedHop hop = parse_received(field.body);
    if (first && hop.time) envelope.received = hop.time;
    first = false;
    if (envelope.client) continue;
    if (skip > 0) {
      --skip;
      continue;
    }
    if (!hop.has_from) continue;
    if (!hop.client) break;  // who handed it over is not told: what stands below may be anybody's words
    const bool own =
        is_loopback(*hop.client) || std::any_of(options.trusted_hops.begin(), options.trusted_hops.end(),
                                                [&](const Prefix& hops_of) { return hops_of.contains(*hop.client); });
    if (own) continue;
    if (is_inner(*hop.client)) break;
    envelope.client = hop.client;
    envelope.helo = std::move(hop.helo);
    if (!envelope.mail_from) envelope.mail_from = std::move(hop.mail_from);
    skip = kMaxHops;
  }
  return envelope;
}

void use_trusted_results(const Message& message, const CheckOptions& options, MessageCheck& check) {
  for (const HeaderField& field : message.fields) {
    if (!same_name(field.name, "authentication-results")) continue;
    const std::string id = authserv_id_of(field.body);
    if (std::none_of(options.trusted_authserv.begin(), options.trusted_authserv.end(),
                     [&](const std::string& trusted) { return lower(trusted) == id; }))
      continue;
    check.trusted_results_from = id;
    for (const Reported& one : reported_results(field.body)) {
      if (one.method == "spf" && check.client_unknown) {
        using enum SpfResult;
        if (const auto result =
                read_word(one.result, {kNone, kNeutral, kPass, kFail, kSoftfail, kTemperror, kPermerror})) {
          check.spf.result = *result;
          check.spf.identity = one.get("smtp.mailfrom").empty() ? "helo" : "mailfrom";
          check.spf.domain =
              normalised_domain(domain_part(one.get(check.spf.identity == "helo" ? "smtp.helo" : "smtp.mailfrom")));
        }
      }
      if (one.method == "dkim" && one.result == "pass") {
        DkimVerdict signature;
        signature.result = DkimResult::kPass;
        signature.domain = normalised_domain(one.get("header.d").empty() ? std::string(domain_part(one.get("header.i")))
                                                                         : one.get("header.d"));
        signature.selector = one.get("header.s");
        if (!signature.domain.empty()) check.dkim.push_back(std::move(signature));
      }
    }
    return;  // the topmost alone: those below may have come with the message
  }
}

std::vector<std::string_view> traffic_signs(const Message& message, const MessageCheck& check) {
  std::vector<std::string_view> signs;
  const auto value = [&](std::string_view name) {
    const HeaderField* field = message.find(name);
    return field == nullptr ? std::string() : lower(unfolded(field->body));
  };
  if (message.find("list-id") != nullptr || message.find("list-post") != nullptr) signs.push_back("mailing-list");
  const std::string precedence = value("precedence");
  if (precedence == "bulk" || precedence == "list" || precedence == "junk" ||
      message.find("list-unsubscribe") != nullptr || message.find("feedback-id") != nullptr)
    signs.push_back("bulk");
  const std::string automatic = value("auto-submitted");
  if ((!automatic.empty() && automatic != "no") || message.find("x-auto-response-suppress") != nullptr ||
      message.find("x-autoreply") != nullptr)
    signs.push_back("automatic");
  const bool report = value("content-type").starts_with("multipart/report");
  if (report || (check.envelope.mail_from && check.envelope.mail_from->empty())) signs.push_back("bounce");
  // A forwarder that rewrites the reverse path (SRS), keeps a chain, or says so.
  const std::string path = lower(check.envelope.mail_from.value_or(""));
  if (path.starts_with("srs0") || path.starts_with("srs1") || check.arc.result == ArcResult::kPass ||
      message.find("resent-from") != nullptr || message.find("x-forwarded-to") != nullptr ||
      message.find("x-forwarded-for") != nullptr)
    signs.push_back("forwarded");
  if (check.calendar) signs.push_back("calendar");
  return signs;
}

std::string authserv_id_of(std::string_view field_body) {
  const std::string text = without_comments(unfolded(field_body));
  const std::vector<std::string_view> words = words_of(std::string_view(text).substr(0, text.find(';')));
  if (words.empty()) return "";
  std::string id = lower(words.front());
  std::erase(id, '"');
  return id;
}

std::vector<DnsQuestion> questions_ahead(std::string_view bytes, const CheckOptions& options) {
  constexpr std::size_t kMaxQuestions = 16;  // of one message: more is not ordinary mail
  const Message message = parse_message(bytes);
  std::vector<DnsQuestion> questions;
  const auto ask = [&](std::string name, DnsType type) {
    DnsQuestion question{std::move(name), type};
    if (questions.size() < kMaxQuestions && std::find(questions.begin(), questions.end(), question) == questions.end())
      questions.push_back(std::move(question));
  };
  const Author author = parse_author(message);
  if (!author.domain.empty()) ask("_dmarc." + author.domain, DnsType::kTxt);
  const Envelope envelope = envelope_from_fields(message, options);
  if (envelope.client && envelope.mail_from)
    if (const std::string domain =
            normalised_domain(envelope.mail_from->empty() ? envelope.helo : domain_part(*envelope.mail_from));
        !domain.empty())
      ask(domain, DnsType::kTxt);
  for (const HeaderField& field : message.fields) {
    if (!same_name(field.name, "dkim-signature")) continue;
    const ParameterisedValue tags = parse_parameters("x;" + unfolded(field.body));
    const std::string domain = normalised_domain(tags.get("d"));
    if (!domain.empty() && !tags.get("s").empty())
      ask(std::string(tags.get("s")) + "._domainkey." + domain, DnsType::kTxt);
  }
  return questions;
}

}  // namespace rw
