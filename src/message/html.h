// What a person sees of an HTML mail, what is hidden from them, and where its links lead. One linear pass, bounded.
//
//   const HtmlText seen = read_html(part.text(kLimit));
//   for (const HtmlLink& link : seen.links)
//     if (link.misleads()) …   // text says bank.example, href leads to evil.example
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rw {

// Bounds: what lies beyond is not looked at, and `cut` says so.
inline constexpr std::size_t kMaxHtmlText = std::size_t{1} << 20;  // bytes of visible text, and as many of hidden text
inline constexpr std::size_t kMaxHtmlLinks = 5000;
inline constexpr std::size_t kMaxLinkText = 512;  // bytes of one link's text: what is compared with the target
inline constexpr std::size_t kMaxUrl = 8192;      // bytes of one target

enum class LinkKind : std::uint8_t {
  kAnchor,   // <a>, <area>
  kForm,     // <form action>, <button formaction>: where typed data goes
  kRefresh,  // <meta http-equiv=refresh>
  kResource  // <img>, <iframe>, <link>, …: loaded without a click
};
std::string_view to_string(LinkKind kind);  // "anchor"

struct HtmlLink {
  LinkKind kind = LinkKind::kAnchor;
  std::string href;  // entities decoded; tabs, line ends and outer space removed, as browsers do; joined with <base>
  std::string text;  // what is seen of it: visible text and alt texts, white space collapsed, UTF-8
  std::size_t offset = 0;  // of the tag in the HTML
  bool hidden = false;     // stands in hidden text

  // The text reads as an address of the web (or of mail) itself, and its host is another than the target's. A host that
  // is below or above the other is none that misleads; whether two hosts have one owner is for the caller to say.
  bool misleads() const;
  std::string shown_host() const;   // of the text, "" where it shows none
  std::string target_host() const;  // of the href: lower case, A-labels; "" without
};

struct HtmlText {
  std::string text;    // visible, UTF-8, entities decoded, white space collapsed, line ends at blocks
  std::string hidden;  // what style or attributes hide: display:none, font-size:0, same colours, zero opacity …
  std::vector<HtmlLink> links;  // in order
  bool script = false;          // a script, an event handler or a javascript: target
  bool form = false;            // a form or a password field
  bool cut = false;
};
HtmlText read_html(std::string_view html);

// Addresses of the web in plain text: http, https, ftp and "www.". Unicode goes through; brackets and punctuation
// around it stay out. "hxxp://…" and "example[.]org" are left alone: somebody disarmed them on purpose.
struct TextUrl {
  std::string_view url;  // into the text
  std::size_t offset = 0;
};
std::vector<TextUrl> find_urls(std::string_view text, std::size_t limit = kMaxHtmlLinks);

// The host of an absolute URL as a browser takes it (WHATWG): behind the last @ of the authority, backslashes read as
// slashes, percent-decoded, lower case, A-labels, no final dot, IPv4 in any notation as dotted. "" where it has none.
std::string url_host(std::string_view url);

}  // namespace rw
