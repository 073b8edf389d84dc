// Reads and writes [mail] of rangewatch.toml.
#include "model/mail_settings.h"

#include <algorithm>

#include "model/toml_file.h"

namespace rw {
namespace {

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

bool is_domain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t@/:<>") == std::string_view::npos && text.front() != '.' &&
         text.back() != '.';
}

std::vector<std::string> domains(TomlTable& table, std::string_view key) {
  std::vector<std::string> out = table.texts(key);
  for (std::string& domain : out) {
    if (!is_domain(domain)) table.problem(key, "'" + domain + "' is not a domain such as \"example.org\"");
    std::transform(domain.begin(), domain.end(), domain.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  }
  return out;
}

MailPerson person(TomlTable& table, const std::string& text) {
  MailPerson out;
  const std::size_t open = text.find('<');
  out.name = trimmed(std::string_view(text).substr(0, open));
  if (out.name.empty()) table.problem("people", "'" + text + "' has no name before its addresses");
  if (open == std::string::npos) return out;
  const std::size_t close = text.find('>', open);
  if (close == std::string::npos || close + 1 != text.size())
    table.problem("people", "'" + text + "' is not \"Name\" or \"Name <address, address>\"");
  std::string_view rest =
      std::string_view(text).substr(open + 1, close == std::string::npos ? close : close - open - 1);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string address = trimmed(rest.substr(0, comma));
    if (const std::size_t at = address.find('@'); at == std::string::npos || at == 0 || at + 1 == address.size())
      table.problem("people", "'" + address + "' is not an address such as \"jane@example.org\"");
    else
      out.addresses.push_back(address);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

template <typename List, typename Text>
std::string list_line(std::string_view doc, std::string_view key, const List& list, const Text& text) {
  std::string out = "# " + std::string(doc) + "\n" + std::string(key) + " = [";
  bool first = true;
  for (const auto& item : list) {
    out += (first ? "" : ", ") + quoted(text(item));
    first = false;
  }
  return out + "]\n";
}

std::string flag_line(std::string_view doc, std::string_view key, bool on) {
  return "# " + std::string(doc) + "\n" + std::string(key) + (on ? " = true\n" : " = false\n");
}

std::string person_text(const MailPerson& person) {
  std::string out = person.name;
  for (std::size_t i = 0; i < person.addresses.size(); ++i) out += (i == 0 ? " <" : ", ") + person.addresses[i];
  return out + (person.addresses.empty() ? "" : ">");
}

}  // namespace

const std::vector<std::string>& default_free_mail() {
  static const auto* const kList = new std::vector<std::string>{
      "126.com",        "163.com",       "aol.com",        "china.com",    "daum.net",       "disroot.org",
      "fastmail.com",   "foxmail.com",   "gmail.com",      "gmx.at",       "gmx.ch",         "gmx.com",
      "gmx.de",         "gmx.net",       "googlemail.com", "hanmail.net",  "hey.com",        "hotmail.com",
      "hotmail.co.uk",  "hotmail.de",    "hotmail.fr",     "hushmail.com", "icloud.com",     "inbox.lv",
      "inbox.ru",       "kakao.com",     "keemail.me",     "laposte.net",  "libero.it",      "list.ru",
      "live.co.kr",     "live.com",      "mac.com",        "mail.com",     "mail.ee",        "mail.ru",
      "mailbox.org",    "mailfence.com", "me.com",         "msn.com",      "nate.com",       "naver.com",
      "onet.pl",        "orange.fr",     "outlook.com",    "outlook.de",   "outlook.fr",     "outlook.jp",
      "outlook.kr",     "pm.me",         "posteo.de",      "posteo.net",   "proton.me",      "protonmail.ch",
      "protonmail.com", "qq.com",        "rediffmail.com", "riseup.net",   "rocketmail.com", "seznam.cz",
      "sina.cn",        "sina.com",      "sohu.com",       "t-online.de",  "tuta.com",       "tuta.io",
      "tutanota.com",   "tutanota.de",   "ukr.net",        "web.de",       "wp.pl",          "yahoo.co.jp",
      "yahoo.co.kr",    "yahoo.co.uk",   "yahoo.com",      "yahoo.de",     "yahoo.fr",       "yandex.com",
      "yandex.ru",      "yeah.net",      "ymail.com",      "zoho.com",     "zohomail.com"};
  return *kList;
}

MailSettings::MailSettings() : free_mail(default_free_mail()) {}

MailSettings mail_settings_from(TomlTable root) {
  MailSettings out;
  auto mail = root.table("mail");
  if (!mail) return out;
  out.partners = domains(*mail, "partners");
  for (const std::string& text : mail->texts("people")) out.people.push_back(person(*mail, text));
  out.allowed_lookalikes = domains(*mail, "allowed_lookalikes");
  if (mail->has("free_mail")) out.free_mail = domains(*mail, "free_mail");
  out.shorteners = domains(*mail, "shorteners");
  out.trusted_hops = mail->prefixes("trusted_hops");
  out.trusted_authserv = mail->texts("trusted_authserv");
  out.authserv_id = mail->text("authserv_id").value_or("");
  out.store_bodies = mail->boolean("store_bodies").value_or(false);
  out.hash_subjects = mail->boolean("hash_subjects").value_or(false);
  out.hash_addresses = mail->boolean("hash_addresses").value_or(false);
  out.clamd = mail->text("clamd").value_or("");
  out.yara_rules = mail->texts("yara_rules");
  return out;
}

std::string mail_settings_toml(const MailSettings& settings) {
  const auto same = [](const std::string& text) { return text; };
  const auto shown = [](const auto& value) { return value.to_string(); };
  std::string out = "\n[mail]\n";
  out += list_line("Domains of those whom our people write with: what looks like them is told.", "partners",
                   settings.partners, same);
  out += list_line("People whose names others may borrow: \"Name\" or \"Name <address, address>\".", "people",
                   settings.people, person_text);
  out += list_line("Domains that look like ours or a partner's and are right.", "allowed_lookalikes",
                   settings.allowed_lookalikes, same);
  out += list_line("Providers where anybody gets an address.", "free_mail", settings.free_mail, same);
  out +=
      list_line("Services that shorten links; the built-in list where empty.", "shorteners", settings.shorteners, same);
  out += list_line("Relays of our own: the Received field below theirs tells who handed a message over.",
                   "trusted_hops", settings.trusted_hops, shown);
  out += list_line("Names of servers whose Authentication-Results stand for our own check.", "trusted_authserv",
                   settings.trusted_authserv, same);
  out += "# Our name in the Authentication-Results that we write; the host's where empty.\nauthserv_id = " +
         quoted(settings.authserv_id) + "\n";
  out += flag_line("Keep the text of messages in the lake.", "store_bodies", settings.store_bodies);
  out += flag_line("Keep a hash in place of a subject.", "hash_subjects", settings.hash_subjects);
  out +=
      flag_line("Keep a hash in place of the local part of each address.", "hash_addresses", settings.hash_addresses);
  out += "# clamd to ask about attachments: a socket's path or address:port; not asked where empty.\nclamd = " +
         quoted(settings.clamd) + "\n";
  out += list_line("Files of YARA rules for attachments.", "yara_rules", settings.yara_rules, same);
  return out;
}

}  // namespace rw
