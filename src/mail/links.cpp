// Where links lead, and what about it stands out.
#include "mail/links.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "enrich/registered_domain.h"
#include "message/address.h"

namespace rw {
namespace {

constexpr std::size_t kMaxTarget = 2000;
constexpr std::size_t kMaxDomains = 20;  // that a row keeps

// Services whose links hide where they lead. Sorted.
constexpr std::string_view kShorteners[] = {
    "adf.ly",  "amzn.to", "bit.do",  "bit.ly",     "bitly.com",   "buff.ly", "cli.re",      "cutt.ly",
    "fb.me",   "goo.gl",  "goo.su",  "hubs.ly",    "is.gd",       "j.mp",    "lnkd.in",     "me2.do",
    "ow.ly",   "qr.ae",   "rb.gy",   "rebrand.ly", "s.id",        "s2r.co",  "shorturl.at", "soo.gd",
    "t.co",    "t.ly",    "tiny.cc", "tiny.one",   "tinyurl.com", "tr.im",   "u.to",        "url.kr",
    "urlz.fr", "v.gd",    "vo.la",   "wp.me",      "zpr.io"};

bool is_shortener(std::string_view host, std::string_view domain, const std::vector<std::string>* given) {
  const auto is_it = [&](std::string_view name) { return name == host || name == domain; };
  if (given != nullptr && !given->empty()) return std::any_of(given->begin(), given->end(), is_it);
  return std::any_of(std::begin(kShorteners), std::end(kShorteners), is_it);
}

bool starts_with_folded(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != prefix[i]) return false;
  }
  return true;
}

// WHATWG URL 4.4, "authority state": whatever stands before the last @ of the authority is userinfo.
bool has_userinfo(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || starts_with_folded(url, "mailto:")) return false;
  std::size_t begin = colon + 1;
  if (begin >= url.size() || (url[begin] != '/' && url[begin] != '\\')) return false;
  while (begin < url.size() && (url[begin] == '/' || url[begin] == '\\')) ++begin;
  const std::string_view authority = url.substr(begin, url.find_first_of("/\\?#", begin) - begin);
  return authority.find('@') != std::string_view::npos;
}

bool is_ip_host(std::string_view host) {
  if (host.empty()) return false;
  if (host.front() == '[' || host.find(':') != std::string_view::npos) return true;
  return host.find_first_not_of("0123456789.") == std::string_view::npos && host.find('.') != std::string_view::npos;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// A label of other characters that reads as plain letters, or mixes scripts.
bool deceives_by_script(std::string_view host) {
  if (host.find("xn--") == std::string_view::npos) return false;
  if (mixes_scripts(host)) return true;
  const std::string shown = unicode_domain(host);
  for (std::size_t at = 0; at <= shown.size();) {
    const std::size_t dot = std::min(shown.find('.', at), shown.size());
    const std::string_view label = std::string_view(shown).substr(at, dot - at);
    if (!is_ascii(label) && is_ascii(confusable_skeleton(label))) return true;
    at = dot + 1;
  }
  return false;
}

// What is the same for all links to one host.
struct HostFacts {
  std::string domain;
  std::vector<LinkSign> signs;
  std::string like;
};

HostFacts facts_of(std::string_view host, const LinkOptions& options) {
  HostFacts facts;
  const std::string_view registered = registered_domain(host);
  facts.domain = registered.data() == nullptr ? host : registered;
  if (is_ip_host(host)) facts.signs.push_back(LinkSign::kIpHost);
  if (deceives_by_script(host)) facts.signs.push_back(LinkSign::kPunycode);
  if (options.names != nullptr)
    if (const auto found = options.names->domain(host)) {
      facts.signs.push_back(LinkSign::kLookalike);
      facts.like = found->like;
    }
  if (is_shortener(host, facts.domain, options.shorteners)) facts.signs.push_back(LinkSign::kShortener);
  return facts;
}

// One owner: the same registered domain, or both our own or partners'.
bool same_owner(std::string_view a, std::string_view b, const Lookalikes* names) {
  const auto domain = [](std::string_view host) {
    const std::string_view registered = registered_domain(host);
    return registered.data() == nullptr ? host : registered;
  };
  if (domain(a) == domain(b)) return true;
  return names != nullptr && (names->is_own(a) || names->is_partner(a)) && (names->is_own(b) || names->is_partner(b));
}

}  // namespace

std::string_view to_string(LinkSign sign) {
  switch (sign) {
    case LinkSign::kTextDiffers: return "text-differs";
    case LinkSign::kUserinfo: return "userinfo";
    case LinkSign::kIpHost: return "ip-host";
    case LinkSign::kPunycode: return "punycode";
    case LinkSign::kLookalike: return "lookalike";
    case LinkSign::kShortener: return "shortener";
    case LinkSign::kDataUri: return "data-uri";
  }
  return "text-differs";
}

bool Link::has(LinkSign sign) const { return std::find(signs.begin(), signs.end(), sign) != signs.end(); }
bool LinkReport::has(LinkSign sign) const {
  return std::any_of(links.begin(), links.end(), [sign](const Link& link) { return link.has(sign); });
}

LinkReport check_links(const std::vector<HtmlLink>& links, const LinkOptions& options) {
  LinkReport report;
  std::unordered_map<std::string, HostFacts> hosts;
  std::set<std::pair<std::string, std::string>> told;
  std::set<std::string> targets;
  for (const HtmlLink& given : links) {
    if (report.links.size() >= kMaxLinks) break;
    if (given.kind == LinkKind::kResource) continue;  // nobody follows them
    Link link;
    link.target = given.href.substr(0, kMaxTarget);
    link.text = given.text;
    if (!told.emplace(link.target, link.text).second) continue;
    const bool script = starts_with_folded(link.target, "data:") || starts_with_folded(link.target, "javascript:") ||
                        starts_with_folded(link.target, "vbscript:");
    link.host = given.target_host();
    if (link.host.empty() && !script) continue;  // mailto, anchors in the page, relative ones
    if (script) link.signs.push_back(LinkSign::kDataUri);
    if (!link.host.empty()) {
      auto [facts, fresh] = hosts.try_emplace(link.host);
      if (fresh) facts->second = facts_of(link.host, options);
      if (given.misleads() && !same_owner(given.shown_host(), link.host, options.names)) {
        link.signs.push_back(LinkSign::kTextDiffers);
        ++report.misleading;
      }
      if (has_userinfo(link.target)) link.signs.push_back(LinkSign::kUserinfo);
      link.signs.insert(link.signs.end(), facts->second.signs.begin(), facts->second.signs.end());
      link.domain = facts->second.domain;
      link.like = facts->second.like;
      if (report.domains.size() < kMaxDomains &&
          std::find(report.domains.begin(), report.domains.end(), link.domain) == report.domains.end())
        report.domains.push_back(link.domain);
    }
    targets.insert(link.target);
    report.links.push_back(std::move(link));
  }
  report.targets = static_cast<unsigned>(targets.size());
  return report;
}

std::vector<HtmlLink> plain_text_links(std::string_view text) {
  std::vector<HtmlLink> links;
  for (const TextUrl& found : find_urls(text, kMaxLinks)) {
    HtmlLink link;
    link.href = starts_with_folded(found.url, "www.") ? "http://" + std::string(found.url) : std::string(found.url);
    link.offset = found.offset;
    links.push_back(std::move(link));
  }
  return links;
}

}  // namespace rw
