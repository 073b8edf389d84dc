// Links of a message, and whether they lead where their text says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail/lookalike.h"
#include "message/html.h"

namespace rw {

inline constexpr std::size_t kMaxLinks = 2000;  // of one message; newsletters have some hundred

enum class LinkSign : std::uint8_t {
  kTextDiffers,  // the text names another domain than the target
  kUserinfo,     // https://example.org@evil.example/
  kIpHost,       // the host is an address, in any of the notations that browsers take
  kPunycode,     // the host has an A-label that mixes scripts or looks like plain letters
  kLookalike,    // the host looks like an own or partner domain
  kShortener,
  kDataUri  // data: or javascript:
};
std::string_view to_string(LinkSign sign);  // "text-differs"

struct Link {
  std::string target;  // as written, cut at 2,000 bytes
  std::string text;    // what a reader sees; "" in plain text
  std::string host;    // lower case, A-labels
  std::string domain;  // registered domain, or the host where there is none
  std::vector<LinkSign> signs;
  std::string like;  // kLookalike: which domain
  bool has(LinkSign sign) const;
};
struct LinkReport {
  std::vector<Link> links;           // different ones by target and text, in order
  unsigned targets = 0;              // different targets
  unsigned misleading = 0;           // links with kTextDiffers
  std::vector<std::string> domains;  // registered domains, each once, in order, at most 20
  bool has(LinkSign sign) const;
};

struct LinkOptions {
  const Lookalikes* names = nullptr;
  const std::vector<std::string>* shorteners = nullptr;  // domains; null: the built-in list
};
// `links`: of read_html, and of plain_text_links.
LinkReport check_links(const std::vector<HtmlLink>& links, const LinkOptions& options);
// URLs in plain text, as mail programs make links of them.
std::vector<HtmlLink> plain_text_links(std::string_view text);

}  // namespace rw
