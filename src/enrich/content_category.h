// What a site is about, by its name: a small list of our own and what names of public bodies say themselves.
#pragma once

#include <string_view>

namespace rw {

// "social", "freelance", "exchange", "education", "news", "government", "search", "video", "mail", "games", "software",
// "shopping"; "" where neither the name nor a domain above it is known. `name` as the tables hold names.
//   content_category("www.facebook.com")  ->  "social"
std::string_view content_category(std::string_view name);

}  // namespace rw
